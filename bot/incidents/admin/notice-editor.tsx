/** One notice: what is said in each language, to whom, from when to when; and whether a question would hear it. */
import { Markdown } from "@shared/markdown";
import { ApiError, api } from "@staff/api";
import { Badge, Button, Field, Icon, Toggle } from "@staff/controls";
import { confirm } from "@staff/dialog";
import { dateTime } from "@staff/format";
import { LOCALE_NAMES, LOCALES, n, t } from "@staff/i18n";
import { Bot, CircleCheck, CircleX, Trash2 } from "@staff/icons";
import { href, navigate } from "@staff/router";
import { may } from "@staff/session";
import { LoadError, Skeleton } from "@staff/states";
import { toast, toastError } from "@staff/toast";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import {
  bodyOf,
  draftOf,
  emptyDraft,
  entriesOf,
  type FieldProblem,
  type Incident,
  type IncidentDraft,
  type Part,
  problemText,
  ROUTES,
  routeName,
  stateName,
  stateTone,
} from "./types";

export function NoticeEditor({ id }: { id: string | null }) {
  const [incident, setIncident] = useState<Incident | null>(null);
  const [error, setError] = useState<unknown>(null);
  const load = () => {
    setError(null);
    if (id) api.get<Incident>(`/incidents/${id}`).then(setIncident, setError);
  };
  useEffect(load, [id]);
  if (error) return <LoadError error={error} retry={load} />;
  if (id && !incident) return <Skeleton rows={4} />;
  return <Editor key={incident?.version ?? 0} incident={incident} show={setIncident} reload={load} />;
}

