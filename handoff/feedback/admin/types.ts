export interface Rating {
  id: string;
  part: "bot" | "human";
  score: number;
  comment: string | null;
  answered_at: string;
  channel: string;
  locale: string;
  conversation_id: string;
  ticket_id: string | null;
  number: string | null;
  agent: string | null;
  queue: string | null;
  level: string | null;
  article: string | null;
  bad: boolean;
  seen_at: string | null;
  seen_by: string | null;
}

export interface RatingPage {
  items: Rating[];
  unseen: number;
  next_cursor: string | null;
}

export interface FeedbackSettings {
  bot: boolean;
  human: boolean;
  delay_minutes: number;
  bot_every_days: number;
  human_every_days: number;
  automatic: boolean;
  comment: boolean;
  not_for: string[];
  version: number;
}

export interface FeedbackLine {
  by: "part" | "level" | "queue" | "agent" | "article";
  part: "bot" | "human";
  key: string;
  asked: number;
  answers: number;
  response_percent: number | null;
  score_percent: number | null;
  mean: number | null;
  bad: number;
}

export interface FeedbackFigures {
  from: string;
  to: string;
  formula: string;
  human: FeedbackLine;
  bot: FeedbackLine | null;
  groups: FeedbackLine[];
}
