/** Canned replies as the composer uses them: found while one types, filled in, in the customer's language. */
import { signal } from "@preact/signals";
import { api } from "@staff/api";

export interface CannedReply {
  id: string;
  shortcut: string;
  title: string;
  texts: Record<string, string>;
  shared: boolean;
  editable: boolean;
  version: number;
}

export const cannedReplies = signal<readonly CannedReply[] | null>(null);
export const cannedVariables = signal<readonly string[]>([]);

export async function loadCanned(): Promise<void> {
  const page = await api.get<{ items: CannedReply[]; variables: string[] }>("/replies");
  cannedVariables.value = page.variables;
  cannedReplies.value = page.items;
}

const SHOWN = 8;
const FALLBACK = ["en", "pt-BR", "es"];

/** What is typed of a shortcut right before the cursor; null when nothing is. */
export function typedShortcut(text: string, at: number): { query: string; start: number } | null {
  const found = /(^|\s)\/([^\s/]{0,30})$/.exec(text.slice(0, at));
  if (!found) return null;
  const query = found[2] ?? "";
  return { query, start: at - query.length - 1 };
}

export function fold(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** What begins with it first, then what has it in the title, then in a text. */
export function matching(replies: readonly CannedReply[], query: string): CannedReply[] {
  const wanted = fold(query);
  const rank = (reply: CannedReply): number => {
    if (reply.shortcut.startsWith(wanted)) return 0;
    if (fold(reply.title).includes(wanted)) return 1;
    return Object.values(reply.texts).some((text) => fold(text).includes(wanted)) ? 2 : 3;
  };
  return replies
    .map((reply) => ({ reply, at: rank(reply) }))
    .filter((one) => one.at < 3)
    .sort((left, right) => left.at - right.at || left.reply.shortcut.localeCompare(right.reply.shortcut))
    .slice(0, SHOWN)
    .map((one) => one.reply);
}

/** The text in the customer's language, else in another one, which is named. */
export function wordingFor(reply: CannedReply, locale: string): { text: string; fallback: string | null } {
  const own = reply.texts[locale];
  if (own) return { text: own, fallback: null };
  const other = FALLBACK.find((one) => reply.texts[one]) ?? Object.keys(reply.texts)[0] ?? "";
  return { text: reply.texts[other] ?? "", fallback: other };
}

/** Variables that have no value leave nothing behind, and no double blank either. */
export function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text
    .replace(/ ?\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name];
      if (value === undefined) return whole;
      return value ? (whole.startsWith(" ") ? ` ${value}` : value) : "";
    })
    .replace(/[^\S\n]{2,}/g, " ");
}
