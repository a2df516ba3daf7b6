/**
 * Hand-offs that nobody claims insist: the signal sounds again, the title blinks, and the browser notifies when
 * the page is out of sight. Each of it can be switched off by everybody for themselves.
 */
import { effect } from "@preact/signals";
import { n, t } from "@staff/i18n";
import { stored } from "@staff/preferences";
import { may } from "@staff/session";
import { toast } from "@staff/toast";
import { playSignal } from "./sound";

const AGAIN_MS = 20_000;
const NOTIFY_AGAIN_MS = 60_000;
const BLINK_MS = 1_500;

export const insistOn = stored("insist", "on");
export const notifyOn = stored("notify", "off");

export function canNotify(): boolean {
  return "Notification" in window;
}

/** Asks the browser for permission when it is switched on; says so when it was refused. */
export async function switchNotifications(on: boolean): Promise<void> {
  if (!on) {
    notifyOn.value = "off";
    return;
  }
  const answer = await Notification.requestPermission();
  notifyOn.value = answer === "granted" ? "on" : "off";
  if (answer !== "granted") {
    toast(
      t("The browser does not allow notifications. Allow them for this site in its settings."),
      "warning",
    );
  }
}

function notify(waiting: number): void {
  if (notifyOn.value !== "on" || !document.hidden || !canNotify()) return;
  if (Notification.permission !== "granted") return;
  const shown = new Notification("Frontline", {
    body: n("{count} customer waits for a person.", "{count} customers wait for a person.", waiting),
    tag: "frontline-waiting",
  });
  shown.onclick = () => {
    window.focus();
    shown.close();
  };
}

/** Follows how many wait; called once. */
export function startInsisting(waiting: () => number): void {
  if (!may("tickets.work")) return;
  let again: ReturnType<typeof setInterval> | undefined;
  let blink: ReturnType<typeof setInterval> | undefined;
  let known = 0;
  let notifiedAt = 0;
  effect(() => {
    const count = waiting();
    const wanted = count > 0 && insistOn.value === "on";
    if (count > known && Date.now() - notifiedAt > BLINK_MS) {
      notifiedAt = Date.now();
      notify(count);
    }
    known = count;
    if (!wanted) {
      clearInterval(again);
      clearInterval(blink);
      again = undefined;
      blink = undefined;
      document.title = document.title.replace(/^● /, "");
      return;
    }
    again ??= setInterval(() => {
      playSignal();
      if (Date.now() - notifiedAt >= NOTIFY_AGAIN_MS) {
        notifiedAt = Date.now();
        notify(known);
      }
    }, AGAIN_MS);
    blink ??= setInterval(() => {
      if (!document.hidden) document.title = document.title.replace(/^● /, "");
      else document.title = document.title.startsWith("● ") ? document.title.slice(2) : `● ${document.title}`;
    }, BLINK_MS);
  });
}
