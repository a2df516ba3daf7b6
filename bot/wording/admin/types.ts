/** The shapes of `/api/v1/texts`, and the words the page has for them. */
import { LOCALES, type Locale, t } from "@staff/i18n";
import type { Person } from "@staff/types";

export const AREAS = [
  "greeting",
  "questions",
  "orders",
  "password",
  "codes",
  "hand_off",
  "hours",
  "buttons",
  "telegram",
  "mail",
] as const;
export type Area = (typeof AREAS)[number];
export type Channel = "any" | "web" | "telegram";

export interface Wording {
  locale: Locale;
  channel: Channel;
  shipped: string;
  text: string | null;
  version: number;
  updated_at: string | null;
  updated_by: Person | null;
}

export interface BotText {
  key: string;
  area: Area;
  form: "message" | "part" | "label" | "command" | "subject" | "plain";
  variables: { name: string; required: boolean; sample: Record<Locale, string> }[];
  channels: Channel[];
  changed: boolean;
  wordings: Wording[];
}

export interface Problem {
  code: string;
  message: string;
  names: string[];
}

export interface Preview {
  text: string;
  telegram: string[];
  telegram_units: number;
  problems: Problem[];
}

export interface TextRevision {
  number: number;
  text: string | null;
  author: Person | null;
  reason: string | null;
  created_at: string;
}

export function areaName(area: Area): string {
  const names: Record<Area, string> = {
    greeting: t("Greetings and small talk"),
    questions: t("Questions and answers"),
    orders: t("Orders"),
    password: t("Password"),
    codes: t("Codes"),
    hand_off: t("Hand-off and requests"),
    hours: t("Opening hours"),
    buttons: t("Buttons"),
    telegram: t("Telegram"),
    mail: t("Mails"),
  };
  return names[area];
}

export function channelName(channel: Channel): string {
  const names: Record<Channel, string> = {
    any: t("Every channel"),
    web: t("Only on the web"),
    telegram: t("Only on Telegram"),
  };
  return names[channel];
}

export function wordingAt(text: BotText, locale: Locale, channel: Channel): Wording | undefined {
  return text.wordings.find((one) => one.locale === locale && one.channel === channel);
}

/** What customers read there now: a channel without a text of its own says what is said everywhere. */
export function saidAt(text: BotText, locale: Locale, channel: Channel): string {
  const own = wordingAt(text, locale, channel);
  return own?.text ?? wordingAt(text, locale, "any")?.text ?? own?.shipped ?? "";
}

export function changedLocales(text: BotText): Locale[] {
  return LOCALES.filter((locale) => text.wordings.some((one) => one.locale === locale && one.text !== null));
}

/** Why a text can't be saved, in the reader's language; an unknown code keeps the server's words. */
export function problemText(problem: Problem): string {
  const names = problem.names.map((name) => `{${name}}`).join(", ");
  switch (problem.code) {
    case "empty":
      return t("The text is empty. To say what was shipped, restore it.");
    case "braces":
      return t("A brace stands alone or holds no name. A brace that is meant as one is written twice.");
    case "unknown_variable":
      return t("{names} is not known in this text. Use the variables listed here.", { names });
    case "missing_variable":
      return t("Keep {names} in the text.", { names });
    case "lines":
      return t("This text is one line: take the line breaks out.");
    case "markdown":
      return t("A mark is not closed: bold (**), code (`) or a link.");
    case "link":
      return t("A link leads where links may not lead.");
    case "html":
      return t("HTML is not shown as such: take the tags out.");
    case "too_long":
      return t("The text is too long.");
    case "too_long_for_telegram":
      return t(
        "Too long for Telegram: 4,096 characters fit in a message. Make it shorter, or save it for the web only.",
      );
    default:
      return problem.message;
  }
}
