/** The supervisors' live board: queues, people, and the tickets to look at, with a hand on them. */
import "./work.css";
import { effect, signal } from "@preact/signals";
import { api, errorText } from "@staff/api";
import { Badge, Button, Field, Icon, LevelBadge } from "@staff/controls";
import { Dialog } from "@staff/dialog";
import { ago, duration, now, numberText } from "@staff/format";
import { t } from "@staff/i18n";
import { ArrowLeft, CircleCheck, TriangleAlert } from "@staff/icons";
import { priorityName, stateName } from "@staff/labels";
import { coalesce } from "@staff/live";
import { roleName } from "@staff/preferences";
import { href } from "@staff/router";
import { may, me } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { toast, toastError } from "@staff/toast";
import { useEffect, useState } from "preact/hooks";
import type { Metric } from "../../service_level/admin/types";
import { metricName } from "../../service_level/admin/words";
import type { Board, BoardQueue, BoardTicket, DeskPerson } from "../../work/admin/types";
import { modeName, presenceName, whyName, whyTone } from "../../work/admin/words";
import { levelRank } from "./rules";
import { pane, refreshAll, ticketHref } from "./store";

const board = signal<{ found: Board; readAt: number } | null>(null);
const boardError = signal<unknown>(null);

async function readBoard(): Promise<void> {
  try {
    const found = await api.get<Board>("/assignment/board");
    board.value = { found, readAt: Date.now() };
    boardError.value = null;
  } catch (error) {
    boardError.value = error;
  }
}

const refresh = coalesce(readBoard);

/** Something happened at the desk: read the board again if it is shown. */
export function refreshBoard(): void {
  if (pane.value === "board" && may("reports.read")) refresh();
}

effect(() => {
  if (pane.value === "board") refreshBoard();
});

export function BoardPage() {
  const [assigning, setAssigning] = useState<BoardTicket | null>(null);
  const shown = board.value;
  useEffect(() => () => setAssigning(null), []);
  if (!may("reports.read")) {
    return (
      <section class="board" aria-label={t("Live board")}>
        <Empty icon={TriangleAlert} title={t("You are not allowed to do this.")} />
      </section>
    );
  }
  return (
    <section class="board" aria-label={t("Live board")} id="board" tabIndex={-1}>
      <header class="board-head">
        <a class="icon-button phone-only" href={href(["menu"])}>
          <Icon of={ArrowLeft} size={20} />
          <span class="visually-hidden">{t("Views and queues")}</span>
        </a>
        <h2>{t("Live board")}</h2>
      </header>
      {!shown ? (
        boardError.value ? (
          <LoadError error={boardError.value} retry={refresh} />
        ) : (
          <Skeleton rows={6} />
        )
      ) : (
        <>
          <TicketPart
            tickets={shown.found.tickets}
            passed={passedSince(shown.readAt)}
            assign={setAssigning}
          />
          <QueuePart queues={shown.found.queues} passed={passedSince(shown.readAt)} />
          <PeoplePart people={shown.found.people} />
        </>
      )}
      {assigning && shown && (
        <AssignDialog ticket={assigning} people={shown.found.people} close={() => setAssigning(null)} />
      )}
    </section>
  );
}

/** Seconds since the board was read: the server's own counts are carried on from there. */
function passedSince(readAt: number): number {
  return Math.max(0, now.value - readAt) / 1000;
}

