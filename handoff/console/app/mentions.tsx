/** Being named in a note: the list with what is unread, and names completed while one writes. */
import { effect, signal } from "@preact/signals";
import { api } from "@staff/api";
import { Badge, Button, Icon } from "@staff/controls";
import { Dialog } from "@staff/dialog";
import { dateTime, numberText } from "@staff/format";
import { t } from "@staff/i18n";
import { AtSign, CheckCheck } from "@staff/icons";
import { eventText } from "@staff/labels";
import { coalesce } from "@staff/live";
import { navigate } from "@staff/router";
import { me } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { toast, toastError } from "@staff/toast";
import type { Agent } from "@staff/types";
import { useEffect, useState } from "preact/hooks";
import { levelRank } from "./rules";
import { playSignal } from "./sound";
import { agents, onHint, ticket, ticketHref } from "./store";

interface Mention {
  id: string;
  ticket_id: string;
  number: string;
  subject: string;
  by: string | null;
  text: string;
  at: string;
  read: boolean;
}

const MOST_OFFERED = 6;
const QUIET_MS = 3_000;
const toldAt = new Map<string, number>();
const mentions = signal<Mention[] | null>(null);
const mentionsError = signal<unknown>(null);
export const unreadMentions = signal(0);
export const mentionsOpen = signal(false);

async function readMentions(): Promise<void> {
  try {
    const found = await api.get<{ items: Mention[]; unread?: number }>("/mentions");
    mentions.value = found.items;
    unreadMentions.value = found.unread ?? 0;
    mentionsError.value = null;
  } catch (error) {
    mentionsError.value = error; // said in the dialog; opening it reads again
  }
}

export const refreshMentions = coalesce(readMentions);

/** Follows the hints that are for this person alone; called once. What is read on a ticket counts as read. */
export function startMentions(): void {
  onHint((kind, data) => {
    if (kind === "resync") refreshMentions();
    if (kind === "mention" || kind === "watched") tellPerson(kind, data);
  });
  effect(() => {
    const id = ticket.value?.id;
    if (id && mentions.value?.some((one) => one.ticket_id === id && !one.read)) void markRead(id);
  });
  refreshMentions();
}

function tellPerson(kind: string, data: Record<string, unknown>): void {
  const number = numberText(String(data.number ?? ""));
  if (kind === "mention") {
    refreshMentions();
    toast(t("{name} named you in a note of {number}.", { name: String(data.by ?? ""), number }), "neutral");
    playSignal();
    return;
  }
  const id = String(data.ticket_id);
  if (Date.now() - (toldAt.get(id) ?? 0) < QUIET_MS) return; // several changes at once are told as one
  toldAt.set(id, Date.now());
  const what = eventText(String(data.kind ?? ""));
  toast(t("{number}, which you watch: {what}", { number, what }), "neutral");
}

async function markRead(ticketId?: string): Promise<void> {
  try {
    await api.post("/mentions/read", ticketId ? { ticket_id: ticketId } : {});
  } catch (error) {
    toastError(error);
  }
  refreshMentions();
}

export function MentionsButton() {
  return (
    <li>
      <button
        type="button"
        class="nav-link nav-button"
        onClick={() => {
          mentionsOpen.value = true;
        }}
      >
        <Icon of={AtSign} size={18} />
        <span class="nav-name">{t("Mentions")}</span>
        {unreadMentions.value > 0 && (
          <span class="count">
            <span class="visually-hidden">{t("Unread:")} </span>
            {unreadMentions.value}
          </span>
        )}
      </button>
    </li>
  );
}

