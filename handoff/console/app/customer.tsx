/** How the customer of the ticket chose to wait, and what they thought of it afterwards. */
import { api } from "@staff/api";
import { Badge } from "@staff/controls";
import { dateTime } from "@staff/format";
import { t } from "@staff/i18n";
import { useEffect, useState } from "preact/hooks";

interface TicketCustomer {
  waiting: { choice: "wait" | "leave" | "bot"; chosen_at: string | null; mail: string | null } | null;
  feedback: {
    state: "due" | "asked" | "answered" | "not_asked";
    why_not: string | null;
    score: number | null;
    comment: string | null;
    answered_at: string | null;
  } | null;
}

/** Left out while there is nothing to tell, and when it could not be read: nothing else depends on it. */
export function CustomerView({ id, readAt }: { id: string; readAt: number }) {
  const [found, setFound] = useState<TicketCustomer | null>(null);
  useEffect(() => {
    let gone = false;
    api.get<TicketCustomer>(`/tickets/${id}/customer`).then(
      (answer) => !gone && setFound(answer),
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, [id, readAt]);
  if (!found || (!found.waiting && !found.feedback)) return null;
  const { waiting, feedback } = found;
  return (
    <section class="case-part">
      <h3>{t("Customer")}</h3>
      {waiting && (
        <p>
          {choiceText(waiting.choice)}
          {waiting.mail && ` ${t("News also goes by mail to {address}.", { address: waiting.mail })}`}
        </p>
      )}
      {feedback && <p>{feedbackText(feedback)}</p>}
      {feedback?.score && feedback.answered_at && (
        <p>
          <Badge tone={feedback.score <= 2 ? "danger" : feedback.score >= 4 ? "success" : "neutral"}>
            {t("{score} of 5", { score: feedback.score })}
          </Badge>{" "}
          <time dateTime={feedback.answered_at}>{dateTime(feedback.answered_at)}</time>
        </p>
      )}
      {feedback?.comment && <blockquote class="history-text">{feedback.comment}</blockquote>}
    </section>
  );
}

export function choiceText(choice: string): string {
  const texts: Record<string, string> = {
    wait: t("Waits in line."),
    leave: t("Has left a message and will be told here."),
    mail: t("Has left a message and will be told here and by mail."),
    bot: t("Goes on with the bot until somebody takes the ticket."),
  };
  return texts[choice] ?? choice;
}

function feedbackText(feedback: NonNullable<TicketCustomer["feedback"]>): string {
  if (feedback.state === "answered") return t("Was asked how it was, and answered:");
  if (feedback.state === "asked") return t("Was asked how it was.");
  if (feedback.state === "due") return t("Will be asked how it was.");
  const why: Record<string, string> = {
    switched_off: t("asking is switched off"),
    agent_said_no: t("the agent resolved without asking"),
    automatic: t("nobody resolved it but a timer"),
    category: t("the category is left out"),
    abuse: t("the customer was abusive"),
    unreachable: t("the customer can't be reached"),
    refused: t("the customer asked not to be asked"),
    asked_lately: t("the customer was asked lately"),
    reopened: t("the ticket was reopened"),
    gone_on: t("it was too late to ask"),
  };
  return t("Not asked how it was: {why}.", { why: why[feedback.why_not ?? ""] ?? "" });
}
