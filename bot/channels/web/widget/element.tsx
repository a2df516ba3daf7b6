/**
 * `<frontline-chat>`: the chat on a company's page. Everything lives in a shadow root with adopted style sheets, so the
 * page's styles don't reach in, ours don't reach out, and a strict Content-Security-Policy needs no exception.
 *
 * Attributes: `locale`, `color` (#rrggbb), `title`, `position` (`left` or `right`), `theme` (`light`, `dark`; else the
 * system's), `identity` (the host site's signed token), `open`, `origin` (the gateway, where it is not the script's).
 * Methods: `open()`, `close()`, `toggle()`, `setLocale(locale)`, `send(text)`.
 * Events, which bubble: `frontline-open`, `frontline-close`, `frontline-message` (detail: author, text),
 * `frontline-unread` (detail: count), `frontline-locale` (detail: locale).
 */

import { effect, signal } from "@preact/signals";
import { catalogueFrom, chooseLocale, I18n, type Locale } from "@shared/i18n";
import tokens from "@shared/tokens.css?inline";
import { render } from "preact";
import { ChatClient } from "./client";
import { accentStyles } from "./color";
import { browserStorage, Memory } from "./memory";
import type { Chat } from "./ui/chat";
import { ChatWidget } from "./ui/window";
import styles from "./widget.css?inline";
import type { Message } from "./wire";

export const TAG = "frontline-chat";
const OPEN_KEY = "frontline open";

let sharedSheet: CSSStyleSheet | undefined;

