/** One life of one WebSocket: opened, introduced, closed. Who comes next is the client's business. */
import type { Ack, Frame } from "./wire";
import { parseFrame } from "./wire";

const OPEN_WITHIN_MS = 8_000;
const ACK_WITHIN_MS = 8_000;
const PROVEN_AFTER_MS = 10_000;
const UNAUTHENTICATED = 4401;

export interface SocketEnd {
  /** It worked for a while: a closed connection, not an obstacle on the way to the server. */
  readonly proven: boolean;
  readonly unauthenticated: boolean;
}

/** The socket died, or the server refused, before it acknowledged the message: send it another way. */
export class NotAcknowledged extends Error {}

export class SocketLink {
  readonly ended: Promise<SocketEnd>;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<string, { resolve: (ack: Ack) => void; reject: (error: Error) => void }>();
  #isOpen = false;
  #lastHeard = 0;

  constructor(url: string, hello: () => object, onOpen: () => void, onFrame: (frame: Frame) => void) {
    const socket = new WebSocket(url);
    this.#socket = socket;
    let proven = false;
    let unauthenticated = false;
    let provenTimer: ReturnType<typeof setTimeout> | undefined;
    const openTimer = setTimeout(() => this.close(), OPEN_WITHIN_MS);
    let end: (value: SocketEnd) => void = () => {};
    this.ended = new Promise((resolve) => {
      end = resolve;
    });
    socket.onopen = () => {
      clearTimeout(openTimer);
      this.#isOpen = true;
      this.#lastHeard = Date.now();
      provenTimer = setTimeout(() => {
        proven = true;
      }, PROVEN_AFTER_MS);
      socket.send(JSON.stringify(hello()));
      onOpen();
    };
    socket.onmessage = (event) => {
      const frame = parseFrame(event.data);
      this.#lastHeard = Date.now();
      if (!frame) {
        return;
      }
      if (frame.type === "error" && frame.code === "unauthenticated") {
        unauthenticated = true;
        this.close();
        return;
      }
      proven = true;
      this.#settle(frame);
      onFrame(frame);
    };
    socket.onclose = (event) => {
      clearTimeout(openTimer);
      clearTimeout(provenTimer);
      this.#isOpen = false;
      for (const { reject } of this.#waiting.values()) {
        reject(new NotAcknowledged("closed"));
      }
      this.#waiting.clear();
      end({ proven, unauthenticated: unauthenticated || event.code === UNAUTHENTICATED });
    };
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get silentForMs(): number {
    return Date.now() - this.#lastHeard;
  }

  /** Sends a message and waits for its acknowledgement; without one in time the socket counts as dead. */
  deliver(clientId: string, body: object): Promise<Ack> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(clientId);
        reject(new NotAcknowledged("timeout"));
        this.close();
      }, ACK_WITHIN_MS);
      this.#waiting.set(clientId, {
        resolve: (ack) => {
          clearTimeout(timer);
          resolve(ack);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.tell({ type: "message", client_id: clientId, ...body });
    });
  }

  tell(frame: object): void {
    if (this.#isOpen) {
      this.#socket.send(JSON.stringify(frame));
    }
  }

  /** A dead network answers no closing handshake, so the end is not waited for. */
  close(): void {
    const { onclose } = this.#socket;
    this.#socket.onclose = null;
    this.#socket.onmessage = null;
    this.#socket.close();
    onclose?.call(this.#socket, new CloseEvent("close", { code: 1000 }));
  }

  #settle(frame: Frame): void {
    if (frame.type === "ack") {
      this.#waiting.get(frame.clientId)?.resolve(frame.ack);
      this.#waiting.delete(frame.clientId);
    } else if (frame.type === "error" && frame.clientId) {
      this.#waiting.get(frame.clientId)?.reject(new NotAcknowledged(frame.code));
      this.#waiting.delete(frame.clientId);
    }
  }
}
