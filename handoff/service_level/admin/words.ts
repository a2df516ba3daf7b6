/** Names of what is timed and done, in the language of the interface. */
import { locale, t } from "@staff/i18n";
import type { ActionKind, ExplainedClock, Metric, PauseState, Reopening } from "./types";

export const METRICS: readonly Metric[] = [
  "first_response",
  "next_response",
  "resolution",
  "level",
  "third_party",
];

export function metricName(metric: Metric): string {
  const names: Record<Metric, string> = {
    first_response: t("First response"),
    next_response: t("Next response"),
    resolution: t("Resolution"),
    level: t("Time at this level"),
    third_party: t("Answer of a third party"),
  };
  return names[metric] ?? metric;
}

export function actionKindName(kind: ActionKind): string {
  const names: Record<ActionKind, string> = {
    notify: t("Notify"),
    raise_priority: t("Raise the priority"),
    reassign: t("Put back in line"),
    escalate_functional: t("Escalate to a deeper level"),
    escalate_hierarchical: t("Escalate to a supervisor"),
  };
  return names[kind] ?? kind;
}

export function pauseName(state: PauseState): string {
  const names: Record<PauseState, string> = {
    waiting_customer: t("Waiting for the customer"),
    waiting_third_party: t("Waiting for a third party"),
    snoozed: t("Snoozed"),
  };
  return names[state];
}

export function reopeningName(rule: Reopening): string {
  const names: Record<Reopening, string> = {
    first: t("Only the first resolution counts"),
    continue: t("The clock goes on with what was left"),
    total: t("Everything since the hand-off counts"),
  };
  return names[rule];
}

export function conditionName(name: string): string {
  const names: Record<string, string> = {
    levels: t("Level"),
    queues: t("Queue"),
    priorities: t("Priority"),
    categories: t("Category"),
    tiers: t("Customer tier"),
    channels: t("Channel"),
    locales: t("Language"),
  };
  return names[name] ?? name;
}

export function clockStateName(state: ExplainedClock["state"]): string {
  const names: Record<ExplainedClock["state"], string> = {
    running: t("Running"),
    paused: t("Paused"),
    met: t("Met"),
    breached: t("Overdue"),
    cancelled: t("Cancelled"),
  };
  return names[state];
}

/** "45 min", "8 h", "1 h 30 min": time of a calendar, so a day is never a unit of it. */
export function length(seconds: number): string {
  const minutes = Math.round(Math.abs(seconds) / 60);
  const sign = seconds < 0 ? "−" : "";
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (!hours) return `${sign}${rest} min`;
  return rest ? `${sign}${hours} h ${rest} min` : `${sign}${hours} h`;
}

/** An instant in a zone of somebody else's, with the weekday: "Mon, Nov 23, 13:30". */
export function instantIn(iso: string, timeZone: string): string {
  return new Intl.DateTimeFormat(locale.value, {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    timeZone,
  }).format(new Date(iso));
}

export function clockIn(iso: string, timeZone: string): string {
  return new Intl.DateTimeFormat(locale.value, { hour: "2-digit", minute: "2-digit", timeZone }).format(
    new Date(iso),
  );
}

export function dayIn(iso: string, timeZone: string): string {
  return new Intl.DateTimeFormat(locale.value, {
    weekday: "short",
    day: "numeric",
    month: "short",
    timeZone,
  }).format(new Date(iso));
}

export function decimalPercent(value: number | null): string {
  if (value === null) return t("No data");
  return new Intl.NumberFormat(locale.value, {
    style: "percent",
    minimumFractionDigits: 0,
    maximumFractionDigits: 1,
  }).format(value / 100);
}

/** Why a policy was refused; what has no words here comes in the server's own. */
export function refusal(code: string, message: string): string {
  const texts: Record<string, string> = {
    name_missing: t("Give the policy a name."),
    no_target: t("Promise something: set at least one target time."),
    target_too_short: t("A target of no time can't be met. Give at least 1 minute, or leave it empty."),
    target_too_long: t("At most one year. Leave it empty for no target."),
    target_order: t("The first response would be due after the resolution. Make it shorter."),
    target_unreachable: t("In the hours of this calendar that would take more than three years."),
    calendar_unusable: t(
      "The calendar has no opening hours, or hours that overlap. Correct the opening hours first.",
    ),
    unknown_calendar: t("There is no such calendar."),
    warn_range: t("The warning must come after the start and before the end of the shortest target."),
    unknown_target: t("Choose where to."),
  };
  return texts[code] ?? message;
}
