/** What the server says of proposed articles. */
export type ProposalState = "proposed" | "sent_back" | "accepted" | "withdrawn";

export interface Proposal {
  id: string;
  ticket: { id: string; number: string };
  author: { id: string; name: string };
  question: string;
  answer: string;
  locale: string;
  state: ProposalState;
  reason: string | null;
  article_id: string | null;
  article_key: string | null;
  live: boolean;
  version: number;
  updated_at: string;
  tickets_avoided: number;
}
