/** The launcher and the window it opens: header, conversation, input. */
import { LOCALE_NAMES, LOCALES, type Locale } from "@shared/i18n";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Chat } from "./chat";
import { Composer } from "./composer";
import { Conversation } from "./conversation";
import { Icon } from "./icons";

export function ChatWidget({ chat }: { chat: Chat }): JSX.Element {
  const launcher = useRef<HTMLButtonElement>(null);
  const dialog = useRef<HTMLElement>(null);
  const isOpen = chat.isOpen.value;
  const wasOpen = useRef(isOpen);
  useLayoutEffect(() => {
    if (isOpen === wasOpen.current) {
      return;
    }
    wasOpen.current = isOpen;
    if (isOpen) {
      focusInside(dialog.current);
    } else {
      launcher.current?.focus();
    }
  }, [isOpen]);
  const closeOnEscape = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && !event.isComposing) {
      event.stopPropagation();
      chat.close();
    }
  };
  return (
    <div class="widget" lang={chat.i18n.locale.value} data-open={isOpen}>
      <section
        ref={dialog}
        id="window"
        class="window"
        role="dialog"
        aria-modal="false"
        aria-labelledby="title"
        hidden={!isOpen}
        onKeyDown={closeOnEscape}
      >
        <Header chat={chat} />
        <ConnectionState chat={chat} />
        <OwnerState chat={chat} />
        <Conversation chat={chat} />
        <Composer chat={chat} />
      </section>
      <Launcher chat={chat} element={launcher} />
    </div>
  );
}

/** Into the input, but where there is a touch keyboard only next to it: it would hide half the conversation. */
function focusInside(dialog: HTMLElement | null): void {
  const target = matchMedia("(pointer: coarse)").matches ? "#log" : "textarea";
  dialog?.querySelector<HTMLElement>(target)?.focus({ preventScroll: true });
}

function Launcher({
  chat,
  element,
}: {
  chat: Chat;
  element: { current: HTMLButtonElement | null };
}): JSX.Element {
  const { t, n } = chat.i18n;
  const isOpen = chat.isOpen.value;
  const unread = isOpen ? 0 : chat.client.unread.value;
  const news = unread > 0 ? n("{count} new message", "{count} new messages", unread) : "";
  const label = isOpen ? t("Close chat") : [t("Open chat"), news].filter(Boolean).join(", ");
  return (
    <>
      <button
        ref={element}
        type="button"
        class="launcher"
        aria-expanded={isOpen}
        aria-controls="window"
        aria-label={label}
        onClick={() => (isOpen ? chat.close() : chat.open())}
      >
        <Icon of={isOpen ? "down" : "chat"} size={28} />
        {unread > 0 && (
          <span class="badge" aria-hidden="true">
            {unread > 9 ? "9+" : unread}
          </span>
        )}
      </button>
      <p class="visually-hidden" role="status">
        {news}
      </p>
    </>
  );
}

function Header({ chat }: { chat: Chat }): JSX.Element {
  const { t } = chat.i18n;
  return (
    <div class="header">
      <span class="face" aria-hidden="true">
        <Icon of="spark" size={22} />
      </span>
      <div class="heading">
        <h2 id="title">{chat.title.value || t("Customer support")}</h2>
        <p>{speaker(chat)}</p>
      </div>
      <label class="language">
        <span class="visually-hidden">{t("Language")}</span>
        <Icon of="globe" size={18} />
        <select
          value={chat.i18n.locale.value}
          onChange={(event) => chat.pickLocale(event.currentTarget.value as Locale)}
        >
          {LOCALES.map((locale) => (
            <option key={locale} value={locale} lang={locale}>
              {LOCALE_NAMES[locale]}
            </option>
          ))}
        </select>
      </label>
      <button type="button" class="plain" aria-label={t("Close chat")} onClick={() => chat.close()}>
        <Icon of="close" />
      </button>
    </div>
  );
}

function speaker(chat: Chat): string {
  const { t } = chat.i18n;
  const name = chat.client.agentName.value;
  switch (chat.client.owner.value) {
    case "bot":
      return t("Virtual assistant");
    case "queue":
      return t("Waiting for a person");
    case "agent":
      return name ? t("You are talking to {name}", { name }) : t("You are talking to a person");
  }
}

function OwnerState({ chat }: { chat: Chat }): JSX.Element {
  const { t } = chat.i18n;
  const isWaiting = chat.client.owner.value === "queue";
  return (
    <div role="status" class={isWaiting ? "banner waiting" : ""}>
      {isWaiting && (
        <>
          <Icon of="clock" size={18} />
          <p>{t("A person will answer here. You can go on writing, and close this window meanwhile.")}</p>
        </>
      )}
    </div>
  );
}

function ConnectionState({ chat }: { chat: Chat }): JSX.Element {
  const { t } = chat.i18n;
  const link = chat.client.link.value;
  const text =
    link === "offline"
      ? t("No connection. What you write is sent as soon as it is back.")
      : link === "refused"
        ? t("The chat is not available on this page at the moment.")
        : link === "connecting" && chat.client.synced.value
          ? t("Reconnecting…")
          : "";
  return (
    <div role="status" class={text ? "banner offline" : ""}>
      {text && <p>{text}</p>}
    </div>
  );
}
