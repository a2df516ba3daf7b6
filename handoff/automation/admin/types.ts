/** Macros and rules as the server sends and takes them. */
import type { Priority } from "@staff/types";

export const EFFECT_KINDS = [
  "priority",
  "raise_priority",
  "category",
  "add_tags",
  "remove_tags",
  "note",
  "reply",
  "notify",
  "transfer",
  "escalate_functional",
  "escalate_hierarchical",
  "wait_customer",
  "wait_third_party",
  "snooze",
  "resolve",
] as const;
export type EffectKind = (typeof EFFECT_KINDS)[number];

export interface Effect {
  kind: EffectKind;
  to: string | null;
  priority: Priority | null;
  text: string | null;
  texts: Record<string, string>;
  tags: string[];
  vendor: string | null;
  days: number | null;
  minutes: number | null;
}

export interface Offered {
  queues: { key: string; level: string; name: string }[];
  categories: { key: string; name: string }[];
  topics: string[];
  variables: string[];
  locales: string[];
}

export interface Macro {
  id: string;
  version: number;
  enabled: boolean;
  name: string;
  effects: Effect[];
  uses: number;
}

export interface MacroList {
  items: Macro[];
  offered: Offered;
}

export interface Performed {
  kind: EffectKind;
  outcome: string;
  text: string | null;
}

export interface MacroPreview {
  id: string;
  name: string;
  effects: Effect[];
  performed: Performed[];
  refused: { index: number; kind: EffectKind; cause: string; detail: string } | null;
}

export const TRIGGERS = [
  "opened",
  "recontacted",
  "customer_wrote",
  "agent_replied",
  "waiting",
  "passed_on",
  "returned",
  "priority_changed",
  "sla_warned",
  "sla_breached",
  "third_party_due",
  "resolved",
  "reopened",
] as const;
export type Trigger = (typeof TRIGGERS)[number];

export interface Conditions {
  levels: string[];
  queues: string[];
  states: string[];
  priorities: string[];
  topics: string[];
  categories: string[];
  tags: string[];
  locales: string[];
  channels: string[];
  reasons: string[];
  words: string[];
  min_bounces: number | null;
  hours: "inside" | "outside" | null;
}

export interface Terms {
  name: string;
  triggers: Trigger[];
  conditions: Conditions;
  effects: Effect[];
  minutes: number | null;
  days: number | null;
  stop: boolean;
}

export interface Rule {
  id: string;
  version: number;
  enabled: boolean;
  terms: Terms;
  runs: Record<string, number>;
}

export interface RuleList {
  items: Rule[];
  offered: Offered;
}

export interface Tried {
  ticket_id: string;
  number: string;
  subject: string;
  fired: boolean;
  trigger: Trigger | null;
  at: string | null;
  misses: { condition: string; found: string }[];
  would: { kind: EffectKind; outcome: string }[];
}

export interface TryAnswer {
  days: number;
  tickets: number;
  fired: number;
  complete: boolean;
  items: Tried[];
}

export interface Run {
  id: string;
  at: string;
  rule_id: string;
  rule_name: string;
  rule_version: number;
  ticket_id: string;
  number: string;
  trigger: Trigger;
  outcome: string;
  why: Record<string, string>;
  done: { kind: EffectKind; outcome: string }[];
  error: string | null;
}

export interface RunLog {
  items: Run[];
  next_cursor: string | null;
}
