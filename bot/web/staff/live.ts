/**
 * Server-sent events as hints. An event only says that something changed; whoever listens reads the
 * truth again. The same re-read happens after a reconnect, when the page becomes visible, when the
 * network returns, and every 15 seconds, so a lost hint costs seconds and never a ticket.
 */
import { signal } from "@preact/signals";

const RECONCILE_MS = 15_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

export type LiveState = "connecting" | "online" | "offline";
export const liveState = signal<LiveState>("connecting");

export interface LiveHandlers {
  /** A named event with its data. */
  hint(kind: string, data: Record<string, unknown>): void;
  /** Anything may have been missed: read everything shown again. */
  resync(): void;
}

/** Doubling, with up to a quarter taken off at random so that a thousand consoles do not return at once. */
export function retryDelay(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempt);
  return Math.round(full * (1 - random() / 4));
}

export function startLive(kinds: readonly string[], handlers: LiveHandlers): () => void {
  let source: EventSource | null = null;
  let attempt = 0;
  let wasOpen = false;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const connect = () => {
    source = new EventSource("/api/v1/events");
    source.onopen = () => {
      attempt = 0;
      liveState.value = "online";
      if (wasOpen) handlers.resync();
      wasOpen = true;
    };
    source.onerror = () => {
      liveState.value = wasOpen ? "offline" : "connecting";
      source?.close();
      clearTimeout(retry);
      retry = setTimeout(connect, retryDelay(attempt++));
    };
    for (const kind of kinds) {
      source.addEventListener(kind, (event) => {
        let data: Record<string, unknown> = {};
        try {
          data = JSON.parse((event as MessageEvent<string>).data) as Record<string, unknown>;
        } catch {
          return;
        }
        handlers.hint(kind, data);
      });
    }
  };

  const onVisible = () => {
    if (!document.hidden) handlers.resync();
  };
  const onOnline = () => {
    clearTimeout(retry);
    source?.close();
    attempt = 0;
    connect();
    handlers.resync();
  };
  document.addEventListener("visibilitychange", onVisible);
  addEventListener("online", onOnline);
  const tick = setInterval(() => handlers.resync(), RECONCILE_MS);
  connect();

  return () => {
    clearInterval(tick);
    clearTimeout(retry);
    source?.close();
    document.removeEventListener("visibilitychange", onVisible);
    removeEventListener("online", onOnline);
  };
}

/**
 * Runs `work` soon, never twice at once, and once more when it was asked for again meanwhile. Hints come
 * in bursts; this turns a burst into one or two reads. What is dear begins no sooner than `apartMs` after
 * it began last: the first hint is followed at once, a stream of them at that pace.
 */
export function coalesce(work: () => Promise<void>, waitMs = 80, apartMs = 0): () => void {
  let begun = Number.NEGATIVE_INFINITY;
  let scheduled = false;
  let running = false;
  let again = false;
  const run = async () => {
    scheduled = false;
    running = true;
    begun = performance.now();
    try {
      await work();
    } finally {
      running = false;
      if (again) {
        again = false;
        schedule();
      }
    }
  };
  const schedule = () => {
    if (running) again = true;
    else if (!scheduled) {
      scheduled = true;
      setTimeout(() => void run(), Math.max(waitMs, begun + apartMs - performance.now()));
    }
  };
  return schedule;
}
