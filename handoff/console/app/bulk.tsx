/** Several tickets at once: chosen in the list, by pointer or keyboard; the outcome is told for each. */
import { signal } from "@preact/signals";
import { api, errorText } from "@staff/api";
import { Button, Choice, Field, Icon, IconButton } from "@staff/controls";
import { Dialog } from "@staff/dialog";
import { numberText } from "@staff/format";
import { n, t } from "@staff/i18n";
import { ArrowUpRight, Check, CircleCheck, CircleX, Flag, Hand, Inbox, X } from "@staff/icons";
import { priorityName } from "@staff/labels";
import { may } from "@staff/session";
import { toast } from "@staff/toast";
import { PRIORITIES, type TicketSummary } from "@staff/types";
import { useState } from "preact/hooks";
import { agents, list, queues, refreshAll } from "./store";

const MAX_TICKETS = 100;
type Do = "claim" | "priority" | "transfer" | "resolve" | "tag";

interface Outcome {
  id: string;
  number: string | null;
  done: boolean;
  code: string | null;
  detail: string | null;
}

/** Ids of the chosen tickets; null: nobody is choosing. */
export const selected = signal<ReadonlySet<string> | null>(null);
let anchor: string | null = null;
const asking = signal<Exclude<Do, "claim"> | null>(null);
const outcome = signal<readonly Outcome[] | null>(null);

export function toggleSelecting(): void {
  selected.value = selected.value ? null : new Set();
  anchor = null;
}

