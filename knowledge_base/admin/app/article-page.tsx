/** One article: the form that saves itself on the left; preview, try-out and history on the right. */
import { ApiError, api } from "@staff/api";
import { Badge, Button, Icon, Tabs } from "@staff/controls";
import { confirm } from "@staff/dialog";
import { clock } from "@staff/format";
import { isLocale, LOCALE_NAMES, LOCALES, t } from "@staff/i18n";
import { Check, CircleAlert, Plus, RefreshCw } from "@staff/icons";
import { href } from "@staff/router";
import { may } from "@staff/session";
import { LoadError, Skeleton } from "@staff/states";
import { toast, toastError } from "@staff/toast";
import type { Article, Person } from "@staff/types";
import { useEffect, useRef, useState } from "preact/hooks";
import { ArticleForm } from "./article-form";
import { AskAnswer, AskForm, askQuestion } from "./ask";
import { Autosave, type Draft, type SaveState, toDraft } from "./autosave";
import { loadCategories } from "./categories";
import { ChecksPanel, isWarning, useChecks } from "./checks-panel";
import { ConflictDialog } from "./conflict";
import { FiguresPanel } from "./figures-panel";
import { goOnAnyway } from "./go-on";
import { HistoryPanel } from "./history-panel";
import { createTranslation } from "./new-article";
import { Preview } from "./preview";
import {
  type Asked,
  loadPublishing,
  PublishDialog,
  ScheduleDialog,
  SendBackDialog,
  StageNotice,
  Steps,
} from "./publishing";
import { relatedTitle } from "./related-field";
import { articleState, articleTone } from "./words";

export function ArticlePage({ id }: { id: string }) {
  const [article, setArticle] = useState<Article | null>(null);
  const [error, setError] = useState<unknown>(null);
  const load = () => {
    setError(null);
    api.get<Article>(`/articles/${id}`).then(setArticle, setError);
  };
  useEffect(load, [id]);
  if (error) return <LoadError error={error} retry={load} />;
  if (!article) return <Skeleton rows={5} />;
  return <Editor initial={article} />;
}

type Side = "preview" | "checks" | "try" | "history" | "figures";

