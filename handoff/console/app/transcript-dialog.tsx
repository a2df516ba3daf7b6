/** The whole conversation taken out of here: to print, as a file, or by mail to the customer. */
import { signal } from "@preact/signals";
import { api } from "@staff/api";
import { Button, Icon } from "@staff/controls";
import { Dialog } from "@staff/dialog";
import { t } from "@staff/i18n";
import { Download, ExternalLink, Send } from "@staff/icons";
import { may } from "@staff/session";
import { LoadError, Skeleton } from "@staff/states";
import { toast, toastError } from "@staff/toast";
import { useEffect, useState } from "preact/hooks";
import { refreshTicket } from "./store";

interface Address {
  to: string | null;
  asked: boolean;
}

/** The conversation whose transcript is taken out. */
export const takingOut = signal<string | null>(null);

export function TranscriptDialog() {
  const id = takingOut.value;
  if (!id) return null;
  const close = () => {
    takingOut.value = null;
  };
  const path = `/api/v1/conversations/${id}/transcript`;
  return (
    <Dialog title={t("Transcript")} onClose={close}>
      {may("transcripts.read") && (
        <>
          <p>
            {t(
              "Take the whole conversation out of here. Every file ends with its SHA-256, so that a change shows.",
            )}
          </p>
          <div class="take-out">
            <Button
              icon={ExternalLink}
              variant="primary"
              onClick={() => window.open(`${path}?format=html`, "_blank", "noopener")}
            >
              {t("Open to print")}
            </Button>
            <FileLink href={`${path}?format=html&download=true`} label={t("Page (HTML)")} />
            <FileLink href={`${path}?format=txt&download=true`} label={t("Text")} />
            <FileLink href={`${path}?format=json&download=true`} label={t("Data (JSON)")} />
          </div>
        </>
      )}
      {may("tickets.work") && <ByMail id={id} close={close} />}
    </Dialog>
  );
}

function FileLink({ href, label }: { href: string; label: string }) {
  return (
    <a class="button button-secondary button-normal" href={href} download>
      <Icon of={Download} />
      {label}
    </a>
  );
}

function ByMail({ id, close }: { id: string; close: () => void }) {
  const [address, setAddress] = useState<Address | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const load = () => {
    setError(null);
    api.get<Address>(`/conversations/${id}/transcript/address`).then(setAddress, setError);
  };
  useEffect(load, [id]);
  const send = async () => {
    setBusy(true);
    try {
      const done = await api.post<Address>(`/conversations/${id}/transcript/send`, {});
      toast(
        done.to ? t("Sent to {address}.", { address: done.to }) : t("The customer was asked for an address."),
      );
      refreshTicket();
      close();
    } catch (problem) {
      toastError(problem);
      setBusy(false);
    }
  };
  return (
    <section class="take-out-mail">
      <h3>{t("Send transcript by mail")}</h3>
      {error ? (
        <LoadError error={error} retry={load} />
      ) : address ? (
        <>
          <p>{explain(address)}</p>
          <Button icon={Send} busy={busy} onClick={() => void send()}>
            {address.to ? t("Send to {address}", { address: address.to }) : t("Ask the customer")}
          </Button>
        </>
      ) : (
        <Skeleton rows={2} />
      )}
    </section>
  );
}

function explain(address: Address): string {
  if (address.to) return t("It goes to {address}, the customer's proved address.", { address: address.to });
  if (address.asked) return t("The customer was asked for an address and has not answered yet.");
  return t(
    "The customer has not proved an address yet. They are asked for one and get a code there; then the conversation is sent.",
  );
}
