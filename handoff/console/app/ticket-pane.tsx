/** The open ticket: its head with the actions, the conversation, and the case beside it. */
import { Badge, Icon, LevelBadge } from "@staff/controls";
import { duration, now, numberText } from "@staff/format";
import { t } from "@staff/i18n";
import { ArrowLeft, Flag, Globe, Headset, Send } from "@staff/icons";
import { channelName, languageName, priorityName, stateName, stateTone } from "@staff/labels";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { ActionBar } from "./actions";
import { CasePanel } from "./case-panel";
import { CompanyNotice } from "./company";
import { Composer } from "./composer";
import { DueBadge } from "./service-level";
import {
  listHref,
  lostTo,
  pane,
  refreshTicket,
  ticket,
  ticketError,
  ticketHref,
  ticketId,
  ticketReadAt,
} from "./store";
import { Transcript } from "./transcript";
import { waited, waitTone } from "./waiting";

export function TicketPane() {
  if (!ticketId.value) {
    return (
      <section aria-label={t("Ticket")} class="ticket-pane" id="conversation" tabIndex={-1}>
        <Empty
          icon={Headset}
          title={t("Choose a ticket")}
          text={t("Or press n to claim the one that has waited longest.")}
        />
      </section>
    );
  }
  if (!ticket.value) {
    return (
      <section aria-label={t("Ticket")} class="ticket-pane" id="conversation" tabIndex={-1}>
        <a class="icon-button phone-only pane-back" href={listHref()}>
          <Icon of={ArrowLeft} size={20} />
          <span class="visually-hidden">{t("Back to the list")}</span>
        </a>
        {ticketError.value ? (
          <LoadError error={ticketError.value} retry={refreshTicket} />
        ) : (
          <Skeleton rows={5} kind="bubble" />
        )}
      </section>
    );
  }
  return (
    <section aria-label={t("Ticket")} class="ticket-pane ticket-open" id="conversation" tabIndex={-1}>
      <TicketHead />
      <div class="conversation" key={ticketId.value}>
        <Transcript />
        <Composer />
      </div>
      <CasePanel />
    </section>
  );
}

function TicketHead() {
  const shown = ticket.value;
  if (!shown) return null;
  const wait = waited(shown, ticketReadAt.value, now.value);
  return (
    <header class="ticket-head">
      <div class="ticket-head-row">
        <a class="icon-button phone-only" href={listHref()}>
          <Icon of={ArrowLeft} size={20} />
          <span class="visually-hidden">{t("Back to the list")}</span>
        </a>
        <div class="ticket-title">
          <h2>
            <span class="ticket-number">{numberText(shown.number)}</span> {shown.subject || t("No subject")}
          </h2>
          <p class="ticket-meta">
            <LevelBadge level={shown.level} />
            <Badge tone={stateTone(shown.state)}>{stateName(shown.state)}</Badge>
            {shown.priority !== "normal" && (
              <Badge
                tone={
                  shown.priority === "urgent" ? "danger" : shown.priority === "high" ? "warning" : "neutral"
                }
                icon={Flag}
              >
                {priorityName(shown.priority)}
              </Badge>
            )}
            {wait !== null && (
              <span class={`wait text-${waitTone(shown.priority, wait)}`} title={t("Waiting time")}>
                {duration(wait)}
              </span>
            )}
            <DueBadge ticket={shown} readAt={ticketReadAt.value} />
            <span class="meta-item">{shown.contact_name || t("Unknown customer")}</span>
            <span class="meta-item">
              <Icon of={shown.channel === "telegram" ? Send : Globe} size={13} />
              {channelName(shown.channel)}
            </span>
            <span class="meta-item">{languageName(shown.locale)}</span>
            <span class="meta-item">{shown.queue.name}</span>
          </p>
        </div>
        <ActionBar />
      </div>
      <CompanyNotice ticketId={shown.id} />
      {lostTo.value && (
        <p class="notice tone-warning" role="alert">
          {t("{name} was faster and has this ticket now.", { name: lostTo.value.name })}
        </p>
      )}
      <nav class="pane-switch" aria-label={t("Parts of the ticket")}>
        <a href={ticketHref(shown.id)} aria-current={pane.value === "ticket" ? "page" : undefined}>
          {t("Conversation")}
        </a>
        <a href={ticketHref(shown.id, "case")} aria-current={pane.value === "case" ? "page" : undefined}>
          {t("Case")}
        </a>
      </nav>
    </header>
  );
}
