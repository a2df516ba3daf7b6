/** What the API says about queues, rules and levels. */
import type { Priority } from "@staff/types";

export interface DeskQueue {
  id: string;
  key: string;
  version: number;
  name: string;
  names: Record<string, string>;
  level: string;
  team: string;
  skills: string[];
  languages: string[];
  topics: string[];
  calendar_key: string;
  is_default: boolean;
  retired: boolean;
  open_count: number;
  waiting_count: number;
  rule_count: number;
}

export interface LevelItem {
  key: string;
  name: string;
  names: Record<string, string>;
  staffed: boolean;
  escalates_to: string[];
  people: number | null;
}

export interface Levels {
  version: number;
  levels: LevelItem[];
}

export interface Choices {
  calendars: { key: string; name: string }[];
  topics: string[];
  skills: string[];
  teams: string[];
  tiers: string[];
}

export interface DeskQueues {
  items: DeskQueue[];
  levels: Levels;
  choices: Choices;
}

export interface Conditions {
  topics: string[];
  locales: string[];
  channels: string[];
  reasons: string[];
  words: string[];
  tiers: string[];
  verified: boolean | null;
  hours: "inside" | "outside" | null;
  calendar: string | null;
}

export interface RuleQueue {
  id: string;
  key: string;
  name: string;
  level: string;
  retired: boolean;
}

export interface Rule {
  id: string;
  version: number;
  name: string;
  conditions: Conditions;
  queue_id: string;
  priority: Priority | null;
  enabled: boolean;
  shadowed_by: string | null;
  queue_takes: boolean;
}

export interface Rules {
  items: Rule[];
  queues: RuleQueue[];
  choices: Choices;
}

export interface TryAnswer {
  why: "rule" | "topic" | "default";
  rule_id: string | null;
  rule_name: string | null;
  tried: { id: string; name: string; missed: string[] }[];
  queue: RuleQueue;
  level_name: string;
  priority: Priority;
  is_open: boolean;
  hours_text: string;
}
