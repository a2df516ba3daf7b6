/** One calendar: its week, the dates that differ, holidays, names, notices; and whether it is open at a time. */
import { Markdown } from "@shared/markdown";
import { ApiError, api } from "@staff/api";
import { Badge, Button, Choice, Field, Icon, IconButton, Toggle } from "@staff/controls";
import { confirm } from "@staff/dialog";
import { dateTime } from "@staff/format";
import { LOCALE_NAMES, LOCALES, locale, t } from "@staff/i18n";
import { CircleCheck, CircleX, Copy, Plus, Trash2 } from "@staff/icons";
import { href, navigate } from "@staff/router";
import { may } from "@staff/session";
import { LoadError, Skeleton } from "@staff/states";
import { toast, toastError } from "@staff/toast";
import { useEffect, useState } from "preact/hooks";
import {
  type Calendar,
  type Choices,
  contentOf,
  dateOf,
  type ExceptionDay,
  enteredClosing,
  type HoursContent,
  type HoursProblem,
  longDate,
  type Names,
  problemText,
  type QueueUse,
  shownTime,
  type Times,
  type Tryout,
  timesText,
  weekdays,
  weekTimes,
} from "./types";

const DELAY_MS = 300;

export function HoursEditor({ name }: { name: string }) {
  const [calendar, setCalendar] = useState<Calendar | null>(null);
  const [all, setAll] = useState<Calendar[]>([]);
  const [choices, setChoices] = useState<Choices | null>(null);
  const [error, setError] = useState<unknown>(null);
  const load = () => {
    setError(null);
    Promise.all([
      api.get<{ items: Calendar[] }>("/hours"),
      api.get<Choices>("/hours/choices"),
      api.get<Calendar>(`/hours/${encodeURIComponent(name)}`),
    ]).then(([page, known, found]) => {
      setAll(page.items);
      setChoices(known);
      setCalendar(found);
    }, setError);
  };
  useEffect(load, [name]);
  if (error) return <LoadError error={error} retry={load} />;
  if (!calendar || !choices) return <Skeleton rows={6} />;
  return (
    <Editor
      key={calendar.version}
      calendar={calendar}
      queues={all.flatMap((one) => one.queues)}
      choices={choices}
      show={setCalendar}
      reload={load}
    />
  );
}