/** `defaultBase` is where the script came from: the gateway. */
export function defineElement(defaultBase: string): void {
  if (customElements.get(TAG)) {
    return;
  }

  class FrontlineChat extends HTMLElement {
    static readonly observedAttributes = ["locale", "color", "title", "theme", "identity"];

    readonly #title = signal("");
    readonly #isOpen = signal(false);
    readonly #accent = new CSSStyleSheet();
    #chat: Chat | null = null;
    #cleanUp: (() => void)[] = [];

    connectedCallback(): void {
      const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
      // First nothing of the page's inherited styles, then ours.
      sharedSheet ??= makeSheet(`:host { all: initial } ${tokens} ${styles}`);
      root.adoptedStyleSheets = [sharedSheet, this.#accent];
      this.#title.value = this.#heading();
      this.#chat = this.#makeChat(root);
      void this.#start(root, this.#chat);
    }

    disconnectedCallback(): void {
      this.#chat?.client.stop();
      for (const undo of this.#cleanUp.splice(0)) {
        undo();
      }
      if (this.shadowRoot) {
        render(null, this.shadowRoot);
      }
      this.#chat = null;
    }

    attributeChangedCallback(name: string, before: string | null, value: string | null): void {
      if (name === "color") {
        this.#accent.replaceSync((value && accentStyles(value)) || "");
      } else if (name === "title") {
        this.#title.value = this.#heading();
      } else if (name === "locale" && value && before !== value) {
        void this.setLocale(value);
      } else if (name === "identity" && before !== value) {
        this.#chat?.client.identityChanged();
      }
    }

    get isOpen(): boolean {
      return this.#isOpen.value;
    }

    open(): void {
      if (this.#chat && !this.isOpen) {
        this.#chat.client.start();
        this.#isOpen.value = true;
        this.#rememberOpen("yes");
        this.#tell("open");
      }
    }

    close(): void {
      if (this.isOpen) {
        this.#isOpen.value = false;
        this.#rememberOpen("no");
        this.#tell("close");
      }
    }

    toggle(): void {
      this.isOpen ? this.close() : this.open();
    }

    /** Anything the customer could have typed; opens nothing. */
    send(text: string): void {
      if (text.trim()) {
        this.#chat?.client.send(text.trim());
      }
    }

    async setLocale(locale: string): Promise<void> {
      const chosen = chooseLocale([locale]);
      await this.#chat?.i18n.setLocale(chosen);
      this.#chat?.client.tellLocale(chosen);
      this.#tell("locale", { locale: chosen });
    }

    #makeChat(root: ShadowRoot): Chat {
      const base = (this.getAttribute("origin") ?? defaultBase).replace(/\/+$/, "");
      const memory = new Memory(base);
      const i18n = new I18n("en", catalogueFrom(base));
      const client = new ChatClient({
        base,
        memory,
        locale: () => i18n.locale.value,
        identity: () => this.getAttribute("identity"),
        onMessage: (message: Message) => {
          this.#tell("message", { author: message.author, text: message.text });
        },
      });
      const pickLocale = (locale: Locale): void => {
        memory.pickLocale(locale, this.#pageLocale());
        void this.setLocale(locale);
      };
      this.#cleanUp.push(() => root.replaceChildren());
      return {
        client,
        i18n,
        base,
        title: this.#title,
        isOpen: this.#isOpen,
        input: signal(""),
        open: () => this.open(),
        close: () => this.close(),
        pickLocale,
      };
    }

    async #start(root: ShadowRoot, chat: Chat): Promise<void> {
      const page = this.#pageLocale();
      const memory = new Memory(chat.base);
      await chat.i18n.setLocale(chooseLocale([memory.pickedLocale(page), page]));
      if (this.#chat !== chat) {
        return; // Taken out of the page meanwhile.
      }
      render(<ChatWidget chat={chat} />, root);
      this.#cleanUp.push(
        effect(() => {
          const count = chat.client.unread.value;
          this.#tell("unread", { count });
        }),
        effect(() => {
          // Reading `timeline` makes this run for each new message.
          if (chat.isOpen.value && chat.client.timeline.value && document.visibilityState === "visible") {
            chat.client.markRead();
          }
        }),
        followVisualViewport(this),
      );
      if (chat.client.hasPast) {
        chat.client.start();
      }
      if (this.#shouldOpen()) {
        this.open();
      }
    }

    /** The host's `title` attribute would also be a tooltip over the whole widget, so it is taken off again. */
    #heading(): string {
      const title = this.getAttribute("title");
      if (title) {
        this.dataset.title = title;
        this.removeAttribute("title");
      }
      return this.dataset.title ?? "";
    }

    #pageLocale(): string {
      const { lang } = document.documentElement;
      return this.getAttribute("locale") || lang || navigator.language;
    }

    /** As the host page says; else as it was before the customer went to another page, but never on a phone. */
    #shouldOpen(): boolean {
      if (this.hasAttribute("open")) {
        return this.getAttribute("open") !== "false";
      }
      const wasOpen = browserStorage("sessionStorage")?.getItem(OPEN_KEY) === "yes";
      return wasOpen && matchMedia("(min-width: 481px)").matches;
    }

    #rememberOpen(value: "yes" | "no"): void {
      try {
        browserStorage("sessionStorage")?.setItem(OPEN_KEY, value);
      } catch {
        // Full: the next page starts with a closed window.
      }
    }

    #tell(name: string, detail: object = {}): void {
      this.dispatchEvent(new CustomEvent(`frontline-${name}`, { detail, bubbles: true, composed: true }));
    }
  }

  customElements.define(TAG, FrontlineChat);
}

function makeSheet(text: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
}

/** On phones the on-screen keyboard covers the page without resizing it: the window follows what is really visible. */
function followVisualViewport(host: HTMLElement): () => void {
  const viewport = window.visualViewport;
  if (!viewport) {
    return () => {};
  }
  const follow = (): void => {
    host.style.setProperty("--visible-height", `${viewport.height}px`);
    host.style.setProperty("--visible-top", `${viewport.offsetTop}px`);
  };
  follow();
  viewport.addEventListener("resize", follow);
  viewport.addEventListener("scroll", follow);
  return () => {
    viewport.removeEventListener("resize", follow);
    viewport.removeEventListener("scroll", follow);
  };
}
