/** What the levels are called here, which have people, and who may escalate where; as shipped until the desk said so. */
import { signal } from "@preact/signals";

export interface DeskLevel {
  key: string;
  name: string;
  staffed: boolean;
  escalates_to: string[];
}

const KEYS = ["N1", "N2", "N3", "N4"];

export const levels = signal<readonly DeskLevel[]>(
  KEYS.map((key, index) => ({ key, name: key, staffed: index > 0, escalates_to: KEYS.slice(index + 1) })),
);

/** "N2", or "N2 · Specialists" where the level has a name. */
export function levelLabel(key: string): string {
  const name = levels.value.find((level) => level.key === key)?.name ?? key;
  return name === key ? key : `${key} · ${name}`;
}
