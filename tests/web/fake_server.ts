/**
 * The widget API in a few lines, for the client's tests: it replaces `fetch` and `WebSocket`, keeps a conversation, and
 * fails on demand. What it stores is the truth that the tests compare with: lost or doubled messages show there.
 */
import { vi } from "vitest";

interface StoredMessage {
  readonly id: string;
  readonly seq: number;
  readonly author: string;
  readonly text: string;
  readonly created_at: string;
  readonly client_id?: string;
}

const MINUTE = "2026-03-02T10:00:00Z";

export class FakeServer {
  messages: StoredMessage[] = [];
  requests: string[] = [];
  sessions = 0;
  identities: unknown[] = [];
  hellos: { token: string; last_seq: number }[] = [];
  sockets: FakeSocket[] = [];
  owner = "bot";
  typed = 0;
  /** What goes wrong, until it is switched off again. */
  isDown = false;
  hasSockets = true;
  isMute = false;
  losesAcks = false;
  postStatus = 202;
  validTokens = new Set<string>();

  install(): void {
    vi.stubGlobal("fetch", (url: string, init?: RequestInit) => this.#answer(new URL(url), init ?? {}));
    const server = this;
    vi.stubGlobal(
      "WebSocket",
      class extends FakeSocket {
        constructor() {
          super(server);
        }
      },
    );
  }

  texts(author: string): string[] {
    return this.messages.filter((message) => message.author === author).map((message) => message.text);
  }

  store(author: string, text: string, clientId?: string): StoredMessage {
    const seq = this.messages.length + 1;
    const base = { id: `m${seq}`, seq, author, text, created_at: MINUTE };
    const message = clientId ? { ...base, client_id: clientId } : base;
    this.messages.push(message);
    return message;
  }

  say(text: string, author = "bot"): void {
    this.push({ type: "message", ...this.store(author, text) });
  }

  push(frame: object): void {
    for (const socket of this.sockets) {
      socket.receive(frame);
    }
  }

  dropSockets(): void {
    for (const socket of [...this.sockets]) {
      socket.drop();
    }
  }

  accept(body: { client_id: string; text?: string; choice?: string }): { id: string; seq: number } {
    const known = this.messages.find((message) => message.client_id === body.client_id);
    const { id, seq } = known ?? this.store("customer", body.text ?? `chose ${body.choice}`, body.client_id);
    return { id, seq };
  }

  async #answer(url: URL, init: RequestInit): Promise<Response> {
    const path = url.pathname.replace("/api/widget/v1", "");
    const method = init.method ?? "GET";
    this.requests.push(`${method} ${path}`);
    if (this.isDown) {
      throw new TypeError("network");
    }
    const body = typeof init.body === "string" ? JSON.parse(init.body) : {};
    if (path === "/sessions") {
      this.sessions += 1;
      this.identities.push(body.identity);
      const token = `token-${this.sessions}`;
      this.validTokens.add(token);
      return json(201, { session_token: token, conversation_id: `c${this.sessions}`, last_seq: 0 });
    }
    const token = new Headers(init.headers).get("authorization")?.replace("Bearer ", "") ?? "";
    if (!this.validTokens.has(token)) {
      return json(401, { code: "unauthenticated" });
    }
    if (method === "POST") {
      return this.postStatus === 202
        ? json(202, this.accept(body))
        : json(this.postStatus, { code: "refused" });
    }
    return this.#history(
      Number(url.searchParams.get("after")),
      Number(url.searchParams.get("wait")),
      init.signal,
    );
  }

  async #history(after: number, wait: number, signal?: AbortSignal | null): Promise<Response> {
    const until = Date.now() + wait * 1000;
    while (this.messages.length <= after && Date.now() < until && !signal?.aborted) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const messages = this.messages.slice(after);
    return json(200, { messages, owner: this.owner, last_seq: this.messages.length });
  }
}

class FakeSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readonly #server: FakeServer;

  constructor(server: FakeServer) {
    this.#server = server;
    setTimeout(() => {
      if (server.isDown || !server.hasSockets) {
        this.drop();
      } else {
        server.sockets.push(this);
        this.onopen?.();
      }
    }, 1);
  }

  send(data: string): void {
    const frame = JSON.parse(data);
    const server = this.#server;
    if (server.isMute) {
      return;
    }
    if (frame.type === "hello") {
      server.hellos.push(frame);
      if (!server.validTokens.has(frame.token)) {
        this.receive({ type: "error", code: "unauthenticated" });
        return;
      }
      this.receive({ type: "owner", owner: server.owner });
      for (const message of server.messages.slice(frame.last_seq)) {
        this.receive({ type: "message", ...message });
      }
    } else if (frame.type === "typing") {
      server.typed += 1;
    } else if (frame.type === "message") {
      const ack = server.accept(frame);
      if (server.losesAcks) {
        this.drop();
      } else {
        this.receive({ type: "ack", client_id: frame.client_id, ...ack });
      }
    }
  }

  receive(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  close(): void {
    this.#server.sockets = this.#server.sockets.filter((socket) => socket !== this);
  }

  drop(): void {
    this.close();
    this.onclose?.({ code: 1006 });
  }
}

function json(status: number, body: object): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
}
