/** Giving out work: per queue how, per person how much and what for. */
import "./work-page.css";
import { ApiError, api, errorText } from "@staff/api";
import { Badge, Button, Choice, Field, LevelBadge, Toggle } from "@staff/controls";
import { Dialog } from "@staff/dialog";
import { LOCALE_NAMES, LOCALES, t } from "@staff/i18n";
import { TriangleAlert } from "@staff/icons";
import { languageName } from "@staff/labels";
import { roleName } from "@staff/preferences";
import { may } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { toast } from "@staff/toast";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { DeskPerson, Mode, QueueSettings } from "./types";
import { MODES, modeName, presenceName } from "./words";

const LIMITS = { accept: [15, 3600], fair: [1, 1000], capacity: [1, 50] } as const;

export function WorkPage() {
  const [queues, setQueues] = useState<QueueSettings[] | null>(null);
  const [people, setPeople] = useState<DeskPerson[]>([]);
  const [error, setError] = useState<unknown>(null);
  const [queue, setQueue] = useState<QueueSettings | null>(null);
  const [person, setPerson] = useState<DeskPerson | null>(null);
  const load = () => {
    setError(null);
    Promise.all([
      api.get<{ items: QueueSettings[] }>("/assignment/queues"),
      api.get<{ items: DeskPerson[] }>("/assignment/people"),
    ]).then(([settings, everybody]) => {
      setQueues(settings.items);
      setPeople(everybody.items);
    }, setError);
  };
  useEffect(() => {
    if (may("reports.read")) load();
  }, []);
  if (!may("reports.read")) {
    return <Empty icon={TriangleAlert} title={t("You are not allowed to do this.")} />;
  }
  const mayEdit = may("tickets.supervise");
  return (
    <>
      <div class="page-head">
        <h1>{t("Giving out work")}</h1>
      </div>
      {error ? <LoadError error={error} retry={load} /> : !queues && <Skeleton rows={5} />}
      {queues && (
        <>
          <section class="card work-card" aria-label={t("Queues")}>
            <h2>{t("Queues")}</h2>
            <p class="field-hint">
              {t(
                "A queue that gives out its tickets chooses who is online, has room, the level and the skills; who served the customer last and who speaks the language come first.",
              )}
            </p>
            <ul class="work-rows">
              {queues.map((one) => (
                <li key={one.queue.id}>
                  <LevelBadge level={one.level} />
                  <p class="work-who">
                    <strong>{one.queue.name}</strong>
                    <span>{[...one.skills, ...one.languages.map(languageName)].join(" · ")}</span>
                  </p>
                  <p class="work-what">
                    <Badge tone={one.mode === "off" ? "neutral" : "accent"}>{modeName(one.mode)}</Badge>
                    {one.mode !== "off" && (
                      <span>{t("{count} s to accept", { count: one.accept_seconds })}</span>
                    )}
                  </p>
                  {mayEdit && (
                    <Button size="small" onClick={() => setQueue(one)}>
                      {t("Edit")}
                      <span class="visually-hidden"> {one.queue.name}</span>
                    </Button>
                  )}
                </li>
              ))}
            </ul>
          </section>
          <section class="card work-card" aria-label={t("People")}>
            <h2>{t("People")}</h2>
            <ul class="work-rows">
              {people.map((one) => (
                <li key={one.id}>
                  <span class={`presence-dot presence-${one.presence}`} title={presenceName(one.presence)} />
                  <p class="work-who">
                    <strong>{one.name}</strong>
                    <span>{[one.level, roleName(one.role), ...one.skills].filter(Boolean).join(" · ")}</span>
                  </p>
                  <p class="work-what">
                    <Badge>{t("{count} at a time", { count: one.capacity })}</Badge>
                    {one.languages.map((language) => (
                      <Badge key={language} title={languageName(language)}>
                        {language}
                      </Badge>
                    ))}
                    {!one.automatic && <span>{t("is given nothing")}</span>}
                  </p>
                  {mayEdit && (
                    <Button size="small" onClick={() => setPerson(one)}>
                      {t("Edit")}
                      <span class="visually-hidden"> {one.name}</span>
                    </Button>
                  )}
                </li>
              ))}
            </ul>
          </section>
        </>
      )}
      {queue && (
        <QueueDialog
          queue={queue}
          close={() => setQueue(null)}
          saved={() => {
            setQueue(null);
            load();
          }}
        />
      )}
      {person && (
        <PersonDialog
          person={person}
          close={() => setPerson(null)}
          saved={() => {
            setPerson(null);
            load();
          }}
        />
      )}
    </>
  );
}

