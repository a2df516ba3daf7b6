/** What people asked and the bot has no good answer for: grouped by meaning, and what to do about each. */
import { api } from "@staff/api";
import { Badge, Button, Choice } from "@staff/controls";
import { ago, now } from "@staff/format";
import { LOCALE_NAMES, LOCALES, n, t } from "@staff/i18n";
import { Archive, Inbox, Pencil, Plus, RotateCcw } from "@staff/icons";
import { languageName } from "@staff/labels";
import { href, navigate } from "@staff/router";
import { may } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { toast, toastError } from "@staff/toast";
import { useEffect, useState } from "preact/hooks";

interface Example {
  text: string;
  locale: string;
  at: string;
  conversation_id: string;
}

interface Near {
  article_id: string;
  title: string;
  locale: string;
}

interface Group {
  id: string;
  state: State;
  version: number;
  title: string;
  count: number;
  recent: number;
  earlier: number;
  hand_offs: number;
  locales: Record<string, number>;
  outcomes: Record<string, number>;
  examples: Example[];
  last_at: string;
  article_key: string | null;
  near: Near[];
}

type State = "open" | "answered" | "dismissed";
interface Draft {
  article_id: string;
}

const REFRESH_MS = 2_000;

export function AskedPage() {
  const [state, setState] = useState<State>("open");
  const [days, setDays] = useState("30");
  const [groups, setGroups] = useState<Group[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const load = () => {
    api.get<{ items: Group[] }>("/kb/asked", { state, days }).then((page) => {
      setGroups(page.items);
      setError(null);
    }, setError);
  };
  useEffect(() => {
    load();
    const timer = setInterval(() => {
      if (!document.hidden) load();
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, [state, days]);
  return (
    <>
      <div class="page-head">
        <h1>{t("What people asked")}</h1>
        <p class="page-note">{t("Questions without a good answer, by meaning, in all languages.")}</p>
        <Choice
          compact
          label={t("State")}
          value={state}
          options={[
            { value: "open", label: t("To do") },
            { value: "answered", label: t("Answered") },
            { value: "dismissed", label: t("Dismissed") },
          ]}
          onChange={(value) => setState(value as State)}
        />
        <Choice
          compact
          label={t("Time")}
          value={days}
          options={["7", "30", "90"].map((value) => ({
            value,
            label: t("{count} days", { count: value }),
          }))}
          onChange={setDays}
        />
      </div>
      {error ? <LoadError error={error} retry={load} /> : !groups && <Skeleton rows={5} />}
      {groups?.length === 0 && (
        <Empty
          icon={Inbox}
          title={t("Nothing here.")}
          text={t("Questions that the bot can't answer well appear here by themselves.")}
        />
      )}
      {groups && groups.length > 0 && (
        <ul class="asked-groups">
          {groups.map((group) => (
            <li key={group.id}>
              <GroupCard group={group} changed={load} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function outcomeText(name: string): string {
  switch (name) {
    case "asked_back":
      return t("asked back, nothing chosen");
    case "not_understood":
      return t("nothing found");
    case "outside":
      return t("seemed out of scope");
    case "not_helped":
      return t("an article did not help");
  }
  return name;
}

function Trend({ group }: { group: Group }) {
  if (group.recent > group.earlier) {
    return <Badge tone="warning">{t("rising: {recent} in 7 days", { recent: group.recent })}</Badge>;
  }
  return <Badge>{t("{recent} in 7 days", { recent: group.recent })}</Badge>;
}

function GroupCard({ group, changed }: { group: Group; changed: () => void }) {
  const languages = Object.keys(group.locales);
  const first = LOCALES.find((one) => one === languages[0]) ?? LOCALES[0];
  const [language, setLanguage] = useState<string>(first);
  const [busy, setBusy] = useState(false);
  const title = group.title || t("(erased)");
  const act = async (work: () => Promise<unknown>) => {
    setBusy(true);
    try {
      await work();
    } catch (problem) {
      toastError(problem);
      changed();
    } finally {
      setBusy(false);
    }
  };
  const write = () =>
    act(async () => {
      const body = { version: group.version, locale: language };
      const draft = await api.post<Draft>(`/kb/asked/${group.id}/article`, body);
      navigate(href(["articles", draft.article_id]));
    });
  const add = (near: Near) =>
    act(async () => {
      const body = { version: group.version, article_id: near.article_id };
      const draft = await api.post<Draft>(`/kb/asked/${group.id}/wording`, body);
      toast(t("Added to the draft. Publish it to put it into force."));
      navigate(href(["articles", draft.article_id]));
    });
  const decide = (path: string, done: string) =>
    act(async () => {
      await api.post(`/kb/asked/${group.id}/${path}`, { version: group.version });
      toast(done);
      changed();
    });
  return (
    <article class="card asked-group" aria-label={title}>
      <h2>{title}</h2>
      <p class="article-meta">
        <Badge tone="accent">{n("{count} question", "{count} questions", group.count)}</Badge>
        <Trend group={group} />
        {group.hand_offs > 0 && (
          <Badge tone="danger">{t("{count} led to a person", { count: group.hand_offs })}</Badge>
        )}
        <span>{languages.map(languageName).join(", ")}</span>
        <span>{ago(group.last_at, now.value)}</span>
      </p>
      <p class="plain-note">
        {Object.entries(group.outcomes)
          .map(([name, count]) => `${count} × ${outcomeText(name)}`)
          .join(" · ")}
      </p>
      <ul class="asked-examples">
        {group.examples.map((example) => (
          <li key={example.text} lang={example.locale}>
            “{example.text}”
          </li>
        ))}
      </ul>
      {may("kb.write") && group.state === "open" && (
        <>
          {group.near.length > 0 && (
            <div class="asked-near">
              <p class="small-title">{t("Add the wording to")}</p>
              {group.near.map((near) => (
                <Button
                  key={near.article_id}
                  size="small"
                  icon={Plus}
                  busy={busy}
                  onClick={() => void add(near)}
                >
                  {near.title}
                </Button>
              ))}
            </div>
          )}
          <div class="asked-actions">
            <Choice
              compact
              label={t("Language of the new article")}
              value={language}
              options={LOCALES.map((value) => ({ value, label: LOCALE_NAMES[value] }))}
              onChange={setLanguage}
            />
            <Button
              variant="primary"
              icon={Pencil}
              busy={busy}
              disabled={!group.title}
              onClick={() => void write()}
            >
              {t("Write an article")}
            </Button>
            <Button icon={Archive} busy={busy} onClick={() => void decide("dismiss", t("Dismissed."))}>
              {t("Dismiss")}
            </Button>
          </div>
        </>
      )}
      {group.state !== "open" && (
        <div class="asked-actions">
          {group.article_key && <a href={href([], { q: group.article_key })}>{group.article_key}</a>}
          {may("kb.write") && (
            <Button
              icon={RotateCcw}
              busy={busy}
              onClick={() => void decide("reopen", t("Back on the list."))}
            >
              {t("Put back")}
            </Button>
          )}
        </div>
      )}
    </article>
  );
}
