/** Putting text into the reply that is being written, from other parts of the page. */
import { signal } from "@preact/signals";
import { loadDraft, type Mode, saveDraft } from "./drafts";

export interface Source {
  article_id: string;
  score: number | null;
}

export const composerMode = signal<Mode>("reply");
/** Counts what was put in: the field is drawn anew with it. */
export const insertions = signal(0);
const sources = new Map<string, Source>();

export function insertIntoReply(ticketId: string, text: string, source: Source | null): void {
  const before = loadDraft(ticketId, "reply").trimEnd();
  saveDraft(ticketId, "reply", before ? `${before}\n\n${text}` : text);
  if (source) sources.set(ticketId, source);
  composerMode.value = "reply";
  insertions.value += 1;
  requestAnimationFrame(() => document.getElementById("composer-text")?.focus());
}

/** The article that the reply about to be sent was made of, once. */
export function takeSource(ticketId: string): Source | null {
  const source = sources.get(ticketId) ?? null;
  sources.delete(ticketId);
  return source;
}
