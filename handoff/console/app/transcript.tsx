/** The conversation from its first message. It follows the newest message as long as the reader is at the end. */
import { Markdown } from "@shared/markdown";
import { Avatar, Button, Icon } from "@staff/controls";
import { DecisionFacts } from "@staff/decision";
import { clock, dateTime, dayLabel, numberText, percent } from "@staff/format";
import { t } from "@staff/i18n";
import {
  ArrowUpRight,
  BookOpen,
  Bot,
  Check,
  ChevronDown,
  CircleAlert,
  Clock,
  StickyNote,
  ThumbsDown,
} from "@staff/icons";
import { actorName, eventText, priorityName, reasonText, routeName, stateName } from "@staff/labels";
import { may } from "@staff/session";
import { Skeleton } from "@staff/states";
import { type Decision, PRIORITIES, type Priority, type StaffMessage, type TicketEvent } from "@staff/types";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { METRICS, metricName } from "../../service_level/admin/words";
import { useJump } from "./jump";
import { isWrong, loadMarks, setWrong } from "./marks";
import { Redeliver, SeenMark } from "./reach";
import { customerTyping, discardReply, messages, repliesOf, retryReply, ticket } from "./store";
import { type Entry, type PendingReply, timeline } from "./timeline";

const NEAR_END_PX = 80;

export function Transcript() {
  const box = useRef<HTMLElement>(null);
  const atEnd = useRef(true);
  const [below, setBelow] = useState(false);
  const shown = ticket.value;
  const known = messages.value;
  const entries = shown && known ? timeline(known, shown.events, repliesOf(shown.id)) : null;
  const last = entries?.at(-1)?.key;

  const jumping = useJump(entries?.length ?? 0);

  const toEnd = () => {
    box.current?.scrollTo({ top: box.current.scrollHeight });
    setBelow(false);
  };
  useEffect(() => {
    if (shown) loadMarks(shown.conversation_id);
  }, [shown?.conversation_id]);
  useLayoutEffect(() => {
    if (jumping) atEnd.current = false;
    if (atEnd.current || last?.startsWith("p")) toEnd();
    else if (last && box.current) {
      const { scrollHeight, scrollTop, clientHeight } = box.current;
      setBelow(scrollHeight - scrollTop - clientHeight > NEAR_END_PX);
    }
  }, [last, customerTyping.value]);

  return (
    <div class="transcript-box">
      <section
        ref={box}
        class="transcript"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        tabIndex={0}
        aria-label={t("Conversation")}
        onScroll={(event) => {
          const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
          atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
          if (atEnd.current) setBelow(false);
        }}
      >
        {entries ? (
          <ol class="entries">
            {entries.map((entry) => (
              <EntryRow key={entry.key} entry={entry} />
            ))}
          </ol>
        ) : (
          <Skeleton rows={5} kind="bubble" />
        )}
        {customerTyping.value && (
          <p class="typing">
            <span class="typing-dots" aria-hidden="true">
              <i />
              <i />
              <i />
            </span>
            {t("The customer is typing…")}
          </p>
        )}
      </section>
      {below && (
        <Button class="to-end" size="small" icon={ChevronDown} onClick={toEnd}>
          {t("New messages")}
        </Button>
      )}
    </div>
  );
}

function EntryRow({ entry }: { entry: Entry }) {
  switch (entry.kind) {
    case "day":
      return (
        <li class="day">
          <span>{dayLabel(entry.at)}</span>
        </li>
      );
    case "event":
      return <EventLine event={entry.event} />;
    case "note":
      return (
        <li class="note">
          <p class="note-head">
            <Icon of={StickyNote} size={13} />
            {t("Internal note")}
            {entry.author && ` · ${entry.author}`}
            {entry.of && ` · ${numberText(entry.of)}`}
            <time dateTime={entry.at}>{clock(entry.at)}</time>
          </p>
          <p class="note-text">{entry.text}</p>
        </li>
      );
    case "pending":
      return <PendingBubble reply={entry.reply} />;
    case "message":
      return entry.message.author === "system" ? (
        <li class="system-line" id={`message-${entry.message.seq}`}>
          <Markdown text={entry.message.text} /> <time dateTime={entry.at}>{clock(entry.at)}</time>
        </li>
      ) : (
        <Bubble message={entry.message} first={entry.first} />
      );
  }
}

