/** What travels between the widget and the gateway, parsed where it comes in: nothing else in the widget sees raw JSON. */

export type Author = "customer" | "bot" | "agent" | "system";
/** Who answers: the bot, nobody yet (the customer waits for a person), or a person. */
export type Owner = "bot" | "queue" | "agent";

export interface Choice {
  readonly id: string;
  readonly label: string;
}

export interface Attachment {
  readonly name: string;
  readonly url: string;
}

export interface Message {
  readonly id: string;
  /** Position in the conversation; grows, but other people's hidden events may leave gaps. */
  readonly seq: number;
  readonly author: Author;
  readonly authorName: string | null;
  readonly text: string;
  readonly choices: readonly Choice[];
  readonly attachments: readonly Attachment[];
  readonly createdAt: Date;
  /** The id its sender gave it, where the server tells. */
  readonly clientId: string | null;
}

export interface Ack {
  readonly id: string;
  readonly seq: number;
}

export type Frame =
  | { readonly type: "message"; readonly message: Message }
  | { readonly type: "ack"; readonly clientId: string; readonly ack: Ack }
  | {
      readonly type: "typing";
      readonly author: Author;
      readonly name: string | null;
      readonly active: boolean;
    }
  | { readonly type: "owner"; readonly owner: Owner; readonly name: string | null }
  | { readonly type: "error"; readonly code: string; readonly clientId: string | null }
  | { readonly type: "other" };

export interface History {
  readonly messages: readonly Message[];
  readonly owner: Owner;
  readonly lastSeq: number;
}

type Raw = Record<string, unknown>;

/** `null` for what is not a frame at all; a frame of a later version is `other`. */
export function parseFrame(data: unknown): Frame | null {
  let raw: unknown;
  try {
    raw = JSON.parse(String(data));
  } catch {
    return null;
  }
  if (!isRecord(raw)) {
    return null;
  }
  switch (raw.type) {
    case "message": {
      const message = parseMessage(isRecord(raw.message) ? raw.message : raw);
      return message ? { type: "message", message } : null;
    }
    case "ack":
      return typeof raw.client_id === "string" && typeof raw.seq === "number"
        ? { type: "ack", clientId: raw.client_id, ack: { id: String(raw.id), seq: raw.seq } }
        : null;
    case "typing":
      return {
        type: "typing",
        author: parseAuthor(raw.author),
        name: textOrNull(raw.author_name),
        active: raw.active !== false,
      };
    case "owner":
      return { type: "owner", owner: parseOwner(raw.owner), name: textOrNull(raw.agent_name) };
    case "error":
      return { type: "error", code: String(raw.code), clientId: textOrNull(raw.client_id) };
    default:
      return { type: "other" };
  }
}

export function parseHistory(raw: unknown): History {
  const body = isRecord(raw) ? raw : {};
  const messages = list(body.messages).flatMap((item) => parseMessage(item) ?? []);
  const lastSeq = typeof body.last_seq === "number" ? body.last_seq : 0;
  return { messages, owner: parseOwner(body.owner), lastSeq };
}

export function parseMessage(raw: unknown): Message | null {
  if (!isRecord(raw) || typeof raw.seq !== "number" || typeof raw.text !== "string") {
    return null;
  }
  const createdAt = new Date(String(raw.created_at));
  return {
    id: String(raw.id),
    seq: raw.seq,
    author: parseAuthor(raw.author),
    authorName: textOrNull(raw.author_name),
    text: raw.text,
    choices: list(raw.choices).flatMap((item) =>
      isRecord(item) && item.id !== undefined ? { id: String(item.id), label: String(item.label) } : [],
    ),
    attachments: list(raw.attachments).flatMap((item) =>
      isRecord(item) && typeof item.url === "string"
        ? { name: textOrNull(item.name) ?? item.url, url: item.url }
        : [],
    ),
    createdAt: Number.isNaN(createdAt.getTime()) ? new Date() : createdAt,
    clientId: textOrNull(raw.client_id),
  };
}

function parseAuthor(value: unknown): Author {
  return value === "customer" || value === "agent" || value === "system" ? value : "bot";
}

function parseOwner(value: unknown): Owner {
  return value === "queue" || value === "agent" ? value : "bot";
}

function isRecord(value: unknown): value is Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
