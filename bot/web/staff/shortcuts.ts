/** Single-key shortcuts. They rest while somebody types, while a dialog is open, and when switched off. */
import { shortcutsOn } from "./preferences";

export type Shortcuts = Record<string, () => void>;

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

export function startShortcuts(shortcuts: () => Shortcuts): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (shortcutsOn.value !== "on" || event.defaultPrevented || event.repeat) return;
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open], [role=menu]")) return;
    const act = shortcuts()[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  addEventListener("keydown", onKey);
  return () => removeEventListener("keydown", onKey);
}
