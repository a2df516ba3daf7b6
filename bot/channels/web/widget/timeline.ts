/**
 * What the customer sees, as a value: stored messages in the server's order, then the drafts that are still on their way.
 * Pure; messages and acknowledgements may arrive in any order and any number of times.
 */
import type { Ack, Author, Choice, Message } from "./wire";

/** A message typed here and not yet acknowledged. */
export interface Draft {
  readonly clientId: string;
  readonly text: string;
  /** The chosen option's id; `text` is its label then. */
  readonly choice: string | null;
  readonly createdAt: Date;
  readonly state: "queued" | "sending" | "failed";
  /** The problem code of a failure that trying again as it is would not cure. */
  readonly failure: string | null;
  /** Sent at least once without an answer, so the server may have it. */
  readonly tried: boolean;
}

interface Stored extends Message {
  /** Stays the same when a draft becomes a stored message, so its bubble is not drawn (and read aloud) anew. */
  readonly key: string;
}

export interface Timeline {
  readonly messages: readonly Stored[];
  readonly drafts: readonly Draft[];
}

export const EMPTY: Timeline = { messages: [], drafts: [] };

export interface Entry {
  readonly key: string;
  readonly author: Author;
  readonly authorName: string | null;
  readonly text: string;
  readonly createdAt: Date;
  readonly choices: readonly Choice[];
  readonly choicesActive: boolean;
  readonly attachments: Message["attachments"];
  readonly draft: Draft | null;
}

/** Takes a message from the server in. Its own draft, if it is one, stays until the acknowledgement. */
export function receive(timeline: Timeline, message: Message): Timeline {
  const known = timeline.messages.find((other) => other.seq === message.seq);
  const draft = known ? undefined : ownDraft(timeline, message);
  const stored = { ...message, key: known?.key ?? draft?.clientId ?? `seq-${message.seq}` };
  const others = timeline.messages.filter((other) => other.seq !== message.seq);
  return { ...timeline, messages: [...others, stored].sort((a, b) => a.seq - b.seq) };
}

function ownDraft(timeline: Timeline, message: Message): Draft | undefined {
  if (message.author !== "customer") {
    return undefined;
  }
  if (message.clientId) {
    return timeline.drafts.find((draft) => draft.clientId === message.clientId);
  }
  // A server that does not name the sender's id: the first draft on its way with this text must be it.
  const shown = new Set(timeline.messages.map((other) => other.key));
  return timeline.drafts.find(
    (draft) => draft.tried && draft.text.trim() === message.text.trim() && !shown.has(draft.clientId),
  );
}

/** The server has the draft: it becomes a stored message, unless that arrived by itself before. */
export function acknowledge(timeline: Timeline, draft: Draft, ack: Ack): Timeline {
  const without = { ...timeline, drafts: timeline.drafts.filter((d) => d.clientId !== draft.clientId) };
  if (timeline.messages.some((message) => message.seq === ack.seq)) {
    return without;
  }
  const { text, createdAt, clientId } = draft;
  const message = { ...ack, author: "customer", authorName: null, text, createdAt, clientId } as const;
  const stored = { ...message, key: clientId, choices: [], attachments: [] };
  return { ...without, messages: [...without.messages, stored].sort((a, b) => a.seq - b.seq) };
}

export function putDraft(timeline: Timeline, draft: Draft): Timeline {
  const isKnown = timeline.drafts.some((other) => other.clientId === draft.clientId);
  const drafts = isKnown
    ? timeline.drafts.map((other) => (other.clientId === draft.clientId ? draft : other))
    : [...timeline.drafts, draft];
  return { ...timeline, drafts };
}

export function dropDraft(timeline: Timeline, clientId: string): Timeline {
  return { ...timeline, drafts: timeline.drafts.filter((draft) => draft.clientId !== clientId) };
}

/**
 * Everything in the order shown. Only the choices of the last message can still be chosen; a notice that offers
 * none leaves those before it as they are.
 */
export function entries(timeline: Timeline): Entry[] {
  const shown = new Set(timeline.messages.map((message) => message.key));
  const waiting = timeline.drafts.filter((draft) => !shown.has(draft.clientId));
  const last = timeline.messages.findLast(
    (message) => message.author !== "system" || message.choices.length > 0,
  );
  const stored = timeline.messages.map((message) => ({
    key: message.key,
    author: message.author,
    authorName: message.authorName,
    text: message.text,
    createdAt: message.createdAt,
    choices: message.choices,
    choicesActive: message === last && waiting.every((draft) => draft.state === "failed"),
    attachments: message.attachments,
    draft: null,
  }));
  const drafts = waiting.map((draft) => ({
    key: draft.clientId,
    author: "customer" as const,
    authorName: null,
    text: draft.text,
    createdAt: draft.createdAt,
    choices: [],
    choicesActive: false,
    attachments: [],
    draft,
  }));
  return [...stored, ...drafts];
}

/** How many messages from others are newer than what the customer has seen. */
export function countUnread(timeline: Timeline, readSeq: number): number {
  return timeline.messages.filter((message) => message.author !== "customer" && message.seq > readSeq).length;
}

/** The last number of the run without gaps that starts after `from`: what may safely be asked for again. */
export function lastWithoutGap(timeline: Timeline, from: number): number {
  return timeline.messages.reduce((last, message) => (message.seq === last + 1 ? message.seq : last), from);
}
