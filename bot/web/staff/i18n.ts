/** The one catalogue of the staff pages: `t("Claim")`, and `n` for texts that count. */
import { catalogueFrom, I18n, LOCALES, type Locale } from "@shared/i18n";

export { chooseLocale, LOCALE_NAMES, LOCALES, type Locale } from "@shared/i18n";

export const i18n = new I18n("en", catalogueFrom(""));
export const { t, n, locale } = i18n;

export function isLocale(tag: string | null | undefined): tag is Locale {
  return LOCALES.some((known) => known === tag);
}

export async function showLocale(next: Locale): Promise<void> {
  await i18n.setLocale(next);
  document.documentElement.lang = next;
}
