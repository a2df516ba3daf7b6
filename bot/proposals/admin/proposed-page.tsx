/** Articles that agents proposed from their tickets: made a draft of, or sent back with a reason. */
import { ApiError, api, errorText } from "@staff/api";
import { Badge, Button, Choice, Field } from "@staff/controls";
import { Dialog } from "@staff/dialog";
import { ago, now } from "@staff/format";
import { n, t } from "@staff/i18n";
import { CornerUpLeft, Inbox, Pencil } from "@staff/icons";
import { languageName } from "@staff/labels";
import { href, navigate } from "@staff/router";
import { may } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { toast, toastError } from "@staff/toast";
import { useEffect, useState } from "preact/hooks";
import "./proposals.css";
import type { Proposal, ProposalState } from "./types";

interface Line {
  items: Proposal[];
  counts: Record<ProposalState, number>;
}

const REFRESH_MS = 3_000;

export function ProposedPage() {
  const [state, setState] = useState<ProposalState>("proposed");
  const [line, setLine] = useState<Line | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [returning, setReturning] = useState<Proposal | null>(null);
  const load = () => {
    api.get<Line>("/kb/proposals", { state }).then((got) => {
      setLine(got);
      setError(null);
    }, setError);
  };
  useEffect(() => {
    setLine(null);
    load();
    const timer = setInterval(() => {
      if (!document.hidden) load();
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, [state]);
  const names: Record<ProposalState, string> = {
    proposed: t("To do"),
    sent_back: t("Sent back"),
    accepted: t("Accepted"),
    withdrawn: t("Taken back"),
  };
  return (
    <>
      <div class="page-head">
        <h1>{t("Proposed articles")}</h1>
        <p class="page-note">{t("What agents answered, for the bot to answer next time.")}</p>
        <Choice
          compact
          label={t("State")}
          value={state}
          options={(Object.keys(names) as ProposalState[]).map((value) => ({
            value,
            label: line ? `${names[value]} (${line.counts[value]})` : names[value],
          }))}
          onChange={(value) => setState(value as ProposalState)}
        />
      </div>
      {error ? <LoadError error={error} retry={load} /> : !line && <Skeleton rows={4} />}
      {line?.items.length === 0 && (
        <Empty
          icon={Inbox}
          title={t("Nothing here.")}
          text={t("Agents propose an article when they resolve a ticket.")}
        />
      )}
      <ul class="proposed-list">
        {line?.items.map((one) => (
          <li key={one.id}>
            <ProposalCard one={one} changed={load} sendBack={() => setReturning(one)} />
          </li>
        ))}
      </ul>
      {returning && (
        <SendBackDialog
          one={returning}
          close={() => {
            setReturning(null);
            load();
          }}
        />
      )}
    </>
  );
}

function ProposalCard(props: { one: Proposal; changed: () => void; sendBack: () => void }) {
  const { one } = props;
  const [busy, setBusy] = useState(false);
  const title = one.question || t("(erased)");
  const accept = async () => {
    setBusy(true);
    try {
      const body = { version: one.version };
      const made = await api.post<{ article_id: string }>(`/kb/proposals/${one.id}/accept`, body);
      toast(t("A draft was made of it. Publish it to put it into force."));
      navigate(href(["articles", made.article_id]));
    } catch (error) {
      toastError(error);
      setBusy(false);
      props.changed();
    }
  };
  return (
    <article class="card" aria-label={title}>
      <h2 class="proposed-title">{title}</h2>
      <p class="article-meta">
        <Badge>{languageName(one.locale)}</Badge>
        {one.live && <Badge tone="success">{t("Live")}</Badge>}
        <span>{t("{name}, ticket {number}", { name: one.author.name, number: one.ticket.number })}</span>
        <span>{ago(one.updated_at, now.value)}</span>
        {one.state === "accepted" && (
          <span>{n("{count} ticket avoided", "{count} tickets avoided", one.tickets_avoided)}</span>
        )}
      </p>
      <p class="proposed-answer" lang={one.locale}>
        {one.answer}
      </p>
      {one.state === "sent_back" && one.reason && (
        <p class="plain-note">{t("Sent back: “{reason}”", { reason: one.reason })}</p>
      )}
      {one.article_id && (
        <p class="asked-actions">
          <a href={href(["articles", one.article_id])}>{t("Open the article")}</a>
        </p>
      )}
      {one.state === "proposed" && may("kb.write") && (
        <p class="asked-actions">
          <Button variant="primary" icon={Pencil} busy={busy} onClick={() => void accept()}>
            {t("Make a draft of it")}
          </Button>
          <Button icon={CornerUpLeft} busy={busy} onClick={props.sendBack}>
            {t("Send back…")}
          </Button>
        </p>
      )}
    </article>
  );
}

function SendBackDialog({ one, close }: { one: Proposal; close: () => void }) {
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const [problem, setProblem] = useState("");
  const send = async () => {
    setTried(true);
    if (!reason.trim()) return;
    try {
      await api.post(`/kb/proposals/${one.id}/send-back`, { version: one.version, reason: reason.trim() });
      toast(t("Sent back."));
      close();
    } catch (error) {
      if (error instanceof ApiError && error.code === "stale") {
        toastError(error);
        close();
      } else setProblem(errorText(error));
    }
  };
  return (
    <Dialog
      title={t("Send the proposal back")}
      onClose={close}
      footer={
        <>
          <Button onClick={close}>{t("Cancel")}</Button>
          <Button variant="primary" onClick={() => void send()}>
            {t("Send back")}
          </Button>
        </>
      }
    >
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <p>{t("{name} reads the reason in the console and can put it better.", { name: one.author.name })}</p>
        <Field label={t("Reason")} error={tried && !reason.trim() ? t("Please give a reason.") : null}>
          {(ids) => (
            <textarea
              {...ids}
              class="input"
              rows={3}
              maxLength={500}
              value={reason}
              data-autofocus
              onInput={(event) => setReason(event.currentTarget.value)}
            />
          )}
        </Field>
        {problem && (
          <p class="form-problem" role="alert">
            {problem}
          </p>
        )}
      </form>
    </Dialog>
  );
}
