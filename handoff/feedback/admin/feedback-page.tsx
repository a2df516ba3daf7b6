/** What customers think: their ratings, the numbers, and when they are asked. */
import "../../service_level/admin/service-level.css";
import "./feedback.css";
import { api } from "@staff/api";
import { Badge, Button, Choice, Field, Tabs, Toggle } from "@staff/controls";
import { dateTime } from "@staff/format";
import { locale, n, t } from "@staff/i18n";
import { Download, ThumbsUp, TriangleAlert } from "@staff/icons";
import { channelName } from "@staff/labels";
import { href, navigate, route } from "@staff/router";
import { may } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { toast, toastError } from "@staff/toast";
import type { Queue } from "@staff/types";
import { useEffect, useState } from "preact/hooks";
import { decimalPercent } from "../../service_level/admin/words";
import type { FeedbackFigures, FeedbackLine, FeedbackSettings, Rating, RatingPage } from "./types";

const VIEWS = ["ratings", "numbers", "rules"] as const;
type View = (typeof VIEWS)[number];

export function FeedbackPage() {
  if (!may("reports.read")) {
    return <Empty icon={TriangleAlert} title={t("You are not allowed to do this.")} />;
  }
  const view: View = VIEWS.find((one) => one === route.value.query.view) ?? "ratings";
  const names: Record<View, string> = {
    ratings: t("Ratings"),
    numbers: t("Numbers"),
    rules: t("When to ask"),
  };
  return (
    <>
      <div class="page-head">
        <h1>{t("Feedback")}</h1>
        <p class="page-note">{t("The bot's part and the people's part are rated apart, each once.")}</p>
      </div>
      <Tabs<View>
        label={t("Feedback")}
        controls="feedback-view"
        active={view}
        tabs={VIEWS.map((name) => ({ name, label: names[name] }))}
        onChange={(name) => navigate(href(["feedback"], { view: name }), { replace: true })}
      />
      <div id="feedback-view" role="tabpanel" aria-label={names[view]}>
        {view === "ratings" ? <Ratings /> : view === "numbers" ? <Numbers /> : <Rules />}
      </div>
    </>
  );
}

// ------------------------------------------------------------------------------ ratings

type Shown = "unseen" | "bad" | "all";

function Ratings() {
  const [shown, setShown] = useState<Shown>("all");
  const [part, setPart] = useState("");
  const queueName = useQueueNames();
  const [page, setPage] = useState<RatingPage | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const query = { part, bad: shown === "bad", unseen: shown === "unseen" };
  const load = () => {
    setError(null);
    api.get<RatingPage>("/feedback", query).then(setPage, setError);
  };
  useEffect(load, [shown, part]);
  const more = async () => {
    if (!page?.next_cursor) return;
    setBusy(true);
    try {
      const next = await api.get<RatingPage>("/feedback", { ...query, cursor: page.next_cursor });
      setPage({ ...next, items: [...page.items, ...next.items] });
    } catch (failure) {
      toastError(failure);
    } finally {
      setBusy(false);
    }
  };
  const seen = async (rating: Rating) => {
    try {
      await api.post(`/feedback/${rating.id}/seen`);
      load();
    } catch (failure) {
      toastError(failure);
    }
  };
  return (
    <>
      <div class="sl-filters">
        <Choice
          label={t("Show")}
          value={shown}
          options={[
            { value: "all", label: t("All ratings") },
            { value: "bad", label: t("Bad ones (1 and 2)") },
            { value: "unseen", label: t("Bad ones nobody has seen") },
          ]}
          onChange={(value) => setShown(value as Shown)}
        />
        <Choice
          label={t("Part")}
          value={part}
          options={[
            { value: "", label: t("All") },
            { value: "human", label: t("People") },
            { value: "bot", label: t("Bot") },
          ]}
          onChange={setPart}
        />
      </div>
      {error ? (
        <LoadError error={error} retry={load} />
      ) : !page ? (
        <Skeleton rows={4} />
      ) : (
        <>
          {page.unseen > 0 && (
            <p role="status">
              <Badge tone="danger">
                {n("{count} bad rating waits to be seen", "{count} bad ratings wait to be seen", page.unseen)}
              </Badge>
            </p>
          )}
          {page.items.length === 0 ? (
            <Empty icon={ThumbsUp} title={t("There are no ratings here.")} />
          ) : (
            <ul class="feedback-rows">
              {page.items.map((rating) => (
                <RatingRow key={rating.id} rating={rating} queueName={queueName} seen={() => seen(rating)} />
              ))}
            </ul>
          )}
          {page.next_cursor && (
            <div class="feedback-more">
              <Button busy={busy} onClick={more}>
                {t("Show more")}
              </Button>
            </div>
          )}
        </>
      )}
    </>
  );
}