export function MentionsDialog() {
  useEffect(() => refreshMentions(), []);
  const found = mentions.value;
  const close = () => {
    mentionsOpen.value = false;
  };
  return (
    <Dialog
      title={t("Mentions")}
      onClose={close}
      wide
      footer={
        <>
          {unreadMentions.value > 0 && (
            <Button icon={CheckCheck} onClick={() => void markRead()}>
              {t("Mark all as read")}
            </Button>
          )}
          <Button variant="primary" onClick={close}>
            {t("Close")}
          </Button>
        </>
      }
    >
      {!found && mentionsError.value !== null && (
        <LoadError error={mentionsError.value} retry={refreshMentions} />
      )}
      {!found && mentionsError.value === null && <Skeleton rows={3} />}
      {found?.length === 0 && (
        <Empty
          icon={AtSign}
          title={t("Nobody has named you yet.")}
          text={t("When a colleague writes @ and your name in a note, it stands here.")}
        />
      )}
      {!!found?.length && (
        <ul class="mentions">
          {found.map((one) => (
            <li key={one.id} class={one.read ? "mention-item" : "mention-item mention-unread"}>
              <p>
                <a
                  href={ticketHref(one.ticket_id)}
                  onClick={(event) => {
                    event.preventDefault();
                    close();
                    navigate(ticketHref(one.ticket_id));
                  }}
                >
                  {numberText(one.number)} {one.subject}
                </a>
                {!one.read && <Badge tone="accent">{t("Unread")}</Badge>}
              </p>
              <p class="mention-text">{one.text}</p>
              <p class="mention-meta">
                {one.by && `${one.by} · `}
                <time dateTime={one.at}>{dateTime(one.at)}</time>
              </p>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}

/* ---- completing a name while one writes ------------------------------------------------------ */

function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** The name that is being typed behind the last @ before the caret; null: none is. */
export function nameBefore(text: string, caret: number): string | null {
  const found = /(?:^|[\s(])@([\p{L}\p{M}'.-]*(?: [\p{L}\p{M}'.-]*)?)$/u.exec(text.slice(0, caret));
  return found ? (found[1] ?? "") : null;
}

/** The text and the caret with the name in place of what was typed of it. */
export function withName(text: string, caret: number, name: string): { text: string; caret: number } {
  const typed = nameBefore(text, caret) ?? "";
  const before = `${text.slice(0, caret - typed.length)}${name} `;
  return { text: before + text.slice(caret).replace(/^ /, ""), caret: before.length };
}

/** Colleagues whose name or one of its words begins with what is typed. */
export function fitting(typed: string, people: readonly Agent[], ownId: string | undefined): Agent[] {
  const wanted = plain(typed);
  return people
    .filter((one) => one.id !== ownId)
    .filter((one) => {
      const name = plain(one.name);
      return name.startsWith(wanted) || name.split(" ").some((word) => word.startsWith(wanted));
    })
    .slice(0, MOST_OFFERED);
}

export interface Completion {
  /** Ids and state for the text field. */
  field: Record<string, string | undefined>;
  /** Takes a key; true when it was for the list. */
  onKey: (event: KeyboardEvent) => boolean;
  /** After every change of text or caret. */
  look: (text: string, caret: number) => void;
  list: preact.JSX.Element | null;
}

const LIST_ID = "mention-list";

export function useNames(active: boolean, put: (text: string, caret: number) => void): Completion {
  const [at, setAt] = useState<{ text: string; caret: number } | null>(null);
  const [chosen, setChosen] = useState(0);
  const typed = active && at ? nameBefore(at.text, at.caret) : null;
  const offered = typed === null ? [] : fitting(typed, agents.value, me.value?.id);
  const open = offered.length > 0;
  const index = Math.min(chosen, offered.length - 1);
  const take = (person: Agent | undefined) => {
    if (!at || !person) return;
    const next = withName(at.text, at.caret, person.name);
    setAt(null);
    put(next.text, next.caret);
  };
  const field = open
    ? {
        "aria-autocomplete": "list",
        "aria-controls": LIST_ID,
        "aria-activedescendant": `${LIST_ID}-${index}`,
      }
    : {};
  return {
    field,
    look: (text, caret) => {
      setAt({ text, caret });
      setChosen(0);
    },
    onKey: (event) => {
      if (!open) return false;
      if (event.key === "ArrowDown") setChosen((index + 1) % offered.length);
      else if (event.key === "ArrowUp") setChosen((index + offered.length - 1) % offered.length);
      else if (event.key === "Enter" || event.key === "Tab") take(offered[index]);
      else if (event.key === "Escape") setAt(null);
      else return false;
      event.preventDefault();
      event.stopPropagation();
      return true;
    },
    list: open ? (
      <div id={LIST_ID} class="mention-list" role="listbox" aria-label={t("Colleagues")}>
        {offered.map((person, place) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the text field keeps the focus and takes the keys
          // biome-ignore lint/a11y/useFocusableInteractive: the text field points at the chosen one
          <div
            key={person.id}
            id={`${LIST_ID}-${place}`}
            role="option"
            aria-selected={place === index}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => take(person)}
          >
            <span>{person.name}</span>
            <span class="mention-hint">
              {[person.level, seesTicket(person) ? null : t("gets to see this ticket")]
                .filter(Boolean)
                .join(" · ")}
            </span>
          </div>
        ))}
      </div>
    ) : null,
  };
}

function seesTicket(person: Agent): boolean {
  const shown = ticket.value;
  if (!shown || person.role !== "agent") return true;
  return levelRank(person.level) >= levelRank(shown.level) || shown.assignee?.id === person.id;
}
