/** The person's presence beside the brand, and what was assigned to them and waits for a yes. */
import "./work.css";
import { api } from "@staff/api";
import { Button, Icon } from "@staff/controls";
import { duration, now } from "@staff/format";
import { t } from "@staff/i18n";
import { Check, Hand } from "@staff/icons";
import { Menu } from "@staff/popover";
import { navigate } from "@staff/router";
import { may } from "@staff/session";
import { toast, toastError } from "@staff/toast";
import type { TicketDetail } from "@staff/types";
import type { Offer } from "../../work/admin/types";
import { PRESENCES, presenceName } from "../../work/admin/words";
import { mine, mineReadAt, offerWords, refreshMine, setPresence } from "./presence";
import { refreshAll, takeDetail, ticketHref } from "./store";

export function PresenceControl() {
  const own = mine.value;
  if (!may("tickets.work") || !own) return null;
  return (
    <Menu
      label={t("Your presence: {presence}", { presence: presenceName(own.presence) })}
      class="presence-button"
      face={
        <>
          <span class={`presence-dot presence-${own.presence}`} />
          <span class="presence-name">
            <span class="visually-hidden">{t("Your presence:")} </span>
            {presenceName(own.presence)}
          </span>
          <span class="presence-load" title={t("Open conversations, and how many you take at a time")}>
            {own.open}/{own.capacity}
          </span>
        </>
      }
      items={PRESENCES.map((presence) => ({
        label: presenceName(presence),
        ...(presence === own.presence && { icon: Check }),
        onSelect: () => void setPresence(presence),
      }))}
    />
  );
}

/** Insists until each is accepted, answered, or gone to somebody else. */
export function Offers() {
  const offers = mine.value?.offers ?? [];
  if (offers.length === 0) return null;
  return (
    <section class="offers" aria-label={t("Assigned to you")}>
      {offers.map((offer) => (
        <OfferLine key={offer.ticket_id} offer={offer} />
      ))}
    </section>
  );
}

function OfferLine({ offer }: { offer: Offer }) {
  const left = offer.seconds - Math.max(0, now.value - mineReadAt.value) / 1000;
  if (left <= 0) return null;
  const accept = async () => {
    try {
      const detail = await api.post<TicketDetail>(`/tickets/${offer.ticket_id}/accept`);
      navigate(ticketHref(offer.ticket_id));
      takeDetail(detail);
      toast(t("The ticket is yours."));
    } catch (error) {
      toastError(error);
    } finally {
      refreshMine();
      refreshAll();
    }
  };
  return (
    <p class="offer">
      <Icon of={Hand} />
      <a class="offer-what" href={ticketHref(offer.ticket_id)}>
        {t("{number} was assigned to you: {subject}", offerWords(offer))}
      </a>
      <span class="offer-time">{t("{time} left", { time: duration(left) })}</span>
      <Button variant="primary" size="small" onClick={() => void accept()}>
        {t("Accept")}
      </Button>
    </p>
  );
}