/** What queues are called, by key; the key itself where nobody knows. */
function useQueueNames(): (key: string) => string {
  const [names, setNames] = useState<ReadonlyMap<string, string>>(new Map());
  useEffect(() => {
    api.get<{ items: Queue[] }>("/queues").then(
      (page) => setNames(new Map(page.items.map((queue) => [queue.key, queue.name]))),
      () => undefined,
    );
  }, []);
  return (key) => names.get(key) ?? key;
}

function RatingRow(props: { rating: Rating; queueName: (key: string) => string; seen: () => void }) {
  const { rating, queueName, seen } = props;
  const about =
    rating.part === "bot"
      ? [t("Bot"), rating.article]
      : [rating.agent ?? t("People"), rating.queue && queueName(rating.queue), rating.level];
  return (
    <li class={`card feedback-row${rating.bad ? " feedback-row-bad" : ""}`}>
      <span class="feedback-score">
        <span class="visually-hidden">{t("Rating")} </span>
        {t("{score} of 5", { score: rating.score })}
      </span>
      <div>
        <p>{rating.comment ?? <span class="feedback-meta">{t("No comment")}</span>}</p>
        <p class="feedback-meta">
          {[...about, channelName(rating.channel), dateTime(rating.answered_at)].filter(Boolean).join(" · ")}
        </p>
        {rating.ticket_id && (
          <p>
            <a href={`/console#/t/${rating.ticket_id}`}>{rating.number}</a>
          </p>
        )}
      </div>
      {rating.bad && (
        <div class="feedback-act">
          {rating.seen_by ? (
            <Badge tone="success">{t("Seen by {name}", { name: rating.seen_by })}</Badge>
          ) : may("tickets.supervise") ? (
            <Button size="small" onClick={seen}>
              {t("Mark as seen")}
            </Button>
          ) : (
            <Badge tone="warning">{t("Not seen yet")}</Badge>
          )}
        </div>
      )}
    </li>
  );
}

// ------------------------------------------------------------------------------ numbers

function day(offset: number): string {
  const date = new Date();
  date.setDate(date.getDate() + offset);
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((part) => String(part).padStart(2, "0"))
    .join("-");
}

function Numbers() {
  const queueName = useQueueNames();
  const [from, setFrom] = useState(() => day(-29));
  const [to, setTo] = useState(() => day(0));
  const [figures, setFigures] = useState<FeedbackFigures | null>(null);
  const [error, setError] = useState<unknown>(null);
  const load = () => {
    setError(null);
    api.get<FeedbackFigures>("/reports/feedback", { from, to }).then(setFigures, setError);
  };
  useEffect(load, [from, to]);
  const dates = [
    { label: t("From"), value: from, set: setFrom },
    { label: t("Until"), value: to, set: setTo },
  ];
  const captions: Record<FeedbackLine["by"], string> = {
    part: t("In all"),
    level: t("By level"),
    queue: t("By queue"),
    agent: t("By agent"),
    article: t("By article"),
  };
  return (
    <>
      <div class="sl-filters">
        {dates.map((one) => (
          <Field key={one.label} label={one.label}>
            {(ids) => (
              <input
                {...ids}
                class="input"
                type="date"
                value={one.value}
                onChange={(event) => event.currentTarget.value && one.set(event.currentTarget.value)}
              />
            )}
          </Field>
        ))}
        <Button icon={Download} onClick={() => download(from, to).catch(toastError)}>
          CSV
        </Button>
      </div>
      {error ? (
        <LoadError error={error} retry={load} />
      ) : !figures ? (
        <Skeleton rows={4} />
      ) : (
        <section class="card sl-card" aria-label={t("Numbers")}>
          <p class="field-hint">
            {t(
              "Score: answers of 4 and 5 ÷ all answers. Response: answers ÷ questions. n is the number of answers.",
            )}
          </p>
          <Lines
            caption={captions.part}
            lines={[figures.human, ...(figures.bot ? [figures.bot] : [])]}
            name={(line) => (line.part === "bot" ? t("Bot") : t("People"))}
          />
          {(["level", "queue", "agent", "article"] as const).map((by) => {
            const lines = figures.groups.filter((line) => line.by === by);
            const name = by === "queue" ? (line: FeedbackLine) => queueName(line.key) : undefined;
            return lines.length > 0 && <Lines key={by} caption={captions[by]} lines={lines} name={name} />;
          })}
        </section>
      )}
    </>
  );
}

