/**
 * Where agents write: a reply to the customer or a note for colleagues. Closed, with the reason and the way to
 * open it, until the ticket is the agent's own. What was typed is kept per ticket.
 */
import { api } from "@staff/api";
import { Button, Icon, Tabs } from "@staff/controls";
import { n, t } from "@staff/i18n";
import { Hand, MessageSquare, RotateCcw, Send, StickyNote, User } from "@staff/icons";
import { may } from "@staff/session";
import { announce, toastError } from "@staff/toast";
import type { TicketEvent } from "@staff/types";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { canAct, openDialog } from "./actions";
import { usePicker } from "./canned-picker";
import { doneWriting, tellWriting } from "./company";
import { composerMode, insertions, takeSource } from "./draft-insert";
import { loadDraft, type Mode, saveDraft } from "./drafts";
import { useNames } from "./mentions";
import { BlockedNotice } from "./reach";
import { claim, isMine, refreshTicket, sendReply, ticket } from "./store";

const TYPING_EVERY_MS = 4_000;
const LONGEST: Record<Mode, number> = { reply: 4_000, note: 10_000 };

export function Composer() {
  const shown = ticket.value;
  const mode = composerMode.value;
  if (!shown || !may("tickets.work")) {
    return <p class="composer-closed">{t("You can read this conversation, not answer it.")}</p>;
  }
  return (
    <section class={`composer composer-${mode}`} aria-label={t("Write")}>
      <Tabs
        label={t("Kind of message")}
        controls="composer-panel"
        active={mode}
        onChange={(name) => {
          composerMode.value = name;
        }}
        tabs={[
          { name: "reply", label: t("Reply"), icon: MessageSquare },
          { name: "note", label: t("Internal note"), icon: StickyNote },
        ]}
      />
      <div
        id="composer-panel"
        role="tabpanel"
        aria-label={mode === "reply" ? t("Reply") : t("Internal note")}
      >
        {(mode === "note" && canAct("note")) || isMine.value ? (
          <Writer key={`${shown.id}/${mode}/${insertions.value}`} ticketId={shown.id} mode={mode} />
        ) : (
          <Closed />
        )}
      </div>
    </section>
  );
}

/** Why nothing can be written, and what to do about it. */
function Closed() {
  const shown = ticket.value;
  const [busy, setBusy] = useState(false);
  if (!shown) return null;
  if (canAct("claim")) {
    return (
      <div class="composer-gate">
        <Button
          variant="primary"
          size="large"
          icon={Hand}
          busy={busy}
          onClick={async () => {
            setBusy(true);
            await claim();
            setBusy(false);
            document.getElementById("composer-text")?.focus();
          }}
        >
          {t("Claim to reply")}
        </Button>
        <p>{t("The bot stays silent and colleagues see that you have it.")}</p>
      </div>
    );
  }
  if (shown.state === "resolved" || shown.state === "closed") {
    return (
      <div class="composer-gate">
        <p>
          {shown.state === "closed"
            ? t("This ticket is closed. A new message of the customer opens a new one.")
            : t("This ticket is resolved. Reopen it to write to the customer.")}
        </p>
        {canAct("reopen") && (
          <Button icon={RotateCcw} onClick={() => openDialog("reopen")}>
            {t("Reopen")}
          </Button>
        )}
      </div>
    );
  }
  return (
    <div class="composer-gate">
      <p>
        <Icon of={User} />{" "}
        {shown.assignee
          ? t("{name} has this ticket. You can leave an internal note.", { name: shown.assignee.name })
          : t("This ticket is not yours. You can leave an internal note.")}
      </p>
    </div>
  );
}

function Writer({ ticketId, mode }: { ticketId: string; mode: Mode }) {
  const [text, setText] = useState(() => loadDraft(ticketId, mode));
  const [busy, setBusy] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const typingSent = useRef(0);
  const conversation = ticket.value?.conversation_id;
  const [cursor, setCursor] = useState(text.length);
  const picker = usePicker(mode === "reply" ? text : "", cursor, (words, at) => {
    setText(words);
    setCursor(at);
    requestAnimationFrame(() => area.current?.setSelectionRange(at, at));
  });

  useEffect(() => saveDraft(ticketId, mode, text), [text]);
  useLayoutEffect(() => {
    const field = area.current;
    if (!field) return;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 2}px`;
  }, [text]);

  const names = useNames(mode === "note", (next, caret) => {
    setText(next);
    requestAnimationFrame(() => {
      area.current?.focus();
      area.current?.setSelectionRange(caret, caret);
    });
  });

  const tellTyping = () => {
    if (mode !== "reply" || !conversation || Date.now() - typingSent.current < TYPING_EVERY_MS) return;
    typingSent.current = Date.now();
    tellWriting(ticketId);
    api.post(`/conversations/${conversation}/typing`).catch(() => undefined);
  };

  const send = async () => {
    const written = text.trim();
    if (!written || busy) return;
    if (mode === "reply") {
      sendReply(ticketId, written, takeSource(ticketId));
      setText("");
      // Whoever writes on begins anew: that is told at once.
      typingSent.current = 0;
      doneWriting();
      area.current?.focus();
      return;
    }
    setBusy(true);
    try {
      await api.post<TicketEvent>(`/tickets/${ticketId}/note`, { text: written });
      setText("");
      announce(t("Note saved."));
      refreshTicket();
    } catch (error) {
      toastError(error);
    } finally {
      setBusy(false);
      area.current?.focus();
    }
  };

  const left = LONGEST[mode] - text.length;
  return (
    <div class="writer">
      {mode === "reply" && <BlockedNotice />}
      {picker.view}
      {names.list}
      <textarea
        {...names.field}
        {...picker.attributes}
        id="composer-text"
        ref={area}
        class="input"
        rows={2}
        maxLength={LONGEST[mode]}
        value={text}
        aria-label={mode === "reply" ? t("Reply to the customer") : t("Note for colleagues")}
        placeholder={
          mode === "reply" ? t("Write to the customer…") : t("Only colleagues see this. @ names one of them…")
        }
        onInput={(event) => {
          setText(event.currentTarget.value);
          setCursor(event.currentTarget.selectionStart);
          names.look(event.currentTarget.value, event.currentTarget.selectionStart);
          tellTyping();
        }}
        onSelect={(event) => setCursor(event.currentTarget.selectionStart)}
        onKeyDown={(event) => {
          if (names.onKey(event) || picker.onKey(event)) return;
          if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
            event.preventDefault();
            void send();
          } else if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <div class="writer-foot">
        <p class="field-hint">
          {left < 400
            ? n("{count} character left", "{count} characters left", left)
            : t("Enter sends, Shift+Enter makes a new line")}
        </p>
        <Button
          variant="primary"
          icon={mode === "reply" ? Send : StickyNote}
          busy={busy}
          disabled={!text.trim()}
          onClick={() => void send()}
        >
          {mode === "reply" ? t("Send") : t("Save note")}
        </Button>
      </div>
    </div>
  );
}
