/** Search in everything a person may see: what was said, customers, tickets; each result leads to its place. */
import { signal } from "@preact/signals";
import { ApiError, api } from "@staff/api";
import { Badge, Button, Icon, LevelBadge, Tabs } from "@staff/controls";
import { Dialog } from "@staff/dialog";
import { dateTime, numberText } from "@staff/format";
import { t } from "@staff/i18n";
import { MessageSquare, Search, User } from "@staff/icons";
import { stateName } from "@staff/labels";
import { navigate } from "@staff/router";
import { Empty, LoadError, Skeleton } from "@staff/states";
import type { TicketState } from "@staff/types";
import { useEffect, useRef, useState } from "preact/hooks";
import { messageHref } from "./store";

type Kind = "messages" | "contacts" | "tickets";

interface Result {
  ticket_id: string;
  number: string;
  subject: string;
  state: TicketState;
  level: string;
  queue: string;
  contact_name: string | null;
  opened_at: string;
  excerpt: { text: string; hit: boolean }[];
  message: { id: string; seq: number; author: string; author_name: string | null; at: string } | null;
}

interface Page {
  items: Result[];
  next_offset: number | null;
}

const searching = signal(false);

export function openSearch(): void {
  searching.value = true;
}

export function SearchDialog() {
  return searching.value ? <SearchEverything /> : null;
}

function close(): void {
  searching.value = false;
}

function SearchEverything() {
  const [words, setWords] = useState("");
  const [kind, setKind] = useState<Kind>("messages");
  const [found, setFound] = useState<Page | null>(null);
  const [failed, setFailed] = useState<unknown>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  const round = useRef(0);
  const look = (offset: number) => {
    round.current += 1;
    const mine = round.current;
    api.get<Page>("/search", { q: words, kind, offset }).then(
      (page) => {
        if (mine !== round.current) return;
        setFailed(null);
        setFound((before) =>
          offset && before ? { ...page, items: [...before.items, ...page.items] } : page,
        );
      },
      (error) => {
        if (mine !== round.current) return;
        if (error instanceof ApiError && error.code === "nothing_to_find") setFound(null);
        else setFailed(error);
      },
    );
  };
  useEffect(() => {
    setFound(null);
    setFailed(null);
    if (words.length >= 2) look(0);
  }, [words, kind]);
  return (
    <Dialog title={t("Search everything")} wide onClose={close}>
      <search class="search search-all">
        <Icon of={Search} />
        <input
          type="search"
          aria-label={t("Words, a name, an e-mail address, a number")}
          placeholder={t("Words, a name, an e-mail address, a number")}
          maxLength={200}
          data-autofocus
          onInput={(event) => {
            const text = event.currentTarget.value.trim();
            clearTimeout(timer.current);
            timer.current = setTimeout(() => setWords(text), 250);
          }}
        />
      </search>
      <Tabs
        label={t("Where to look")}
        controls="search-results"
        active={kind}
        onChange={setKind}
        tabs={[
          { name: "messages", label: t("Messages"), icon: MessageSquare },
          { name: "contacts", label: t("Customers"), icon: User },
          { name: "tickets", label: t("Tickets") },
        ]}
      />
      <div id="search-results" role="tabpanel" aria-label={t("Results")} aria-live="polite">
        {words.length < 2 && <p class="field-hint">{t("At least two letters; accents do not matter.")}</p>}
        {words.length >= 2 && failed !== null && <LoadError error={failed} retry={() => look(0)} />}
        {words.length >= 2 && !found && failed === null && <Skeleton rows={4} kind="line" />}
        {found?.items.length === 0 && (
          <Empty icon={Search} title={t("Nothing found.")} text={t("Try other words, or look elsewhere.")} />
        )}
        <ul class="results">
          {found?.items.map((item) => (
            <li key={`${item.ticket_id}/${item.message?.id ?? ""}`}>
              <a
                class="result"
                href={messageHref(item.ticket_id, item.message?.seq)}
                onClick={(event) => {
                  event.preventDefault();
                  close();
                  navigate(messageHref(item.ticket_id, item.message?.seq));
                }}
              >
                <span class="result-head">
                  <LevelBadge level={item.level} />
                  <strong>{numberText(item.number)}</strong>
                  <span class="result-subject">{item.subject || t("No subject")}</span>
                  <Badge>{stateName(item.state)}</Badge>
                </span>
                <span class="result-text">
                  {item.excerpt.map((piece, index) =>
                    piece.hit ? <mark key={index}>{piece.text}</mark> : piece.text,
                  )}
                </span>
                <span class="result-meta">
                  {item.message
                    ? `${authorOf(item)} · ${dateTime(item.message.at)}`
                    : `${item.contact_name || t("Unknown customer")} · ${dateTime(item.opened_at)}`}
                </span>
              </a>
            </li>
          ))}
        </ul>
        {found?.next_offset != null && (
          <Button onClick={() => found.next_offset !== null && look(found.next_offset)}>
            {t("Show more")}
          </Button>
        )}
      </div>
    </Dialog>
  );
}

function authorOf(item: Result): string {
  switch (item.message?.author) {
    case "bot":
      return t("Bot");
    case "agent":
      return item.message.author_name || t("Agent");
    default:
      return item.contact_name || t("Customer");
  }
}