function Editor({ initial }: { initial: Article }) {
  const [article, setArticle] = useState(initial);
  const [draft, setDraft] = useState<Draft>(() => toDraft(initial));
  const [save, setSave] = useState<SaveState>({ kind: "saved", at: null });
  const [side, setSide] = useState<Side>("preview");
  const [dismissed, setDismissed] = useState(false);
  const [asked, setAsked] = useState<Asked>(null);
  const [people, setPeople] = useState<readonly Person[]>(initial.owner ? [initial.owner] : []);
  const checked = useChecks(initial.id, initial.locale, draft);
  const autosave = useRef<Autosave>();
  autosave.current ??= new Autosave({
    article: initial,
    save: (body) => api.patch<Article>(`/articles/${initial.id}`, body),
    onState: (state) => {
      setSave(state);
      if (state.kind === "conflict") setDismissed(false);
    },
    onSaved: setArticle,
    delayMs: 1500, // each save is a revision: rather one per thought than one per word
  });
  const saver = autosave.current;
  const writable = may("kb.write") && article.state !== "archived" && article.stage !== "scheduled";

  useEffect(() => {
    loadCategories().catch(toastError);
    loadPublishing().catch(toastError);
    api.get<{ items: Person[] }>("/kb/people").then((page) => setPeople(page.items), toastError);
  }, []);

  useEffect(() => {
    const beforeUnload = (event: BeforeUnloadEvent) => {
      if (!saver.isClean) event.preventDefault();
    };
    addEventListener("beforeunload", beforeUnload);
    return () => {
      removeEventListener("beforeunload", beforeUnload);
      saver.flush().catch(toastError);
    };
  }, [saver]);

  const change = (part: Partial<Draft>) => {
    const next = { ...draft, ...part };
    setDraft(next);
    saver.change(next);
  };
  /** The server's article replaces what is shown. */
  const take = (next: Article) => {
    saver.rebase(next);
    setArticle(next);
    setDraft(toDraft(next));
    setSave({ kind: "saved", at: Date.now() });
  };
  /** `body` goes out with the version it is about; each step asks whether that is still the newest. */
  const step = async (path: string, body: Record<string, unknown>, done: string) => {
    try {
      if (!(await saver.flush())) return;
      const versioned = path === "archive" || path === "restore" ? body : { version: saver.version, ...body };
      take(await api.post<Article>(`/articles/${article.id}/${path}`, versioned));
      toast(done);
    } catch (problem) {
      if (problem instanceof ApiError && problem.code === "stale" && problem.problem.current) {
        setSave({ kind: "conflict", theirs: problem.problem.current as Article });
        setDismissed(false);
      } else if (problem instanceof ApiError && problem.code === "breaks_golden" && !body.confirm) {
        if (await goOnAnyway(problem)) await step(path, { ...body, confirm: true }, done);
      } else toastError(problem);
    }
  };
  const ask = async (what: Asked) => {
    if (await saver.flush()) setAsked(what);
  };
  const answer = (path: string, body: Record<string, unknown>, done: string) => {
    setAsked(null);
    void step(path, body, done);
  };
  const archive = async () => {
    const yes = await confirm({
      title: t("Archive this article?"),
      text: t("The bot stops using it. Its history stays, and you can bring it back."),
      confirm: t("Archive"),
      danger: true,
    });
    if (yes) await step("archive", {}, t("Archived."));
  };
  const restoreRevision = async (revision: number) => {
    const yes = await confirm({
      title: t("Restore revision {number}?", { number: revision }),
      text: t("Its text becomes the newest. If the article is published, the bot answers with it at once."),
      confirm: t("Restore"),
    });
    if (yes) await step("restore", { revision }, t("Restored."));
  };
  const unpublished = !article.published || article.has_draft || save.kind === "waiting";
  const warnings = checked?.findings.filter(isWarning).length ?? 0;

  return (
    <>
      <div class="editor-head">
        <p class="crumbs">
          <a href={href([])}>{t("Articles")}</a> <span>{article.key}</span>
        </p>
        <div class="editor-row">
          <h1>{draft.title || t("Untitled")}</h1>
          <p class="editor-states">
            <Badge tone={articleTone(article.state)}>{articleState(article.state)}</Badge>
            {article.has_draft && <Badge tone="warning">{t("Changes not published")}</Badge>}
            {article.state === "published" && article.stage && (
              <Badge tone="accent">{articleState(article.stage)}</Badge>
            )}
            {article.audience === "internal" && <Badge>{t("Internal")}</Badge>}
          </p>
          {writable && (
            <SaveLine state={save} retry={() => void saver.flush()} open={() => setDismissed(false)} />
          )}
          <div class="editor-actions">
            {may("kb.write") && (
              <Steps
                article={article}
                unpublished={unpublished}
                step={(path, body, done) => void step(path, body, done)}
                ask={(what) => void ask(what)}
                archive={() => void archive()}
              />
            )}
          </div>
        </div>
        <LanguageTabs article={article} />
      </div>
      {!may("kb.write") && <p class="notice tone-neutral">{t("You can read articles, not change them.")}</p>}
      <StageNotice article={article} step={(path, body, done) => void step(path, body, done)} />
      {article.outdated && (
        <p class="notice tone-warning">
          {t("The original changed after this translation was written.")}{" "}
          {writable && (
            <Button size="small" onClick={() => void step("translated", {}, t("Marked as up to date."))}>
              {t("It still says the same")}
            </Button>
          )}
        </p>
      )}
      <div class="editor">
        <ArticleForm
          draft={draft}
          writable={writable}
          change={change}
          invalid={save.kind === "invalid"}
          own={{ key: article.key, locale: article.locale }}
          people={people}
        />
        <section class="editor-side" aria-label={t("Check the article")}>
          <Tabs<Side>
            label={t("Check the article")}
            controls="side-panel"
            active={side}
            onChange={setSide}
            tabs={[
              { name: "preview", label: t("Preview") },
              { name: "checks", label: warnings ? `${t("Checks")} (${warnings})` : t("Checks") },
              { name: "try", label: t("Try it") },
              { name: "history", label: t("History") },
              { name: "figures", label: t("Figures") },
            ]}
          />
          <div id="side-panel" class="side-panel" role="tabpanel" aria-label={t("Check the article")}>
            {side === "preview" && (
              <Preview
                draft={draft}
                html={article.answer_html}
                related={draft.related.map((key) => relatedTitle(key))}
              />
            )}
            {side === "checks" && <ChecksPanel checked={checked} />}
            {side === "try" && (
              <>
                <p class="field-hint">
                  {t("Questions are asked against this draft and all published articles.")}
                </p>
                <AskForm
                  label={t("Question of a customer")}
                  placeholder={draft.phrasings[0] ?? t("When will my order arrive?")}
                  run={async (question) => {
                    await saver.flush();
                    return askQuestion(question, article.locale, article.id);
                  }}
                >
                  {(result) => <AskAnswer result={result} highlight={article.id} />}
                </AskForm>
              </>
            )}
            {side === "figures" && <FiguresPanel article={article} />}
            {side === "history" && (
              <HistoryPanel
                article={article}
                draft={draft}
                {...(writable && { restore: (revision: number) => void restoreRevision(revision) })}
              />
            )}
          </div>
        </section>
      </div>
      {asked === "publish" && (
        <PublishDialog
          text={t("From now on the bot answers customers with this text, in {language}.", {
            language: isLocale(article.locale) ? LOCALE_NAMES[article.locale] : article.locale,
          })}
          close={() => setAsked(null)}
          publish={(reason) =>
            answer("publish", { ...(reason && { reason }) }, t("Published. The bot uses it now."))
          }
        />
      )}
      {asked === "schedule" && (
        <ScheduleDialog
          close={() => setAsked(null)}
          schedule={(at) => answer("schedule", { publish_at: at }, t("Scheduled."))}
        />
      )}
      {asked === "send-back" && (
        <SendBackDialog
          close={() => setAsked(null)}
          send={(reason) => answer("send-back", { ...(reason && { reason }) }, t("Sent back."))}
        />
      )}
      {save.kind === "conflict" && !dismissed && (
        <ConflictDialog
          mine={draft}
          theirs={save.theirs}
          close={() => setDismissed(true)}
          keepMine={() => {
            setArticle(save.theirs);
            void saver.resolve(save.theirs, draft);
          }}
          takeTheirs={() => {
            const theirs = toDraft(save.theirs);
            setArticle(save.theirs);
            setDraft(theirs);
            void saver.resolve(save.theirs, theirs);
          }}
        />
      )}
    </>
  );
}

