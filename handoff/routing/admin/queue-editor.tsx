/** One queue: names, level, team, skills, languages, topics, hours; retiring it, and moving its tickets. */
import { api } from "@staff/api";
import { Badge, Button, Choice, Field, Toggle } from "@staff/controls";
import { Dialog } from "@staff/dialog";
import { LOCALE_NAMES, LOCALES, n, t } from "@staff/i18n";
import { ArrowLeft, ArrowUpRight, Trash2 } from "@staff/icons";
import { href, navigate } from "@staff/router";
import { may } from "@staff/session";
import { toast } from "@staff/toast";
import { useState } from "preact/hooks";
import { Checks } from "../../service_level/admin/policy-editor";
import { ListField } from "./list-field";
import type { DeskQueue, DeskQueues } from "./types";
import { levelLabel, readProblems, refusal } from "./words";

type Terms = Pick<
  DeskQueue,
  "names" | "level" | "team" | "skills" | "languages" | "topics" | "calendar_key" | "is_default"
>;

function termsOf(queue: DeskQueue | null): Terms {
  return {
    names: queue?.names ?? {},
    level: queue?.level ?? "N2",
    team: queue?.team ?? "",
    skills: queue?.skills ?? [],
    languages: queue?.languages ?? [],
    topics: queue?.topics ?? [],
    calendar_key: queue?.calendar_key ?? "main",
    is_default: queue?.is_default ?? false,
  };
}

export function QueueEditor(props: { queue: DeskQueue | null; data: DeskQueues; reload: () => void }) {
  const { queue, data } = props;
  const [terms, setTerms] = useState<Terms>(() => termsOf(queue));
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState<"retire" | "move" | null>(null);
  const edits = may("desk.configure");
  const fixed = !edits || (queue?.retired ?? false);
  const change = (changes: Partial<Terms>) => setTerms({ ...terms, ...changes });
  const calendars = data.choices.calendars;
  const save = async () => {
    setBusy(true);
    setProblems({});
    try {
      if (queue) await api.put(`/desk/queues/${queue.id}`, { ...terms, version: queue.version });
      else await api.post("/desk/queues", terms);
      toast(t("Saved. The next hand-off goes by it."));
      navigate(href(["queues"]));
    } catch (error) {
      setProblems(readProblems(error));
      setBusy(false);
    }
  };
  return (
    <>
      <p class="crumbs">
        <a href={href(["queues"])}>
          <ArrowLeft size={15} aria-hidden="true" /> {t("Queues")}
        </a>
      </p>
      <div class="page-head">
        <h1>{queue ? queue.name : t("New queue")}</h1>
        {queue && <Badge>{queue.key}</Badge>}
        {queue?.retired && <Badge tone="warning">{t("Retired")}</Badge>}
      </div>
      <form
        class="sl-editor"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <fieldset class="sl-fields rt-fields" disabled={fixed}>
          <section class="card sl-card">
            <div class="sl-targets">
              {LOCALES.map((locale, index) => (
                <Field
                  key={locale}
                  label={t("Name ({language})", { language: LOCALE_NAMES[locale] })}
                  error={index === 0 ? problems["/names"] : undefined}
                >
                  {(ids) => (
                    <input
                      {...ids}
                      class="input"
                      maxLength={60}
                      value={terms.names[locale] ?? ""}
                      onInput={(event) =>
                        change({ names: { ...terms.names, [locale]: event.currentTarget.value } })
                      }
                    />
                  )}
                </Field>
              ))}
            </div>
            <p class="field-hint">
              {t("Customers read the name. A language left empty gets the first name.")}
            </p>
            <div class="sl-targets">
              <Choice
                label={t("Level")}
                value={terms.level}
                options={data.levels.levels.map((level) => ({ value: level.key, label: levelLabel(level) }))}
                onChange={(level) => change({ level })}
              />
              <Choice
                label={t("Opening hours")}
                value={terms.calendar_key}
                options={[
                  ...calendars.map(({ key, name }) => ({ value: key, label: name })),
                  ...(calendars.some((one) => one.key === terms.calendar_key)
                    ? []
                    : [{ value: terms.calendar_key, label: t("Always there") }]),
                ]}
                onChange={(calendar_key) => change({ calendar_key })}
              />
              <Field label={t("Team")} error={problems["/team"]}>
                {(ids) => (
                  <input
                    {...ids}
                    class="input"
                    maxLength={60}
                    list="rt-teams"
                    value={terms.team}
                    onInput={(event) => change({ team: event.currentTarget.value })}
                  />
                )}
              </Field>
              <datalist id="rt-teams">
                {data.choices.teams.map((value) => (
                  <option key={value} value={value} />
                ))}
              </datalist>
            </div>
            <Toggle
              label={t("Takes what no other queue of its level is for")}
              checked={terms.is_default}
              onChange={(is_default) => change({ is_default })}
            />
          </section>
          <section class="card sl-card" aria-label={t("What it is for")}>
            <h2>{t("What it is for")}</h2>
            <ListField
              label={t("Topics")}
              values={terms.topics}
              onChange={(topics) => change({ topics })}
              known={data.choices.topics}
              hint={t("What the bot understood, or the category of an article.")}
              problem={problems["/topics"]}
            />
            <Checks
              label={t("Languages of its people (none chosen: all)")}
              options={LOCALES.map((value) => ({ value, label: LOCALE_NAMES[value] }))}
              chosen={terms.languages}
              onChange={(languages) => change({ languages })}
              problem={problems["/languages"]}
            />
            <ListField
              label={t("Skills")}
              values={terms.skills}
              onChange={(skills) => change({ skills })}
              known={data.choices.skills}
              hint={t("What its people must know.")}
              problem={problems["/skills"]}
            />
          </section>
        </fieldset>
        {problems[""] && (
          <p class="form-problem" role="alert">
            {problems[""]}
          </p>
        )}
        {edits && (
          <div class="sl-save">
            {queue && queue.open_count > 0 && (
              <Button icon={ArrowUpRight} onClick={() => setAsking("move")}>
                {n("Move {count} open ticket…", "Move {count} open tickets…", queue.open_count)}
              </Button>
            )}
            {queue && !queue.retired && (
              <Button icon={Trash2} onClick={() => setAsking("retire")}>
                {t("Retire…")}
              </Button>
            )}
            {!fixed && (
              <Button type="submit" variant="primary" busy={busy} onClick={() => void 0}>
                {t("Save")}
              </Button>
            )}
          </div>
        )}
      </form>
      {queue && asking && (
        <Target queue={queue} data={data} act={asking} onClose={() => setAsking(null)} done={props.reload} />
      )}
    </>
  );
}