/** A dialog with one form: says inside itself what was refused, closes when it was saved. */
function SaveDialog(props: {
  title: string;
  close: () => void;
  saved: () => void;
  /** Null when something is missing; what is missing is said by the fields. */
  send: () => Promise<unknown> | null;
  children: ComponentChildren;
}) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const save = async () => {
    const sent = props.send();
    if (!sent) return;
    setBusy(true);
    try {
      await sent;
      toast(t("Saved."));
      props.saved();
    } catch (error) {
      const stale = error instanceof ApiError && error.code === "stale";
      setProblem(
        stale ? t("Somebody changed this in the meantime. Close it and look again.") : errorText(error),
      );
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={props.title}
      onClose={props.close}
      footer={
        <>
          <Button onClick={props.close}>{t("Cancel")}</Button>
          <Button variant="primary" busy={busy} onClick={() => void save()}>
            {t("Save")}
          </Button>
        </>
      }
    >
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {props.children}
        {problem && (
          <p class="form-problem" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="visually-hidden" tabIndex={-1} aria-hidden="true" />
      </form>
    </Dialog>
  );
}

/** What is wrong with a number, or null. */
function outside(text: string, [least, most]: readonly [number, number]): string | null {
  const value = Number(text);
  if (/^\d+$/.test(text.trim()) && value >= least && value <= most) return null;
  return t("Write a number from {least} to {most}.", { least, most });
}

function NumberField(props: {
  label: string;
  hint?: string;
  value: string;
  limits: readonly [number, number];
  onInput: (text: string) => void;
}) {
  return (
    <Field label={props.label} hint={props.hint} error={outside(props.value, props.limits)}>
      {(ids) => (
        <input
          {...ids}
          class="input"
          inputMode="numeric"
          autocomplete="off"
          value={props.value}
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

function QueueDialog(props: { queue: QueueSettings; close: () => void; saved: () => void }) {
  const { queue } = props;
  const [mode, setMode] = useState<Mode>(queue.mode);
  const [accept, setAccept] = useState(String(queue.accept_seconds));
  const [fair, setFair] = useState(String(queue.fair_limit));
  const send = () =>
    outside(accept, LIMITS.accept) || outside(fair, LIMITS.fair)
      ? null
      : api.put(`/assignment/queues/${queue.queue.id}`, {
          mode,
          accept_seconds: Number(accept),
          fair_limit: Number(fair),
          version: queue.version,
        });
  return (
    <SaveDialog title={queue.queue.name} close={props.close} saved={props.saved} send={send}>
      <Choice
        label={t("Who gets its tickets")}
        value={mode}
        options={MODES.map((value) => ({ value, label: modeName(value) }))}
        onChange={(value) => setMode(value as Mode)}
      />
      <NumberField
        label={t("Seconds to accept")}
        hint={t("Not accepted or answered in time, a ticket goes to somebody else.")}
        value={accept}
        limits={LIMITS.accept}
        onInput={setAccept}
      />
      <NumberField
        label={t("At most so many to one person in an hour")}
        value={fair}
        limits={LIMITS.fair}
        onInput={setFair}
      />
    </SaveDialog>
  );
}

function PersonDialog(props: { person: DeskPerson; close: () => void; saved: () => void }) {
  const { person } = props;
  const [capacity, setCapacity] = useState(String(person.capacity));
  const [skills, setSkills] = useState(person.skills.join(", "));
  const [languages, setLanguages] = useState<readonly string[]>(person.languages);
  const [automatic, setAutomatic] = useState(person.automatic);
  const words = skills
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);
  const tooLong = words.some((word) => word.length > 40) || words.length > 30;
  const send = () =>
    outside(capacity, LIMITS.capacity) || tooLong
      ? null
      : api.put(`/assignment/people/${person.id}`, {
          capacity: Number(capacity),
          skills: words,
          languages,
          automatic,
        });
  return (
    <SaveDialog title={person.name} close={props.close} saved={props.saved} send={send}>
      <Toggle
        label={t("Is given tickets by queues that give them out")}
        checked={automatic}
        onChange={setAutomatic}
      />
      <NumberField
        label={t("Conversations at a time")}
        hint={t("Those that wait for somebody are not counted.")}
        value={capacity}
        limits={LIMITS.capacity}
        onInput={setCapacity}
      />
      <Field
        label={t("Skills")}
        hint={t("Separated by commas, written as the queues write them.")}
        error={tooLong ? t("At most 30 skills of 40 characters.") : null}
      >
        {(ids) => (
          <input
            {...ids}
            class="input"
            autocomplete="off"
            value={skills}
            onInput={(event) => setSkills(event.currentTarget.value)}
          />
        )}
      </Field>
      <fieldset class="work-languages">
        <legend class="field-label">{t("Languages")}</legend>
        {LOCALES.map((one) => (
          <label key={one} class="toggle">
            <input
              type="checkbox"
              checked={languages.includes(one)}
              onChange={(event) =>
                setLanguages(
                  event.currentTarget.checked
                    ? [...languages, one]
                    : languages.filter((other) => other !== one),
                )
              }
            />
            <span>{LOCALE_NAMES[one]}</span>
          </label>
        ))}
        <p class="field-hint">{t("None chosen: every language.")}</p>
      </fieldset>
    </SaveDialog>
  );
}
