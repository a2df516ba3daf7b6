/** The shapes of `/api/v1/hours`, and what the page works out from them. */
import { type Locale, t } from "@staff/i18n";

export type Times = [string, string][];
export type Names = Partial<Record<Locale, string>>;

export interface ExceptionDay {
  year: number | null;
  month: number;
  day: number;
  names: Names;
  intervals: Times;
}

export interface HoursNotice {
  first: string;
  last: string;
  texts: Names;
}

export interface HoursContent {
  name: string;
  timezone: string;
  week: Times[];
  exceptions: ExceptionDay[];
  country: string | null;
  state: string | null;
  names: Names;
  words: string[];
  notices: HoursNotice[];
}

export interface QueueUse {
  id: string;
  names: Names;
  level: string;
  calendar_key: string;
}

export interface Calendar extends HoursContent {
  key: string;
  version: number;
  updated_at: string | null;
  updated_by: string | null;
  queues: QueueUse[];
}

export interface HoursDay {
  date: string;
  names: Names;
  intervals: Times;
  why: "week" | "exception" | "holiday";
}

export interface HoursProblem {
  pointer: string;
  code: string;
  message: string;
}

export interface Tryout {
  problems: HoursProblem[];
  at: string | null;
  open: boolean;
  day: HoursDay | null;
  closes_at: string | null;
  opens_at: string | null;
  answer: string | null;
  special: HoursDay[];
}

export interface Choices {
  timezones: string[];
  countries: Record<string, string[]>;
}

export function contentOf(calendar: Calendar): HoursContent {
  const { key: _k, version: _v, updated_at: _a, updated_by: _b, queues: _q, ...content } = calendar;
  return content;
}

export function emptyContent(timezone: string): HoursContent {
  const office: Times = [["09:00", "18:00"]];
  return {
    name: "",
    timezone,
    week: [0, 1, 2, 3, 4, 5, 6].map((day) => (day < 5 ? office.map(([from, to]) => [from, to]) : [])),
    exceptions: [],
    country: null,
    state: null,
    names: {},
    words: [],
    notices: [],
  };
}

/** Browsers know no 24:00: a day that ends at midnight is entered as 00:00. */
export function shownTime(time: string): string {
  return time === "24:00" ? "00:00" : time;
}

export function enteredClosing(time: string): string {
  return time === "00:00" ? "24:00" : time;
}

/** Monday to Sunday in words. */
export function weekdays(locale: string): string[] {
  const format = new Intl.DateTimeFormat(locale, { weekday: "long", timeZone: "UTC" });
  return [0, 1, 2, 3, 4, 5, 6].map((day) => format.format(new Date(Date.UTC(2024, 0, 1 + day))));
}

export function longDate(date: string, locale: string): string {
  const format = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeZone: "UTC" });
  return format.format(new Date(`${date}T00:00:00Z`));
}

export function dateOf(day: ExceptionDay): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${day.year ?? 2000}-${two(day.month)}-${two(day.day)}`;
}

export function timesText(times: Times): string {
  return times.map(([from, to]) => `${from}–${to}`).join(", ") || t("closed");
}

/** The hours of the week on a date, for a holiday on which one is open all the same. */
export function weekTimes(week: readonly Times[], date: string): Times {
  const weekday = (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
  return (week[weekday] ?? []).map(([from, to]) => [from, to]);
}

export function problemText(problem: HoursProblem): string {
  switch (problem.code) {
    case "end_before_start":
      return problem.pointer.startsWith("/notices")
        ? t("The last day comes after the first.")
        : t(
            "Closing comes after opening. For hours past midnight, end the day at 00:00 and go on the next day.",
          );
    case "overlap":
      return t("Two of the day's times overlap.");
    case "time":
      return t("Fill in both times.");
    case "never_open":
      return t("Give at least one day hours.");
    case "empty":
      return t("Give the calendar a name.");
    case "timezone":
      return t("There is no such time zone.");
    case "holidays":
      return t("No public holidays are known for this country and state.");
    case "date":
      return t("There is no such date.");
    case "duplicate":
      return t("This date is in the list twice.");
    case "text_missing":
      return t("Write the notice at least in the main language.");
    case "too_long":
      return t("The text is too long.");
    case "key":
      return t("Use small letters, digits and hyphens, at most 40 characters.");
    default:
      return problem.message;
  }
}