function authorName(message: StaffMessage): string {
  if (message.author === "bot") return t("Bot");
  if (message.author === "agent") return message.author_name || t("Agent");
  return message.author_name || ticket.value?.contact_name || t("Customer");
}

function Bubble({ message, first }: { message: StaffMessage; first: boolean }) {
  const name = authorName(message);
  return (
    <li
      id={`message-${message.seq}`}
      class={`bubble-row from-${message.author}${first ? " bubble-first" : ""}`}
    >
      {first &&
        (message.author === "bot" ? (
          <span class="avatar avatar-bot" aria-hidden="true">
            <Icon of={Bot} size={15} />
          </span>
        ) : (
          <Avatar name={name} kind={message.author === "customer" ? "customer" : "person"} />
        ))}
      <div class="bubble-main">
        <p class={first ? "bubble-author" : "visually-hidden"}>{name}</p>
        <div class="bubble">
          {message.author === "customer" ? (
            <p class="plain-text">{message.text}</p>
          ) : (
            <div class="prose">
              <Markdown text={message.text} newTabHint={t("(opens in a new tab)")} />
            </div>
          )}
          {!!message.choices?.length && (
            <ul class="offered" aria-label={t("Offered buttons")}>
              {message.choices.map((choice) => (
                <li key={choice.id}>{choice.label}</li>
              ))}
            </ul>
          )}
        </div>
        <p class="bubble-foot">
          <time dateTime={message.created_at}>{clock(message.created_at)}</time>
          <Delivery state={message.delivery ?? null} error={message.delivery_error ?? null} />
          <Redeliver message={message} />
          <SeenMark message={message} />
          {message.article && (
            <span title={t("Revision {number}", { number: message.article.revision })}>
              <Icon of={BookOpen} size={12} /> {message.article.title}
            </span>
          )}
          {message.author === "bot" && <WrongAnswer id={message.id} />}
        </p>
        {!!message.versions?.length && <Earlier message={message} versions={message.versions} />}
        {message.decision && <Why decision={message.decision} />}
      </div>
    </li>
  );
}

/** An agent says that the bot's answer was wrong: whoever reviews for the bot sees the message first. */
function WrongAnswer({ id }: { id: string }) {
  const wrong = isWrong(id);
  if (!may("tickets.work")) return wrong ? <span class="text-danger">{t("Wrong answer")}</span> : null;
  return (
    <button
      type="button"
      class={wrong ? "mark-wrong mark-wrong-set" : "mark-wrong"}
      aria-pressed={wrong}
      title={wrong ? t("Marked as wrong. Press to take it back.") : t("Mark as a wrong answer of the bot")}
      onClick={() => void setWrong(id, !wrong)}
    >
      <Icon of={ThumbsDown} size={12} /> {t("Wrong answer")}
    </button>
  );
}

/** What the customer had written before they changed it. */
function Earlier(props: { message: StaffMessage; versions: NonNullable<StaffMessage["versions"]> }) {
  const { message, versions } = props;
  return (
    <details class="why earlier">
      <summary>
        <Icon of={ChevronDown} size={12} />
        {message.edited_at ? t("Edited at {time}", { time: clock(message.edited_at) }) : t("Edited")}
      </summary>
      <ol>
        {versions.map((version) => (
          <li key={version.at}>
            <time dateTime={version.at}>{clock(version.at)}</time>{" "}
            <span class="plain-text">{version.text}</span>
          </li>
        ))}
      </ol>
    </details>
  );
}

function Delivery({ state, error }: { state: "pending" | "sent" | "failed" | null; error: string | null }) {
  switch (state) {
    case "pending":
      return (
        <span class="delivery">
          <Icon of={Clock} size={12} /> {t("On its way")}
        </span>
      );
    case "sent":
      return (
        <span class="delivery">
          <Icon of={Check} size={12} /> {t("Delivered")}
        </span>
      );
    case "failed":
      return (
        <span class="delivery text-danger">
          <Icon of={CircleAlert} size={12} />{" "}
          {error ? t("Not delivered: {why}", { why: error }) : t("Not delivered")}
        </span>
      );
    default:
      return null;
  }
}

