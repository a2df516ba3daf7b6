/** Words for effects, triggers and conditions, in the reader's language. */
import { ApiError, errorText } from "@staff/api";
import type { Tone } from "@staff/controls";
import { n, t } from "@staff/i18n";
import { channelName, languageName, priorityName, reasonText, stateName } from "@staff/labels";
import type { Priority } from "@staff/types";
import type { Conditions, Effect, EffectKind, Offered, Trigger } from "./types";

export function effectName(kind: EffectKind): string {
  const names: Record<EffectKind, string> = {
    priority: t("Set the priority"),
    raise_priority: t("Make more urgent"),
    category: t("Set the category"),
    add_tags: t("Add tags"),
    remove_tags: t("Remove tags"),
    note: t("Write an internal note"),
    reply: t("Write to the customer"),
    notify: t("Notify by mail"),
    transfer: t("Pass on to a queue"),
    escalate_functional: t("Escalate to another team or level"),
    escalate_hierarchical: t("Escalate to management"),
    wait_customer: t("Wait for the customer"),
    wait_third_party: t("Wait for a third party"),
    snooze: t("Snooze"),
    resolve: t("Resolve"),
  };
  return names[kind];
}

/** An effect in one line: what is done, and with what. */
export function effectText(effect: Effect, offered: Offered | null): string {
  const what = effectDetail(effect, offered);
  return what ? `${effectName(effect.kind)}: ${what}` : effectName(effect.kind);
}

function effectDetail(effect: Effect, offered: Offered | null): string {
  switch (effect.kind) {
    case "priority":
      return effect.priority ? priorityName(effect.priority) : "";
    case "category":
      return offered?.categories.find((one) => one.key === effect.to)?.name ?? effect.to ?? "";
    case "add_tags":
    case "remove_tags":
      return effect.tags.join(", ");
    case "note":
      return `“${effect.text ?? ""}”`;
    case "notify":
      return notifiedName(effect.to);
    case "transfer":
    case "escalate_functional":
      return placeName(effect.to, offered);
    case "escalate_hierarchical":
      return effect.to ?? "";
    case "wait_third_party":
      return [effect.vendor, effect.days && n("{count} day", "{count} days", effect.days)]
        .filter(Boolean)
        .join(", ");
    case "snooze":
      return span(effect.minutes ?? 0);
    default:
      return "";
  }
}

export function notifiedName(whom: string | null): string {
  return whom === "assignee" ? t("Whoever has the ticket") : t("Supervisors");
}

function placeName(key: string | null, offered: Offered | null): string {
  const queue = offered?.queues.find((one) => one.key === key);
  return queue ? `${queue.level} · ${queue.name}` : (key ?? "");
}

/** Minutes in the largest unit that fits: "15 min", "2 h", "3 days". */
export function span(minutes: number): string {
  if (minutes % 1440 === 0 && minutes) return n("{count} day", "{count} days", minutes / 1440);
  return minutes % 60 === 0 && minutes ? `${minutes / 60} h` : `${minutes} min`;
}

export function triggerName(trigger: Trigger): string {
  const names: Record<Trigger, string> = {
    opened: t("A ticket was opened"),
    recontacted: t("The customer is back soon after the last ticket"),
    customer_wrote: t("The customer wrote"),
    agent_replied: t("An agent replied"),
    waiting: t("The customer has been waiting"),
    passed_on: t("It was passed on"),
    returned: t("It was returned to the level below"),
    priority_changed: t("Its priority was changed"),
    sla_warned: t("Time runs out soon"),
    sla_breached: t("It is overdue"),
    third_party_due: t("A third party is late"),
    resolved: t("It was resolved"),
    reopened: t("It was reopened"),
  };
  return names[trigger];
}

export function conditionName(name: string): string {
  const names: Record<keyof Conditions, string> = {
    levels: t("Levels"),
    queues: t("Queues"),
    states: t("States"),
    priorities: t("Priorities"),
    topics: t("Topics"),
    categories: t("Categories"),
    tags: t("Tags"),
    locales: t("Languages"),
    channels: t("Channels"),
    reasons: t("Reason of the hand-off"),
    words: t("Words of the customer"),
    min_bounces: t("Returned at least"),
    hours: t("Opening hours"),
  };
  return names[name as keyof Conditions] ?? name;
}

