/**
 * Who else has the open ticket before their eyes. Pages tell each other through the server; who says nothing for
 * half a minute is gone.
 */
import { signal } from "@preact/signals";
import { api } from "@staff/api";
import { Icon } from "@staff/controls";
import { now } from "@staff/format";
import { t } from "@staff/i18n";
import { Pencil, Users } from "@staff/icons";
import { me } from "@staff/session";
import type { Person } from "@staff/types";
import { useEffect } from "preact/hooks";

const TELL_MS = 10_000;
const GONE_MS = 30_000;
const WRITING_MS = 6_000;

interface Companion {
  person: Person;
  seenAt: number;
  writingAt: number;
}

const there = signal<readonly Companion[]>([]);
let openTicket: string | null = null;
let toldWriting = 0;

type Doing = "arrived" | "reading" | "writing" | "left";

function tell(ticketId: string, doing: Doing): void {
  api.post<null>(`/tickets/${ticketId}/company`, { doing }).catch(() => undefined);
}

/** A hint about somebody: newcomers are told at once that we are here too. */
export function takeCompany(data: Record<string, unknown>): void {
  const person = data.person as Person | undefined;
  if (!person || person.id === me.value?.id || data.ticket_id !== openTicket) return;
  const before = there.value.find((one) => one.person.id === person.id);
  const others = there.value.filter((one) => one.person.id !== person.id);
  if (data.doing === "left") {
    there.value = others;
    return;
  }
  const at = Date.now();
  const writingAt = data.doing === "writing" ? at : (before?.writingAt ?? 0);
  there.value = [...others, { person, seenAt: at, writingAt }];
  if (data.doing === "arrived" && openTicket) {
    tell(openTicket, at - toldWriting < WRITING_MS ? "writing" : "reading");
  }
}

export function tellWriting(ticketId: string): void {
  if (Date.now() - toldWriting < WRITING_MS / 2) return;
  toldWriting = Date.now();
  tell(ticketId, "writing");
}

export function doneWriting(): void {
  toldWriting = 0;
}

/** Warns that a colleague is on the same ticket; tells colleagues that this page is. */
export function CompanyNotice({ ticketId }: { ticketId: string }) {
  useEffect(() => {
    openTicket = ticketId;
    there.value = [];
    tell(ticketId, "arrived");
    const timer = setInterval(() => {
      if (!document.hidden) tell(ticketId, "reading");
    }, TELL_MS);
    return () => {
      clearInterval(timer);
      openTicket = null;
      tell(ticketId, "left");
    };
  }, [ticketId]);
  const present = there.value.filter((one) => now.value - one.seenAt < GONE_MS);
  const writers = present.filter((one) => now.value - one.writingAt < WRITING_MS);
  if (present.length === 0) return null;
  const names = (people: readonly Companion[]) => people.map((one) => one.person.name).join(", ");
  return (
    <p class={`notice company tone-${writers.length ? "warning" : "neutral"}`} role="status">
      <Icon of={writers.length ? Pencil : Users} size={14} />{" "}
      {writers.length
        ? t("{names} is writing on this ticket right now.", { names: names(writers) })
        : t("{names} has this ticket open too.", { names: names(present) })}
    </p>
  );
}
