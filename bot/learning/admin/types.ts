/** The shapes of the learning API, and its closed sets in words. */
import type { Tone } from "@staff/controls";
import { humanize } from "@staff/format";
import { t } from "@staff/i18n";
import { routeName } from "@staff/labels";
import type { Person } from "@staff/types";

export type Signal = "marked" | "not_helped" | "fallback" | "low_margin";
export const SIGNALS: readonly Signal[] = ["marked", "not_helped", "fallback", "low_margin"];
export type Verdict = "intent" | "article" | "ignore";

export interface Candidate {
  kind: "intent" | "article";
  name?: string;
  title?: string;
  confidence?: number;
  score?: number;
}

export interface Item {
  id: string;
  locale: string;
  text: string;
  signals: Signal[];
  count: number;
  margin: number | null;
  decision: {
    route?: string;
    intent?: string;
    confidence?: number;
    article_confidence?: number;
    margin?: number;
    article?: { title: string } | null;
    candidates?: Candidate[];
    reasons?: string[];
    model?: string;
  };
  conversation_id: string;
  last_at: string;
  version: number;
  verdict: Verdict | null;
  intent: string | null;
  article_id: string | null;
  article_title: string | null;
  reviewed_by: Person | null;
  reviewed_at: string | null;
}

export interface ItemPage {
  items: Item[];
  next_cursor: string | null;
  counts: Record<string, number>;
}

export interface Reviewed {
  item: Item;
  phrasing: "added" | "published" | "known" | null;
}

export interface Figures {
  messages: number;
  accuracy: number;
  core_recall: number | null;
  human_recall: number | null;
  false_flow_starts: number;
  flow_precision: Record<string, number>;
  routes: Record<string, { messages: number; recall: number | null; precision: number | null }>;
  golden: number;
  golden_right: number | null;
  titles: number;
  titles_found: number | null;
  learned: number;
  learned_right: number | null;
}

export interface Worse {
  what: string;
  new: number | null;
  current: number | null;
}

export interface Report {
  messages: number;
  new: { model: string; figures: Figures };
  current: { model: string; figures: Figures } | null;
  worse: Worse[];
}

export interface Training {
  id: string;
  state: "queued" | "training" | "evaluating" | "done" | "failed";
  step: string;
  progress: number;
  example_count: number;
  model_id: string | null;
  report: Report | null;
  error: string | null;
  created_by: Person | null;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
}

export interface Model {
  id: string;
  origin: "release" | "training";
  example_count: number;
  size: number;
  scores: Figures | null;
  kept: boolean;
  own_release: boolean;
  served_before: boolean;
  created_by: Person | null;
  created_at: string;
}

export interface Promotion {
  number: number;
  model_id: string;
  at: string;
  by: Person | null;
  forced: boolean;
  reason: string | null;
}

export interface Host {
  gateway: string;
  place: string;
  number: number;
  ready: boolean;
  model: string | null;
  error: string | null;
}

export interface Overview {
  serving: string | null;
  example_count: number;
  new_count: number;
  models: Model[];
  promotions: Promotion[];
  trainings: Training[];
  hosts: Host[];
}

export function isActive(training: Training): boolean {
  return training.state !== "done" && training.state !== "failed";
}

export function signalName(signal: Signal): string {
  const names: Record<Signal, string> = {
    marked: t("Marked as wrong"),
    not_helped: t("Did not help"),
    fallback: t("Not understood"),
    low_margin: t("Close call"),
  };
  return names[signal];
}

export function signalTone(signal: Signal): Tone {
  return signal === "marked" || signal === "not_helped" ? "danger" : "warning";
}

export function intentName(intent: string): string {
  const names: Record<string, string> = {
    cancel: t("Cancel"),
    capabilities: t("What can you do?"),
    bot_challenge: t("Are you a bot?"),
    change_language: t("Another language"),
    resend_code: t("Send the code again"),
    faq: t("Question about the shop"),
  };
  return names[intent] ?? routeName(intent);
}

export function stepName(training: Training): string {
  const names: Record<string, string> = {
    queued: t("Waits for a gateway"),
    preparing: t("Preparing"),
    loading: t("Starting Rasa"),
    training: t("Training"),
    measuring_new: t("Measuring the new model"),
    measuring_current: t("Measuring the present model"),
    done: t("Done"),
  };
  return names[training.step] ?? humanize(training.step);
}

export function errorName(error: string): string {
  const names: Record<string, string> = {
    interrupted: t("The program that trained ended half way. Start it again."),
    cancelled: t("Cancelled"),
  };
  return names[error] ?? error;
}

export function figureName(what: string): string {
  if (what.startsWith("precision:")) {
    return t("Precision of {route}", { route: routeName(what.slice("precision:".length)) });
  }
  const names: Record<string, string> = {
    accuracy: t("Right route"),
    core_recall: t("Core recall"),
    human_recall: t("Requests for a person recognised"),
    false_flow_starts: t("Flows started that nobody wanted"),
    article_offered: t("Right article shown or offered"),
    golden_right: t("Golden questions answered"),
    titles_found: t("Articles found by their own title"),
    learned_right: t("Accepted examples understood"),
    not_compared: t("It was not measured on the same messages as the present model."),
    other_release: t("It was trained with the data of another release."),
  };
  return names[what] ?? humanize(what);
}

export function originName(model: Model): string {
  return model.origin === "release" ? t("Came with the program") : t("Trained here");
}

/** The first digits of a model's hash are enough for people. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}
