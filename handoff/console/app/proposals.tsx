/** Articles proposed from tickets: the form, and what became of one's own proposals. */
import { computed, signal } from "@preact/signals";
import { ApiError, api, errorText } from "@staff/api";
import { Badge, Button, Choice, Field } from "@staff/controls";
import { Dialog } from "@staff/dialog";
import { LOCALE_NAMES, LOCALES, n, t } from "@staff/i18n";
import { BookOpen, Pencil, RotateCcw } from "@staff/icons";
import { coalesce } from "@staff/live";
import { may } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { toast, toastError } from "@staff/toast";
import { useEffect, useState } from "preact/hooks";

export interface Draft {
  question: string;
  answer: string;
  locale: string;
}

interface Proposal extends Draft {
  id: string;
  ticket: { id: string; number: string };
  author: { id: string; name: string };
  state: "proposed" | "sent_back" | "accepted" | "withdrawn";
  reason: string | null;
  live: boolean;
  version: number;
  tickets_avoided: number;
}

interface Suggestion extends Draft {
  proposal: Proposal | null;
}

const own = signal<Proposal[] | null>(null);
const ownError = signal<unknown>(null);
export const proposalsOpen = signal(false);
/** The ticket an article is being proposed from, outside the dialog that resolves it. */
export const proposingFrom = signal<string | null>(null);
export const sentBackCount = computed(
  () => (own.value ?? []).filter((one) => one.state === "sent_back").length,
);

async function readOwn(): Promise<void> {
  if (!may("tickets.work")) return;
  try {
    own.value = (await api.get<{ items: Proposal[] }>("/proposals")).items;
    ownError.value = null;
  } catch (error) {
    ownError.value = error; // said in the dialog; the next hint or opening it reads again
  }
}

export const refreshProposals = coalesce(readOwn);

/** An editor has decided about a proposal: says so to whoever made it. */
export async function tellProposal(data: Record<string, unknown>): Promise<void> {
  if (data.change !== "article_sent_back" && data.change !== "article_accepted") return;
  await readOwn();
  const mine = own.value?.find((one) => one.ticket.id === data.ticket_id);
  if (mine?.state === "sent_back") toast(t("An editor sent your proposed article back."), "warning");
  if (mine?.state === "accepted") toast(t("An editor accepted your proposed article."));
}

/** Reads what a proposal may begin with: what was proposed before, else the ticket's own words. */
export async function readSuggestion(ticketId: string): Promise<Draft> {
  const found = await api.get<Suggestion>(`/tickets/${ticketId}/proposal`);
  const before = found.proposal;
  return before && (before.state === "proposed" || before.state === "sent_back") ? before : found;
}

export async function propose(ticketId: string, { question, answer, locale }: Draft): Promise<void> {
  await api.put(`/tickets/${ticketId}/proposal`, { question, answer, locale });
  refreshProposals();
}

/** What keeps a draft from being sent; the server says the rest. */
export function isComplete(draft: Draft | null): draft is Draft {
  return !!draft?.question.trim() && !!draft.answer.trim();
}

export function ProposalFields(props: {
  draft: Draft;
  onChange: (draft: Draft) => void;
  tried: boolean;
  autofocus?: boolean;
}) {
  const { draft, tried } = props;
  const change = (part: Partial<Draft>) => props.onChange({ ...draft, ...part });
  return (
    <>
      <Field
        label={t("Question in the customer's words")}
        error={tried && !draft.question.trim() ? t("Say which question it answers.") : null}
      >
        {(ids) => (
          <input
            {...ids}
            class="input"
            maxLength={300}
            value={draft.question}
            data-autofocus={props.autofocus}
            onInput={(event) => change({ question: event.currentTarget.value })}
          />
        )}
      </Field>
      <Field
        label={t("Answer")}
        hint={t("Names, numbers, addresses and links are replaced by … before an editor reads it.")}
        error={tried && !draft.answer.trim() ? t("Say what the answer is.") : null}
      >
        {(ids) => (
          <textarea
            {...ids}
            class="input"
            rows={5}
            maxLength={20_000}
            value={draft.answer}
            onInput={(event) => change({ answer: event.currentTarget.value })}
          />
        )}
      </Field>
      <Choice
        label={t("Language")}
        value={draft.locale}
        options={LOCALES.map((value) => ({ value, label: LOCALE_NAMES[value] }))}
        onChange={(locale) => change({ locale })}
      />
    </>
  );
}