function QueuePart({ queues, passed }: { queues: readonly BoardQueue[]; passed: number }) {
  return (
    <section class="board-part" aria-label={t("Queues")}>
      <h3>{t("Queues")}</h3>
      <ul class="board-queues">
        {queues.map((one) => (
          <li key={one.queue.id} class="board-queue">
            <p class="board-name">
              <LevelBadge level={one.level} />
              <a href={href([], { queue: one.queue.key })}>{one.queue.name}</a>
              {one.mode !== "off" && <Badge tone="accent">{modeName(one.mode)}</Badge>}
            </p>
            <dl class="board-figures">
              <Figure name={t("Waiting")} value={one.waiting} />
              <Figure
                name={t("Oldest")}
                value={one.oldest_seconds === null ? "–" : duration(one.oldest_seconds + passed)}
              />
              <Figure name={t("At risk")} value={one.at_risk} tone={one.at_risk ? "warning" : ""} />
              <Figure name={t("Overdue")} value={one.breached} tone={one.breached ? "danger" : ""} />
              <Figure name={t("Being worked on")} value={one.worked} />
            </dl>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Figure(props: { name: string; value: number | string; tone?: string }) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd class={props.tone ? `text-${props.tone}` : ""}>{props.value}</dd>
    </div>
  );
}

function TicketPart(props: {
  tickets: readonly BoardTicket[];
  passed: number;
  assign: (ticket: BoardTicket) => void;
}) {
  return (
    <section class="board-part" aria-label={t("Tickets to look at")}>
      <h3>{t("Tickets to look at")}</h3>
      {props.tickets.length === 0 ? (
        <p class="board-none">
          <Icon of={CircleCheck} /> {t("None is due soon, overdue or left alone.")}
        </p>
      ) : (
        <ul class="board-tickets">
          {props.tickets.map((one) => (
            <li key={one.id}>
              <TicketRow ticket={one} passed={props.passed} assign={() => props.assign(one)} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function TicketRow({ ticket, passed, assign }: { ticket: BoardTicket; passed: number; assign: () => void }) {
  const [busy, setBusy] = useState(false);
  const number = numberText(ticket.number);
  const left = ticket.due_seconds === null ? null : ticket.due_seconds - passed;
  const takeOver = async () => {
    setBusy(true);
    try {
      await api.post(`/tickets/${ticket.id}/transfer`, {
        assignee: me.value?.id,
        reason: t("Taken over from the live board."),
      });
      toast(t("{number} is yours.", { number }));
    } catch (error) {
      toastError(error);
    }
    setBusy(false);
    refresh();
    refreshAll();
  };
  return (
    <>
      <div class="board-what">
        <p>
          <a href={ticketHref(ticket.id)}>
            <span class="ticket-number">{number}</span> {ticket.subject || t("No subject")}
          </a>
        </p>
        <p class="board-tags">
          {ticket.why.map((why) => (
            <Badge key={why} tone={whyTone(why)}>
              {whyName(why)}
            </Badge>
          ))}
          <LevelBadge level={ticket.level} />
          <span>{ticket.queue.name}</span>
          <span>{stateName(ticket.state)}</span>
          {ticket.priority !== "normal" && <span>{priorityName(ticket.priority)}</span>}
          <span>{ticket.assignee?.name ?? t("Nobody")}</span>
          {left !== null && ticket.metric && (
            <span class={left <= 0 ? "text-danger" : ""}>
              {metricName(ticket.metric as Metric)}:{" "}
              {left <= 0 ? t("Overdue {time}", { time: duration(-left) }) : duration(left)}
            </span>
          )}
        </p>
      </div>
      {may("tickets.supervise") && (
        <div class="board-acts">
          {ticket.assignee?.id !== me.value?.id && (
            <Button size="small" busy={busy} onClick={() => void takeOver()}>
              {t("Take over")}
              <span class="visually-hidden"> {number}</span>
            </Button>
          )}
          <Button size="small" onClick={assign}>
            {t("Assign to…")}
            <span class="visually-hidden"> {number}</span>
          </Button>
        </div>
      )}
    </>
  );
}

function PeoplePart({ people }: { people: readonly DeskPerson[] }) {
  const order = { online: 0, away: 1, offline: 2 };
  const sorted = [...people].sort((left, right) => order[left.presence] - order[right.presence]);
  return (
    <section class="board-part" aria-label={t("People")}>
      <h3>{t("People")}</h3>
      <ul class="board-people">
        {sorted.map((one) => (
          <li key={one.id}>
            <span class={`presence-dot presence-${one.presence}`} />
            <p class="board-person">
              <strong>{one.name}</strong>
              <span>{[one.level, roleName(one.role)].filter(Boolean).join(" · ")}</span>
            </p>
            <p class="board-load">
              <span>{presenceName(one.presence)}</span>
              <strong
                class={one.open >= one.capacity ? "text-warning" : ""}
                title={t("Open conversations, and how many they take at a time")}
              >
                {one.open}/{one.capacity}
              </strong>
              {one.paused > 0 && <span>{t("{count} on hold", { count: one.paused })}</span>}
              <span>
                {one.active_at
                  ? t("Active {time}", { time: ago(one.active_at, now.value) })
                  : t("Never opened the console")}
              </span>
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

function AssignDialog(props: { ticket: BoardTicket; people: readonly DeskPerson[]; close: () => void }) {
  const { ticket, close } = props;
  const [to, setTo] = useState("");
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const able = props.people.filter(
    (one) =>
      one.id !== ticket.assignee?.id &&
      (one.role !== "agent" || levelRank(one.level) >= levelRank(ticket.level)),
  );
  const send = async () => {
    setTried(true);
    if (!to || !reason.trim()) return;
    setBusy(true);
    try {
      await api.post(`/tickets/${ticket.id}/transfer`, { assignee: to, reason: reason.trim() });
      toast(t("Assigned."));
      close();
    } catch (error) {
      setProblem(errorText(error));
      setBusy(false);
    }
    refresh();
    refreshAll();
  };
  return (
    <Dialog
      title={t("Assign {number}", { number: numberText(ticket.number) })}
      onClose={close}
      footer={
        <>
          <Button onClick={close}>{t("Cancel")}</Button>
          <Button variant="primary" busy={busy} onClick={() => void send()}>
            {t("Assign")}
          </Button>
        </>
      }
    >
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <Field label={t("To")} error={tried && !to ? t("Please choose who gets it.") : null}>
          {(ids) => (
            <select
              {...ids}
              class="select"
              value={to}
              data-autofocus
              onChange={(event) => setTo(event.currentTarget.value)}
            >
              <option value="">{t("Choose…")}</option>
              {able.map((one) => (
                <option key={one.id} value={one.id}>
                  {`${one.name} · ${presenceName(one.presence)} · ${one.open}/${one.capacity}`}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={t("Reason")} error={tried && !reason.trim() ? t("Please give a reason.") : null}>
          {(ids) => (
            <textarea
              {...ids}
              class="input"
              rows={3}
              maxLength={2000}
              value={reason}
              onInput={(event) => setReason(event.currentTarget.value)}
            />
          )}
        </Field>
        {problem && (
          <p class="form-problem" role="alert">
            {problem}
          </p>
        )}
      </form>
    </Dialog>
  );
}
