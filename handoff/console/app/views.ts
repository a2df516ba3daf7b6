/** Which tickets are listed: a view or a queue from the address, narrowed by filters, as a query of the API. */
import type { TicketState, TicketSummary } from "@staff/types";

export const VIEWS = ["queue", "mine", "open", "waiting", "watching", "resolved"] as const;
export type View = (typeof VIEWS)[number];

export interface Filters {
  view: View;
  queue: string;
  level: string;
  state: string;
  assignee: string;
  /** A word that stands on the ticket. */
  tag: string;
  q: string;
  /** "due": what runs out first; else by priority and longest in line. */
  sort: string;
}

/** What each view asks for; `queue` is what waits for somebody to take it. */
const SCOPES: Record<View, { state: string; assignee: string }> = {
  queue: { state: "queued", assignee: "" },
  mine: { state: "open", assignee: "me" },
  open: { state: "open", assignee: "" },
  waiting: { state: "open", assignee: "" },
  watching: { state: "open", assignee: "" },
  resolved: { state: "resolved", assignee: "" },
};

const WAITING: readonly TicketState[] = ["waiting_customer", "waiting_third_party", "snoozed"];

export function isView(name: string | undefined): name is View {
  return VIEWS.some((view) => view === name);
}

export function readFilters(query: Record<string, string>): Filters {
  return {
    view: isView(query.view) ? query.view : query.queue ? "open" : "queue",
    queue: query.queue ?? "",
    level: query.level ?? "",
    state: query.state ?? "",
    assignee: query.assignee ?? "",
    tag: query.tag ?? "",
    q: query.q ?? "",
    sort: query.sort === "due" ? "due" : "",
  };
}

/** The address's query for these filters, without what is the default anyway. */
export function writeFilters(filters: Filters): Record<string, string> {
  const query: Record<string, string> = {};
  const usual = filters.queue ? "open" : "queue";
  if (filters.view !== usual) query.view = filters.view;
  for (const name of ["queue", "level", "state", "assignee", "tag", "q", "sort"] as const) {
    if (filters[name]) query[name] = filters[name];
  }
  return query;
}

export function toApiQuery(filters: Filters, limit: number): Record<string, string | number> {
  const scope = SCOPES[filters.view];
  const query: Record<string, string | number> = {
    state: filters.state || scope.state,
    assignee: filters.assignee || scope.assignee,
    queue: filters.queue,
    level: filters.level,
    q: filters.q,
    limit,
  };
  if (filters.sort) query.sort = filters.sort;
  if (filters.tag) query.tag = filters.tag;
  if (filters.view === "watching") query.watching = "true";
  return query;
}

/** What a view leaves out of an answer that the API can't narrow in one question. */
export function belongs(ticket: TicketSummary, filters: Filters): boolean {
  return filters.view !== "waiting" || filters.state !== "" || WAITING.includes(ticket.state);
}

export function filterCount(filters: Filters): number {
  return [filters.level, filters.state, filters.assignee, filters.tag].filter(Boolean).length;
}
