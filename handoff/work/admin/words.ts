/** What presence and the ways of giving out work are called. */
import type { Tone } from "@staff/controls";
import { t } from "@staff/i18n";
import type { BoardTicket, Mode, Presence } from "./types";

export const PRESENCES: readonly Presence[] = ["online", "away", "offline"];
export const MODES: readonly Mode[] = ["off", "round_robin", "least_loaded"];

export function presenceName(presence: Presence): string {
  return { online: t("Online"), away: t("Away"), offline: t("Offline") }[presence];
}

export function modeName(mode: Mode): string {
  return {
    off: t("Agents take them"),
    round_robin: t("To everybody in turn"),
    least_loaded: t("To who has the fewest"),
  }[mode];
}

export function whyName(why: BoardTicket["why"][number]): string {
  return {
    breached: t("Overdue"),
    at_risk: t("Due soon"),
    left: t("Agent is gone"),
    not_accepted: t("Not accepted"),
  }[why];
}

export function whyTone(why: BoardTicket["why"][number]): Tone {
  return why === "at_risk" ? "warning" : "danger";
}
