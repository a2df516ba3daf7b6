/** Who is logged in, what they may do, and the language they chose. */
import { signal } from "@preact/signals";
import { api, goToLogin, setCsrfToken } from "./api";
import { chooseLocale, isLocale, type Locale, showLocale } from "./i18n";
import type { Me, Permission } from "./types";

export const me = signal<Me | null>(null);

export function may(permission: Permission): boolean {
  return me.value?.permissions.includes(permission) ?? false;
}

/** Loads the person and their texts; both before the first drawing, so that nothing flickers. */
export async function startSession(): Promise<Me> {
  const shown = chooseLocale([document.documentElement.lang, ...navigator.languages]);
  const texts = showLocale(shown);
  const person = await api.get<Me>("/me");
  setCsrfToken(person.csrf_token);
  await texts;
  if (isLocale(person.locale) && person.locale !== shown) await showLocale(person.locale);
  me.value = person;
  return person;
}

export async function changeLocale(next: Locale): Promise<void> {
  await Promise.all([api.patch<Me>("/me", { locale: next }), showLocale(next)]);
  if (me.value) me.value = { ...me.value, locale: next };
}

export async function logOut(): Promise<void> {
  await api.delete("/session");
  goToLogin();
}
