/** The shapes of the staff API (`/api/v1`), as the console and the admin pages use them. */

export type Permission =
  | "tickets.read"
  | "tickets.work"
  | "tickets.supervise"
  | "kb.read"
  | "kb.write"
  | "kb.publish"
  | "transcripts.read"
  | "staff.manage"
  | "audit.read"
  | "learning.read"
  | "learning.review"
  | "learning.train"
  | "reports.read"
  | "service_level.manage"
  | "desk.configure";

export interface Me {
  id: string;
  email: string;
  name: string;
  role: string;
  level: string | null;
  locale: string | null;
  csrf_token: string;
  permissions: string[];
}

export interface Person {
  id: string;
  name: string;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/* ---- hand-off ------------------------------------------------------------------------------- */

export type TicketState =
  | "queued"
  | "claimed"
  | "waiting_customer"
  | "waiting_third_party"
  | "snoozed"
  | "resolved"
  | "closed";
export type Priority = "urgent" | "high" | "normal" | "low";
export const PRIORITIES: readonly Priority[] = ["urgent", "high", "normal", "low"];

export interface Queue {
  id: string;
  key: string;
  name: string;
  level: string;
  open_count: number;
  waiting_count: number;
  oldest_waiting_at: string | null;
}

export interface Agent extends Person {
  level: string | null;
  role: string;
}

export interface TicketSummary {
  id: string;
  number: number | string;
  conversation_id: string;
  level: string;
  queue: { id: string; key: string; name: string };
  state: TicketState;
  priority: Priority;
  reason: string;
  subject: string | null;
  locale: string;
  channel: string;
  contact_name: string | null;
  assignee: Person | null;
  opened_at: string;
  queued_at: string | null;
  claimed_at: string | null;
  waiting_seconds: number;
  last_message_at: string | null;
  last_message_preview: string | null;
  unread: boolean;
  /** The promise that runs out next, in the server's own seconds; negative: overdue. */
  due?: {
    metric: string;
    state: string;
    at: string | null;
    seconds: number | null;
    warn_seconds: number | null;
  } | null;
  category?: { key: string; name: string } | null;
  tags?: string[];
}

export interface Pack {
  reason: string;
  wants: { intent: string; confidence: number | null; route: string | null } | null;
  facts: { name: string; value: string }[];
  identity: { verified: boolean; how: string | null; email: string | null } | null;
  tried: { at: string; action: string; outcome: string; detail: string | null }[];
  articles: {
    article_id: string;
    key: string;
    title: string;
    revision: number;
    score: number | null;
    verdict: "helped" | "not_helped" | null;
    at: string;
  }[];
  language: string;
  waiting_seconds: number;
  queue: string;
  level: string;
  hours_text: string | null;
}

export interface TicketEvent {
  id: string;
  at: string;
  kind: string;
  actor: Person | null;
  from: string | null;
  to: string | null;
  reason: string | null;
  text: string | null;
  /** Number of the ticket it happened to, when that one was merged into this one. */
  ticket?: string | null;
}

export const GRADES = ["high", "medium", "low"] as const;
export type Grade = (typeof GRADES)[number];

/** What another ticket is to the one that is looked at. */
export type Relation =
  | "related"
  | "duplicate_of"
  | "has_duplicate"
  | "caused_by"
  | "cause_of"
  | "merged_into"
  | "merged_from"
  | "earlier";

export interface TicketDetail extends TicketSummary {
  /** What the priority was worked out from; null when it was chosen. */
  impact?: Grade | null;
  urgency?: Grade | null;
  links?: { id: string; number: string; state: TicketState; relation: Relation }[];
  watchers?: Person[];
  pack: Pack;
  events: TicketEvent[];
  epoch: number;
  /** For whom outside the house it waits or waited last; null: never. */
  third_party?: ThirdParty | null;
}

export interface ThirdParty {
  vendor: string | null;
  expected_at: string | null;
  /** Beginning of the wait that goes on; null: it is over. */
  since: string | null;
  waited_seconds: number;
  total_seconds: number;
  overdue: boolean;
}

export interface Decision {
  route: string;
  intent?: string | null;
  confidence?: number | null;
  article?: { key?: string; title?: string; revision?: number; article_id?: string } | string | null;
  score?: number | null;
  margin?: number | null;
  scope?: number | null;
  article_confidence?: number | null;
  runner_up?: {
    kind: string;
    name?: string;
    confidence?: number;
    key?: string;
    title?: string;
    score?: number;
  } | null;
  thresholds?: Record<string, number>;
  model?: string;
  why?: Why[];
  /** The same in English, for who has no words for the codes. */
  reasons?: string[];
}

/** A reason as data: its code, and the numbers and names it speaks of. */
export interface Why {
  code: string;
  [value: string]: string | number;
}

export interface StaffMessage {
  id: string;
  seq: number;
  author: "customer" | "bot" | "agent" | "system";
  author_name?: string | null;
  text: string;
  choices?: { id: string; label: string }[];
  created_at: string;
  edited_at?: string | null;
  /** What it said before its author changed it, oldest first. */
  versions?: { text: string; at: string }[] | null;
  decision?: Decision | null;
  delivery?: "pending" | "sent" | "failed" | null;
  delivery_error?: string | null;
  /** The article that an agent's message was made of. */
  article?: { article_id: string; title: string; revision: number; way: "sent" | "inserted" } | null;
  internal?: boolean;
}

export interface MessagePage {
  messages: StaffMessage[];
  last_seq: number;
  owner: "bot" | "queue" | "agent";
  owner_epoch: number;
  seen_seq?: number;
  unreachable_since?: string | null;
}

/* ---- knowledge base ------------------------------------------------------------------------- */

export type ArticleState = "draft" | "in_review" | "scheduled" | "published" | "archived";
export type Audience = "public" | "internal";

export interface ArticleSummary {
  id: string;
  key: string;
  locale: string;
  title: string;
  category: string | null;
  tags: string[];
  state: ArticleState;
  stage: "in_review" | "scheduled" | null;
  publish_at: string | null;
  audience: Audience;
  owner: Person | null;
  review_by: string | null;
  outdated: boolean;
  has_draft: boolean;
  revision: number | null;
  updated_at: string;
  updated_by: Person | string | null;
}

export interface ArticleLink {
  label: string;
  url: string;
}

export interface ArticleContent {
  title: string;
  phrasings: string[];
  answer: string;
  short_answer: string;
  links: ArticleLink[];
  flows: string[];
  related: string[];
}

export interface Category {
  key: string;
  parent: string | null;
  position: number;
  names: Partial<Record<string, string>>;
  version: number;
  articles: number;
}

export interface Finding {
  kind: string;
  phrasing: string | null;
  article_id: string | null;
  key: string | null;
  title: string | null;
  locale: string | null;
  similarity: number | null;
  route: string | null;
  figures: string[] | null;
  parts: number | null;
}

export interface Article extends ArticleSummary, ArticleContent {
  answer_html: string;
  published: (ArticleContent & { revision: number }) | null;
  version: number;
  translations: { id: string; locale: string; title: string; state: ArticleState; outdated: boolean }[];
  original_locale: string;
}

export interface Revision extends ArticleContent {
  number: number;
  author: Person | string | null;
  created_at: string;
  reason: string | null;
  published: boolean;
}

export interface Hit {
  article_id: string;
  key: string;
  title: string;
  locale: string;
  score: number;
  lexical: number | null;
  dense: number | null;
  /** What the classifier over all phrasings adds. */
  learned?: number | null;
  /** Offered as a button. */
  choice?: boolean;
  revision: number | null;
  state: string;
}

export interface AskResult {
  decision: "answer" | "clarify" | "handoff";
  hits: Hit[];
  reasons?: string[];
}

export interface ExplainResult extends Decision {
  candidates?: (
    | { article_id?: string; key?: string; title?: string; intent?: string; score?: number }
    | string
  )[];
  locale?: string;
}

export interface StaffAccount {
  id: string;
  name: string;
  email: string;
  role: string;
  level: string | null;
  locale?: string | null;
  disabled?: boolean;
  disabled_at?: string | null;
}
