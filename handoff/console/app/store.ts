/**
 * What the console knows: queues, the ticket list, the open ticket and its transcript. Hints from the server
 * only ask for a fresh read; nothing shown is taken from a hint itself.
 */
import { batch, computed, effect, signal } from "@preact/signals";
import { ApiError, api } from "@staff/api";
import { now, numberText } from "@staff/format";
import { n, t } from "@staff/i18n";
import { type DeskLevel, levels } from "@staff/levels";
import { coalesce, startLive } from "@staff/live";
import { href, navigate, route } from "@staff/router";
import { may, me } from "@staff/session";
import { announce, toast, toastError } from "@staff/toast";
import type {
  Agent,
  MessagePage,
  Page,
  Person,
  Queue,
  StaffMessage,
  TicketDetail,
  TicketSummary,
} from "@staff/types";
import { takeCompany } from "./company";
import type { Source } from "./draft-insert";
import { startInsisting } from "./insist";
import { refreshProposals, tellProposal } from "./proposals";
import { takeReach, takeSeen } from "./reach";
import { mayAct } from "./rules";
import { refreshViews, startViews } from "./saved-views";
import { playSignal } from "./sound";
import { mergeMessages, type PendingReply, readAfter, stillPending } from "./timeline";
import { belongs, type Filters, readFilters, toApiQuery, writeFilters } from "./views";

const PAGE_SIZE = 50;
const TYPING_SHOWN_MS = 6_000;

export const queues = signal<Queue[] | null>(null);
export const agents = signal<Agent[]>([]);

/* ---- where we are --------------------------------------------------------------------------- */

export const filters = computed<Filters>(() => readFilters(route.value.query));
export const ticketId = computed(() => (route.value.path[0] === "t" ? (route.value.path[1] ?? null) : null));
/** The part of the page a phone shows; wider screens show all of them. */
export const pane = computed<"menu" | "list" | "ticket" | "case" | "board">(() => {
  if (ticketId.value) return route.value.path[2] === "case" ? "case" : "ticket";
  const [first] = route.value.path;
  return first === "menu" || first === "board" ? first : "list";
});

export function listHref(changes: Partial<Filters> = {}): string {
  return href([], writeFilters({ ...filters.value, ...changes }));
}

export function ticketHref(id: string, part?: "case"): string {
  return href(part ? ["t", id, part] : ["t", id], writeFilters(filters.value));
}

/** A ticket at one of its messages. */
export function messageHref(id: string, seq: number | undefined): string {
  return href(["t", id], { ...writeFilters(filters.value), m: seq });
}

/** The list narrowed to `q`; a ticket that was opened meanwhile stays open. */
export function searchHref(q: string): string {
  const path = ticketId.value ? ["t", ticketId.value] : [];
  return href(path, writeFilters({ ...filters.value, q }));
}

/* ---- ticket list ---------------------------------------------------------------------------- */

interface TicketList {
  items: TicketSummary[];
  more: boolean;
  /** When it was read, in this computer's time. */
  readAt: number;
  /** Tickets that were not there at the read before: drawn with a short animation. */
  fresh: ReadonlySet<string>;
}

export const list = signal<TicketList | null>(null);
export const listError = signal<unknown>(null);
const wanted = signal(PAGE_SIZE);
let listedFor = "";

export function loadMore(): void {
  wanted.value += PAGE_SIZE;
  refreshList();
}

/** When each row was read: the seconds in it count from then. */
export const rowReadAt = new WeakMap<TicketSummary, number>();

/** Rows in which nothing but the time went on stay the same objects, and are not drawn again. */
function keepUnchanged(read: readonly TicketSummary[], known: readonly TicketSummary[]): TicketSummary[] {
  const before = new Map(known.map((item) => [item.id, item]));
  const timeless = (item: TicketSummary) => {
    const { waiting_seconds, due, ...rest } = item;
    return JSON.stringify([rest, waiting_seconds > 0, due?.metric, due?.state, due?.at]);
  };
  const at = Date.now();
  return read.map((item) => {
    const old = before.get(item.id);
    if (old && timeless(old) === timeless(item)) return old;
    rowReadAt.set(item, at);
    return item;
  });
}

