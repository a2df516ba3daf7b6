/** Names of conditions, and refusals in the language of the interface. */
import { ApiError, errorText } from "@staff/api";
import { n, t } from "@staff/i18n";
import { channelName, languageName, reasonText } from "@staff/labels";
import type { Choices, Conditions, LevelItem } from "./types";

export const CHANNELS = ["web", "telegram"] as const;
export const REASONS = [
  "customer_asked",
  "not_understood",
  "not_helped",
  "action_failed",
  "code_failed",
  "bot_unavailable",
  "invalid_data",
  "rule",
] as const;

/** "N2", or "N2 · Specialists" where the level has a name. */
export function levelLabel(level: LevelItem): string {
  return level.name === level.key ? level.key : `${level.key} · ${level.name}`;
}

export function conditionName(name: string): string {
  const names: Record<string, string> = {
    topics: t("Topic"),
    locales: t("Language"),
    channels: t("Channel"),
    reasons: t("Why it is handed over"),
    words: t("Words in the request"),
    tiers: t("Customer tier"),
    verified: t("Identity"),
    hours: t("Opening hours"),
    queue: t("the queue takes nothing now"),
  };
  return names[name] ?? name;
}

/** What a rule asks for, in one line. */
export function conditionsText(conditions: Conditions, choices: Choices): string {
  const parts: string[] = [];
  const add = (name: keyof Conditions, values: string[]) => {
    if (values.length > 0) parts.push(`${conditionName(name)}: ${values.join(", ")}`);
  };
  add("topics", conditions.topics);
  add(
    "words",
    conditions.words.map((word) => `“${word}”`),
  );
  add("locales", conditions.locales.map(languageName));
  add("channels", conditions.channels.map(channelName));
  add(
    "reasons",
    conditions.reasons.map((reason) => reasonText(reason).replace(/\.$/, "")),
  );
  add("tiers", conditions.tiers);
  if (conditions.verified !== null) {
    add("verified", [conditions.verified ? t("Proved") : t("Not proved")]);
  }
  if (conditions.hours !== null) {
    const calendar = choices.calendars.find((one) => one.key === conditions.calendar)?.name;
    const when = conditions.hours === "inside" ? t("Inside") : t("Outside");
    add("hours", [calendar ? `${when} (${calendar})` : when]);
  }
  return parts.length > 0 ? parts.join(" · ") : t("Every hand-off");
}

/** What the server refused, by the place it belongs to; "" is for the whole. */
export function readProblems(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError)) return { "": errorText(error) };
  const errors = (error.problem as { errors?: { pointer: string; code: string; message: string }[] }).errors;
  if (!errors?.length) return { "": refusal(error) };
  const found: Record<string, string> = { "": t("Nothing was saved. Correct what is marked.") };
  for (const one of errors) found[one.pointer] = problemText(one.code, one.message);
  return found;
}

function problemText(code: string, message: string): string {
  const texts: Record<string, string> = {
    name_missing: t("Give it a name."),
    too_long: t("That is too long."),
    too_many: t("Those are too many."),
    bad_value: t("A value has 1 to 80 characters, with at least one letter or digit."),
    unknown_value: t("This value is not known here."),
    unknown_queue: t("Choose a queue that is in use."),
    unknown_calendar: t("There is no such calendar."),
    hours_missing: t("Say whether inside or outside these hours."),
    not_deeper: t("Only a deeper level can be escalated to."),
    nobody: t("At least one level with a queue needs people, or hand-offs would reach nobody."),
  };
  return texts[code] ?? message;
}

/** Why the server did not do it, and what to do instead. */
export function refusal(error: unknown): string {
  if (!(error instanceof ApiError)) return errorText(error);
  const problem = error.problem as { policies?: string[]; rules?: string[]; tickets?: number };
  switch (error.code) {
    case "stale":
      return t("Somebody else changed this in the meantime. Load it again before you change it.");
    case "only_queue":
      return t("It is the only queue of its level. Add another one there first, or switch the level off.");
    case "is_default":
      return t("It takes what no other queue of its level is for. Make another queue the default one first.");
    case "has_tickets":
      return n(
        "The queue still has {count} open ticket of its level. Move it first.",
        "The queue still has {count} open tickets of its level. Move them first.",
        problem.tickets ?? 0,
      );
    case "replacement_needed":
      return t("Choose the queue that takes over.");
    case "unknown_queue":
      return t("Choose a queue that is in use.");
    case "policies_move":
      return t("These service levels move tickets to it: {names}. Change them first.", {
        names: (problem.policies ?? []).join(", "),
      });
    case "retired":
      return t("The queue is retired. Bring it back first.");
    case "too_many":
      return t("Those are too many.");
    case "no_queue":
      return t("There is no queue yet. Add one first.");
  }
  return errorText(error);
}