function Editor(props: {
  incident: Incident | null;
  show: (incident: Incident) => void;
  reload: () => void;
}) {
  const { incident } = props;
  const [draft, setDraft] = useState<IncidentDraft>(incident ? draftOf(incident) : emptyDraft());
  const [problems, setProblems] = useState<FieldProblem[]>([]);
  const [busy, setBusy] = useState(false);
  const writable = may("kb.write");
  const change = (part: Partial<IncidentDraft>) => setDraft({ ...draft, ...part });
  const act = async (work: () => Promise<void>) => {
    setBusy(true);
    setProblems([]);
    try {
      await work();
    } catch (problem) {
      const found = problem instanceof ApiError ? problem.problem.errors : undefined;
      if (Array.isArray(found)) setProblems(found as FieldProblem[]);
      else {
        toastError(problem);
        if (problem instanceof ApiError && problem.code === "stale") props.reload();
      }
    } finally {
      setBusy(false);
    }
  };
  const save = () =>
    act(async () => {
      const body = bodyOf(draft, incident);
      if (incident) {
        props.show(
          await api.patch<Incident>(`/incidents/${incident.id}`, { ...body, version: incident.version }),
        );
        toast(t("Saved."));
      } else {
        const made = await api.post<Incident>("/incidents", body);
        toast(made.state === "active" ? t("The bot says it from now on.") : t("Saved."));
        navigate(href(["notices", made.id]));
      }
    });
  const end = () =>
    act(async () => {
      if (!incident) return;
      props.show(await api.post<Incident>(`/incidents/${incident.id}/end`, { version: incident.version }));
      toast(t("Ended. The bot no longer says it."));
    });
  const remove = async () => {
    if (!incident) return;
    const yes = await confirm({
      title: t("Delete {name}?", { name: incident.title }),
      text: t("No customer has heard this notice."),
      confirm: t("Delete"),
      danger: true,
    });
    if (!yes) return;
    await act(async () => {
      await api.delete(`/incidents/${incident.id}?version=${incident.version}`);
      toast(t("Deleted."));
      navigate(href(["notices"]));
    });
  };
  const at = (pointer: string) => {
    const found = problems.filter((one) => one.pointer === pointer || one.pointer.startsWith(`${pointer}/`));
    return [...new Set(found.map(problemText))].join(" ") || null;
  };
  return (
    <>
      <header class="editor-head">
        <p class="crumbs">
          <a href={href(["notices"])}>{t("Notices")}</a>
        </p>
        <div class="editor-row">
          <h1>{incident ? incident.title : t("New notice")}</h1>
          <div class="editor-states">
            {incident && <Badge tone={stateTone(incident.state)}>{stateName(incident.state)}</Badge>}
          </div>
          {writable && (
            <div class="editor-actions">
              {incident?.told === 0 && (
                <Button icon={Trash2} disabled={busy} onClick={() => void remove()}>
                  {t("Delete")}
                </Button>
              )}
              {incident?.state === "active" && (
                <Button disabled={busy} onClick={() => void end()}>
                  {t("End now")}
                </Button>
              )}
              <Button variant="primary" busy={busy} onClick={() => void save()}>
                {t("Save")}
              </Button>
            </div>
          )}
        </div>
        {incident && (
          <p class="page-note">
            {t("Last changed by {name}, {time}", {
              name: incident.updated_by ?? t("System"),
              time: dateTime(incident.updated_at),
            })}{" "}
            · {n("told {count} customer", "told {count} customers", incident.told)}
          </p>
        )}
      </header>
      <div class="editor">
        <fieldset class="notice-form" disabled={!writable}>
          <legend class="visually-hidden">{t("Notice")}</legend>
          <section class="card form" aria-labelledby="notice-what">
            <h2 id="notice-what">{t("Text of the notice")}</h2>
            <Field
              label={t("Title")}
              hint={t("For the people who work here; customers don't see it.")}
              error={at("/title")}
            >
              {(ids) => (
                <input
                  {...ids}
                  class="input"
                  maxLength={120}
                  value={draft.title}
                  onInput={(event) => change({ title: event.currentTarget.value })}
                />
              )}
            </Field>
            {at("/texts") && (
              <p class="field-error" role="alert">
                {at("/texts")}
              </p>
            )}
            {LOCALES.map((tag) => (
              <Field key={tag} label={LOCALE_NAMES[tag]}>
                {(ids) => (
                  <textarea
                    {...ids}
                    class="input"
                    lang={tag}
                    rows={3}
                    maxLength={2000}
                    value={draft.texts[tag] ?? ""}
                    onInput={(event) =>
                      change({ texts: { ...draft.texts, [tag]: event.currentTarget.value } })
                    }
                  />
                )}
              </Field>
            ))}
          </section>
          <section class="card form" aria-labelledby="notice-when">
            <h2 id="notice-when">{t("When")}</h2>
            <div class="form-pair">
              <Field label={t("From")} hint={t("Empty: from now on.")} error={at("/starts_at")}>
                {(ids) => (
                  <input
                    {...ids}
                    class="input"
                    type="datetime-local"
                    value={draft.starts}
                    onInput={(event) => change({ starts: event.currentTarget.value })}
                  />
                )}
              </Field>
              <Field label={t("Until")} hint={t("Empty: until it is ended.")} error={at("/ends_at")}>
                {(ids) => (
                  <input
                    {...ids}
                    class="input"
                    type="datetime-local"
                    value={draft.ends}
                    onInput={(event) => change({ ends: event.currentTarget.value })}
                  />
                )}
              </Field>
            </div>
          </section>
          <TopicFields draft={draft} change={change} problem={at("/topic")} />
        </fieldset>
        <aside class="notice-side">
          <Shown draft={draft} />
          <TryTopic draft={draft} />
        </aside>
      </div>
    </>
  );
}

