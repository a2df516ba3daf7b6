/** The messages: who said what and when, options to choose from, what is on its way and what failed. */
import { Markdown, safeHref } from "@shared/markdown";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Draft, Entry } from "../timeline";
import type { Chat } from "./chat";
import { Icon } from "./icons";

const NEAR_END_PX = 64;
const SAME_GROUP_MS = 3 * 60_000;

export function Conversation({ chat }: { chat: Chat }): JSX.Element {
  const { t, n } = chat.i18n;
  const { client } = chat;
  const entries = client.entries.value;
  const isOpen = chat.isOpen.value;
  const log = useRef<HTMLDivElement>(null);
  const [missed, setMissed] = useState(0);
  const { scrollToEnd, noteScroll } = useFollowing({ chat, log, entries, isOpen, setMissed });
  return (
    <div class="conversation">
      {/* Focusable, so that the keyboard can scroll it. */}
      <div
        ref={log}
        id="log"
        class="log"
        role="log"
        aria-label={t("Conversation")}
        aria-live="polite"
        aria-relevant="additions"
        aria-busy={!client.synced.value}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
        tabIndex={0}
        onScroll={noteScroll}
      >
        <Welcome chat={chat} showStarters={!entries.some(isAnswerable)} />
        {entries.map((entry, index) => (
          <Message key={entry.key} chat={chat} entry={entry} before={entries[index - 1]} />
        ))}
        <Typing chat={chat} />
      </div>
      {missed > 0 && (
        <button type="button" class="pill" onClick={scrollToEnd}>
          <Icon of="down" size={16} />
          {n("{count} new message", "{count} new messages", missed)}
        </button>
      )}
    </div>
  );
}

/** Once the customer has written, or the bot offers its own options, our suggestions are in the way. */
function isAnswerable(entry: Entry): boolean {
  return entry.author === "customer" || entry.choices.length > 0;
}

interface Following {
  readonly chat: Chat;
  readonly log: { readonly current: HTMLDivElement | null };
  readonly entries: readonly Entry[];
  readonly isOpen: boolean;
  readonly setMissed: (update: (before: number) => number) => void;
}

/** Keeps the newest message in view while the customer is at the end, and counts what comes while they are not. */
function useFollowing({ chat, log, entries, isOpen, setMissed }: Following): {
  scrollToEnd: () => void;
  noteScroll: () => void;
} {
  const isAtEnd = useRef(true);
  const height = useRef(0); // a log that shrank was not scrolled by anybody
  const count = useRef(entries.length);
  const typing = chat.client.typing.value;

  const scrollToEnd = (): void => {
    const element = log.current;
    if (!element) {
      return;
    }
    // A long answer is read from its beginning.
    const last = element.querySelector<HTMLElement>(".message:last-of-type");
    const isTall = last && last.offsetHeight > element.clientHeight && !last.classList.contains("customer");
    element.scrollTop = isTall ? last.offsetTop - 8 : element.scrollHeight;
    isAtEnd.current = true;
    setMissed(() => 0);
  };
  const noteScroll = (): void => {
    const element = log.current;
    const isResized = element?.clientHeight !== height.current;
    height.current = element?.clientHeight ?? 0;
    if (element && !isResized) {
      isAtEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX;
      if (isAtEnd.current) {
        setMissed(() => 0);
      }
    }
  };
  useLayoutEffect(() => {
    const added = entries.slice(count.current);
    count.current = entries.length;
    if (isAtEnd.current || added.some((entry) => entry.draft)) {
      scrollToEnd();
    } else if (added.length > 0) {
      setMissed((before) => before + added.filter((entry) => entry.author !== "customer").length);
    }
  }, [entries.length, typing, isOpen]);
  useEffect(() => {
    const observer = new ResizeObserver(() => isAtEnd.current && scrollToEnd());
    if (log.current) {
      observer.observe(log.current);
    }
    return () => observer.disconnect();
  }, []);
  return { scrollToEnd, noteScroll };
}

