/** The list that opens in the composer when one types `/`. The keys stay in the text field. */
import { Badge } from "@staff/controls";
import { numberText } from "@staff/format";
import { t } from "@staff/i18n";
import { languageName } from "@staff/labels";
import { me } from "@staff/session";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import {
  type CannedReply,
  cannedReplies,
  filled,
  loadCanned,
  matching,
  typedShortcut,
  wordingFor,
} from "./canned";
import { openReplies } from "./replies-dialog";
import { ticket } from "./store";

export interface Picker {
  /** True when the key was the list's. */
  onKey(event: JSX.TargetedKeyboardEvent<HTMLTextAreaElement>): boolean;
  /** What the text field needs to know of the list. */
  attributes: Record<string, string | boolean | undefined>;
  view: JSX.Element | null;
}

function values(): Record<string, string> {
  const shown = ticket.value;
  return {
    customer: shown?.contact_name ?? "",
    agent: me.value?.name ?? "",
    number: shown ? numberText(shown.number) : "",
    subject: shown?.subject ?? "",
    queue: shown?.queue.name ?? "",
    level: shown?.level ?? "",
  };
}

export function usePicker(text: string, cursor: number, put: (text: string, cursor: number) => void): Picker {
  const [active, setActive] = useState(0);
  const [closedAt, setClosedAt] = useState<number | null>(null);
  const typed = typedShortcut(text, cursor);
  useEffect(() => {
    if (typed && cannedReplies.value === null) loadCanned().catch(() => undefined);
  }, [typed === null]);
  useEffect(() => setActive(0), [typed?.query]);
  useEffect(() => {
    if (!typed) setClosedAt(null);
  }, [typed === null]);
  const locale = ticket.value?.locale ?? "en";
  const found =
    typed && closedAt !== typed.start && cannedReplies.value
      ? matching(cannedReplies.value, typed.query)
      : [];
  const at = Math.min(active, found.length - 1);

  const choose = (reply: CannedReply) => {
    if (!typed) return;
    const words = filled(wordingFor(reply, locale).text, values());
    put(text.slice(0, typed.start) + words + text.slice(cursor), typed.start + words.length);
  };

  return {
    onKey(event) {
      const chosen = found[at];
      if (!chosen || !typed) return false;
      if (event.key === "ArrowDown") setActive((at + 1) % found.length);
      else if (event.key === "ArrowUp") setActive((at - 1 + found.length) % found.length);
      else if (event.key === "Enter" || event.key === "Tab") choose(chosen);
      else if (event.key === "Escape") setClosedAt(typed.start);
      else return false;
      event.preventDefault();
      event.stopPropagation();
      return true;
    },
    attributes: found.length
      ? {
          "aria-autocomplete": "list",
          "aria-controls": "canned-list",
          "aria-activedescendant": `canned-${found[at]?.id}`,
        }
      : {},
    view: found.length ? (
      <div class="canned">
        <div id="canned-list" role="listbox" aria-label={t("Canned replies")}>
          {found.map((reply, index) => {
            const { text: words, fallback } = wordingFor(reply, locale);
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the text field's
              // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the text field
              <div
                key={reply.id}
                id={`canned-${reply.id}`}
                role="option"
                aria-selected={index === at}
                class="canned-item"
                onPointerDown={(event) => event.preventDefault()}
                onClick={() => choose(reply)}
              >
                <span class="canned-head">
                  <kbd>/{reply.shortcut}</kbd> <strong>{reply.title}</strong>
                  {fallback && (
                    <Badge tone="warning">
                      {t("Only in {language}", { language: languageName(fallback) })}
                    </Badge>
                  )}
                </span>
                <span class="canned-text">{filled(words, values())}</span>
              </div>
            );
          })}
        </div>
        <button
          type="button"
          class="link-button"
          onPointerDown={(event) => event.preventDefault()}
          onClick={openReplies}
        >
          {t("Edit replies…")}
        </button>
      </div>
    ) : null,
  };
}
