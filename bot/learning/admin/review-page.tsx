/** Messages that may have been misunderstood: what the bot made of each, and what it should have been. */
import { ApiError, api } from "@staff/api";
import { Badge, Button, Choice, Icon } from "@staff/controls";
import { ago, decimal, now, percent } from "@staff/format";
import { LOCALE_NAMES, LOCALES, n, t } from "@staff/i18n";
import { BookOpen, Check, ChevronDown, ExternalLink, Inbox, RotateCcw, Search, X } from "@staff/icons";
import { languageName, routeName } from "@staff/labels";
import { href, navigate, route } from "@staff/router";
import { may } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { announce, toast, toastError } from "@staff/toast";
import { useEffect, useRef, useState } from "preact/hooks";
import { ArticlePicker } from "./article-picker";
import "./learning.css";
import {
  type Item,
  type ItemPage,
  intentName,
  type Reviewed,
  SIGNALS,
  type Signal,
  signalName,
  signalTone,
} from "./types";

interface Narrowing {
  shelf: "open" | "done";
  signal: string;
  locale: string;
  q: string;
}

export function ReviewPage() {
  const { query } = route.value;
  const narrow: Narrowing = {
    shelf: query.shelf === "done" ? "done" : "open",
    signal: query.signal ?? "",
    locale: query.locale ?? "",
    q: query.q ?? "",
  };
  const [page, setPage] = useState<ItemPage | null>(null);
  const [intents, setIntents] = useState<string[]>([]);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const list = useRef<HTMLUListElement>(null);
  const key = JSON.stringify(narrow);

  const read = (cursor: string | null) => api.get<ItemPage>("/learning/items", { ...narrow, cursor });
  const load = () => {
    setError(null);
    setPage(null);
    let current = true;
    read(null).then(
      (got) => current && setPage(got),
      (problem) => current && setError(problem),
    );
    return () => {
      current = false;
    };
  };
  useEffect(load, [key]);
  useEffect(() => {
    api.get<{ items: { name: string }[] }>("/learning/intents").then(
      ({ items }) => setIntents(items.map((item) => item.name)),
      () => undefined, // the list itself says what went wrong
    );
  }, []);
  const more = async () => {
    if (!page?.next_cursor) return;
    setBusy(true);
    try {
      const got = await read(page.next_cursor);
      setPage({ ...got, items: [...page.items, ...got.items] });
    } catch (problem) {
      toastError(problem);
    } finally {
      setBusy(false);
    }
  };
  /** What was dealt with leaves the list; the keyboard goes on with the one after it. */
  const gone = (item: Item) => {
    if (!page) return;
    const at = page.items.findIndex((other) => other.id === item.id);
    const items = page.items.filter((other) => other.id !== item.id);
    const by = narrow.shelf === "open" ? 1 : -1;
    const counts = {
      ...page.counts,
      open: (page.counts.open ?? 0) - by,
      done: (page.counts.done ?? 0) + by,
    };
    setPage({ ...page, items, counts });
    requestAnimationFrame(() => {
      const cards = list.current?.querySelectorAll<HTMLElement>(".review-item");
      cards?.[Math.min(at, cards.length - 1)]?.focus();
    });
    if (!items.length && page.next_cursor) load();
  };
  const change = (part: Partial<Narrowing>) => {
    const { shelf, ...others } = { ...narrow, ...part };
    navigate(href(["review"], { ...others, ...(shelf === "done" && { shelf }) }), { replace: true });
  };
  return (
    <>
      <div class="page-head">
        <h1>{t("Review")}</h1>
        {page && (
          <p class="page-note">
            {n("{count} message to look at", "{count} messages to look at", page.counts.open ?? 0)}
          </p>
        )}
      </div>
      <p class="lead">
        {t(
          "Messages that the bot may have misunderstood, the most telling first. Say what each should have been: the next training learns it. Personal data is masked.",
        )}
      </p>
      <Filters narrow={narrow} counts={page?.counts ?? {}} change={change} />
      {error ? (
        <LoadError error={error} retry={load} />
      ) : !page ? (
        <Skeleton rows={4} />
      ) : page.items.length === 0 ? (
        <Empty
          icon={Inbox}
          title={narrow.shelf === "open" ? t("Nothing to look at.") : t("Nothing was reviewed yet.")}
          text={
            narrow.shelf === "open"
              ? t("Messages come here by themselves when the bot is unsure or somebody says it was wrong.")
              : ""
          }
        />
      ) : (
        <ul class="review-items" ref={list}>
          {page.items.map((item) => (
            <ItemCard key={item.id} item={item} intents={intents} gone={gone} />
          ))}
        </ul>
      )}
      {page?.next_cursor && (
        <Button class="load-more" busy={busy} onClick={() => void more()}>
          {t("Show more")}
        </Button>
      )}
    </>
  );
}

