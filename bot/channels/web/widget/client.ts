/**
 * The conversation as the widget runs it: a session, one live connection (WebSocket, or long polling where that does not
 * get through), and an outbox that sends one message after the other, each with its own id, until the server has it.
 * The signals are what the window shows.
 */

import { computed, signal } from "@preact/signals";
import { Api, ApiError } from "@shared/api";
import type { Memory, StoredSession } from "./memory";
import { NotAcknowledged, SocketLink } from "./socket";
import {
  acknowledge,
  countUnread,
  type Draft,
  dropDraft,
  EMPTY,
  entries,
  lastWithoutGap,
  putDraft,
  receive,
  type Timeline,
} from "./timeline";
import { type Ack, type Choice, type Frame, type Message, type Owner, parseHistory } from "./wire";

export const MAX_CHARACTERS = 2000;

/** `refused`: the server will not talk to this page (wrong origin, identity asked for and not given). */
export type Link = "idle" | "connecting" | "live" | "offline" | "refused";

const SOCKET_PATIENCE = 2; // sockets that never worked, before polling takes over
const POLLING_MS = 60_000; // then another socket is tried
const LONG_POLL_SECONDS = 25;
const SILENCE_MS = 45_000; // a socket that quiet is checked over HTTP: phones kill sockets without telling
const TYPING_MS = 8_000;
const TYPING_APART_MS = 3_000;
const GAP_MS = 1_500; // a missing number may still be on its way
const REFUSED_MS = 60_000;
const REQUEST_MS = 15_000;
const SESSIONS_APART_MS = 2_000; // a server that refuses each new session must not be asked in a tight loop

export interface ClientOptions {
  /** The gateway, without a slash at the end: `https://support.example.com`. */
  readonly base: string;
  readonly locale: () => string;
  /** The host site's signed statement of who the customer is. */
  readonly identity: () => string | null;
  readonly memory: Memory;
  readonly onMessage?: (message: Message) => void;
}

export class ChatClient {
  readonly timeline = signal<Timeline>(EMPTY);
  readonly entries = computed(() => entries(this.timeline.value));
  readonly owner = signal<Owner>("bot");
  readonly agentName = signal<string | null>(null);
  readonly typing = signal<{ readonly name: string | null; readonly isAgent: boolean } | null>(null);
  readonly link = signal<Link>("idle");
  /** The history has been read once: what comes from now on is news. */
  readonly synced = signal(false);
  readonly readSeq = signal(0);
  readonly unread = computed(() => countUnread(this.timeline.value, this.readSeq.value));

