/** Short notes at the edge of the page, and the polite voice for screen readers. */
import { signal } from "@preact/signals";
import { errorText } from "./api";
import { Icon, IconButton, type Tone } from "./controls";
import { t } from "./i18n";
import { CircleAlert, CircleCheck, Info, X } from "./icons";

interface Toast {
  id: number;
  text: string;
  tone: Tone;
}

const toasts = signal<Toast[]>([]);
const spoken = signal("");
let last = 0;

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** Failures stay until they are dismissed; the rest goes after a few seconds. */
export function toast(text: string, tone: Tone = "success"): void {
  const id = ++last;
  toasts.value = [...toasts.value.filter((other) => other.text !== text), { id, text, tone }].slice(-4);
  if (tone !== "danger") setTimeout(() => dismiss(id), 5000);
}

export function toastError(error: unknown): void {
  toast(errorText(error), "danger");
}

/** Says something to screen readers without showing it. */
export function announce(text: string): void {
  // the same sentence twice in a row is only read when the text differs
  spoken.value = text === spoken.value ? `${text}\u00a0` : text;
}

export function Toasts() {
  return (
    <>
      <div class="visually-hidden" role="status" aria-live="polite" id="announcements">
        {spoken.value}
      </div>
      <div class="toasts" role="status" aria-live="polite">
        {toasts.value.map((toast) => (
          <div key={toast.id} class={`toast tone-${toast.tone}`}>
            <Icon
              of={toast.tone === "danger" ? CircleAlert : toast.tone === "success" ? CircleCheck : Info}
              size={18}
            />
            <p>{toast.text}</p>
            <IconButton label={t("Dismiss")} icon={X} onClick={() => dismiss(toast.id)} />
          </div>
        ))}
      </div>
    </>
  );
}
