/** The shapes of `/api/v1/incidents`, and what the page makes of them. */
import type { Tone } from "@staff/controls";
import { type Locale, t } from "@staff/i18n";

export const PARTS = ["articles", "categories", "tags", "routes", "words", "sentences"] as const;
export type Part = (typeof PARTS)[number];
export type Topic = Record<Part, string[]>;
export type IncidentState = "active" | "scheduled" | "past";

export interface Incident {
  id: string;
  title: string;
  texts: Partial<Record<Locale, string>>;
  topic: Topic;
  starts_at: string;
  ends_at: string | null;
  state: IncidentState;
  version: number;
  updated_at: string;
  updated_by: string | null;
  told: number;
}

export interface IncidentDraft {
  title: string;
  texts: Partial<Record<Locale, string>>;
  topic: Topic;
  /** As `<input type="datetime-local">` has them: local time, empty for now and for no end. */
  starts: string;
  ends: string;
}

export interface FieldProblem {
  pointer: string;
  code: string;
  message: string;
}

export const ROUTES = ["reset_password", "order_status", "opening_hours", "ticket_status", "human"] as const;

export function routeName(route: string): string {
  const names: Record<string, string> = {
    reset_password: t("Reset a password"),
    order_status: t("Order status"),
    opening_hours: t("Opening hours"),
    ticket_status: t("State of a request"),
    human: t("Talk to a person"),
  };
  return names[route] ?? route;
}

export function emptyDraft(): IncidentDraft {
  return {
    title: "",
    texts: {},
    topic: { articles: [], categories: [], tags: [], routes: [], words: [], sentences: [] },
    starts: "",
    ends: "",
  };
}

export function draftOf(incident: Incident): IncidentDraft {
  return {
    title: incident.title,
    texts: incident.texts,
    topic: incident.topic,
    starts: localTime(incident.starts_at),
    ends: incident.ends_at ? localTime(incident.ends_at) : "",
  };
}

/** An instant as `<input type="datetime-local">` takes it. */
export function localTime(iso: string): string {
  const when = new Date(iso);
  return new Date(when.getTime() - when.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** What is sent; a start that was not touched keeps its seconds. */
export function bodyOf(draft: IncidentDraft, before: Incident | null): Record<string, unknown> {
  const instant = (local: string, known: string | null | undefined) => {
    if (!local) return null;
    return known && localTime(known) === local ? known : new Date(local).toISOString();
  };
  return {
    title: draft.title,
    texts: draft.texts,
    topic: draft.topic,
    starts_at: instant(draft.starts, before?.starts_at),
    ends_at: instant(draft.ends, before?.ends_at),
  };
}

/** One entry a line; blank lines are none. */
export function entriesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
}

export function topicText(topic: Topic): string {
  return PARTS.flatMap((part) => (part === "routes" ? topic.routes.map(routeName) : topic[part])).join(", ");
}

export function stateName(state: IncidentState): string {
  const names: Record<IncidentState, string> = {
    active: t("Being told"),
    scheduled: t("Scheduled"),
    past: t("Over"),
  };
  return names[state];
}

export function stateTone(state: IncidentState): Tone {
  return state === "active" ? "warning" : state === "scheduled" ? "accent" : "neutral";
}

export function problemText(problem: FieldProblem): string {
  switch (problem.code) {
    case "empty":
      return t("Give the notice a title.");
    case "end_before_start":
      return t("The end comes after the start.");
    case "in_the_past":
      return t("This end is in the past.");
    case "text_missing":
      return t("Write the notice at least in the main language.");
    case "topic_empty":
      return t("Say whom it concerns: an article, category, tag, flow, word or sentence.");
    case "article":
      return t("There is no article with this key.");
    case "word":
      return t("Words have at least three letters.");
    case "markdown":
      return t("A mark is not closed: bold (**), code (`) or a link.");
    case "link":
      return t("A link leads where links may not lead.");
    case "html":
      return t("HTML is not shown as such: take the tags out.");
    case "too_long":
      return t("The text is too long.");
    default:
      return problem.message;
  }
}
