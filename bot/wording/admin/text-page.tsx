/** One text of the bot: its wordings by language and channel, how they look, and what they were. */
import { Markdown } from "@shared/markdown";
import { ApiError, api } from "@staff/api";
import { Badge, Button, Choice, Field, Icon, Tabs } from "@staff/controls";
import { confirm } from "@staff/dialog";
import { dateTime } from "@staff/format";
import { isLocale, LOCALE_NAMES, LOCALES, type Locale, locale as pageLocale, t } from "@staff/i18n";
import { Bot, CircleAlert, Globe, History, RotateCcw, Send } from "@staff/icons";
import { href, navigate, route } from "@staff/router";
import { SafeHtml } from "@staff/safe-html";
import { may } from "@staff/session";
import { LoadError, Skeleton } from "@staff/states";
import { toast, toastError } from "@staff/toast";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { DiffRow } from "../../../knowledge_base/admin/app/conflict";
import { diffLines } from "../../../knowledge_base/admin/app/diff";
import {
  areaName,
  type BotText,
  type Channel,
  channelName,
  type Preview,
  problemText,
  saidAt,
  type TextRevision,
  type Wording,
  wordingAt,
} from "./types";

const DELAY_MS = 300;

export function TextPage({ name }: { name: string }) {
  const [text, setText] = useState<BotText | null>(null);
  const [error, setError] = useState<unknown>(null);
  const load = () => {
    setError(null);
    api.get<BotText>(`/texts/${encodeURIComponent(name)}`).then(setText, setError);
  };
  useEffect(load, [name]);
  if (error) return <LoadError error={error} retry={load} />;
  if (!text) return <Skeleton rows={4} />;
  return <Editor text={text} show={setText} reload={load} />;
}