/** Which queue takes over: all open tickets, or the rules and being the default of a queue that is retired. */
function Target(props: {
  queue: DeskQueue;
  data: DeskQueues;
  act: "retire" | "move";
  onClose: () => void;
  done: () => void;
}) {
  const { queue, act } = props;
  const others = props.data.items.filter((one) => !one.retired && one.id !== queue.id);
  const sameLevel = others.filter((one) => one.level === queue.level);
  const needed = act === "move" || queue.is_default || queue.rule_count > 0;
  const offered =
    act === "move" || queue.is_default
      ? sameLevel
      : [...sameLevel, ...others.filter((one) => one.level !== queue.level)];
  const [to, setTo] = useState(needed ? (offered[0]?.id ?? "") : "");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    setProblem("");
    try {
      if (act === "move") {
        const { tickets } = await api.post<{ tickets: number }>(`/desk/queues/${queue.id}/move`, { to });
        toast(n("{count} ticket was moved.", "{count} tickets were moved.", tickets));
      } else {
        await api.post(`/desk/queues/${queue.id}/retire`, {
          version: queue.version,
          replacement: to || null,
        });
        toast(t("{name} takes nothing new.", { name: queue.name }));
      }
      props.onClose();
      props.done();
    } catch (error) {
      setProblem(refusal(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={
        act === "move"
          ? t("Move the open tickets of “{name}”", { name: queue.name })
          : t("Retire “{name}”?", { name: queue.name })
      }
      onClose={props.onClose}
      footer={
        <>
          <Button onClick={props.onClose}>{t("Cancel")}</Button>
          <Button variant={act === "move" ? "primary" : "danger"} busy={busy} onClick={() => void run()}>
            {act === "move" ? t("Move") : t("Retire")}
          </Button>
        </>
      }
    >
      <p>
        {act === "move"
          ? t("Whoever has a ticket keeps it, and nobody loses the place in line.")
          : t("It takes nothing new. Its open tickets stay until somebody moves or resolves them.")}
      </p>
      <Choice
        label={act === "move" ? t("To") : t("Its routing rules, and what no other queue is for, go to")}
        value={to}
        options={[
          ...(needed ? [] : [{ value: "", label: t("Nothing to take over") }]),
          ...offered.map((one) => ({ value: one.id, label: `${one.level} · ${one.name}` })),
        ]}
        onChange={setTo}
      />
      {problem && (
        <p class="form-problem" role="alert">
          {problem}
        </p>
      )}
    </Dialog>
  );
}
