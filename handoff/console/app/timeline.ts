/** The transcript as it is drawn: messages, notes and what happened to the ticket, in order, by day. */
import { dayNumber } from "@staff/format";
import type { StaffMessage, TicketEvent } from "@staff/types";

/** A reply this page has sent and the server has not confirmed yet. */
export interface PendingReply {
  clientId: string;
  text: string;
  at: string;
  state: "sending" | "failed";
  /** The newest message when it was written. */
  afterSeq: number;
  /** Why it failed. */
  problem: string | null;
  /** The article it was made of. */
  source?: { article_id: string; score: number | null } | null;
}

export type Entry =
  | { kind: "day"; key: string; at: string }
  | { kind: "message"; key: string; at: string; message: StaffMessage; first: boolean }
  | { kind: "note"; key: string; at: string; author: string | null; text: string; of?: string | null }
  | { kind: "event"; key: string; at: string; event: TicketEvent }
  | { kind: "pending"; key: string; at: string; reply: PendingReply };

/** Events that the transcript shows as a line; the history shows all of them. */
const SHOWN = new Set([
  "claimed",
  "assigned",
  "auto_assigned",
  "given_back",
  "assignment_missed",
  "assignee_left",
  "transferred",
  "moved",
  "escalated",
  "escalated_functional",
  "escalated_hierarchical",
  "returned",
  "waiting_third_party",
  "snoozed",
  "resolved",
  "reopened",
  "merged_into",
  "merged_from",
]);

/** Adds what was read to what is known; a message read again (delivered meanwhile) takes its old place. */
export function mergeMessages(known: readonly StaffMessage[], read: readonly StaffMessage[]): StaffMessage[] {
  if (read.length === 0) return known as StaffMessage[];
  const bySeq = new Map(known.map((message) => [message.seq, message]));
  for (const message of read) bySeq.set(message.seq, message);
  return [...bySeq.values()].sort((left, right) => left.seq - right.seq);
}

/**
 * Where to read on: after everything that is there without a gap and whose delivery is decided. The answer to a reply
 * brings that reply alone; what was said just before it must still be read.
 */
export function readAfter(known: readonly StaffMessage[]): number {
  let last = 0;
  for (const message of known) {
    if (message.seq !== last + 1 || message.delivery === "pending") break;
    last = message.seq;
  }
  return last;
}

/**
 * Pending replies that are not among the messages yet. The server's copy may arrive before its answer does, or
 * although the answer was lost.
 */
export function stillPending(
  pending: readonly PendingReply[],
  messages: readonly StaffMessage[],
): PendingReply[] {
  const taken = new Set<number>();
  return pending.filter((reply) => {
    const arrived = messages.find(
      (message) =>
        message.author === "agent" &&
        !message.internal &&
        message.seq > reply.afterSeq &&
        !taken.has(message.seq) &&
        message.text.trim() === reply.text.trim(),
    );
    if (arrived) taken.add(arrived.seq);
    return !arrived;
  });
}

/** Two messages stand together when one author wrote them within five minutes. */
function isFollowUp(before: StaffMessage | null, message: StaffMessage): boolean {
  return (
    before !== null &&
    before.author === message.author &&
    before.author_name === message.author_name &&
    Date.parse(message.created_at) - Date.parse(before.created_at) < 5 * 60_000
  );
}

export function timeline(
  messages: readonly StaffMessage[],
  events: readonly TicketEvent[],
  pending: readonly PendingReply[],
): Entry[] {
  const noted = new Set(messages.filter((message) => message.internal).map((message) => message.text));
  const entries: Entry[] = [];
  for (const message of messages) {
    const base = { key: `m${message.seq}`, at: message.created_at };
    entries.push(
      message.internal
        ? { ...base, kind: "note", author: message.author_name ?? null, text: message.text }
        : { ...base, kind: "message", message, first: true },
    );
  }
  for (const event of events) {
    const base = { key: `e${event.id}`, at: event.at };
    if (event.kind === "note") {
      const text = event.text ?? "";
      const author = event.actor?.name ?? null;
      if (!noted.has(text)) entries.push({ ...base, kind: "note", author, text, of: event.ticket ?? null });
    } else if (event.ticket) {
      // what happened to a merged ticket stands in the history
    } else if (SHOWN.has(event.kind)) entries.push({ ...base, kind: "event", event });
  }
  // stable: what happened in the same instant keeps the order of the lists
  entries.sort((left, right) => Date.parse(left.at) - Date.parse(right.at));
  for (const reply of stillPending(pending, messages)) {
    entries.push({ kind: "pending", key: `p${reply.clientId}`, at: reply.at, reply });
  }

  const drawn: Entry[] = [];
  let day: number | null = null;
  let before: StaffMessage | null = null;
  for (const entry of entries) {
    const itsDay = dayNumber(new Date(entry.at));
    if (itsDay !== day) {
      drawn.push({ kind: "day", key: `d${itsDay}`, at: entry.at });
      day = itsDay;
      before = null;
    }
    if (entry.kind === "message") {
      entry.first = !isFollowUp(before, entry.message);
      before = entry.message;
    } else before = null;
    drawn.push(entry);
  }
  return drawn;
}