function Editor(props: { text: BotText; show: (text: BotText) => void; reload: () => void }) {
  const { text } = props;
  const { query } = route.value;
  const locale = isLocale(query.locale) ? query.locale : pageLocale.value;
  const channel = text.channels.find((one) => one === query.channel) ?? "any";
  const wording = wordingAt(text, locale, channel) as Wording;
  const [drafts, setDrafts] = useState<Record<string, string>>({});
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [overtaken, setOvertaken] = useState(false);
  const [preview, setPreview] = useState<Preview | null>(null);
  const [side, setSide] = useState<"web" | "telegram" | "history">(
    channel === "telegram" ? "telegram" : "web",
  );
  const place = `${locale}/${channel}`;
  const said = saidAt(text, locale, channel);
  const draft = drafts[place] ?? said;
  const writable = may("kb.write");
  const path = `/texts/${encodeURIComponent(text.key)}`;
  const go = (part: { locale?: Locale; channel?: Channel }) =>
    navigate(href(["texts", text.key], { locale, channel, ...part }), { replace: true });
  const write = (value: string) => setDrafts({ ...drafts, [place]: value });

  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      api.post<Preview>(`${path}/preview`, { locale, channel, text: draft }).then(
        (seen) => current && setPreview(seen),
        () => current && setPreview(null),
      );
    }, DELAY_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [draft, place, text.key]);

  const done = (saved: BotText, words: string) => {
    const { [place]: _, ...others } = drafts;
    setDrafts(others);
    setReason("");
    setOvertaken(false);
    props.show(saved);
    toast(words);
  };
  const act = async (work: () => Promise<void>) => {
    setBusy(true);
    try {
      await work();
    } catch (problem) {
      if (problem instanceof ApiError && problem.code === "stale") {
        setOvertaken(true);
        props.reload();
      } else {
        toastError(problem);
      }
    } finally {
      setBusy(false);
    }
  };
  const save = () =>
    act(async () => {
      const body = { locale, channel, text: draft, version: wording.version, reason: reason.trim() || null };
      done(await api.patch<BotText>(path, body), t("Saved. The bot says it from now on."));
    });
  const restore = async (revision: number | null) => {
    const yes = await confirm({
      title:
        revision === null
          ? t("Say what was shipped?")
          : t("Say what revision {number} said?", { number: revision }),
      text: t("Customers read it from the next message on. The present wording stays in the history."),
      confirm: t("Restore"),
    });
    if (!yes) return;
    await act(async () => {
      const body = { locale, channel, version: wording.version, revision };
      done(await api.post<BotText>(`${path}/restore`, body), t("Restored. The bot says it from now on."));
    });
  };
  const problems = preview?.problems ?? [];
  return (
    <>
      <header class="editor-head">
        <p class="crumbs">
          <a href={href(["texts"])}>{t("Bot texts")}</a>
          <span>{areaName(text.area)}</span>
        </p>
        <div class="editor-row">
          <h1 class="text-key">{text.key}</h1>
        </div>
        <nav class="language-tabs" aria-label={t("Languages")}>
          {LOCALES.map((tag) => (
            <a
              key={tag}
              class="language-tab"
              href={href(["texts", text.key], { locale: tag, channel })}
              aria-current={tag === locale ? "page" : undefined}
            >
              {LOCALE_NAMES[tag]}
              {text.wordings.some((one) => one.locale === tag && one.text !== null) && (
                <Badge tone="accent">{t("Changed")}</Badge>
              )}
            </a>
          ))}
        </nav>
      </header>
      <div class="editor">
        <form
          class="card form"
          onSubmit={(event) => {
            event.preventDefault();
            if (writable && !problems.length) void save();
          }}
        >
          {text.channels.length > 1 && (
            <Choice
              label={t("Where")}
              value={channel}
              options={text.channels.map((value) => ({
                value,
                label: wordingAt(text, locale, value)?.text
                  ? `${channelName(value)} (${t("Changed")})`
                  : channelName(value),
              }))}
              onChange={(value) => go({ channel: value as Channel })}
            />
          )}
          <WordingField
            key={place}
            text={text}
            locale={locale}
            value={draft}
            readOnly={!writable}
            lines={text.form === "message" || text.form === "plain"}
            problems={problems.map(problemText)}
            onInput={write}
          />
          {channel !== "any" && wording.text === null && (
            <p class="field-hint">
              {t("This channel has no wording of its own: it says what every channel says.")}
            </p>
          )}
          {writable && (
            <>
              <Field label={t("Reason")} hint={t("Optional; shown in the history.")}>
                {(ids) => (
                  <input
                    {...ids}
                    class="input"
                    maxLength={300}
                    value={reason}
                    onInput={(event) => setReason(event.currentTarget.value)}
                  />
                )}
              </Field>
              {overtaken && (
                <p class="form-problem" role="alert">
                  {t(
                    "Somebody changed this text in the meantime. What they wrote is under History; yours is still here.",
                  )}
                </p>
              )}
              <div class="text-actions">
                <Button
                  type="submit"
                  variant="primary"
                  busy={busy}
                  disabled={draft === said || problems.length > 0}
                >
                  {t("Save")}
                </Button>
                {draft !== said && (
                  <Button onClick={() => write(said)} disabled={busy}>
                    {t("Discard my changes")}
                  </Button>
                )}
                {wording.text !== null && (
                  <Button icon={RotateCcw} onClick={() => void restore(null)} disabled={busy}>
                    {channel === "any" ? t("Restore what was shipped") : t("Say the same as everywhere")}
                  </Button>
                )}
              </div>
            </>
          )}
        </form>
        <aside class="editor-side" aria-label={t("Preview and history")}>
          <Tabs
            label={t("Preview and history")}
            active={side}
            controls="text-side"
            tabs={[
              { name: "web", label: t("Web"), icon: Globe },
              { name: "telegram", label: t("Telegram"), icon: Send },
              { name: "history", label: t("History"), icon: History },
            ]}
            onChange={setSide}
          />
          <div class="side-panel" id="text-side" role="tabpanel" aria-label={t("Preview and history")}>
            {side === "history" ? (
              <Revisions
                key={`${place}/${wording.version}`}
                path={path}
                locale={locale}
                channel={channel}
                {...(writable && { restore: (revision: number) => void restore(revision) })}
              />
            ) : (
              <Shown preview={preview} on={side} form={text.form} />
            )}
          </div>
        </aside>
      </div>
    </>
  );
}

function WordingField(props: {
  text: BotText;
  locale: Locale;
  value: string;
  readOnly: boolean;
  lines: boolean;
  problems: string[];
  onInput: (value: string) => void;
}) {
  const input = useRef<HTMLTextAreaElement>(null);
  const insert = (name: string) => {
    const area = input.current;
    if (!area) return;
    area.focus();
    area.setRangeText(`{${name}}`, area.selectionStart, area.selectionEnd, "end");
    props.onInput(area.value);
  };
  return (
    <>
      <Field
        label={t("Wording")}
        error={props.problems.join(" ") || null}
        hint={props.lines ? t("Markdown: **bold**, *emphasis*, `code`, lists and links.") : t("One line.")}
      >
        {(ids) => (
          <textarea
            {...ids}
            ref={input}
            class="input text-input"
            lang={props.locale}
            rows={props.lines ? 8 : 2}
            readOnly={props.readOnly}
            value={props.value}
            onInput={(event) => props.onInput(event.currentTarget.value)}
          />
        )}
      </Field>
      {props.text.variables.length > 0 && (
        <fieldset class="text-variables">
          <legend class="field-label">{t("Variables")}</legend>
          {props.text.variables.map((variable) => (
            <button
              key={variable.name}
              type="button"
              class="text-variable"
              disabled={props.readOnly}
              onClick={() => insert(variable.name)}
            >
              <code>{`{${variable.name}}`}</code>
              <span>{variable.sample[props.locale] || "–"}</span>
              {variable.required && <span class="text-required">{t("needed")}</span>}
            </button>
          ))}
        </fieldset>
      )}
    </>
  );
}