function Editor(props: {
  calendar: Calendar;
  queues: QueueUse[];
  choices: Choices;
  show: (calendar: Calendar) => void;
  reload: () => void;
}) {
  const { calendar } = props;
  const before = contentOf(calendar);
  const [draft, setDraft] = useState<HoursContent>(before);
  const [tried, setTried] = useState<Tryout | null>(null);
  const [at, setAt] = useState("");
  const [question, setQuestion] = useState("");
  const [busy, setBusy] = useState(false);
  const writable = may("kb.write");
  const path = `/hours/${encodeURIComponent(calendar.key)}`;
  const change = (part: Partial<HoursContent>) => setDraft({ ...draft, ...part });
  const changed = JSON.stringify(draft) !== JSON.stringify(before);
  const asked = JSON.stringify([draft, at, question, locale.value]);
  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      api
        .post<Tryout>("/hours/preview", {
          key: calendar.key,
          calendar: draft,
          at: at || null,
          question: question.trim() || null,
          locale: locale.value,
        })
        .then(
          (seen) => current && setTried(seen),
          () => current && setTried(null),
        );
    }, DELAY_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [asked]);
  const problems = tried?.problems ?? [];
  const act = async (work: () => Promise<void>) => {
    setBusy(true);
    try {
      await work();
    } catch (problem) {
      if (problem instanceof ApiError && problem.code === "in_use") {
        toast(t("Queues keep this calendar. Give them another one first."), "danger");
      } else {
        toastError(problem);
        if (problem instanceof ApiError && problem.code === "stale") props.reload();
      }
    } finally {
      setBusy(false);
    }
  };
  const save = () =>
    act(async () => {
      props.show(await api.patch<Calendar>(path, { ...draft, version: calendar.version }));
      toast(t("Saved. The bot and the queues go by it from now on."));
    });
  const remove = async () => {
    const yes = await confirm({
      title: t("Delete {name}?", { name: calendar.name }),
      text: t("The bot no longer knows these hours."),
      confirm: t("Delete"),
      danger: true,
    });
    if (!yes) return;
    await act(async () => {
      await api.delete(`${path}?version=${calendar.version}`);
      toast(t("Deleted."));
      navigate(href(["hours"]));
    });
  };
  return (
    <>
      <header class="editor-head">
        <p class="crumbs">
          <a href={href(["hours"])}>{t("Opening hours")}</a>
        </p>
        <div class="editor-row">
          <h1>{calendar.name || calendar.key}</h1>
          <div class="editor-states">
            {calendar.key === "main" && <Badge tone="accent">{t("Told to customers")}</Badge>}
          </div>
          {writable && (
            <div class="editor-actions">
              {calendar.key !== "main" && (
                <Button icon={Trash2} disabled={busy} onClick={() => void remove()}>
                  {t("Delete")}
                </Button>
              )}
              {changed && (
                <Button disabled={busy} onClick={() => setDraft(before)}>
                  {t("Discard my changes")}
                </Button>
              )}
              <Button
                variant="primary"
                busy={busy}
                disabled={!changed || problems.length > 0}
                onClick={() => void save()}
              >
                {t("Save")}
              </Button>
            </div>
          )}
        </div>
        {calendar.updated_at && (
          <p class="page-note">
            {t("Last changed by {name}, {time}", {
              name: calendar.updated_by ?? t("System"),
              time: dateTime(calendar.updated_at),
            })}
          </p>
        )}
      </header>
      <div class="editor">
        <fieldset class="hours-form" disabled={!writable}>
          <legend class="visually-hidden">{t("Opening hours")}</legend>
          <Week draft={draft} problems={problems} change={change} />
          <Exceptions draft={draft} problems={problems} change={change} />
          <Basics draft={draft} problems={problems} change={change} choices={props.choices} />
          <Notices draft={draft} problems={problems} change={change} />
          <Queues
            calendar={calendar}
            queues={props.queues}
            act={act}
            show={props.reload}
            writable={writable && !busy}
          />
        </fieldset>
        <aside class="hours-side">
          <TryIt
            tried={tried}
            at={at}
            setAt={setAt}
            question={question}
            setQuestion={setQuestion}
            timezone={draft.timezone}
          />
          <Ahead
            tried={tried}
            {...(writable && {
              openAnyway: (date: string, names: Names) => {
                const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
                change({
                  exceptions: [
                    ...draft.exceptions,
                    { year, month, day, names, intervals: weekTimes(draft.week, date) },
                  ],
                });
              },
            })}
          />
        </aside>
      </div>
    </>
  );
}

interface PartProps {
  draft: HoursContent;
  problems: HoursProblem[];
  change: (part: Partial<HoursContent>) => void;
}

function Problems({ of: problems, at }: { of: HoursProblem[]; at: string }) {
  const found = problems.filter((one) => one.pointer === at || one.pointer.startsWith(`${at}/`));
  if (!found.length) return null;
  return (
    <p class="field-error" role="alert">
      {[...new Set(found.map(problemText))].join(" ")}
    </p>
  );
}

function TimesEditor(props: { label: string; times: Times; onChange: (times: Times) => void }) {
  const { label, times, onChange } = props;
  const set = (index: number, pair: [string, string]) =>
    onChange(times.map((one, at) => (at === index ? pair : one)));
  return (
    <div class="hours-times">
      {times.length === 0 && <span class="hours-closed">{t("closed")}</span>}
      {times.map(([from, to], index) => (
        <span key={index} class="hours-pair">
          <input
            type="time"
            class="input"
            aria-label={t("{day}: opens", { day: label })}
            value={shownTime(from)}
            onChange={(event) => set(index, [event.currentTarget.value, to])}
          />
          <span aria-hidden="true">–</span>
          <input
            type="time"
            class="input"
            aria-label={t("{day}: closes", { day: label })}
            value={shownTime(to)}
            onChange={(event) => set(index, [from, enteredClosing(event.currentTarget.value)])}
          />
          <IconButton
            label={t("{day}: take these times out", { day: label })}
            icon={Trash2}
            onClick={() => onChange(times.filter((_, at) => at !== index))}
          />
        </span>
      ))}
      <Button
        size="small"
        icon={Plus}
        onClick={() => {
          const last = times.at(-1)?.[1] ?? "09:00";
          onChange([...times, times.length && last < "23:00" ? [last, "23:00"] : ["09:00", "18:00"]]);
        }}
      >
        {t("Add times")}
        <span class="visually-hidden"> {label}</span>
      </Button>
    </div>
  );
}

