/** Opening hours: the calendars of places and teams, and what each is used for. */
import "./hours.css";
import { ApiError, api, errorText } from "@staff/api";
import { Badge, Button, Field } from "@staff/controls";
import { Dialog } from "@staff/dialog";
import { locale, n, t } from "@staff/i18n";
import { Clock, Plus } from "@staff/icons";
import { href, navigate } from "@staff/router";
import { may } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { useEffect, useState } from "preact/hooks";
import { HoursEditor } from "./hours-editor";
import { type Calendar, emptyContent, weekdays } from "./types";

export function HoursPage({ rest: [key] }: { rest: readonly string[] }) {
  return key ? <HoursEditor key={key} name={key} /> : <CalendarList />;
}

function CalendarList() {
  const [items, setItems] = useState<Calendar[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [adding, setAdding] = useState(false);
  const load = () => {
    setError(null);
    api.get<{ items: Calendar[] }>("/hours").then((page) => setItems(page.items), setError);
  };
  useEffect(load, []);
  return (
    <>
      <div class="page-head">
        <h1>{t("Opening hours")}</h1>
        {may("kb.write") && (
          <Button variant="primary" icon={Plus} onClick={() => setAdding(true)}>
            {t("New calendar")}
          </Button>
        )}
      </div>
      {error ? (
        <LoadError error={error} retry={load} />
      ) : !items ? (
        <Skeleton rows={3} />
      ) : items.length === 0 ? (
        <Empty icon={Clock} title={t("There are no opening hours yet.")} />
      ) : (
        <ul class="articles">
          {items.map((calendar) => (
            <li key={calendar.key} class="article-row">
              <div class="article-what">
                <a class="article-title" href={href(["hours", calendar.key])}>
                  {calendar.name || calendar.key}
                </a>
                <p class="article-meta">
                  {calendar.key === "main" && <Badge tone="accent">{t("Told to customers")}</Badge>}
                  {calendar.names[locale.value] && <Badge>{calendar.names[locale.value]}</Badge>}
                  <span>{calendar.timezone}</span>
                  <span>{n("{count} queue", "{count} queues", calendar.queues.length)}</span>
                </p>
                <p class="article-meta">{summary(calendar)}</p>
              </div>
            </li>
          ))}
        </ul>
      )}
      {adding && (
        <NewCalendar timezone={items?.[0]?.timezone ?? "America/Sao_Paulo"} close={() => setAdding(false)} />
      )}
    </>
  );
}

/** "Monday–Friday 09:00–18:00; Saturday 09:00–13:00": days of the same hours in a row are one. */
function summary(calendar: Calendar): string {
  const names = weekdays(locale.value);
  const text = calendar.week.map((times) => times.map(([from, to]) => `${from}–${to}`).join(", "));
  const parts: string[] = [];
  for (let first = 0; first < 7; ) {
    let last = first;
    while (last < 6 && text[last + 1] === text[first]) last++;
    const days = first === last ? names[first] : `${names[first]} – ${names[last]}`;
    if (text[first]) parts.push(`${days}: ${text[first]}`);
    first = last + 1;
  }
  return parts.join("; ");
}

function NewCalendar(props: { timezone: string; close: () => void }) {
  const [name, setName] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const add = async () => {
    if (!name.trim()) {
      setProblem(t("Give the calendar a name."));
      return;
    }
    setBusy(true);
    const key = name
      .normalize("NFKD")
      .replace(/\p{M}/gu, "")
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 40);
    try {
      const body = { ...emptyContent(props.timezone), name: name.trim(), key };
      const made = await api.post<Calendar>("/hours", body);
      navigate(href(["hours", made.key]));
    } catch (error) {
      setProblem(
        error instanceof ApiError && error.code === "duplicate"
          ? t("There is a calendar of this name already.")
          : errorText(error),
      );
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={t("New calendar")}
      onClose={props.close}
      footer={
        <>
          <Button onClick={props.close}>{t("Cancel")}</Button>
          <Button variant="primary" busy={busy} onClick={() => void add()}>
            {t("Add")}
          </Button>
        </>
      }
    >
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <Field
          label={t("Name")}
          hint={t("For example a shop, or a team with hours of its own.")}
          error={problem || null}
        >
          {(ids) => (
            <input
              {...ids}
              class="input"
              maxLength={100}
              value={name}
              data-autofocus
              onInput={(event) => setName(event.currentTarget.value)}
            />
          )}
        </Field>
      </form>
    </Dialog>
  );
}
