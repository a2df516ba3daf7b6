/** What the API says of the service level. */

export type Metric = "first_response" | "next_response" | "resolution" | "level" | "third_party";
export type ActionKind =
  | "notify"
  | "raise_priority"
  | "reassign"
  | "escalate_functional"
  | "escalate_hierarchical";
export type PauseState = "waiting_customer" | "waiting_third_party" | "snoozed";
export type Reopening = "first" | "continue" | "total";

export interface Conditions {
  levels: string[];
  queues: string[];
  priorities: string[];
  categories: string[];
  tiers: string[];
  channels: string[];
  locales: string[];
}

export interface Action {
  kind: ActionKind;
  to: string | null;
  metrics: Metric[];
}

/** A policy as an admin writes it; targets are minutes of the calendar. */
export interface Terms {
  name: string;
  conditions: Conditions;
  calendar: string | null;
  first_response: number | null;
  next_response: number | null;
  resolution: number | null;
  third_party: number | null;
  levels: Record<string, number>;
  pauses: PauseState[];
  reopening: Reopening;
  warn: { percent: number | null; minutes: number | null };
  on_warning: Action[];
  on_breach: Action[];
}

export interface Policy {
  id: string;
  version: number;
  position: number;
  enabled: boolean;
  terms: Terms;
  shadowed_by: string | null;
}

export interface Policies {
  items: Policy[];
  calendars: { key: string; name: string }[];
  queues: { key: string; name: string; level: string }[];
  tiers: Record<string, string>;
  categories: string[];
}

export interface Saved {
  policy: Policy;
  running_changed: number | null;
}

export interface Span {
  start: string;
  end: string | null;
  seconds: number;
}

export interface TryAnswer {
  policies: {
    id: string;
    name: string;
    version: number;
    enabled: boolean;
    chosen: boolean;
    missed: string[];
  }[];
  calendar: string | null;
  timezone: string | null;
  targets: {
    metric: Metric;
    target_seconds: number;
    due_at: string | null;
    warn_at: string | null;
    intervals: Span[];
    intervals_left_out: number;
  }[];
}

export interface ExplainedClock {
  metric: Metric;
  n: number;
  level: string;
  state: "running" | "paused" | "met" | "breached" | "cancelled";
  target_seconds: number;
  worked_seconds: number;
  remaining_seconds: number;
  started_at: string;
  due_at: string | null;
  warn_at: string | null;
  stopped_at: string | null;
  breached_at: string | null;
  policy: string;
  policy_version: number | null;
  calendar: string | null;
  timezone: string;
  intervals: Span[];
  intervals_left_out: number;
  pauses: Span[];
  fired: {
    moment: "warning" | "breach";
    at: string;
    late: boolean;
    done: { kind: string; outcome: string }[];
  }[];
}

export interface TicketServiceLevel {
  ticket_id: string;
  number: string;
  now: string;
  next_metric: Metric | null;
  next_due_at: string | null;
  clocks: ExplainedClock[];
  agreements: {
    n: number;
    at: string;
    policy: string | null;
    policy_version: number | null;
    calendar: string | null;
    by_admin: boolean;
  }[];
  stages: { level: string; state: string; seconds: number }[];
  bot: { since: string | null; until: string; seconds: number };
  human_seconds: number;
}

export interface Spread {
  count: number;
  median: number;
  p90: number;
  mean: number;
}

export interface NamedTicket {
  id: string;
  number: string;
}

export interface ReportLine {
  level: string | null;
  queue: string | null;
  day: string | null;
  metric: Metric;
  met: number;
  breached: number;
  breached_open: number;
  running: number;
  cancelled: number;
  percent: number | null;
  worked: Spread | null;
  elapsed: Spread | null;
  breached_tickets: NamedTicket[];
}

export interface ServiceLevelReport {
  from: string;
  to: string;
  tickets: { total: number; within: number; breached: number; running: number; percent: number | null };
  totals: ReportLine[];
  items: ReportLine[];
}

export interface OverviewReport {
  from: string;
  to: string;
  conversations: number;
  resolved_by_bot: number | null;
  resolved_by_bot_percent: number | null;
  ongoing: number | null;
  handed_off: number;
  recontacts: number | null;
  reasons: Record<string, number>;
  queues: Record<string, number>;
  levels: Record<string, number>;
  days: { day: string; conversations: number; handed_off: number }[];
  handed_off_tickets: NamedTicket[];
  bot_time: Spread | null;
  human_time: Spread | null;
  csat: { answers: number; asked: number; mean: number | null; satisfied_percent: number | null } | null;
}