function Lines(props: {
  caption: string;
  lines: readonly FeedbackLine[];
  name?: ((line: FeedbackLine) => string) | undefined;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section class="sl-scroll" aria-label={props.caption} tabIndex={0}>
      <table class="sl-table">
        <caption>{props.caption}</caption>
        <thead>
          <tr>
            <th scope="col">{t("Who")}</th>
            <th scope="col">{t("Score")}</th>
            <th scope="col">n</th>
            <th scope="col">{t("Mean")}</th>
            <th scope="col">{t("Asked")}</th>
            <th scope="col">{t("Response")}</th>
            <th scope="col">{t("Bad ones")}</th>
          </tr>
        </thead>
        <tbody>
          {props.lines.map((line) => (
            <tr key={line.part + line.key}>
              <th scope="row">{props.name ? props.name(line) : line.key}</th>
              <td class="sl-number">{decimalPercent(line.score_percent)}</td>
              <td class="sl-number">{line.answers}</td>
              <td class="sl-number">{line.mean === null ? "–" : numberFormat(line.mean)}</td>
              <td class="sl-number">{line.asked}</td>
              <td class="sl-number">{decimalPercent(line.response_percent)}</td>
              <td class="sl-number">{line.bad}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function numberFormat(value: number): string {
  return new Intl.NumberFormat(locale.value, { maximumFractionDigits: 2 }).format(value);
}

/** By fetch: the session's cookie goes along, and a refusal is shown instead of being saved. */
async function download(from: string, to: string): Promise<void> {
  const response = await fetch(`/api/v1/reports/feedback?${new URLSearchParams({ from, to })}`, {
    headers: { accept: "text/csv" },
  });
  if (!response.ok) throw new Error(String(response.status));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = "feedback.csv";
  link.click();
  URL.revokeObjectURL(link.href);
}

// -------------------------------------------------------------------------------- rules

function Rules() {
  const [settings, setSettings] = useState<FeedbackSettings | null>(null);
  const [notFor, setNotFor] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const take = (found: FeedbackSettings) => {
    setSettings(found);
    setNotFor(found.not_for.join(", "));
  };
  const load = () => {
    setError(null);
    api.get<FeedbackSettings>("/feedback/settings").then(take, setError);
  };
  useEffect(load, []);
  if (error) return <LoadError error={error} retry={load} />;
  if (!settings) return <Skeleton rows={5} />;
  const change = (changes: Partial<FeedbackSettings>) => setSettings({ ...settings, ...changes });
  const mayEdit = may("service_level.manage");
  const save = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const keys = notFor.split(/[\s,;]+/).filter(Boolean);
      take(await api.put<FeedbackSettings>("/feedback/settings", { ...settings, not_for: keys }));
      toast(t("Saved."));
    } catch (failure) {
      toastError(failure);
      load();
    } finally {
      setBusy(false);
    }
  };
  const whole = (
    name: "delay_minutes" | "bot_every_days" | "human_every_days",
    label: string,
    limits: readonly [number, number],
    hint?: string,
  ) => (
    <Field label={label} hint={hint}>
      {(ids) => (
        <input
          {...ids}
          class="input"
          type="number"
          required
          min={limits[0]}
          max={limits[1]}
          value={settings[name]}
          disabled={!mayEdit}
          onChange={(event) => change({ [name]: event.currentTarget.valueAsNumber })}
        />
      )}
    </Field>
  );
  return (
    <form class="card feedback-settings" onSubmit={save}>
      <fieldset class="feedback-switches" disabled={!mayEdit}>
        <legend class="field-label">{t("Ask how it was")}</legend>
        <Toggle
          label={t("After people have helped")}
          checked={settings.human}
          onChange={(human) => change({ human })}
        />
        <Toggle
          label={t("After the bot has helped")}
          checked={settings.bot}
          onChange={(bot) => change({ bot })}
        />
        <Toggle
          label={t("Also when nobody resolved the ticket but a timer")}
          checked={settings.automatic}
          onChange={(automatic) => change({ automatic })}
        />
        <Toggle
          label={t("Ask for a comment after the tap")}
          checked={settings.comment}
          onChange={(comment) => change({ comment })}
        />
      </fieldset>
      {whole("delay_minutes", t("Minutes of quiet before the question"), [1, 120])}
      {whole("human_every_days", t("The same customer about people: at most once in so many days"), [0, 365])}
      {whole(
        "bot_every_days",
        t("The same customer about the bot: at most once in so many days"),
        [0, 365],
        t("0: every time."),
      )}
      <Field label={t("Not after tickets of these categories")} hint={t("Keys, with commas between them.")}>
        {(ids) => (
          <input
            {...ids}
            class="input feedback-wide"
            value={notFor}
            maxLength={1000}
            disabled={!mayEdit}
            onInput={(event) => setNotFor(event.currentTarget.value)}
          />
        )}
      </Field>
      <p class="field-hint">
        {t(
          "Nobody is asked who asked not to be, who blocked the bot, who was asked lately, or when the agent resolved without asking. Answers can be changed for 14 days.",
        )}
      </p>
      {mayEdit && (
        <div>
          <Button type="submit" variant="primary" busy={busy}>
            {t("Save")}
          </Button>
        </div>
      )}
    </form>
  );
}