function Filters(props: {
  narrow: Narrowing;
  counts: Record<string, number>;
  change: (part: Partial<Narrowing>) => void;
}) {
  const timer = useRef<ReturnType<typeof setTimeout>>();
  const { narrow, counts, change } = props;
  useEffect(() => () => clearTimeout(timer.current), []);
  const counted = (name: Signal) =>
    counts[name] ? `${signalName(name)} (${counts[name]})` : signalName(name);
  return (
    <search class="filters">
      <div class="search">
        <Icon of={Search} />
        <input
          type="search"
          aria-label={t("Search messages")}
          placeholder={t("Search messages")}
          defaultValue={narrow.q}
          onInput={(event) => {
            const q = event.currentTarget.value.trim();
            clearTimeout(timer.current);
            timer.current = setTimeout(() => change({ q }), 250);
          }}
        />
      </div>
      <Choice
        compact
        label={t("State")}
        value={narrow.shelf}
        options={[
          { value: "open", label: t("To look at") },
          { value: "done", label: t("Reviewed") },
        ]}
        onChange={(value) => change({ shelf: value as Narrowing["shelf"] })}
      />
      <Choice
        compact
        label={t("Why it is here")}
        value={narrow.signal}
        options={[
          { value: "", label: t("Any reason") },
          ...SIGNALS.map((value) => ({
            value,
            label: narrow.shelf === "open" ? counted(value) : signalName(value),
          })),
        ]}
        onChange={(value) => change({ signal: value })}
      />
      <Choice
        compact
        label={t("Language")}
        value={narrow.locale}
        options={[
          { value: "", label: t("All languages") },
          ...LOCALES.map((value) => ({ value, label: LOCALE_NAMES[value] })),
        ]}
        onChange={(value) => change({ locale: value })}
      />
    </search>
  );
}

interface CardProps {
  item: Item;
  intents: readonly string[];
  gone: (item: Item) => void;
}

function ItemCard({ item, intents, gone }: CardProps) {
  return (
    <li class="card review-item" tabIndex={-1} aria-label={item.text}>
      <p class="review-meta">
        {item.signals.map((signal) => (
          <Badge key={signal} tone={signalTone(signal)}>
            {signalName(signal)}
          </Badge>
        ))}
        <Badge>{languageName(item.locale)}</Badge>
        {item.count > 1 && <Badge>{n("{count} time", "{count} times", item.count)}</Badge>}
        <time dateTime={item.last_at}>{ago(item.last_at, now.value)}</time>
      </p>
      <Understood item={item} />
      {item.verdict ? (
        <Outcome item={item} gone={gone} />
      ) : (
        may("learning.review") && <Decide item={item} intents={intents} gone={gone} />
      )}
    </li>
  );
}

/** The words, with what was masked in them set apart. */
function Words({ text }: { text: string }) {
  const parts = text.split(/(<[a-z]+>)/);
  return (
    <blockquote class="review-text">
      {parts.map((part, index) =>
        /^<[a-z]+>$/.test(part) ? <mark key={index}>{maskName(part.slice(1, -1))}</mark> : part,
      )}
    </blockquote>
  );
}

function maskName(name: string): string {
  const names: Record<string, string> = {
    email: t("e-mail"),
    link: t("address on the web"),
    order: t("order number"),
    cpf: t("CPF"),
    card: t("card number"),
    phone: t("phone number"),
    date: t("date"),
    number: t("number"),
    address: t("street address"),
    name: t("name"),
  };
  return names[name] ?? name;
}

function Understood({ item }: { item: Item }) {
  const { decision } = item;
  const sure = decision.article ? decision.article_confidence : decision.confidence;
  const candidates = decision.candidates ?? [];
  const best = Math.max(1, ...candidates.map((candidate) => candidate.score ?? 0));
  return (
    <>
      <Words text={item.text} />
      <details class="why">
        <summary>
          <Icon of={ChevronDown} size={12} />
          {t("Understood as: {route}", { route: routeName(decision.route ?? "") })}
          {decision.article && ` · ${decision.article.title}`}
          {typeof sure === "number" && ` · ${percent(sure)}`}
        </summary>
        <dl class="bars">
          {candidates.map((candidate) => (
            <div class="bar" key={`${candidate.kind} ${candidate.name ?? candidate.title}`}>
              <dt>{candidate.kind === "intent" ? intentName(candidate.name ?? "") : candidate.title}</dt>
              <dd>
                {candidate.kind === "intent" ? (
                  <Bar share={candidate.confidence ?? 0} text={percent(candidate.confidence ?? 0)} />
                ) : (
                  <Bar share={(candidate.score ?? 0) / best} text={decimal(candidate.score ?? 0)} />
                )}
              </dd>
            </div>
          ))}
        </dl>
        {!!decision.reasons?.length && (
          <ul class="reasons">
            {decision.reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        )}
        <p class="review-links">
          {decision.model && <span>{t("Model {id}", { id: decision.model.slice(0, 8) })}</span>}
          {may("transcripts.read") && (
            <a
              href={`/api/v1/conversations/${item.conversation_id}/transcript?format=html`}
              target="_blank"
              rel="noreferrer"
            >
              {t("The whole conversation")} <Icon of={ExternalLink} size={13} />
            </a>
          )}
        </p>
      </details>
    </>
  );
}

function Bar({ share, text }: { share: number; text: string }) {
  const width = Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <>
      <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="bar-track" width="100" height="6" />
        <rect class="bar-fill" width={width} height="6" />
      </svg>
      <span>{text}</span>
    </>
  );
}

