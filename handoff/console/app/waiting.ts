/** How long somebody has been waiting, and when that becomes too long. */
import type { Tone } from "@staff/controls";
import type { Priority, TicketSummary } from "@staff/types";
import { isOpenState } from "./rules";

/** Minutes after which a wait is a warning, and after which it is a problem. */
const PATIENCE: Record<Priority, readonly [number, number]> = {
  urgent: [2, 5],
  high: [5, 15],
  normal: [15, 30],
  low: [60, 120],
};

export function waitTone(priority: Priority, seconds: number): Tone {
  const [warning, danger] = PATIENCE[priority] ?? PATIENCE.normal;
  if (seconds >= danger * 60) return "danger";
  return seconds >= warning * 60 ? "warning" : "neutral";
}

/**
 * Seconds the customer has waited for a person's words at `now`: the server's own count, carried on from the
 * moment it was read, so that a wrong clock in this computer does no harm. Nobody waits: null.
 */
export function waited(ticket: TicketSummary, readAt: number, now: number): number | null {
  if (!isOpenState(ticket.state) || (ticket.waiting_seconds <= 0 && ticket.state !== "queued")) return null;
  return ticket.waiting_seconds + Math.max(0, now - readAt) / 1000;
}

/** When to wake a snoozed ticket. */
export type SnoozeChoice = "hour" | "afternoon" | "tomorrow" | "monday";

export function snoozeUntil(choice: SnoozeChoice, now: Date): Date {
  const until = new Date(now);
  until.setSeconds(0, 0);
  switch (choice) {
    case "hour":
      until.setHours(until.getHours() + 1);
      return until;
    case "afternoon":
      until.setHours(until.getHours() + 4);
      return until;
    case "tomorrow":
      until.setDate(until.getDate() + 1);
      break;
    case "monday":
      until.setDate(until.getDate() + ((8 - until.getDay()) % 7 || 7));
      break;
  }
  until.setHours(9, 0);
  return until;
}

/** A date as an `<input type="datetime-local">` takes it: local time, to the minute. */
export function toLocalInput(when: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
  return `${day}T${two(when.getHours())}:${two(when.getMinutes())}`;
}
