/** What was typed and not sent yet, kept per ticket in this browser. */

export type Mode = "reply" | "note";

const PREFIX = "frontline.draft.";

function key(ticketId: string, mode: Mode): string {
  return `${PREFIX}${ticketId}.${mode}`;
}

export function loadDraft(ticketId: string, mode: Mode): string {
  try {
    return localStorage.getItem(key(ticketId, mode)) ?? "";
  } catch {
    return "";
  }
}

export function saveDraft(ticketId: string, mode: Mode, text: string): void {
  try {
    if (text.trim()) localStorage.setItem(key(ticketId, mode), text);
    else localStorage.removeItem(key(ticketId, mode));
  } catch {
    // storage is full or forbidden: the text stays in the field as long as the page does
  }
}