export function ProposeDialog({ ticketId }: { ticketId: string }) {
  const [draft, setDraft] = useState<Draft | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [problem, setProblem] = useState("");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const reason = own.value?.find((one) => one.ticket.id === ticketId && one.state === "sent_back")?.reason;
  const load = () => {
    setError(null);
    readSuggestion(ticketId).then(setDraft, setError);
  };
  useEffect(load, [ticketId]);
  const close = () => {
    proposingFrom.value = null;
  };
  const send = async () => {
    setTried(true);
    if (!isComplete(draft)) return;
    setBusy(true);
    try {
      await propose(ticketId, draft);
      toast(t("Proposed. An editor looks at it."));
      close();
    } catch (failure) {
      setProblem(errorText(failure));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={t("Propose an article")}
      onClose={close}
      wide
      footer={
        <>
          <Button onClick={close}>{t("Cancel")}</Button>
          <Button variant="primary" busy={busy} disabled={!draft} onClick={() => void send()}>
            {t("Propose")}
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
        {reason && <p class="proposal-reason">“{reason}”</p>}
        {error ? <LoadError error={error} retry={load} /> : !draft && <Skeleton rows={3} />}
        {draft && <ProposalFields draft={draft} onChange={setDraft} tried={tried} autofocus />}
        {problem && (
          <p class="form-problem" role="alert">
            {problem}
          </p>
        )}
      </form>
    </Dialog>
  );
}

export function OwnProposals() {
  useEffect(() => refreshProposals(), []);
  const close = () => {
    proposalsOpen.value = false;
  };
  const list = own.value;
  return (
    <Dialog title={t("My proposed articles")} onClose={close} wide>
      {!list &&
        (ownError.value ? (
          <LoadError error={ownError.value} retry={refreshProposals} />
        ) : (
          <Skeleton rows={3} />
        ))}
      {list?.length === 0 && (
        <Empty
          icon={BookOpen}
          title={t("Nothing here.")}
          text={t("When you resolve a ticket, you can propose an article from your answer.")}
        />
      )}
      <ul class="proposal-list">
        {list?.map((one) => (
          <ProposalItem key={one.id} one={one} />
        ))}
      </ul>
    </Dialog>
  );
}

function ProposalItem({ one }: { one: Proposal }) {
  const withdraw = async () => {
    try {
      await api.post(`/proposals/${one.id}/withdraw`, { version: one.version });
      toast(t("Taken back."));
    } catch (error) {
      toastError(error);
      if (!(error instanceof ApiError)) return;
    }
    refreshProposals();
  };
  const improve = () => {
    proposalsOpen.value = false;
    proposingFrom.value = one.ticket.id;
  };
  return (
    <li class="proposal">
      <p class="proposal-question">{one.question || t("(erased)")}</p>
      <p class="proposal-meta">
        <StateBadge one={one} />
        <a href={`#/t/${one.ticket.id}`} onClick={() => (proposalsOpen.value = false)}>
          {one.ticket.number}
        </a>
        {one.live && (
          <span>{n("{count} ticket avoided", "{count} tickets avoided", one.tickets_avoided)}</span>
        )}
      </p>
      {one.state === "sent_back" && one.reason && <p class="proposal-reason">“{one.reason}”</p>}
      {one.state !== "accepted" && (
        <p class="proposal-acts">
          <Button size="small" icon={Pencil} onClick={improve}>
            {t("Improve")}
          </Button>
          <Button size="small" icon={RotateCcw} onClick={() => void withdraw()}>
            {t("Take back")}
          </Button>
        </p>
      )}
    </li>
  );
}

function StateBadge({ one }: { one: Proposal }) {
  if (one.live) return <Badge tone="success">{t("Live")}</Badge>;
  if (one.state === "accepted") return <Badge tone="accent">{t("Accepted")}</Badge>;
  if (one.state === "sent_back") return <Badge tone="warning">{t("Sent back")}</Badge>;
  return <Badge>{t("With the editors")}</Badge>;
}
