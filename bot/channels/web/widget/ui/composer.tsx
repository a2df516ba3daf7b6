/** The input: Enter sends, Shift+Enter starts a new line, the limit is told before it hurts. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { MAX_CHARACTERS } from "../client";
import type { Chat } from "./chat";
import { Icon } from "./icons";

const COUNT_FROM = MAX_CHARACTERS - 200;

export function Composer({ chat }: { chat: Chat }): JSX.Element {
  const { t, n } = chat.i18n;
  const field = useRef<HTMLTextAreaElement>(null);
  const text = chat.input.value;
  const length = [...text].length; // as the server counts: characters, not UTF-16 units
  const isTooLong = length > MAX_CHARACTERS;
  const left = Math.abs(MAX_CHARACTERS - length);
  useLayoutEffect(() => {
    const element = field.current;
    if (element) {
      element.style.height = "auto";
      element.style.height = `${element.scrollHeight}px`;
    }
  }, [text, chat.isOpen.value]);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (text.trim() && !isTooLong) {
      chat.client.send(text.trim());
      chat.input.value = "";
    }
    field.current?.focus();
  };
  const sendOnEnter = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      submit(event);
    }
  };
  return (
    <form class="composer" onSubmit={submit}>
      <div class="field" data-invalid={isTooLong}>
        <textarea
          ref={field}
          rows={1}
          value={text}
          placeholder={t("Write a message…")}
          aria-label={t("Your message")}
          aria-describedby="limit keys"
          aria-invalid={isTooLong}
          enterkeyhint="send"
          autocomplete="off"
          onInput={(event) => {
            chat.input.value = event.currentTarget.value;
            chat.client.noteTyping();
          }}
          onKeyDown={sendOnEnter}
        />
        <button type="submit" class="send" aria-label={t("Send")} aria-disabled={!text.trim() || isTooLong}>
          <Icon of="send" />
        </button>
      </div>
      <p id="limit" class="limit" role="status" data-invalid={isTooLong}>
        {isTooLong
          ? n("{count} character too many", "{count} characters too many", left)
          : length >= COUNT_FROM && n("{count} character left", "{count} characters left", left)}
      </p>
      <p id="keys" class="visually-hidden">
        {t("Enter sends, Shift and Enter start a new line.")}
      </p>
    </form>
  );
}
