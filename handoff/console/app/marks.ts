/** Which messages of the bot agents marked as wrong, in the conversations that were opened. */
import { signal } from "@preact/signals";
import { api } from "@staff/api";
import { t } from "@staff/i18n";
import { announce, toastError } from "@staff/toast";

const wrong = signal<ReadonlySet<string>>(new Set());

export function isWrong(messageId: string): boolean {
  return wrong.value.has(messageId);
}

function change(messageId: string, marked: boolean): void {
  const next = new Set(wrong.value);
  if (marked) next.add(messageId);
  else next.delete(messageId);
  wrong.value = next;
}

export function loadMarks(conversationId: string): void {
  api.get<{ items: string[] }>(`/conversations/${conversationId}/marks`).then(
    ({ items }) => {
      wrong.value = new Set([...wrong.value, ...items]);
    },
    () => undefined, // the transcript is complete without them
  );
}

export async function setWrong(messageId: string, marked: boolean): Promise<void> {
  change(messageId, marked);
  try {
    await api.post<null>(`/messages/${messageId}/mark`, { wrong: marked });
    announce(marked ? t("Marked as wrong.") : t("The mark was taken back."));
  } catch (error) {
    change(messageId, !marked);
    toastError(error);
  }
}