  readonly #options: ClientOptions;
  readonly #api: Api;
  #session: StoredSession | null = null;
  #socket: SocketLink | null = null;
  #cursor = 0;
  #running = false;
  #pumping = false;
  #failures = 0;
  #deadSockets = 0;
  #openedAt = 0;
  #toldTyping = 0;
  #wake: () => void = () => {};
  #abort = new AbortController();
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  #gapTimer: ReturnType<typeof setTimeout> | undefined;
  #hiddenSince = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#api = new Api({
      base: `${options.base}/api/widget/v1`,
      credentials: "omit",
      headers: () => (this.#session ? { authorization: `Bearer ${this.#session.token}` } : {}),
    });
    this.readSeq.value = options.memory.readSeq;
    for (const draft of options.memory.drafts()) {
      this.timeline.value = putDraft(this.timeline.value, draft);
    }
  }

  /** Whether there is anything to go on with: a session, or a message that was never accepted. */
  get hasPast(): boolean {
    return this.#storedSession() !== null || this.timeline.value.drafts.length > 0;
  }

  start(): void {
    if (this.#running) {
      return;
    }
    this.#running = true;
    this.#abort = new AbortController();
    window.addEventListener("online", this.#reconnect);
    window.addEventListener("offline", this.#noteOffline);
    document.addEventListener("visibilitychange", this.#noteVisibility);
    void this.#run();
  }

  stop(): void {
    this.#running = false;
    this.#abort.abort();
    this.#socket?.close();
    this.#wake();
    clearTimeout(this.#gapTimer);
    clearTimeout(this.#typingTimer);
    window.removeEventListener("online", this.#reconnect);
    window.removeEventListener("offline", this.#noteOffline);
    document.removeEventListener("visibilitychange", this.#noteVisibility);
    this.link.value = "idle";
  }

  send(text: string): void {
    this.#submit(text, null);
  }

  choose(choice: Choice): void {
    this.#submit(choice.label, choice.id);
  }

  /** Tries a failed message again, as a new one: its old id may belong to the refused attempt. */
  retry(draft: Draft): void {
    this.discard(draft.clientId);
    this.#submit(draft.text, draft.choice);
  }

  discard(clientId: string): void {
    this.timeline.value = dropDraft(this.timeline.value, clientId);
    this.#options.memory.forgetDraft(clientId);
  }

  /** The customer has seen everything there is. */
  markRead(): void {
    const last = this.timeline.value.messages.at(-1)?.seq ?? 0;
    if (last > this.readSeq.value) {
      this.readSeq.value = last;
      this.#options.memory.readSeq = last;
      this.#socket?.tell({ type: "seen", seq: last });
    }
  }

  /** The customer is writing: a person who answers sees that. */
  noteTyping(): void {
    if (this.owner.value === "agent" && Date.now() - this.#toldTyping > TYPING_APART_MS) {
      this.#toldTyping = Date.now();
      this.#socket?.tell({ type: "typing" });
    }
  }

  tellLocale(locale: string): void {
    this.#socket?.tell({ type: "locale", locale });
  }

  /** The page says that somebody else is logged in now: nothing of the former conversation may stay. */
  identityChanged(): void {
    if (this.#session && this.#session.subject !== subjectOf(this.#options.identity())) {
      this.#forgetSession();
      this.#reconnect();
    }
  }

  // --- the outbox ------------------------------------------------------------------------------------------------

  #submit(text: string, choice: string | null): void {
    const draft: Draft = {
      clientId: newId(),
      text,
      choice,
      createdAt: new Date(),
      state: "queued",
      failure: null,
      tried: false,
    };
    this.#keep(draft);
    this.start();
    void this.#pump();
  }

  #keep(draft: Draft): void {
    this.timeline.value = putDraft(this.timeline.value, draft);
    this.#options.memory.keepDraft(draft);
  }

  /** Sends what is queued, in order, one at a time. Ends when nothing is left or the server can't be reached. */
  async #pump(): Promise<void> {
    if (this.#pumping || !this.#session) {
      return;
    }
    this.#pumping = true;
    try {
      let draft = this.#nextDraft();
      while (draft && this.#running) {
        draft = { ...draft, state: "sending", tried: true };
        this.#keep(draft);
        const isDone = await this.#deliver(draft);
        if (!isDone) {
          break;
        }
        draft = this.#nextDraft();
      }
    } finally {
      this.#pumping = false;
    }
  }

  #nextDraft(): Draft | undefined {
    return this.timeline.value.drafts.find((draft) => draft.state !== "failed");
  }

  /** False when the draft must wait for better times; it stays queued, with the same id. */
  async #deliver(draft: Draft): Promise<boolean> {
    try {
      const ack = await this.#handOver(draft);
      this.timeline.value = acknowledge(this.timeline.value, draft, ack);
      this.#options.memory.forgetDraft(draft.clientId);
      this.#followGaps();
      return true;
    } catch (error) {
      const isPermanent = error instanceof ApiError && !isTransient(error.status) && error.status !== 401;
      if (isPermanent) {
        this.#keep({ ...draft, state: "failed", failure: error.code });
        return true;
      }
      this.#keep({ ...draft, state: "queued" });
      if (error instanceof ApiError && error.status === 401) {
        this.#forgetSession();
        this.#reconnect();
      } else {
        this.#retryLater(error);
      }
      return false;
    }
  }

  async #handOver(draft: Draft): Promise<Ack> {
    const body = draft.choice === null ? { text: draft.text } : { choice: draft.choice };
    if (this.#socket?.isOpen) {
      try {
        return await this.#socket.deliver(draft.clientId, body);
      } catch (error) {
        if (!(error instanceof NotAcknowledged)) {
          throw error;
        }
        // Same id over HTTP: if the server has the message already, it says so; if it refuses, it says why.
      }
    }
    const answer = await this.#api.request<{ id: unknown; seq: unknown }>("/messages", {
      method: "POST",
      body: { client_id: draft.clientId, ...body },
      signal: this.#abort.signal,
      timeoutMs: REQUEST_MS,
    });
    return { id: String(answer.id), seq: Number(answer.seq) };
  }

  #retryLater(error: unknown): void {
    const retryAfter = error instanceof ApiError ? Number(error.problem.retry_after) : Number.NaN;
    const seconds = Number.isFinite(retryAfter) && retryAfter > 0 ? Math.min(retryAfter, 60) : 3;
    setTimeout(() => void this.#pump(), seconds * 1000);
  }

  // --- the connection --------------------------------------------------------------------------------------------

  async #run(): Promise<void> {
    while (this.#running) {
      if (navigator.onLine === false) {
        this.link.value = "offline";
        await this.#pause(REFUSED_MS);
        continue;
      }
      if (this.link.value !== "live") {
        this.link.value = this.#failures > 1 ? "offline" : "connecting";
      }
      try {
        await this.#ensureSession();
        void this.#pump();
        await (this.#deadSockets < SOCKET_PATIENCE ? this.#useSocket() : this.#usePolling());
      } catch (error) {
        await this.#recover(error);
      }
    }
  }

  async #recover(error: unknown): Promise<void> {
    if (!this.#running || !(error instanceof ApiError)) {
      return; // Stopped, or told to start afresh.
    }
    if (error.status === 401 && this.#session) {
      this.#forgetSession();
      return;
    }
    if (!isTransient(error.status)) {
      this.link.value = "refused";
      await this.#pause(REFUSED_MS);
      return;
    }
    this.link.value = "offline";
    this.#deadSockets = 0; // Plain HTTP fails as well: it was not the socket.
    this.#failures += 1;
    await this.#pause(backoffMs(this.#failures));
  }

  async #useSocket(): Promise<void> {
    const url = `${this.#options.base.replace(/^http/, "ws")}/api/widget/v1/socket`;
    const hello = () => ({ type: "hello", token: this.#session?.token, last_seq: this.#cursor });
    const socket = new SocketLink(
      url,
      hello,
      () => {
        this.link.value = "live";
        void this.#pump();
        if (this.readSeq.value > 0) {
          this.#socket?.tell({ type: "seen", seq: this.readSeq.value }); // read while the link was down
        }
        // The replay after `hello` has no end mark; an empty conversation sends nothing at all.
        setTimeout(() => this.#noteSynced(), 400);
      },
      (frame) => this.#take(frame),
    );
    this.#socket = socket;
    const watch = setInterval(() => void this.#checkSilence(socket), SILENCE_MS);
    const end = await socket.ended;
    clearInterval(watch);
    this.#socket = null;
    if (!this.#running) {
      return;
    }
    if (end.unauthenticated) {
      this.#forgetSession();
      return;
    }
    this.#deadSockets = end.proven ? 0 : this.#deadSockets + 1;
    this.#failures = end.proven ? 1 : this.#failures + 1;
    this.link.value = this.#failures > 1 ? "offline" : "connecting";
    if (this.#deadSockets < SOCKET_PATIENCE) {
      await this.#pause(backoffMs(this.#failures));
    }
  }

  async #usePolling(): Promise<void> {
    const until = Date.now() + POLLING_MS;
    let wait = 0;
    while (this.#running && Date.now() < until) {
      await this.#readHistory(wait);
      this.link.value = "live";
      this.#failures = 0;
      this.#noteSynced();
      void this.#pump();
      wait = LONG_POLL_SECONDS;
    }
    this.#deadSockets = SOCKET_PATIENCE - 1;
  }

  /** Reads everything after the cursor. What it returns has no holes, so the cursor follows to its end. */
  async #readHistory(wait: number): Promise<number> {
    const session = this.#session;
    const raw = await this.#api.request<unknown>("/messages", {
      query: { after: this.#cursor, wait },
      signal: this.#abort.signal,
      timeoutMs: (wait + 10) * 1000,
    });
    if (session !== this.#session) {
      return 0;
    }
    const history = parseHistory(raw);
    for (const message of history.messages) {
      this.#takeMessage(message);
    }
    this.#cursor = Math.max(this.#cursor, history.messages.at(-1)?.seq ?? history.lastSeq);
    this.owner.value = history.owner;
    return history.messages.length;
  }

  async #checkSilence(socket: SocketLink): Promise<void> {
    if (document.visibilityState !== "visible" || socket.silentForMs < SILENCE_MS) {
      return;
    }
    try {
      if ((await this.#readHistory(0)) > 0) {
        socket.close(); // it should have brought them
      }
    } catch {
      socket.close();
    }
  }

  #take(frame: Frame): void {
    if (frame.type === "message") {
      this.#takeMessage(frame.message);
      this.#followGaps();
    } else if (frame.type === "owner") {
      this.owner.value = frame.owner;
      this.agentName.value = frame.owner === "agent" ? (frame.name ?? this.agentName.value) : null;
    } else if (frame.type === "typing" && frame.author !== "customer") {
      this.#showTyping(frame.active ? { name: frame.name, isAgent: frame.author === "agent" } : null);
    }
  }

  #takeMessage(message: Message): void {
    const isNew = !this.timeline.value.messages.some((known) => known.seq === message.seq);
    this.timeline.value = receive(this.timeline.value, message);
    if (message.author === "agent" && message.authorName) {
      this.agentName.value = message.authorName;
    }
    if (message.author !== "customer") {
      this.#showTyping(null);
    }
    if (isNew && this.synced.value) {
      this.#options.onMessage?.(message);
    }
  }

  #showTyping(typing: { name: string | null; isAgent: boolean } | null): void {
    clearTimeout(this.#typingTimer);
    this.typing.value = typing;
    if (typing) {
      this.#typingTimer = setTimeout(() => this.#showTyping(null), TYPING_MS);
    }
  }

  /** Moves the cursor over what is complete; asks for what is missing if it does not come by itself. */
  #followGaps(): void {
    this.#cursor = lastWithoutGap(this.timeline.value, this.#cursor);
    clearTimeout(this.#gapTimer);
    const newest = this.timeline.value.messages.at(-1)?.seq ?? 0;
    if (newest > this.#cursor) {
      this.#gapTimer = setTimeout(() => {
        this.#readHistory(0).catch(() => {}); // The next reconnect starts from the cursor anyway.
      }, GAP_MS);
    }
  }

  #noteSynced(): void {
    if (this.#running) {
      this.synced.value = true;
    }
  }

  // --- the session -----------------------------------------------------------------------------------------------

  #storedSession(): StoredSession | null {
    const stored = this.#options.memory.session;
    return stored && stored.subject === subjectOf(this.#options.identity()) ? stored : null;
  }

  async #ensureSession(): Promise<void> {
    if (this.#session) {
      return;
    }
    // One tab at a time: the others find the session that the first one made.
    await exclusively(`frontline session ${this.#options.base}`, async () => {
      this.#session = this.#storedSession() ?? (await this.#openSession());
    });
  }

  async #openSession(): Promise<StoredSession> {
    const since = Date.now() - this.#openedAt;
    if (since < SESSIONS_APART_MS) {
      await this.#pause(SESSIONS_APART_MS - since);
    }
    this.#openedAt = Date.now();
    const identity = this.#options.identity();
    const answer = await this.#api.request<{ session_token: string; conversation_id: string }>("/sessions", {
      method: "POST",
      body: { locale: this.#options.locale(), ...(identity ? { identity } : {}) },
      signal: this.#abort.signal,
      timeoutMs: REQUEST_MS,
    });
    const session = {
      token: answer.session_token,
      conversationId: answer.conversation_id,
      subject: subjectOf(identity),
    };
    this.#options.memory.session = session;
    this.#options.memory.readSeq = 0;
    return session;
  }

  /** Drops the session and what was said in it; unsent messages stay and go into the next one. */
  #forgetSession(): void {
    const { memory } = this.#options;
    if (memory.session?.token === this.#session?.token) {
      memory.session = null;
    }
    this.#session = null;
    this.#cursor = 0;
    this.readSeq.value = 0;
    this.synced.value = false;
    this.owner.value = "bot";
    this.agentName.value = null;
    this.timeline.value = { ...this.timeline.value, messages: [] };
  }

  // --- waiting ---------------------------------------------------------------------------------------------------

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Ends any waiting and any connection that may be dead, and starts afresh from the cursor. */
  readonly #reconnect = (): void => {
    this.#failures = 0;
    this.#deadSockets = 0;
    this.#socket?.close();
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#wake();
  };

  readonly #noteOffline = (): void => {
    this.link.value = "offline";
  };

  readonly #noteVisibility = (): void => {
    if (document.visibilityState === "hidden") {
      this.#hiddenSince = Date.now();
    } else if (this.#hiddenSince && Date.now() - this.#hiddenSince > 30_000) {
      this.#reconnect();
    }
  };
}

function isTransient(status: number): boolean {
  return status === 0 || status === 408 || status === 425 || status === 429 || status >= 500;
}

/** 0.5, 1, 2 … 15 s, each up to half as long again, so that a thousand widgets don't come back in one moment. */
function backoffMs(failures: number): number {
  return Math.min(15_000, 500 * 2 ** (failures - 1)) * (1 + Math.random() / 2);
}

/** The `sub` of a JSON Web Token, only to notice that it changed; the server is who checks it. */
export function subjectOf(token: string | null): string | null {
  if (!token) {
    return null;
  }
  try {
    const payload = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const claims = JSON.parse(atob(payload)) as { sub?: unknown };
    return typeof claims.sub === "string" ? claims.sub : token;
  } catch {
    return token;
  }
}

/** `crypto.randomUUID` exists on https and localhost only. */
function newId(): string {
  if (typeof crypto.randomUUID === "function") {
    return crypto.randomUUID();
  }
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

async function exclusively(name: string, task: () => Promise<void>): Promise<void> {
  if (navigator.locks) {
    await navigator.locks.request(name, task);
  } else {
    await task();
  }
}
