/** The person's own corner: language, colours, keyboard shortcuts, the other pages, log out. */
import { effect, signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Avatar, Button, Choice, Toggle } from "./controls";
import { humanize } from "./format";
import { LOCALE_NAMES, LOCALES, type Locale, locale, t } from "./i18n";
import { LogOut } from "./icons";
import { Popover } from "./popover";
import { changeLocale, logOut, me } from "./session";
import { toastError } from "./toast";

/** A setting kept in this browser; unreadable or forbidden storage means the fallback. */
export function stored(name: string, fallback: string) {
  const key = `frontline.${name}`;
  let value = fallback;
  try {
    value = localStorage.getItem(key) ?? fallback;
  } catch {
    // private mode
  }
  const setting = signal(value);
  effect(() => {
    try {
      localStorage.setItem(key, setting.value);
    } catch {
      // the setting then lasts as long as the page
    }
  });
  return setting;
}

export const theme = stored("theme", "system");
export const shortcutsOn = stored("shortcuts", "on");

export function followTheme(): void {
  effect(() => {
    if (theme.value === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
  });
}

export function roleName(role: string): string {
  const names: Record<string, string> = {
    agent: t("Agent"),
    supervisor: t("Supervisor"),
    editor: t("FAQ editor"),
    reviewer: t("FAQ reviewer"),
    admin: t("Administrator"),
    auditor: t("Auditor"),
  };
  return names[role] ?? humanize(role);
}

export function UserMenu(props: { above?: boolean; shortcuts?: boolean; children?: ComponentChildren }) {
  const person = me.value;
  if (!person) return null;
  return (
    <Popover
      label={t("Your account and preferences")}
      class="user-button"
      above={props.above ?? false}
      face={
        <>
          <Avatar name={person.name} />
          <span class="user-name">
            <strong>{person.name}</strong>
            <span>{[roleName(person.role), person.level].filter(Boolean).join(" · ")}</span>
          </span>
          <span class="visually-hidden">, {t("Your account and preferences")}</span>
        </>
      }
    >
      <p class="panel-head">
        <strong>{person.name}</strong>
        <span>{person.email}</span>
      </p>
      <Choice
        label={t("Language")}
        value={locale.value}
        options={LOCALES.map((value) => ({ value, label: LOCALE_NAMES[value] }))}
        onChange={(value) => {
          changeLocale(value as Locale).catch(toastError);
        }}
      />
      <Choice
        label={t("Appearance")}
        value={theme.value}
        options={[
          { value: "system", label: t("Like the system") },
          { value: "light", label: t("Light") },
          { value: "dark", label: t("Dark") },
        ]}
        onChange={(value) => {
          theme.value = value;
        }}
      />
      {props.shortcuts && (
        <Toggle
          label={t("Keyboard shortcuts")}
          checked={shortcutsOn.value === "on"}
          onChange={(on) => {
            shortcutsOn.value = on ? "on" : "off";
          }}
        />
      )}
      {props.children}
      <Button icon={LogOut} class="panel-wide" onClick={() => logOut().catch(toastError)}>
        {t("Log out")}
      </Button>
    </Popover>
  );
}