function Welcome({ chat, showStarters }: { chat: Chat; showStarters: boolean }): JSX.Element {
  const { t } = chat.i18n;
  const starters = [
    t("Where is my order?"),
    t("I forgot my password"),
    t("What are your opening hours?"),
    t("I want to talk to a person"),
  ];
  return (
    <div class="welcome">
      <p class="greeting">{t("Hello! How can we help?")}</p>
      <p>{t("Ask in your own words. You can ask for a person at any time.")}</p>
      {showStarters && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset is for form fields
        <div class="choices" role="group" aria-label={t("Suggestions")}>
          {starters.map((starter) => (
            <button
              key={starter}
              type="button"
              onClick={(event) => {
                focusAfterChoice(event.currentTarget);
                chat.client.send(starter);
              }}
            >
              {starter}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** The button that was pressed goes away or is switched off: the focus must not fall out of the window. */
function focusAfterChoice(button: HTMLElement): void {
  const root = button.getRootNode() as ShadowRoot;
  const target = matchMedia("(pointer: coarse)").matches ? "#log" : "textarea";
  root.querySelector<HTMLElement>(target)?.focus({ preventScroll: true });
}

interface MessageProps {
  readonly chat: Chat;
  readonly entry: Entry;
  readonly before: Entry | undefined;
}

function Message({ chat, entry, before }: MessageProps): JSX.Element {
  const { i18n } = chat;
  const isFirstOfDay = before?.createdAt.toDateString() !== entry.createdAt.toDateString();
  const isGroupStart = isFirstOfDay || !belongsTogether(before, entry);
  const name = authorName(chat, entry);
  const time = i18n.date(entry.createdAt, { hour: "numeric", minute: "2-digit" });
  const isOwn = entry.author === "customer";
  return (
    <>
      {isFirstOfDay && (
        <p class="day">
          <time dateTime={isoDay(entry.createdAt)}>{dayName(chat, entry.createdAt)}</time>
        </p>
      )}
      <div class={`message ${entry.author} ${isGroupStart ? "start" : ""}`}>
        <p class={isGroupStart && entry.author !== "system" ? "meta" : "visually-hidden"}>
          {entry.author === "agent" && (
            <span class="initial" aria-hidden="true">
              {name.charAt(0)}
            </span>
          )}
          {entry.author === "bot" && <Icon of="spark" size={14} />}
          <span class={isOwn ? "visually-hidden" : "name"}>{name}</span>{" "}
          <time dateTime={entry.createdAt.toISOString()}>{time}</time>
        </p>
        <div class="bubble">
          {isOwn ? (
            <p class="typed">{entry.text}</p>
          ) : (
            <Markdown text={entry.text} base={`${chat.base}/`} newTabHint={i18n.t("(opens in a new tab)")} />
          )}
          <Attachments chat={chat} entry={entry} />
        </div>
        <Choices chat={chat} entry={entry} />
        {entry.draft && <DraftState chat={chat} draft={entry.draft} />}
      </div>
    </>
  );
}

function belongsTogether(before: Entry | undefined, entry: Entry): boolean {
  return (
    before !== undefined &&
    before.author === entry.author &&
    before.authorName === entry.authorName &&
    entry.createdAt.getTime() - before.createdAt.getTime() < SAME_GROUP_MS
  );
}

function authorName(chat: Chat, entry: Entry): string {
  const { t } = chat.i18n;
  switch (entry.author) {
    case "customer":
      return t("You");
    case "bot":
      return entry.authorName ?? t("Assistant");
    case "agent":
      return entry.authorName ?? t("Support team");
    case "system":
      return t("Notice");
  }
}

function isoDay(date: Date): string {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

function dayName(chat: Chat, date: Date): string {
  const daysAgo = Math.round((Date.parse(isoDay(new Date())) - Date.parse(isoDay(date))) / 86_400_000);
  const { i18n } = chat;
  if (daysAgo === 0 || daysAgo === 1) {
    const name = new Intl.RelativeTimeFormat(i18n.locale.value, { numeric: "auto" }).format(-daysAgo, "day");
    return name.charAt(0).toUpperCase() + name.slice(1);
  }
  return i18n.date(date, { weekday: "long", day: "numeric", month: "long" });
}

function Choices({ chat, entry }: { chat: Chat; entry: Entry }): JSX.Element | null {
  if (entry.choices.length === 0) {
    return null;
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for form fields
    <div class="choices" role="group" aria-label={chat.i18n.t("Options")}>
      {entry.choices.map((choice) => (
        <button
          key={choice.id}
          type="button"
          disabled={!entry.choicesActive}
          onClick={(event) => {
            focusAfterChoice(event.currentTarget);
            chat.client.choose(choice);
          }}
        >
          {choice.label}
        </button>
      ))}
    </div>
  );
}

function Attachments({ chat, entry }: { chat: Chat; entry: Entry }): JSX.Element | null {
  const files = entry.attachments.flatMap(({ name, url }) => {
    const href = safeHref(url, `${chat.base}/`);
    return href ? [{ name, href }] : [];
  });
  if (files.length === 0) {
    return null;
  }
  return (
    <ul class="files">
      {files.map(({ name, href }) => (
        <li key={href}>
          <a href={href} target="_blank" rel="noopener noreferrer">
            <Icon of="file" size={16} /> {name}
          </a>
        </li>
      ))}
    </ul>
  );
}

function DraftState({ chat, draft }: { chat: Chat; draft: Draft }): JSX.Element {
  const { t } = chat.i18n;
  if (draft.state !== "failed") {
    const isOffline = chat.client.link.value === "offline";
    return (
      <p class={isOffline ? "draft" : "draft patient"}>
        {isOffline ? t("Waiting for connection") : t("Sending…")}
      </p>
    );
  }
  return (
    <p class="draft failed" role="alert">
      <span>
        {draft.choice === null ? t("Could not be sent.") : t("This option is no longer available.")}
      </span>
      {draft.choice === null && (
        <button type="button" onClick={() => chat.client.retry(draft)}>
          {t("Try again")}
        </button>
      )}
      <button type="button" onClick={() => chat.client.discard(draft.clientId)}>
        {t("Discard")}
      </button>
    </p>
  );
}

function Typing({ chat }: { chat: Chat }): JSX.Element {
  const { t } = chat.i18n;
  const typing = chat.client.typing.value;
  const name = typing?.name ?? (typing?.isAgent ? chat.client.agentName.value : null);
  const text = !typing ? "" : name ? t("{name} is typing…", { name }) : t("Writing an answer…");
  return (
    <div role="status" class="typing" data-active={typing !== null}>
      {typing && (
        <span class="dots" aria-hidden="true">
          <i />
          <i />
          <i />
        </span>
      )}
      <span class={typing?.isAgent ? "" : "visually-hidden"}>{text}</span>
    </div>
  );
}