function Decide({ item, intents, gone }: CardProps) {
  const [intent, setIntent] = useState("");
  const [text, setText] = useState<string | null>(null);
  const [picking, setPicking] = useState(false);
  const [busy, setBusy] = useState(false);
  const likely = (item.decision.candidates ?? [])
    .flatMap((candidate) => (candidate.kind === "intent" && candidate.name ? [candidate.name] : []))
    .filter((name) => intents.includes(name))
    .slice(0, 3);
  const send = async (body: { verdict: string; intent?: string; article_id?: string }) => {
    setBusy(true);
    try {
      const answer = await api.post<Reviewed>(`/learning/items/${item.id}/review`, {
        version: item.version,
        ...body,
        ...(text !== null && text !== item.text && { text }),
      });
      setPicking(false);
      toast(saidWhat(answer));
      announce(saidWhat(answer));
      gone(item);
    } catch (problem) {
      toastError(problem);
      if (problem instanceof ApiError && problem.code === "stale") gone(item);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      class="review-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (intent) void send({ verdict: "intent", intent });
      }}
    >
      {text !== null && (
        <textarea
          class="input"
          rows={2}
          maxLength={2000}
          aria-label={t("Wording of the example")}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      )}
      <div class="review-actions">
        <Choice
          compact
          label={t("It should have been")}
          value={intent}
          options={[
            { value: "", label: t("It should have been …") },
            ...likely.map((name) => ({ value: name, label: intentName(name) })),
            ...intents
              .filter((name) => !likely.includes(name))
              .map((name) => ({ value: name, label: intentName(name) })),
          ]}
          onChange={setIntent}
        />
        <Button type="submit" variant="primary" icon={Check} busy={busy} disabled={!intent}>
          {t("Accept")}
        </Button>
        <Button icon={BookOpen} onClick={() => setPicking(true)}>
          {t("An article answers it")}
        </Button>
        <Button variant="quiet" icon={X} busy={busy} onClick={() => void send({ verdict: "ignore" })}>
          {t("Ignore")}
        </Button>
        {text === null && (
          <Button variant="quiet" onClick={() => setText(item.text)}>
            {t("Change the wording")}
          </Button>
        )}
      </div>
      {picking && (
        <ArticlePicker
          question={text ?? item.text}
          locale={item.locale}
          busy={busy}
          onClose={() => setPicking(false)}
          onPick={(id) => void send({ verdict: "article", article_id: id })}
        />
      )}
    </form>
  );
}

function saidWhat({ item, phrasing }: Reviewed): string {
  switch (item.verdict) {
    case "intent":
      return t("Accepted. The next training learns it.");
    case "article":
      return phrasing === "added"
        ? t("Added to the article's draft. Publish it to make it count.")
        : phrasing === "known"
          ? t("The article has this wording already.")
          : t("The article is found by this wording from now on.");
    default:
      return t("Ignored.");
  }
}

function Outcome({ item, gone }: { item: Item; gone: (item: Item) => void }) {
  const [busy, setBusy] = useState(false);
  const takeBack = async () => {
    setBusy(true);
    try {
      await api.post<Item>(`/learning/items/${item.id}/reopen`, { version: item.version });
      toast(t("Back among the messages to look at."));
      gone(item);
    } catch (problem) {
      toastError(problem);
    } finally {
      setBusy(false);
    }
  };
  const what =
    item.verdict === "intent"
      ? t("Example of: {intent}", { intent: intentName(item.intent ?? "") })
      : item.verdict === "article"
        ? t("Phrasing of: {article}", { article: item.article_title ?? "" })
        : t("Ignored.");
  return (
    <div class="review-actions">
      <p class="review-outcome">
        <Icon of={Check} size={14} /> {what}
        {item.reviewed_by && (
          <span class="page-note">
            {" "}
            {item.reviewed_by.name}
            {item.reviewed_at && `, ${ago(item.reviewed_at, now.value)}`}
          </span>
        )}
      </p>
      {may("learning.review") && (
        <Button size="small" icon={RotateCcw} busy={busy} onClick={() => void takeBack()}>
          {t("Take back")}
        </Button>
      )}
    </div>
  );
}
