/**
 * Texts in three languages. The message ids are the English texts; the server compiles its gettext catalogues to
 * `/i18n/<locale>.json`, `{msgid: text}`, or `{msgid: [singular, plural]}` for texts that count. What is missing there,
 * or can't be loaded, stays English: a page never waits for its translation to work.
 */
import { type Signal, signal } from "@preact/signals";

export const LOCALES = ["pt-BR", "en", "es"] as const;
export type Locale = (typeof LOCALES)[number];
export type Catalogue = Readonly<Record<string, string | readonly string[]>>;
export type Variables = Readonly<Record<string, string | number>>;

/** Each language by its own name, which is never translated. */
export const LOCALE_NAMES: Readonly<Record<Locale, string>> = {
  "pt-BR": "Português",
  en: "English",
  es: "Español",
};

/** The first candidate we have texts for; `pt-PT` and `es_MX` count as the nearest of ours. */
export function chooseLocale(candidates: readonly (string | null | undefined)[]): Locale {
  for (const candidate of candidates) {
    const language = candidate?.trim().toLowerCase().split(/[-_]/)[0];
    const match = LOCALES.find((locale) => locale.toLowerCase().split("-")[0] === language);
    if (match) {
      return match;
    }
  }
  return "en";
}

/** `{name}` placeholders; an unknown one stays as it is, so that a slip is seen and not silent. */
export function interpolate(text: string, variables: Variables = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(variables[name] ?? whole));
}

export type LoadCatalogue = (locale: Locale) => Promise<Catalogue>;

/** Loads `/i18n/<locale>.json` from `origin` ("" is this page's own). */
export function catalogueFrom(origin: string): LoadCatalogue {
  return async (locale) => {
    const response = await fetch(`${origin}/i18n/${locale}.json`, { credentials: "omit" });
    if (!response.ok) {
      throw new Error(`no catalogue for ${locale}: ${response.status}`);
    }
    return (await response.json()) as Catalogue;
  };
}

/** Current language and its texts. Components that call `t` while rendering render again when the language changes. */
export class I18n {
  readonly locale: Signal<Locale>;
  readonly #catalogue = signal<Catalogue>({});
  readonly #load: LoadCatalogue;
  readonly #loaded = new Map<Locale, Catalogue>();

  constructor(locale: Locale, load: LoadCatalogue) {
    this.locale = signal(locale);
    this.#load = load;
  }

  /** Loads the texts of `locale` and then switches, both at once. A failure switches with English texts. */
  async setLocale(locale: Locale): Promise<void> {
    let catalogue = this.#loaded.get(locale);
    if (!catalogue) {
      try {
        catalogue = await this.#load(locale);
        this.#loaded.set(locale, catalogue);
      } catch {
        catalogue = {};
      }
    }
    this.#catalogue.value = catalogue;
    this.locale.value = locale;
  }

  readonly t = (msgid: string, variables?: Variables): string => {
    const entry = this.#catalogue.value[msgid];
    const text = typeof entry === "string" ? entry : entry?.[0];
    return interpolate(text || msgid, variables);
  };

  /** A text that counts; `{count}` is filled in. */
  readonly n = (singular: string, plural: string, count: number, variables?: Variables): string => {
    const entry = this.#catalogue.value[singular];
    const form = count === 1 ? 0 : 1; // in all three languages
    const translated = typeof entry === "string" ? entry : entry?.[Math.min(form, entry.length - 1)];
    const text = translated || (count === 1 ? singular : plural);
    return interpolate(text, { count: this.number(count), ...variables });
  };

  number(value: number): string {
    return new Intl.NumberFormat(this.locale.value).format(value);
  }

  date(value: Date, options: Intl.DateTimeFormatOptions): string {
    return new Intl.DateTimeFormat(this.locale.value, options).format(value);
  }
}
