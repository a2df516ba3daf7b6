/** Whether words arrive: how far the customer has read, a customer who blocked the bot, a reply that was given up. */
import { signal } from "@preact/signals";
import { api } from "@staff/api";
import { Icon } from "@staff/controls";
import { ago, now } from "@staff/format";
import { t } from "@staff/i18n";
import { CheckCheck, RotateCcw, TriangleAlert } from "@staff/icons";
import { announce, toastError } from "@staff/toast";
import type { MessagePage, StaffMessage } from "@staff/types";
import { useState } from "preact/hooks";

/** The newest message of the open conversation that the customer had before their eyes; 0: not known. */
export const seenSeq = signal(0);
/** Since when the customer refuses what the bot sends. */
export const blockedSince = signal<string | null>(null);

export function takeReach(page: Pick<MessagePage, "seen_seq" | "unreachable_since"> | null): void {
  seenSeq.value = page?.seen_seq ?? 0;
  blockedSince.value = page?.unreachable_since ?? null;
}

export function takeSeen(seq: unknown): void {
  if (typeof seq === "number") seenSeq.value = Math.max(seenSeq.value, seq);
}

/** Above the field where replies are written. */
export function BlockedNotice() {
  if (!blockedSince.value) return null;
  return (
    <p class="notice tone-warning blocked" role="status">
      <Icon of={TriangleAlert} />{" "}
      {t(
        "The customer blocked the bot ({when}). Replies do not arrive until they write again; they are kept here.",
        { when: ago(blockedSince.value, now.value) },
      )}
    </p>
  );
}

export function SeenMark({ message }: { message: StaffMessage }) {
  if (message.author !== "agent" || message.seq > seenSeq.value) return null;
  return (
    <span class="delivery">
      <Icon of={CheckCheck} size={12} /> {t("Seen")}
    </span>
  );
}

/** Beside "Not delivered": what can be done about it. */
export function Redeliver({ message }: { message: StaffMessage }) {
  const [asked, setAsked] = useState(false);
  if (message.delivery !== "failed" || message.author === "customer") return null;
  if (blockedSince.value) return <span>{t("It can be tried again once the customer writes.")}</span>;
  return (
    <button
      type="button"
      class="link-button"
      disabled={asked}
      onClick={() => {
        setAsked(true);
        api
          .post<null>(`/messages/${message.id}/deliver`)
          .then(() => announce(t("It is being sent again.")))
          .catch(toastError)
          .finally(() => setAsked(false));
      }}
    >
      <Icon of={RotateCcw} size={12} /> {t("Send it again")}
    </button>
  );
}
