/** What every part of the window works with. The custom element makes it and keeps it up to date. */

import type { Signal } from "@preact/signals";
import type { I18n, Locale } from "@shared/i18n";
import type { ChatClient } from "../client";

export interface Chat {
  readonly client: ChatClient;
  readonly i18n: I18n;
  /** The gateway's address, where relative links in messages start. */
  readonly base: string;
  /** The host site's title for the window; empty for ours. */
  readonly title: Signal<string>;
  readonly isOpen: Signal<boolean>;
  /** What stands in the input; kept here so that closing the window does not lose it. */
  readonly input: Signal<string>;
  open(): void;
  close(): void;
  pickLocale(locale: Locale): void;
}