/** Where the draft is, always in sight. */
function SaveLine(props: { state: SaveState; retry: () => void; open: () => void }) {
  const { state } = props;
  switch (state.kind) {
    case "saved":
      return (
        <p class="save-line" role="status">
          <Icon of={Check} size={14} />
          {state.at
            ? t("Draft saved at {time}", { time: clock(new Date(state.at).toISOString()) })
            : t("All changes saved")}
        </p>
      );
    case "waiting":
    case "saving":
      return (
        <p class="save-line" role="status">
          <Icon of={RefreshCw} size={14} />
          {t("Saving…")}
        </p>
      );
    case "invalid":
      return (
        <p class="save-line text-danger" role="status">
          <Icon of={CircleAlert} size={14} />
          {t("Not saved: the title is empty")}
        </p>
      );
    case "failed":
      return (
        <p class="save-line text-danger" role="alert">
          <Icon of={CircleAlert} size={14} />
          {saveProblem(state.error)}
          <Button size="small" onClick={props.retry}>
            {t("Try again")}
          </Button>
        </p>
      );
    case "conflict":
      return (
        <p class="save-line text-danger" role="alert">
          <Icon of={CircleAlert} size={14} />
          {t("Not saved: changed by somebody else")}
          <Button size="small" onClick={props.open}>
            {t("Compare")}
          </Button>
        </p>
      );
  }
}

function saveProblem(error: unknown): string {
  const refused = error instanceof ApiError && (error.status === 422 || error.status === 400);
  return refused && error.problem.detail
    ? t("Not saved: {reason}", { reason: error.problem.detail })
    : t("Not saved");
}

function LanguageTabs({ article }: { article: Article }) {
  return (
    <ul class="language-tabs" aria-label={t("Languages")}>
      {LOCALES.map((tag) => {
        const other = article.translations.find((one) => one.locale === tag);
        const here = article.locale === tag;
        return (
          <li key={tag}>
            {other || here ? (
              <a
                href={href(["articles", other?.id ?? article.id])}
                class="language-tab"
                aria-current={here ? "page" : undefined}
              >
                {LOCALE_NAMES[tag]}
                {other && other.state !== "published" && (
                  <Badge tone="warning">{articleState(other.state)}</Badge>
                )}
                {other?.outdated && <Badge tone="warning">{t("Out of date")}</Badge>}
              </a>
            ) : (
              may("kb.write") && (
                <button
                  type="button"
                  class="language-tab language-tab-missing"
                  onClick={() =>
                    void createTranslation({ key: article.key, byLocale: { [article.locale]: article } }, tag)
                  }
                >
                  <Icon of={Plus} size={13} />
                  {t("Create translation: {language}", { language: LOCALE_NAMES[tag] })}
                </button>
              )
            )}
          </li>
        );
      })}
    </ul>
  );
}
