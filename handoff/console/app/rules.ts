/** Which acts to offer on a ticket. The server decides; this only keeps buttons away that it would refuse. */
import { levels } from "@staff/levels";
import type { Me, TicketState, TicketSummary } from "@staff/types";

export type Act =
  | "claim"
  | "reply"
  | "pass"
  | "return"
  | "give-back"
  | "resolve"
  | "reopen"
  | "wait"
  | "priority"
  | "note"
  | "file";

const LEVELS = ["N1", "N2", "N3", "N4"];
const WITH_AGENT: readonly TicketState[] = ["claimed", "waiting_customer", "waiting_third_party", "snoozed"];

/** Staff without a level count as N2, the first level of people. */
export function levelRank(level: string | null): number {
  const rank = LEVELS.indexOf(level ?? "N2");
  return rank === -1 ? 1 : rank;
}

export function isOpenState(state: TicketState): boolean {
  return state === "queued" || WITH_AGENT.includes(state);
}

/** The level nearest to the customer that people work at; nothing can be returned below it. */
function firstOfPeople(): number {
  return levelRank(levels.value.find((level) => level.staffed)?.key ?? null);
}

type Seen = Pick<TicketSummary, "state" | "level" | "assignee">;

export function mayAct(act: Act, ticket: Seen, me: Pick<Me, "id" | "level" | "permissions">): boolean {
  if (!me.permissions.includes("tickets.work")) return false;
  const supervises = me.permissions.includes("tickets.supervise");
  const mine = ticket.assignee?.id === me.id;
  const takesLevel = supervises || levelRank(ticket.level) <= levelRank(me.level);
  const handles = ticket.assignee ? mine || supervises : takesLevel;
  switch (act) {
    case "claim":
      return ticket.state === "queued" && (ticket.assignee ? mine : takesLevel);
    case "give-back":
      return (mine || (supervises && ticket.assignee !== null)) && WITH_AGENT.includes(ticket.state);
    case "reply":
      return mine && WITH_AGENT.includes(ticket.state);
    case "wait":
      return (mine || supervises) && WITH_AGENT.includes(ticket.state);
    case "pass":
    case "priority":
    case "resolve":
      return isOpenState(ticket.state) && handles;
    case "return":
      return isOpenState(ticket.state) && handles && levelRank(ticket.level) > firstOfPeople();
    case "reopen":
      return ticket.state === "resolved";
    case "note":
      return ticket.state !== "closed";
    case "file":
      return ticket.state !== "closed" && handles;
  }
}