function Shown({
  preview,
  on,
  form,
}: {
  preview: Preview | null;
  on: "web" | "telegram";
  form: BotText["form"];
}) {
  if (!preview) return <Skeleton rows={2} kind="line" />;
  if (!preview.text.trim()) return <p class="field-hint">{t("The text is empty.")}</p>;
  if (form === "label") {
    return (
      <div class="preview">
        <p class="preview-button">{preview.text}</p>
      </div>
    );
  }
  return (
    <>
      <div class={on === "telegram" ? "preview preview-telegram" : "preview"}>
        {on === "web" ? (
          <Bubble>
            <div class="prose">
              <Markdown text={preview.text} />
            </div>
          </Bubble>
        ) : (
          preview.telegram.map((part, index) => (
            <Bubble key={index}>
              <div class="preview-lines">
                <SafeHtml html={part} />
              </div>
            </Bubble>
          ))
        )}
      </div>
      {on === "telegram" && (
        <p class="field-hint">{t("{count} of 4,096 characters", { count: preview.telegram_units })}</p>
      )}
      <p class="field-hint">{t("With sample values in place of the variables.")}</p>
    </>
  );
}

function Bubble({ children }: { children: ComponentChildren }) {
  return (
    <div class="preview-answer">
      <span class="avatar avatar-bot" aria-hidden="true">
        <Icon of={Bot} size={15} />
      </span>
      <div class="preview-bubble">{children}</div>
    </div>
  );
}

function Revisions(props: {
  path: string;
  locale: Locale;
  channel: Channel;
  restore?: (revision: number) => void;
}) {
  const [page, setPage] = useState<{ shipped: string; items: TextRevision[] } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [open, setOpen] = useState<number | null>(null);
  const load = () => {
    setError(null);
    api
      .get<{ shipped: string; items: TextRevision[] }>(`${props.path}/revisions`, {
        locale: props.locale,
        channel: props.channel,
      })
      .then(setPage, setError);
  };
  useEffect(load, []);
  if (error) return <LoadError error={error} retry={load} />;
  if (!page) return <Skeleton rows={2} kind="line" />;
  if (!page.items.length) {
    return (
      <p class="text-untouched">
        <Icon of={CircleAlert} /> {t("Never changed: this is what was shipped.")}
      </p>
    );
  }
  return (
    <ol class="revisions">
      {page.items.map((revision, index) => {
        const before = page.items[index + 1]?.text ?? page.shipped;
        return (
          <li key={revision.number} class="revision">
            <div class="revision-head">
              <p>
                <strong>{t("Revision {number}", { number: revision.number })}</strong>{" "}
                {revision.text === null && <Badge>{t("As shipped")}</Badge>}
                <span class="revision-meta">
                  {revision.author?.name ?? t("System")} ·{" "}
                  <time dateTime={revision.created_at}>{dateTime(revision.created_at)}</time>
                </span>
                {revision.reason && <span class="revision-meta">“{revision.reason}”</span>}
              </p>
              <Button
                size="small"
                aria-expanded={open === revision.number}
                onClick={() => setOpen(open === revision.number ? null : revision.number)}
              >
                {open === revision.number ? t("Hide") : t("Compare")}
              </Button>
            </div>
            {open === revision.number && (
              <div class="comparison">
                <div class="diff">
                  {diffLines(before, revision.text ?? page.shipped).map((line, at) => (
                    <DiffRow key={at} line={line} />
                  ))}
                </div>
                {props.restore && index > 0 && (
                  <Button size="small" icon={RotateCcw} onClick={() => props.restore?.(revision.number)}>
                    {t("Restore this revision")}
                  </Button>
                )}
              </div>
            )}
          </li>
        );
      })}
    </ol>
  );
}
