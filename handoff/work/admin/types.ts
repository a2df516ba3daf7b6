/** The shapes of getting work over the API (`/api/v1/presence`, `/api/v1/assignment`). */
import type { Person, Priority, TicketState } from "@staff/types";

export type Presence = "online" | "away" | "offline";
export type Mode = "off" | "round_robin" | "least_loaded";

export interface QueueName {
  id: string;
  key: string;
  name: string;
}

export interface Offer {
  ticket_id: string;
  number: string;
  subject: string;
  /** Until it goes to somebody else, by the server's own time. */
  seconds: number;
}

export interface Mine {
  presence: Presence;
  open: number;
  capacity: number;
  offers: Offer[];
}

export interface DeskPerson extends Person {
  role: string;
  level: string | null;
  presence: Presence;
  open: number;
  paused: number;
  capacity: number;
  skills: string[];
  languages: string[];
  automatic: boolean;
  seen_at: string | null;
  active_at: string | null;
}

export interface QueueSettings {
  queue: QueueName;
  level: string;
  skills: string[];
  languages: string[];
  mode: Mode;
  accept_seconds: number;
  fair_limit: number;
  version: number;
}

export interface BoardQueue {
  queue: QueueName;
  level: string;
  mode: Mode;
  waiting: number;
  oldest_seconds: number | null;
  at_risk: number;
  breached: number;
  worked: number;
  paused: number;
}

export interface BoardTicket {
  id: string;
  number: string;
  subject: string;
  queue: QueueName;
  level: string;
  state: TicketState;
  priority: Priority;
  assignee: Person | null;
  why: ("breached" | "at_risk" | "left" | "not_accepted")[];
  metric: string | null;
  due_seconds: number | null;
  waiting_seconds: number | null;
}

export interface Board {
  at: string;
  queues: BoardQueue[];
  people: DeskPerson[];
  tickets: BoardTicket[];
}