async function readList(): Promise<void> {
  const query = toApiQuery(filters.value, wanted.value);
  const key = JSON.stringify({ ...query, limit: 0, view: filters.value.view });
  try {
    const page = await api.get<Page<TicketSummary>>("/tickets", query);
    if (key !== currentListKey()) return; // the filters changed while we asked
    const before = listedFor === key ? list.value : null;
    const known = new Set(before?.items.map((ticket) => ticket.id));
    const items = keepUnchanged(
      page.items.filter((ticket) => belongs(ticket, filters.value)),
      before?.items ?? [],
    );
    listedFor = key;
    batch(() => {
      listError.value = null;
      list.value = {
        items,
        more: page.next_cursor !== null,
        readAt: Date.now(),
        fresh: new Set(before ? items.filter((one) => !known.has(one.id)).map((one) => one.id) : []),
      };
    });
  } catch (error) {
    if (key === currentListKey()) listError.value = error;
  }
}

function currentListKey(): string {
  return JSON.stringify({ ...toApiQuery(filters.value, 0), limit: 0, view: filters.value.view });
}

/** Hundreds of rows are dear to read and to draw: under a stream of hints about once in a second. */
export const refreshList = coalesce(readList, 80, 800);

/* ---- queues and what is new in them --------------------------------------------------------- */

export const waitingCount = computed(() =>
  (queues.value ?? []).reduce((sum, queue) => sum + queue.waiting_count, 0),
);

let waitingKnown: Set<string> | null = null;

async function readQueues(): Promise<void> {
  try {
    const [page, waiting] = await Promise.all([
      api.get<{ items: Queue[]; levels?: DeskLevel[] }>("/queues"),
      api.get<Page<TicketSummary>>("/tickets", { state: "queued", limit: 200 }),
    ]);
    queues.value = page.items;
    if (page.levels) levels.value = page.levels;
    const ids = new Set(waiting.items.map((ticket) => ticket.id));
    const arrived = waitingKnown ? waiting.items.filter((ticket) => !waitingKnown?.has(ticket.id)) : [];
    waitingKnown = ids;
    const [first] = arrived;
    if (!first) return;
    playSignal();
    announce(
      arrived.length === 1
        ? t("New ticket {number} in {queue}: {subject}", {
            number: first.number,
            queue: first.queue.name,
            subject: first.subject ?? "",
          })
        : n("{count} new ticket", "{count} new tickets", arrived.length),
    );
  } catch {
    // the list and the connection bar tell about it; the next read repairs it
  }
}

export const refreshQueues = coalesce(readQueues);

/* ---- the open ticket ------------------------------------------------------------------------ */

export const ticket = signal<TicketDetail | null>(null);
export const ticketReadAt = signal(0);
export const ticketError = signal<unknown>(null);
export const messages = signal<StaffMessage[] | null>(null);
export const typingUntil = signal(0);
/** Who took the ticket we wanted, until the next ticket is opened. */
export const lostTo = signal<Person | null>(null);

export const customerTyping = computed(() => typingUntil.value > now.value);
/** Whether the open ticket is ours to answer. */
export const isMine = computed(() => !!ticket.value && !!me.value && mayAct("reply", ticket.value, me.value));

export function takeDetail(detail: TicketDetail): void {
  if (detail.id !== ticketId.value) return;
  batch(() => {
    ticket.value = detail;
    ticketReadAt.value = Date.now();
    ticketError.value = null;
  });
}

async function readTicket(): Promise<void> {
  const id = ticketId.value;
  if (!id) return;
  try {
    const detail = await api.get<TicketDetail>(`/tickets/${id}`);
    if (id !== ticketId.value) return;
    takeDetail(detail);
    await readMessages(detail);
  } catch (error) {
    if (id === ticketId.value && !(ticket.value && error instanceof ApiError && error.status === 0)) {
      ticketError.value = error;
    }
  }
}

/** The first message that its author changed after it was read. */
let changedSeq = Number.POSITIVE_INFINITY;

