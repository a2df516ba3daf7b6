/** The steps of a text on its way to customers: hand in, send back, schedule, publish. */
import { signal } from "@preact/signals";
import { api } from "@staff/api";
import { Button, Field } from "@staff/controls";
import { Dialog } from "@staff/dialog";
import { dateTime } from "@staff/format";
import { t } from "@staff/i18n";
import { Archive, Clock, CornerUpLeft, Ellipsis, RotateCcw, Send, Upload } from "@staff/icons";
import { Menu, type MenuItem } from "@staff/popover";
import { may } from "@staff/session";
import type { Article } from "@staff/types";
import { useState } from "preact/hooks";

export interface PublishingState {
  review_required: boolean;
  may_publish: boolean;
}

/** Until the server has answered, what the role alone allows. */
export const publishing = signal<PublishingState | null>(null);

export function mayPublish(): boolean {
  return publishing.value?.may_publish ?? may("kb.publish");
}

export async function loadPublishing(): Promise<void> {
  publishing.value = await api.get<PublishingState>("/kb/publishing");
}

export type Asked = "publish" | "schedule" | "send-back" | null;

/** The buttons at the head of an article. */
export function Steps(props: {
  article: Article;
  unpublished: boolean;
  step: (path: string, body: Record<string, unknown>, done: string) => void;
  ask: (what: Asked) => void;
  archive: () => void;
}) {
  const { article, unpublished, step, ask } = props;
  const publisher = mayPublish();
  if (article.state === "archived") {
    return may("kb.write") && may("kb.publish") ? (
      <Button icon={RotateCcw} onClick={() => step("restore", {}, t("Brought back."))}>
        {t("Bring back")}
      </Button>
    ) : null;
  }
  const submit = () => step("submit", {}, t("Handed in for review."));
  const items: MenuItem[] = [];
  if (publisher && article.stage !== "scheduled" && unpublished) {
    items.push({ label: t("Schedule…"), icon: Clock, onSelect: () => ask("schedule") });
  }
  if (publisher && article.stage === null && unpublished) {
    items.push({ label: t("Hand in for review"), icon: Send, onSelect: submit });
  }
  if (article.stage === "in_review") {
    const label = publisher ? t("Send back…") : t("Withdraw");
    items.push({
      label,
      icon: CornerUpLeft,
      onSelect: () => (publisher ? ask("send-back") : step("send-back", {}, t("Withdrawn."))),
    });
  }
  if (publisher) items.push({ label: t("Archive…"), icon: Archive, danger: true, onSelect: props.archive });
  return (
    <>
      {publisher ? (
        <Button variant="primary" icon={Upload} disabled={!unpublished} onClick={() => ask("publish")}>
          {t("Publish")}
        </Button>
      ) : (
        article.stage === null && (
          <Button variant="primary" icon={Send} disabled={!unpublished} onClick={submit}>
            {t("Hand in for review")}
          </Button>
        )
      )}
      {items.length > 0 && <Menu label={t("More actions")} icon={Ellipsis} iconOnly items={items} />}
    </>
  );
}

/** Where the text is, in a sentence, with the way back. */
export function StageNotice(props: {
  article: Article;
  step: (path: string, body: Record<string, unknown>, done: string) => void;
}) {
  const { article, step } = props;
  if (article.state === "archived") {
    return <p class="notice tone-warning">{t("Archived: the bot does not use this article.")}</p>;
  }
  if (article.stage === "scheduled" && article.publish_at) {
    return (
      <p class="notice tone-accent">
        {t("Will be published on {when}. Until then it can't be changed.", {
          when: dateTime(article.publish_at),
        })}{" "}
        {mayPublish() && (
          <Button size="small" onClick={() => step("unschedule", {}, t("The schedule is cancelled."))}>
            {t("Cancel the schedule")}
          </Button>
        )}
      </p>
    );
  }
  if (article.stage === "in_review") {
    return (
      <p class="notice tone-accent">
        {mayPublish()
          ? t("In review: publish it, or send it back with a reason.")
          : t("In review: a reviewer publishes it or sends it back.")}
      </p>
    );
  }
  return null;
}

export function PublishDialog(props: { text: string; close: () => void; publish: (reason: string) => void }) {
  const [reason, setReason] = useState("");
  return (
    <Dialog
      title={t("Publish this article?")}
      onClose={props.close}
      footer={
        <>
          <Button onClick={props.close}>{t("Cancel")}</Button>
          <Button variant="primary" data-autofocus onClick={() => props.publish(reason.trim())}>
            {t("Publish")}
          </Button>
        </>
      }
    >
      <p>{props.text}</p>
      <Field label={t("What changed, and why (optional)")} hint={t("Kept with the revision.")}>
        {(ids) => (
          <input
            {...ids}
            class="input"
            maxLength={300}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        )}
      </Field>
    </Dialog>
  );
}

export function SendBackDialog(props: { close: () => void; send: (reason: string) => void }) {
  const [reason, setReason] = useState("");
  return (
    <Dialog
      title={t("Send back")}
      onClose={props.close}
      footer={
        <>
          <Button onClick={props.close}>{t("Cancel")}</Button>
          <Button variant="primary" onClick={() => props.send(reason.trim())}>
            {t("Send back")}
          </Button>
        </>
      }
    >
      <Field label={t("What is still wrong?")} hint={t("Kept with the revision.")}>
        {(ids) => (
          <input
            {...ids}
            class="input"
            data-autofocus
            maxLength={300}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        )}
      </Field>
    </Dialog>
  );
}

/** Tomorrow at nine, as the field takes it: in the time zone of this browser. */
export function tomorrowAtNine(now: Date = new Date()): string {
  const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}T09:00`;
}

export function ScheduleDialog(props: { close: () => void; schedule: (at: string) => void }) {
  const [when, setWhen] = useState(tomorrowAtNine());
  const instant = new Date(when);
  const past = Number.isNaN(instant.getTime()) || instant.getTime() <= Date.now();
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <Dialog
      title={t("Publish later")}
      onClose={props.close}
      footer={
        <>
          <Button onClick={props.close}>{t("Cancel")}</Button>
          <Button
            variant="primary"
            onClick={() => {
              if (!past) props.schedule(instant.toISOString());
            }}
          >
            {t("Schedule")}
          </Button>
        </>
      }
    >
      <Field
        label={t("Date and time")}
        hint={t("In your time zone, {zone}.", { zone })}
        error={past ? t("Choose a time that is still to come.") : null}
      >
        {(ids) => (
          <input
            {...ids}
            class="input"
            type="datetime-local"
            data-autofocus
            value={when}
            onInput={(event) => setWhen(event.currentTarget.value)}
          />
        )}
      </Field>
    </Dialog>
  );
}
