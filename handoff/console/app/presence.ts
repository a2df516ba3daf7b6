/**
 * Whether the person is at work. The open page says so every now and then: whenever the server's stream brings
 * something (at least every 20 seconds, also in a tab in the background, where timers sleep) and when it reads anew.
 */
import { signal } from "@preact/signals";
import { api } from "@staff/api";
import { numberText } from "@staff/format";
import { t } from "@staff/i18n";
import { coalesce } from "@staff/live";
import { may, me } from "@staff/session";
import { announce, toast, toastError } from "@staff/toast";
import type { Mine, Offer, Presence } from "../../work/admin/types";
import { playSignal } from "./sound";
import { onHint } from "./store";

const BEAT_MS = 12_000;

export const mine = signal<Mine | null>(null);
/** When it was read, in this computer's time. */
export const mineReadAt = signal(0);

let lastBeat = 0;
let used = true;
let known = new Set<string>();

function take(found: Mine): void {
  const fresh = found.offers.filter((offer) => !known.has(offer.ticket_id));
  known = new Set(found.offers.map((offer) => offer.ticket_id));
  mine.value = found;
  mineReadAt.value = Date.now();
  const [first] = fresh;
  if (!first) return;
  playSignal();
  announce(t("{number} was assigned to you: {subject}", offerWords(first)));
}

export function offerWords(offer: Offer): { number: string; subject: string } {
  return { number: numberText(offer.number), subject: offer.subject || t("No subject") };
}

/** Tells the server that the page is open, at most every twelve seconds; `now`: whatever was said before. */
export function beat(now = false): void {
  if (!may("tickets.work") || (!now && Date.now() - lastBeat < BEAT_MS)) return;
  lastBeat = Date.now();
  const active = used;
  used = false;
  api.post<Mine>("/presence/beat", { active }).then(take, () => {
    used ||= active; // the next one says it; the connection bar tells of the rest
  });
}

/** Something was given or taken: read the own offers again. */
export const refreshMine = coalesce(async () => {
  if (!may("tickets.work")) return;
  try {
    take(await api.get<Mine>("/presence"));
  } catch {
    // the next beat brings them
  }
});

export async function setPresence(presence: Presence): Promise<void> {
  try {
    take(await api.put<Mine>("/presence", { presence }));
  } catch (error) {
    toastError(error);
  }
}

export function startPresence(): void {
  if (!may("tickets.work")) return;
  const note = () => {
    used = true;
  };
  for (const kind of ["pointerdown", "keydown", "wheel"]) addEventListener(kind, note, { passive: true });
  onHint((kind, data) => {
    const assigned = kind === "ticket" && data.change === "assigned";
    const concerns = mine.value?.offers.some((offer) => offer.ticket_id === data.ticket_id) ?? false;
    if (assigned || concerns || (kind === "presence" && data.staff_id === me.value?.id)) refreshMine();
    if (data.change === "left" && may("tickets.supervise")) {
      toast(t("{number}: its agent is gone.", { number: numberText(String(data.number ?? "")) }), "warning");
    }
    beat();
  });
  beat(true);
}