function Week({ draft, problems, change }: PartProps) {
  const names = weekdays(locale.value);
  const set = (day: number, times: Times) =>
    change({ week: draft.week.map((one, at) => (at === day ? times : one)) });
  const copyMonday = () =>
    change({
      week: draft.week.map((one, at) =>
        at > 0 && at < 5 ? (draft.week[0] ?? []).map(([from, to]) => [from, to]) : one,
      ),
    });
  return (
    <section class="card hours-card" aria-labelledby="hours-week">
      <div class="hours-card-head">
        <h2 id="hours-week">{t("Every week")}</h2>
        <Button size="small" icon={Copy} onClick={copyMonday}>
          {t("Monday's hours until Friday")}
        </Button>
      </div>
      <ul class="hours-week">
        {names.map((name, day) => (
          <li key={name} class="hours-day">
            <span class="hours-day-name">{name}</span>
            <TimesEditor label={name} times={draft.week[day] ?? []} onChange={(times) => set(day, times)} />
            <Problems of={problems} at={`/week/${day}`} />
          </li>
        ))}
      </ul>
      <Problems of={problems.filter((one) => one.pointer === "/week")} at="/week" />
    </section>
  );
}

function Exceptions({ draft, problems, change }: PartProps) {
  const set = (index: number, part: Partial<ExceptionDay>) =>
    change({
      exceptions: draft.exceptions.map((one, at) => (at === index ? { ...one, ...part } : one)),
    });
  const add = () => {
    const today = new Date();
    const next: ExceptionDay = {
      year: today.getFullYear(),
      month: today.getMonth() + 1,
      day: today.getDate(),
      names: {},
      intervals: [],
    };
    change({ exceptions: [...draft.exceptions, next] });
  };
  return (
    <section class="card hours-card" aria-labelledby="hours-exceptions">
      <div class="hours-card-head">
        <h2 id="hours-exceptions">{t("Dates that differ")}</h2>
        <Button size="small" icon={Plus} onClick={add}>
          {t("Add a date")}
        </Button>
      </div>
      {draft.exceptions.length === 0 && (
        <p class="field-hint">
          {t("Closed or different hours on certain dates. They come before holidays.")}
        </p>
      )}
      <ul class="hours-list">
        {draft.exceptions.map((day, index) => {
          const label = day.names[locale.value] || dateOf(day);
          return (
            <li key={index} class="hours-entry">
              <div class="hours-entry-head">
                <input
                  type="date"
                  class="input"
                  aria-label={t("Date")}
                  value={dateOf(day)}
                  onChange={(event) => {
                    const [year, month, date] = event.currentTarget.value.split("-").map(Number);
                    if (year && month && date) {
                      set(index, { year: day.year === null ? null : year, month, day: date });
                    }
                  }}
                />
                <Toggle
                  label={t("Every year")}
                  checked={day.year === null}
                  onChange={(every) => set(index, { year: every ? null : new Date().getFullYear() })}
                />
                <IconButton
                  label={t("{day}: take this date out", { day: label })}
                  icon={Trash2}
                  onClick={() => change({ exceptions: draft.exceptions.filter((_, at) => at !== index) })}
                />
              </div>
              <TimesEditor
                label={label}
                times={day.intervals}
                onChange={(intervals) => set(index, { intervals })}
              />
              <NamesFields
                label={t("Name of the day")}
                names={day.names}
                onChange={(names) => set(index, { names })}
              />
              <Problems of={problems} at={`/exceptions/${index}`} />
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function NamesFields(props: {
  label: string;
  names: Names;
  long?: boolean;
  onChange: (names: Names) => void;
}) {
  return (
    <div class="form-pair">
      {LOCALES.map((tag) => (
        <Field key={tag} label={`${props.label} (${LOCALE_NAMES[tag]})`}>
          {(ids) => {
            const write = (value: string) => props.onChange({ ...props.names, [tag]: value });
            return props.long ? (
              <textarea
                {...ids}
                class="input"
                lang={tag}
                rows={3}
                maxLength={1000}
                value={props.names[tag] ?? ""}
                onInput={(event) => write(event.currentTarget.value)}
              />
            ) : (
              <input
                {...ids}
                class="input"
                lang={tag}
                maxLength={100}
                value={props.names[tag] ?? ""}
                onInput={(event) => write(event.currentTarget.value)}
              />
            );
          }}
        </Field>
      ))}
    </div>
  );
}

function Basics(props: PartProps & { choices: Choices }) {
  const { draft, problems, change, choices } = props;
  const regions = new Intl.DisplayNames(locale.value, { type: "region", fallback: "code" });
  const countries = Object.keys(choices.countries)
    .map((value) => ({ value, label: regions.of(value) ?? value }))
    .toSorted((left, right) => left.label.localeCompare(right.label, locale.value));
  const states = draft.country ? (choices.countries[draft.country] ?? []) : [];
  return (
    <section class="card hours-card form" aria-labelledby="hours-basics">
      <h2 id="hours-basics">{t("Name, place and holidays")}</h2>
      <Field label={t("Name")} hint={t("For the people who work here.")}>
        {(ids) => (
          <input
            {...ids}
            class="input"
            maxLength={100}
            value={draft.name}
            onInput={(event) => change({ name: event.currentTarget.value })}
          />
        )}
      </Field>
      <NamesFields
        label={t("What customers call it")}
        names={draft.names}
        onChange={(names) => change({ names })}
      />
      <Field
        label={t("Other words for it")}
        hint={t("With commas between. A question with one of these words is answered with these hours.")}
      >
        {(ids) => (
          <input
            {...ids}
            class="input"
            defaultValue={draft.words.join(", ")}
            onChange={(event) =>
              change({
                words: event.currentTarget.value
                  .split(",")
                  .map((word) => word.trim())
                  .filter(Boolean),
              })
            }
          />
        )}
      </Field>
      <div class="form-pair">
        <Choice
          label={t("Time zone")}
          value={draft.timezone}
          options={[...new Set([draft.timezone, ...choices.timezones])].map((value) => ({
            value,
            label: value.replaceAll("_", " "),
          }))}
          onChange={(timezone) => change({ timezone })}
        />
        <Choice
          label={t("Public holidays of")}
          value={draft.country ?? ""}
          options={[{ value: "", label: t("no country") }, ...countries]}
          onChange={(country) => change({ country: country || null, state: null })}
        />
        {states.length > 0 && (
          <Choice
            label={t("State or region")}
            value={draft.state ?? ""}
            options={[
              { value: "", label: t("the whole country") },
              ...states.map((value) => ({ value, label: value })),
            ]}
            onChange={(state) => change({ state: state || null })}
          />
        )}
      </div>
      {["/name", "/names", "/words", "/timezone", "/country", "/state"].map((pointer) => (
        <Problems key={pointer} of={problems} at={pointer} />
      ))}
    </section>
  );
}

function Notices({ draft, problems, change }: PartProps) {
  const today = new Date().toISOString().slice(0, 10);
  const set = (index: number, part: Partial<HoursContent["notices"][number]>) =>
    change({ notices: draft.notices.map((one, at) => (at === index ? { ...one, ...part } : one)) });
  return (
    <section class="card hours-card" aria-labelledby="hours-notices">
      <div class="hours-card-head">
        <h2 id="hours-notices">{t("Said with the hours for a while")}</h2>
        <Button
          size="small"
          icon={Plus}
          onClick={() => change({ notices: [...draft.notices, { first: today, last: today, texts: {} }] })}
        >
          {t("Add a notice")}
        </Button>
      </div>
      {draft.notices.length === 0 && (
        <p class="field-hint">{t("For example: this week the entrance is at the back.")}</p>
      )}
      <ul class="hours-list">
        {draft.notices.map((notice, index) => (
          <li key={index} class="hours-entry">
            <div class="hours-entry-head">
              <input
                type="date"
                class="input"
                aria-label={t("First day")}
                value={notice.first}
                onChange={(event) =>
                  event.currentTarget.value && set(index, { first: event.currentTarget.value })
                }
              />
              <span aria-hidden="true">–</span>
              <input
                type="date"
                class="input"
                aria-label={t("Last day")}
                value={notice.last}
                onChange={(event) =>
                  event.currentTarget.value && set(index, { last: event.currentTarget.value })
                }
              />
              <IconButton
                label={t("Take this notice out")}
                icon={Trash2}
                onClick={() => change({ notices: draft.notices.filter((_, at) => at !== index) })}
              />
            </div>
            <NamesFields
              long
              label={t("Notice")}
              names={notice.texts}
              onChange={(texts) => set(index, { texts })}
            />
            <Problems of={problems} at={`/notices/${index}`} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Queues(props: {
  calendar: Calendar;
  queues: QueueUse[];
  act: (work: () => Promise<void>) => Promise<void>;
  show: () => void;
  writable: boolean;
}) {
  const { calendar, queues } = props;
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(calendar.queues.map((one) => one.id)));
  const kept = new Set(calendar.queues.map((one) => one.id));
  const same = chosen.size === kept.size && [...chosen].every((id) => kept.has(id));
  const save = () =>
    props.act(async () => {
      await api.post(`/hours/${encodeURIComponent(calendar.key)}/queues`, { queue_ids: [...chosen] });
      toast(t("Saved. The bot and the queues go by it from now on."));
      props.show();
    });
  return (
    <section class="card hours-card" aria-labelledby="hours-queues">
      <h2 id="hours-queues">{t("Queues that keep these hours")}</h2>
      <ul class="hours-queues">
        {queues.map((queue) => (
          <li key={queue.id}>
            <Toggle
              label={`${queue.names[locale.value] ?? Object.values(queue.names)[0]} (${queue.level})`}
              checked={chosen.has(queue.id)}
              onChange={(on) => {
                const next = new Set(chosen);
                if (on) next.add(queue.id);
                else if (calendar.key !== "main" || !kept.has(queue.id)) next.delete(queue.id);
                setChosen(next);
              }}
            />
          </li>
        ))}
      </ul>
      {calendar.key === "main" && (
        <p class="field-hint">{t("To take a queue from here, choose it at another calendar.")}</p>
      )}
      {!same && (
        <Button size="small" disabled={!props.writable} onClick={() => void save()}>
          {t("Save the queues")}
        </Button>
      )}
    </section>
  );
}

function TryIt(props: {
  tried: Tryout | null;
  at: string;
  setAt: (at: string) => void;
  question: string;
  setQuestion: (question: string) => void;
  timezone: string;
}) {
  const { tried } = props;
  const works = tried && tried.problems.length === 0 && tried.day;
  return (
    <section class="card hours-card form" aria-labelledby="hours-try">
      <h2 id="hours-try">{t("Is it open at …?")}</h2>
      <Field
        label={t("Date and time")}
        hint={t("On the clocks of {zone}; empty means now.", { zone: props.timezone })}
      >
        {(ids) => (
          <input
            {...ids}
            type="datetime-local"
            class="input"
            value={props.at}
            onInput={(event) => props.setAt(event.currentTarget.value)}
          />
        )}
      </Field>
      {works && tried.day ? (
        <div class={tried.open ? "hours-verdict hours-open" : "hours-verdict hours-shut"} role="status">
          <p class="hours-verdict-line">
            <Icon of={tried.open ? CircleCheck : CircleX} /> {tried.open ? t("Open") : t("Closed")}
          </p>
          <p>
            {longDate(tried.day.date, locale.value)}: {timesText(tried.day.intervals)}
          </p>
          {tried.day.why !== "week" && (
            <p>
              {whyText(tried.day.why)} {tried.day.names[locale.value] ?? ""}
            </p>
          )}
          {!tried.open && tried.opens_at && (
            <p>{t("Opens again: {time}", { time: inZone(tried.opens_at, props.timezone) })}</p>
          )}
        </div>
      ) : (
        tried && <p class="field-error">{t("Mend what is marked first.")}</p>
      )}
      <Field label={t("Question of a customer")}>
        {(ids) => (
          <input
            {...ids}
            class="input"
            maxLength={300}
            placeholder={t("Are you open tomorrow?")}
            value={props.question}
            onInput={(event) => props.setQuestion(event.currentTarget.value)}
          />
        )}
      </Field>
      {tried?.answer && (
        <div class="preview">
          <div class="preview-bubble prose">
            <Markdown text={tried.answer} />
          </div>
        </div>
      )}
    </section>
  );
}

function inZone(iso: string, timeZone: string): string {
  return new Intl.DateTimeFormat(locale.value, { dateStyle: "medium", timeStyle: "short", timeZone }).format(
    new Date(iso),
  );
}

function whyText(why: "week" | "exception" | "holiday"): string {
  return why === "holiday" ? t("Public holiday:") : why === "exception" ? t("Date that differs:") : "";
}

function Ahead(props: { tried: Tryout | null; openAnyway?: (date: string, names: Names) => void }) {
  const days = props.tried?.special ?? [];
  return (
    <section class="card hours-card" aria-labelledby="hours-ahead">
      <h2 id="hours-ahead">{t("The next 12 months")}</h2>
      {days.length === 0 ? (
        <p class="field-hint">{t("No day differs from the week.")}</p>
      ) : (
        <ul class="hours-ahead">
          {days.map((day) => (
            <li key={day.date}>
              <p>
                <strong>{longDate(day.date, locale.value)}</strong>
                <span>
                  {day.names[locale.value] ? `${day.names[locale.value]}: ` : ""}
                  {timesText(day.intervals)}
                </span>
              </p>
              {day.why === "holiday" && props.openAnyway && (
                <Button size="small" onClick={() => props.openAnyway?.(day.date, day.names)}>
                  {t("Open all the same")}
                  <span class="visually-hidden"> {day.date}</span>
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