export function valueName(condition: string, value: string, offered: Offered | null): string {
  switch (condition) {
    case "queues":
      return placeName(value, offered);
    case "priorities":
      return priorityName(value as Priority);
    case "states":
      return stateName(value as Parameters<typeof stateName>[0]);
    case "locales":
      return languageName(value);
    case "channels":
      return channelName(value);
    case "reasons":
      return reasonText(value);
    case "categories":
      return offered?.categories.find((one) => one.key === value)?.name ?? value;
    case "hours":
      return hoursName(value);
    default:
      return value;
  }
}

export function hoursName(value: string): string {
  return value === "inside" ? t("During opening hours") : t("Outside opening hours");
}

/** The conditions of a rule in one line. */
export function conditionsText(conditions: Conditions, offered: Offered | null): string {
  const parts = Object.entries(conditions)
    .filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value !== null))
    .map(([name, value]) => {
      const values = Array.isArray(value) ? value : [String(value)];
      return `${conditionName(name)}: ${values.map((one) => valueName(name, one, offered)).join(", ")}`;
    });
  return parts.length > 0 ? parts.join(" · ") : t("Every ticket");
}

export function outcomeName(outcome: string): string {
  const names: Record<string, string> = {
    done: t("Done"),
    nothing_to_do: t("Nothing to do"),
    nobody: t("Nobody to tell"),
    failed: t("Failed"),
    undone: t("Undone"),
    loop: t("Stopped: it set itself off"),
    too_deep: t("Stopped: too many rules in a row"),
  };
  return names[outcome] ?? outcome;
}

export function outcomeTone(outcome: string): Tone {
  if (outcome === "done") return "success";
  return outcome === "failed" || outcome === "loop" || outcome === "too_deep" ? "danger" : "neutral";
}

/** Why a macro would not be applied, by the cause that the server names. */
export function causeText(cause: string, detail: string): string {
  const texts: Record<string, string> = {
    stale: t("The ticket is not yours, or not in a state for this. Claim it first."),
    forbidden: t("You are not allowed to do this."),
    invalid_target: t("The ticket can't be passed on to there."),
    unknown_queue: t("The queue is no longer there."),
    unknown_assignee: t("There is no supervisor to escalate to."),
    no_people: t("Nobody works in that queue."),
    level_not_allowed: t("Your level may not escalate to there."),
  };
  return texts[cause] ?? detail;
}

/** Why something was refused; what has no words here comes in the server's own. */
function refusal(code: string, message: string): string {
  const texts: Record<string, string> = {
    name_missing: t("Give it a name."),
    name_taken: t("Another macro has this name."),
    no_effects: t("Add at least one thing to do."),
    must_be_last: t("Passing on, waiting, snoozing and resolving come last: move it to the end."),
    no_trigger: t("Choose when the rule is looked at."),
    empty: t("Something is missing here."),
    unknown_target: t("Choose where to."),
    unknown_variable: t("The text names something in braces that there is not."),
    out_of_range: t("This number is too small or too large."),
    too_long: t("This is too long."),
    too_many: t("These are too many."),
  };
  return texts[code] ?? message;
}

/** What the server refused, by the place it belongs to; "" is for the whole. */
export function readProblems(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError)) return { "": errorText(error) };
  const { errors, rules, code } = error.problem as {
    errors?: { pointer: string; code: string; message: string }[];
    rules?: string[];
    code: string;
  };
  if (code === "rule_loop") {
    return {
      "": t(
        "These rules would set off one another for ever: {rules}. Remove one of the moves, or narrow its conditions.",
        { rules: rules?.join(" → ") ?? "" },
      ),
    };
  }
  const found: Record<string, string> = {
    "": errors?.length ? t("Nothing was saved. Correct what is marked.") : errorText(error),
  };
  for (const one of errors ?? []) found[one.pointer] = refusal(one.code, one.message);
  return found;
}