function PendingBubble({ reply }: { reply: PendingReply }) {
  const id = ticket.value?.id;
  return (
    <li class="bubble-row from-agent bubble-pending">
      <div class="bubble-main">
        <div class="bubble">
          <div class="prose">
            <Markdown text={reply.text} />
          </div>
        </div>
        {reply.state === "sending" ? (
          <p class="bubble-foot">
            <Icon of={Clock} size={12} /> {t("Sending…")}
          </p>
        ) : (
          <div class="bubble-foot" role="alert">
            <span class="text-danger">
              <Icon of={CircleAlert} size={12} /> {reply.problem}
            </span>
            <Button size="small" onClick={() => id && retryReply(id, reply)}>
              {t("Try again")}
            </Button>
            <Button size="small" variant="quiet" onClick={() => id && discardReply(id, reply)}>
              {t("Discard")}
            </Button>
          </div>
        )}
      </div>
    </li>
  );
}

/** How the bot came to this answer: one line, and all numbers behind it. */
function Why({ decision }: { decision: Decision }) {
  const sure = decision.article_confidence ?? decision.confidence;
  return (
    <details class="why">
      <summary>
        <Icon of={ChevronDown} size={12} />
        {t("Why: {route}", { route: routeName(decision.route) })}
        {typeof sure === "number" && ` · ${percent(sure)}`}
      </summary>
      <DecisionFacts decision={decision} linked />
    </details>
  );
}

/** A queue, a person, an instant, a priority or a state may stand in `from` and `to`. */
export function placeName(place: string): string {
  if (/^\d{4}-\d\d-\d\dT/.test(place)) return dateTime(place);
  const state = stateName(place as Parameters<typeof stateName>[0]);
  const metric = METRICS.find((one) => one === place);
  if (metric) return metricName(metric);
  if (PRIORITIES.some((priority) => priority === place)) return priorityName(place as Priority);
  return /^(queued|claimed|waiting_|snoozed|resolved|closed)/.test(place) ? state : place;
}

/** Why something happened: a person's own words, or the reason of the hand-off. */
export function eventReason(event: TicketEvent): string {
  const own = /^sla:(warning|breach):(\w+)$/.exec(event.reason ?? "");
  const metric = METRICS.find((one) => one === own?.[2]);
  if (own && metric) {
    const name = metricName(metric);
    return own[1] === "warning"
      ? t("{what} is due soon", { what: name })
      : t("{what} is overdue", { what: name });
  }
  if (event.reason === "not_solved") return t("The customer says that it is not solved.");
  const work = /^work:(\w+):?(.*)$/.exec(event.reason ?? "");
  if (work) return assignmentReason(work[1] ?? "", work[2] ?? "") ?? event.reason ?? "";
  return event.kind === "opened" ? reasonText(event.reason ?? "") : (event.reason ?? "");
}

/** Why a ticket was given to somebody, or taken back, by itself. */
function assignmentReason(why: string, name: string): string | undefined {
  const reasons: Record<string, string> = {
    last_agent: t("Served this customer last"),
    round_robin: t("Next in turn"),
    least_loaded: t("Had the fewest open conversations"),
    missed: t("{name} did not accept it in time", { name }),
    left: t("{name} is gone and had not answered", { name }),
  };
  return reasons[why];
}

function EventLine({ event }: { event: TicketEvent }) {
  return (
    <li class="event-line">
      <p>
        <Icon of={ArrowUpRight} size={12} />
        <strong>{eventText(event.kind)}</strong>
        {event.actor && ` · ${actorName(event.actor)}`}
        {event.to && ` → ${placeName(event.to)}`} <time dateTime={event.at}>{clock(event.at)}</time>
      </p>
      {event.reason && <p class="event-reason">“{eventReason(event)}”</p>}
    </li>
  );
}