function TopicFields(props: {
  draft: IncidentDraft;
  change: (part: Partial<IncidentDraft>) => void;
  problem: string | null;
}) {
  const { draft, change } = props;
  const set = (part: Part, entries: string[]) => change({ topic: { ...draft.topic, [part]: entries } });
  const lines = (part: Part, label: string, hint: ComponentChildren) => (
    <Field key={part} label={label} hint={hint}>
      {(ids) => (
        <textarea
          {...ids}
          class="input"
          rows={2}
          defaultValue={draft.topic[part].join("\n")}
          onInput={(event) => set(part, entriesOf(event.currentTarget.value))}
        />
      )}
    </Field>
  );
  return (
    <section class="card form" aria-labelledby="notice-topic">
      <h2 id="notice-topic">{t("Who is told")}</h2>
      <p class="field-hint">{t("Whoever asks about any of these. One entry a line.")}</p>
      {props.problem && (
        <p class="field-error" role="alert">
          {props.problem}
        </p>
      )}
      {lines("words", t("Words"), t("In the question, with or without accents, in any language."))}
      {lines(
        "sentences",
        t("Sentences"),
        t(
          "As customers would write. Questions that mean nearly the same are found, also in other languages.",
        ),
      )}
      <div class="form-pair">
        {lines("articles", t("Articles"), t("Keys of the articles that answer."))}
        {lines("categories", t("Categories"), t("Of the article that answers."))}
        {lines("tags", t("Tags"), t("Of the article that answers."))}
      </div>
      <fieldset class="notice-routes">
        <legend class="field-label">{t("Flows")}</legend>
        {ROUTES.map((route) => (
          <Toggle
            key={route}
            label={routeName(route)}
            checked={draft.topic.routes.includes(route)}
            onChange={(on) =>
              set(
                "routes",
                on ? [...draft.topic.routes, route] : draft.topic.routes.filter((one) => one !== route),
              )
            }
          />
        ))}
      </fieldset>
    </section>
  );
}

function Shown({ draft }: { draft: IncidentDraft }) {
  const written = LOCALES.filter((tag) => draft.texts[tag]?.trim());
  return (
    <section class="card form" aria-labelledby="notice-preview">
      <h2 id="notice-preview">{t("Preview")}</h2>
      {written.length === 0 && <p class="field-hint">{t("The text is empty.")}</p>}
      {written.map((tag) => (
        <div key={tag} class="preview" lang={tag}>
          <div class="preview-answer">
            <span class="avatar avatar-bot" aria-hidden="true">
              <Icon of={Bot} size={15} />
            </span>
            <div class="preview-bubble prose">
              <Markdown text={draft.texts[tag] ?? ""} />
            </div>
          </div>
        </div>
      ))}
    </section>
  );
}

function TryTopic({ draft }: { draft: IncidentDraft }) {
  const [question, setQuestion] = useState("");
  const [verdict, setVerdict] = useState<{ told: boolean; why: string | null } | null>(null);
  const [busy, setBusy] = useState(false);
  const ask = async () => {
    if (!question.trim()) return;
    setBusy(true);
    try {
      setVerdict(await api.post("/incidents/preview", { topic: draft.topic, question }));
    } catch (problem) {
      setVerdict(null);
      toastError(problem);
    }
    setBusy(false);
  };
  return (
    <section class="card" aria-labelledby="notice-try">
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void ask();
        }}
      >
        <h2 id="notice-try">{t("Who would be told?")}</h2>
        <Field label={t("Question of a customer")}>
          {(ids) => (
            <input
              {...ids}
              class="input"
              maxLength={300}
              value={question}
              onInput={(event) => {
                setQuestion(event.currentTarget.value);
                setVerdict(null);
              }}
            />
          )}
        </Field>
        <Button type="submit" busy={busy}>
          {t("Try it")}
        </Button>
        {verdict && (
          <p class={verdict.told ? "notice-verdict notice-told" : "notice-verdict"} role="status">
            <Icon of={verdict.told ? CircleCheck : CircleX} />
            {verdict.told
              ? t("Is told, because of: {why}", { why: verdict.why ?? "" })
              : t("Is not told: nothing of the topic fits.")}
          </p>
        )}
      </form>
    </section>
  );
}
