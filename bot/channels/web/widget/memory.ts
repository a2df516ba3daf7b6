/**
 * What the widget remembers on this device: the session, how far the customer has read, and messages not yet accepted by
 * the server. In localStorage per gateway; in memory where the browser forbids that (private windows, blocked cookies).
 */
import type { Draft } from "./timeline";

export interface StoredSession {
  readonly token: string;
  readonly conversationId: string;
  /** Whose session it is, when the host site told us (the `sub` of its identity token). */
  readonly subject: string | null;
}

type KeyValue = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export class Memory {
  readonly #prefix: string;
  readonly #store: KeyValue & { keys(): string[] };

  constructor(base: string, storage: Storage | null = browserStorage("localStorage")) {
    this.#prefix = `frontline ${base} `;
    this.#store = storage ? { ...bound(storage), keys: () => Object.keys(storage) } : volatileStore();
  }

  get session(): StoredSession | null {
    const stored = this.#read("session") as Partial<StoredSession> | null;
    return stored?.token
      ? {
          token: stored.token,
          conversationId: stored.conversationId ?? "",
          subject: stored.subject ?? null,
        }
      : null;
  }

  set session(session: StoredSession | null) {
    this.#write("session", session);
  }

  get readSeq(): number {
    return Number(this.#read("read") ?? 0);
  }

  set readSeq(seq: number) {
    this.#write("read", seq);
  }

  /** The language the customer picked in the widget; it holds until the page itself changes its language. */
  pickedLocale(pageLocale: string): string | null {
    const stored = this.#read("locale") as { picked?: string; page?: string } | null;
    return stored?.page === pageLocale ? (stored.picked ?? null) : null;
  }

  pickLocale(picked: string, pageLocale: string): void {
    this.#write("locale", { picked, page: pageLocale });
  }

  /** One key for each draft: two tabs never overwrite each other's. */
  keepDraft(draft: Draft): void {
    this.#write(`draft ${draft.clientId}`, draft);
  }

  forgetDraft(clientId: string): void {
    this.#write(`draft ${clientId}`, null);
  }

  drafts(): Draft[] {
    const prefix = `${this.#prefix}draft `;
    return this.#store
      .keys()
      .filter((key) => key.startsWith(prefix))
      .flatMap((key) => reviveDraft(this.#read(key.slice(this.#prefix.length))) ?? [])
      .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
  }

  #read(name: string): unknown {
    try {
      return JSON.parse(this.#store.getItem(this.#prefix + name) ?? "null");
    } catch {
      return null;
    }
  }

  #write(name: string, value: unknown): void {
    try {
      if (value === null) {
        this.#store.removeItem(this.#prefix + name);
      } else {
        this.#store.setItem(this.#prefix + name, JSON.stringify(value));
      }
    } catch {
      // Full or forbidden: the conversation goes on, it is only not remembered.
    }
  }
}

function reviveDraft(raw: unknown): Draft | null {
  const stored = raw as (Omit<Draft, "createdAt"> & { createdAt: string }) | null;
  if (!stored?.clientId || typeof stored.text !== "string") {
    return null;
  }
  const state = stored.state === "failed" ? "failed" : "queued";
  return { ...stored, state, createdAt: new Date(stored.createdAt) };
}

/** `null` where the browser forbids it; asking at all may throw. */
export function browserStorage(kind: "localStorage" | "sessionStorage"): Storage | null {
  try {
    const storage = window[kind];
    storage.getItem("frontline");
    return storage;
  } catch {
    return null;
  }
}

function bound(storage: Storage): KeyValue {
  return {
    getItem: (key) => storage.getItem(key),
    setItem: (key, value) => storage.setItem(key, value),
    removeItem: (key) => storage.removeItem(key),
  };
}

function volatileStore(): KeyValue & { keys(): string[] } {
  const values = new Map<string, string>();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
    keys: () => [...values.keys()],
  };
}
