/** Dates, times and durations as people read them, in the language of the interface. */
import { signal } from "@preact/signals";
import { locale, t } from "./i18n";

/** The current instant in milliseconds, moved on each second by `startClock`. */
export const now = signal(Date.now());

export function startClock(): () => void {
  const id = setInterval(() => {
    if (!document.hidden) now.value = Date.now();
  }, 1000);
  return () => clearInterval(id);
}

/** `4:07`, `1 h 12 min`, `2 d 3 h`: short enough for a list, never more than two units. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${String(whole % 60).padStart(2, "0")}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return hours % 24 ? `${days} d ${hours % 24} h` : `${days} d`;
}

export function clock(iso: string): string {
  return new Intl.DateTimeFormat(locale.value, { timeStyle: "short" }).format(new Date(iso));
}

export function dateTime(iso: string): string {
  return new Intl.DateTimeFormat(locale.value, { dateStyle: "medium", timeStyle: "short" }).format(
    new Date(iso),
  );
}

/** A number that changes at local midnight; equal for two instants of one day. */
export function dayNumber(when: Date): number {
  return Math.floor((when.getTime() - when.getTimezoneOffset() * 60_000) / 86_400_000);
}

export function dayLabel(iso: string, today: Date = new Date()): string {
  const when = new Date(iso);
  const distance = dayNumber(today) - dayNumber(when);
  if (distance === 0) return t("Today");
  if (distance === 1) return t("Yesterday");
  return new Intl.DateTimeFormat(locale.value, { dateStyle: "full" }).format(when);
}

/** How long ago, in words: "5 min. ago", "yesterday"; a date once it is more than a week. */
export function ago(iso: string, at: number): string {
  const seconds = Math.round((at - new Date(iso).getTime()) / 1000);
  if (seconds < 60) return t("just now");
  const relative = new Intl.RelativeTimeFormat(locale.value, { numeric: "auto", style: "short" });
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), "minute");
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3600), "hour");
  if (seconds < 7 * 86_400) return relative.format(-Math.floor(seconds / 86_400), "day");
  return new Intl.DateTimeFormat(locale.value, { dateStyle: "medium" }).format(new Date(iso));
}

export function percent(share: number): string {
  return new Intl.NumberFormat(locale.value, { style: "percent", maximumFractionDigits: 0 }).format(share);
}

export function decimal(value: number): string {
  return new Intl.NumberFormat(locale.value, {
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
  }).format(value);
}

/** "order_number" and "action_tell_order_status" as words, for names the interface does not know. */
export function humanize(name: string): string {
  const words = name
    .replace(/^(action|utter)_/, "")
    .replace(/[_-]+/g, " ")
    .trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Tickets have a number or a text like "FL-1042", which needs no sign before it. */
export function numberText(number: number | string): string {
  return /^\d+$/.test(String(number)) ? `#${number}` : String(number);
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const first = words[0]?.charAt(0) ?? "?";
  const last = words.length > 1 ? (words[words.length - 1]?.charAt(0) ?? "") : "";
  return (first + last).toUpperCase();
}