/** Chooses a ticket or lets it go; with `range` everything from the last one that was chosen. */
export function toggle(id: string, range = false): void {
  const next = new Set(selected.value ?? []);
  const items = list.value?.items ?? [];
  const from = items.findIndex((item) => item.id === anchor);
  const to = items.findIndex((item) => item.id === id);
  if (range && from !== -1 && to !== -1) {
    for (const item of items.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(item.id);
  } else if (next.has(id)) next.delete(id);
  else next.add(id);
  if (next.size > MAX_TICKETS) {
    toast(t("At most {count} tickets at once.", { count: MAX_TICKETS }), "warning");
    return;
  }
  anchor = id;
  selected.value = next;
}

function chosen(): string[] {
  const there = new Set((list.value?.items ?? []).map((item) => item.id));
  return [...(selected.value ?? [])].filter((id) => there.has(id));
}

async function carryOut(order: { do: Do; [member: string]: unknown }): Promise<void> {
  const answer = await api.post<{ items: Outcome[]; done: number; failed: number }>("/tickets/bulk", {
    ids: chosen(),
    ...order,
  });
  refreshAll();
  if (answer.failed === 0) {
    toast(n("{count} ticket done.", "{count} tickets done.", answer.done));
    selected.value = null;
  } else {
    outcome.value = answer.items;
    selected.value = new Set(answer.items.filter((item) => !item.done).map((item) => item.id));
  }
}

export function SelectBox({ item }: { item: TicketSummary }) {
  if (!selected.value) return null;
  return (
    <label class="select-box">
      <input
        type="checkbox"
        checked={selected.value.has(item.id)}
        onClick={(event) => {
          event.stopPropagation();
          event.preventDefault();
          const range = event.shiftKey;
          setTimeout(() => toggle(item.id, range));
        }}
      />
      <span class="visually-hidden">{t("Choose {number}", { number: numberText(item.number) })}</span>
    </label>
  );
}

export function SelectButton() {
  if (!may("tickets.work")) return null;
  return (
    <IconButton
      label={t("Choose several")}
      icon={CircleCheck}
      aria-pressed={selected.value !== null}
      class="select-button"
      onClick={toggleSelecting}
    />
  );
}

/** What can be done with the chosen tickets, under the head of the list. */
export function BulkBar() {
  const [busy, setBusy] = useState(false);
  if (!selected.value) return null;
  const ids = chosen();
  const items = list.value?.items ?? [];
  const ask = (what: Exclude<Do, "claim">) => () => {
    asking.value = what;
  };
  return (
    <section class="bulk-bar" aria-label={t("Chosen tickets")}>
      <p class="bulk-count" role="status">
        {n("{count} chosen", "{count} chosen", ids.length)}
      </p>
      <Button
        size="small"
        variant="quiet"
        onClick={() => {
          selected.value = new Set(items.slice(0, MAX_TICKETS).map((item) => item.id));
        }}
      >
        {t("All")}
      </Button>
      <IconButton label={t("Stop choosing")} icon={X} onClick={toggleSelecting} />
      <div class="bulk-actions">
        <Button
          size="small"
          icon={Hand}
          busy={busy}
          disabled={ids.length === 0}
          onClick={async () => {
            setBusy(true);
            try {
              await carryOut({ do: "claim" });
            } catch (error) {
              toast(errorText(error), "danger");
            } finally {
              setBusy(false);
            }
          }}
        >
          {t("Claim")}
        </Button>
        <Button size="small" icon={Flag} disabled={ids.length === 0} onClick={ask("priority")}>
          {t("Priority")}
        </Button>
        <Button size="small" icon={ArrowUpRight} disabled={ids.length === 0} onClick={ask("transfer")}>
          {t("Pass on")}
        </Button>
        <Button size="small" icon={Check} disabled={ids.length === 0} onClick={ask("resolve")}>
          {t("Resolve")}
        </Button>
        <Button size="small" icon={Inbox} disabled={ids.length === 0} onClick={ask("tag")}>
          {t("Tag")}
        </Button>
      </div>
    </section>
  );
}

export function BulkDialogs() {
  if (outcome.value) return <Outcomes items={outcome.value} />;
  return asking.value ? <Ask key={asking.value} what={asking.value} /> : null;
}

function Ask({ what }: { what: Exclude<Do, "claim"> }) {
  const [priority, setPriority] = useState("high");
  const [target, setTarget] = useState("");
  const [words, setWords] = useState("");
  const [tags, setTags] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const count = chosen().length;
  const titles = {
    priority: t("Priority"),
    transfer: t("Pass on"),
    resolve: t("Resolve"),
    tag: t("Tag"),
  };
  const close = () => {
    asking.value = null;
  };
  const order = (): { do: Do; [member: string]: unknown } => {
    const [kind, id] = target.split(":", 2);
    switch (what) {
      case "priority":
        return { do: what, priority, reason: words };
      case "transfer":
        return { do: what, reason: words, ...(kind === "queue" ? { queue: id } : { assignee: id }) };
      case "resolve":
        return { do: what, text: words || null };
      case "tag":
        return {
          do: what,
          tags: tags
            .split(",")
            .map((one) => one.trim())
            .filter(Boolean),
        };
    }
  };
  const submit = async () => {
    if (what === "transfer" && (!target || !words.trim())) {
      setProblem(t("Choose where to, and say why."));
      return;
    }
    if (what === "tag" && !tags.trim()) {
      setProblem(t("Write at least one tag."));
      return;
    }
    setBusy(true);
    setProblem(null);
    try {
      await carryOut(order());
      close();
    } catch (error) {
      setProblem(errorText(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={`${titles[what]} · ${n("{count} ticket", "{count} tickets", count)}`}
      onClose={close}
      footer={
        <>
          <Button onClick={close}>{t("Cancel")}</Button>
          <Button variant="primary" busy={busy} onClick={() => void submit()}>
            {titles[what]}
          </Button>
        </>
      }
    >
      {what === "priority" && (
        <Choice
          label={t("Priority")}
          value={priority}
          options={PRIORITIES.map((value) => ({ value, label: priorityName(value) }))}
          onChange={setPriority}
        />
      )}
      {what === "transfer" && (
        <Choice
          label={t("Pass on to")}
          value={target}
          options={[
            { value: "", label: t("Choose…") },
            ...(queues.value ?? []).map((queue) => ({
              value: `queue:${queue.key}`,
              label: `${queue.level} · ${queue.name}`,
            })),
            ...agents.value.map((agent) => ({ value: `person:${agent.id}`, label: agent.name })),
          ]}
          onChange={setTarget}
        />
      )}
      {what === "tag" ? (
        <Field label={t("Tags, separated by commas")}>
          {(ids) => (
            <input
              {...ids}
              class="input"
              maxLength={400}
              data-autofocus
              value={tags}
              onInput={(event) => setTags(event.currentTarget.value)}
            />
          )}
        </Field>
      ) : (
        <Field
          label={
            what === "resolve"
              ? t("Last words to each customer (optional)")
              : what === "transfer"
                ? t("Reason")
                : t("Reason (optional)")
          }
        >
          {(ids) => (
            <textarea
              {...ids}
              class="input"
              rows={3}
              maxLength={2_000}
              value={words}
              onInput={(event) => setWords(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      {problem && (
        <p class="field-error" role="alert">
          {problem}
        </p>
      )}
    </Dialog>
  );
}

function Outcomes({ items }: { items: readonly Outcome[] }) {
  const done = items.filter((item) => item.done).length;
  const close = () => {
    outcome.value = null;
  };
  return (
    <Dialog
      title={t("{done} of {count} done", { done, count: items.length })}
      onClose={close}
      footer={
        <Button variant="primary" onClick={close}>
          {t("Close")}
        </Button>
      }
    >
      <p>{t("What failed stays chosen.")}</p>
      <ul class="outcomes">
        {items.map((item) => (
          <li key={item.id} class={item.done ? "text-success" : "text-danger"}>
            <Icon of={item.done ? CircleCheck : CircleX} />{" "}
            <strong>{item.number ? numberText(item.number) : t("Unknown ticket")}</strong>{" "}
            {item.done ? t("Done") : reasonOf(item)}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

/** The server's codes in the reader's language; its own English sentence where there are no words. */
function reasonOf(item: Outcome): string {
  const reasons: Record<string, string> = {
    already_claimed: t("A colleague has it already."),
    stale: t("It is not yours, or no longer in a state for this."),
    not_found: t("It is not there for you."),
    forbidden: t("Your level does not take it."),
    invalid_target: t("It is there already, or can't go there."),
    unknown_queue: t("There is no such queue."),
    unknown_assignee: t("Nobody who works on tickets has this name."),
    wrong_level: t("This person does not take its level."),
    reason_missing: t("Give a reason."),
    invalid_tag: t("It can't have this tag."),
    too_many_tags: t("A ticket has at most 20 tags."),
  };
  return reasons[item.code ?? ""] ?? item.detail ?? "";
}