async function readMessages(detail: TicketDetail): Promise<void> {
  const known = messages.value ?? [];
  const path = `/conversations/${detail.conversation_id}/messages`;
  let after = Math.min(readAfter(known), changedSeq - 1);
  changedSeq = Number.POSITIVE_INFINITY;
  let read: StaffMessage[] = [];
  for (;;) {
    const page = await api.get<MessagePage>(path, { after });
    if (detail.id === ticketId.value) takeReach(page);
    read = read.concat(page.messages);
    const last = page.messages.at(-1)?.seq ?? after;
    if (page.messages.length === 0 || last >= page.last_seq) break;
    after = last;
  }
  if (detail.id !== ticketId.value) return;
  const all = mergeMessages(messages.value ?? [], read); // a reply may have arrived meanwhile
  const spoken = read.filter(
    (message) => message.author === "customer" && !known.some((one) => one.seq === message.seq),
  );
  batch(() => {
    messages.value = all;
    replies.value = { ...replies.value, [detail.id]: stillPending(repliesOf(detail.id), all) };
    if (spoken.length) typingUntil.value = 0;
  });
  const newest = spoken.at(-1);
  if (known.length && newest) announce(t("Customer: {text}", { text: newest.text }));
}

export const refreshTicket = coalesce(readTicket);

/* ---- replies on their way ------------------------------------------------------------------- */

const replies = signal<Record<string, PendingReply[]>>({});

export function repliesOf(id: string): PendingReply[] {
  return replies.value[id] ?? [];
}

function changeReply(id: string, clientId: string, change: Partial<PendingReply> | null): void {
  const changed = repliesOf(id).flatMap((reply) => {
    if (reply.clientId !== clientId) return [reply];
    return change ? [{ ...reply, ...change }] : [];
  });
  replies.value = { ...replies.value, [id]: changed };
}

/** Shown at once, sent under an id of our own: sending it again can't make a second message. */
export function sendReply(id: string, text: string, source: Source | null = null): void {
  const reply: PendingReply = {
    clientId: crypto.randomUUID(),
    text,
    at: new Date().toISOString(),
    state: "sending",
    afterSeq: messages.value?.at(-1)?.seq ?? 0,
    problem: null,
    source,
  };
  replies.value = { ...replies.value, [id]: [...repliesOf(id), reply] };
  void deliver(id, reply);
}

export function retryReply(id: string, reply: PendingReply): void {
  changeReply(id, reply.clientId, { state: "sending", problem: null });
  void deliver(id, reply);
}

export function discardReply(id: string, reply: PendingReply): void {
  changeReply(id, reply.clientId, null);
}

const lines = new Map<string, Promise<void>>();

/** Replies of one ticket leave in the order they were written. */
function deliver(id: string, reply: PendingReply): Promise<void> {
  const next = (lines.get(id) ?? Promise.resolve()).then(async () => {
    try {
      const message = await api.post<StaffMessage>(`/tickets/${id}/${reply.source ? "article" : "reply"}`, {
        client_id: reply.clientId,
        text: reply.text,
        ...reply.source,
      });
      batch(() => {
        changeReply(id, reply.clientId, null);
        if (id === ticketId.value) messages.value = mergeMessages(messages.value ?? [], [message]);
      });
      refreshTicket();
      refreshList();
    } catch (error) {
      const stale = error instanceof ApiError && error.code === "stale";
      changeReply(id, reply.clientId, {
        state: "failed",
        problem: stale ? t("Not sent: the ticket is no longer yours.") : t("Not sent."),
      });
      if (stale) refreshTicket();
    }
  });
  lines.set(id, next);
  return next;
}

/* ---- acts ----------------------------------------------------------------------------------- */

export function refreshAll(): void {
  refreshQueues();
  refreshViews();
  refreshList();
  refreshTicket();
}

/** Does something to the open ticket and shows what became of it; false when it was refused. */
export async function act(path: string, body: unknown, done?: string): Promise<boolean> {
  const id = ticketId.value;
  if (!id) return false;
  try {
    const detail = await api.post<TicketDetail | null>(`/tickets/${id}/${path}`, body);
    if (detail && "pack" in detail) takeDetail(detail);
    if (done) toast(done);
    return true;
  } finally {
    refreshAll();
  }
}

export async function claim(): Promise<void> {
  const id = ticketId.value;
  if (!id) return;
  try {
    lostTo.value = null;
    takeDetail(await api.post<TicketDetail>(`/tickets/${id}/claim`));
    announce(t("The ticket is yours."));
  } catch (error) {
    if (error instanceof ApiError && error.code === "already_claimed") {
      lostTo.value = (error.problem.assignee as Person | undefined) ?? null;
    } else toastError(error);
  } finally {
    refreshAll();
  }
}

export async function claimNext(): Promise<void> {
  const { queue, level } = filters.value;
  try {
    const detail = await api.post<TicketDetail | null>("/tickets/claim-next", {
      ...(queue ? { queue } : {}),
      ...(level ? { level } : {}),
    });
    if (!detail) {
      toast(t("Nobody is waiting. Well done!"), "neutral");
      return;
    }
    navigate(ticketHref(detail.id));
    takeDetail(detail);
    announce(t("Ticket {number} is yours.", { number: detail.number }));
  } catch (error) {
    toastError(error);
  } finally {
    refreshAll();
  }
}

/* ---- life ----------------------------------------------------------------------------------- */

/** What is due soon is said to whoever has the ticket; what is overdue also to those who supervise. */
function tellDue(data: Record<string, unknown>): void {
  if (data.change !== "sla_warning" && data.change !== "sla_breached") return;
  const known = [ticket.value, ...(list.value?.items ?? [])].find((one) => one?.id === data.ticket_id);
  const own = !!known?.assignee && known.assignee.id === me.value?.id;
  const overdue = data.change === "sla_breached";
  if (!own && !(overdue && may("tickets.supervise"))) return;
  const number = numberText(String(data.number ?? ""));
  if (overdue) toast(t("{number} is overdue.", { number }), "danger");
  else toast(t("{number} is due soon.", { number }), "warning");
  playSignal();
}

type Listener = (kind: string, data: Record<string, unknown>) => void;
const listeners: Listener[] = [];

/** Lets another part of the page hear every hint too; "resync" when some may have been missed. */
export function onHint(listener: Listener): void {
  listeners.push(listener);
}

/** Starts following the server and the address; called once. */
export function startStore(): void {
  let shownTicket: string | null = null;
  effect(() => {
    const id = ticketId.value;
    if (id === shownTicket) return;
    shownTicket = id;
    batch(() => {
      ticket.value = null;
      messages.value = null;
      ticketError.value = null;
      lostTo.value = null;
      typingUntil.value = 0;
      takeReach(null);
    });
    if (id) refreshTicket();
  });
  let shownList = "";
  effect(() => {
    const key = currentListKey();
    if (key === shownList) return;
    shownList = key;
    batch(() => {
      wanted.value = PAGE_SIZE;
      list.value = null;
      listError.value = null;
    });
    refreshList();
  });
  effect(() => {
    const waiting = waitingCount.value;
    const title = ticket.value
      ? `${numberText(ticket.value.number)} ${ticket.value.subject ?? ""}`.trim()
      : t("Console");
    document.title = `${waiting ? `(${waiting}) ` : ""}${title} · Frontline`;
  });
  refreshQueues();
  refreshProposals();
  api
    .get<{ items: Agent[] }>("/agents")
    .then((page) => {
      agents.value = page.items;
    })
    .catch(() => undefined);
  void startViews();
  startInsisting(() => waitingCount.value);
  startLive(
    ["ticket", "message", "typing", "seen", "company", "presence", "beat", "mention", "watched", "feedback"],
    {
      hint(kind, data) {
        for (const listener of listeners) listener(kind, data);
        if (kind === "feedback") {
          const about = data.number ? numberText(String(data.number)) : t("Bot");
          toast(t("Bad rating: {score} of 5 ({what})", { score: Number(data.score), what: about }), "danger");
          return;
        }
        if (["presence", "beat", "mention", "watched"].includes(kind)) return;
        const here = ticket.value;
        const mine = !!here && (data.ticket_id === here.id || data.conversation_id === here.conversation_id);
        if (kind === "typing") {
          if (mine && data.author !== "agent") typingUntil.value = Date.now() + TYPING_SHOWN_MS;
          return;
        }
        if (kind === "company") {
          takeCompany(data);
          return;
        }
        if (kind === "seen") {
          if (mine) takeSeen(data.seq);
          return;
        }
        refreshList();
        if (kind === "ticket") {
          refreshQueues();
          refreshViews();
          tellDue(data);
          void tellProposal(data);
        }
        if (mine) {
          if (kind === "message" && typeof data.seq === "number" && data.seq >= 1) {
            changedSeq = Math.min(changedSeq, data.seq);
          }
          refreshTicket();
        }
      },
      resync() {
        for (const listener of listeners) listener("resync", {});
        refreshAll();
      },
    },
  );
}
