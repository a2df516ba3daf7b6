/** What can be done with a ticket: the bar above the conversation, and the dialogs that ask for the details. */
import { effect, signal } from "@preact/signals";
import { errorText } from "@staff/api";
import { Button, Choice, Field, Icon, type IconType, Toggle } from "@staff/controls";
import { Dialog } from "@staff/dialog";
import { t } from "@staff/i18n";
import {
  AlarmClock,
  ArrowUpRight,
  BookOpen,
  Building2,
  Check,
  CornerUpLeft,
  Download,
  Ellipsis,
  Flag,
  Hand,
  Hourglass,
  RotateCcw,
  Undo2,
  Users,
  Zap,
} from "@staff/icons";
import { priorityName } from "@staff/labels";
import { levelLabel, levels } from "@staff/levels";
import { Menu, type MenuItem } from "@staff/popover";
import { roleName } from "@staff/preferences";
import { may, me } from "@staff/session";
import { toastError } from "@staff/toast";
import { type Grade, PRIORITIES, type Priority } from "@staff/types";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { AssessFields } from "./filing";
import { MacrosDialog, openMacros } from "./macros";
import { type Draft, isComplete, ProposalFields, propose, proposingFrom, readSuggestion } from "./proposals";
import { type Act, levelRank, mayAct } from "./rules";
import { act, agents, claim, queues, ticket, ticketId } from "./store";
import { takingOut } from "./transcript-dialog";
import { type SnoozeChoice, snoozeUntil, toLocalInput } from "./waiting";

export type DialogName =
  | "pass"
  | "return"
  | "give-back"
  | "resolve"
  | "reopen"
  | "third_party"
  | "snooze"
  | "priority";
const dialog = signal<DialogName | null>(null);

export function openDialog(name: DialogName): void {
  dialog.value = name;
}

function close(): void {
  dialog.value = null;
}

// a dialog belongs to the ticket it was opened for
effect(() => {
  void ticketId.value;
  close();
});

export function canAct(act: Act): boolean {
  return !!ticket.value && !!me.value && mayAct(act, ticket.value, me.value);
}

/** Whoever answers a ticket proposes articles from it, also after it was resolved. */
function mayPropose(): boolean {
  if (!ticket.value || !me.value || !may("tickets.work") || ticket.value.state === "queued") return false;
  return ticket.value.assignee?.id === me.value.id || may("tickets.supervise");
}

export function ActionBar() {
  const shown = ticket.value;
  if (!shown) return null;
  const items: MenuItem[] = [];
  const add = (when: boolean, label: string, icon: IconType, onSelect: () => void) => {
    if (when) items.push({ label, icon, onSelect });
  };
  const simple = (path: string, body: unknown, done: string) => () => {
    act(path, body, done).catch(toastError);
  };
  add(canAct("resolve") && canAct("claim"), t("Resolve"), Check, () => openDialog("resolve"));
  add(
    canAct("wait") && shown.state !== "waiting_customer",
    t("Wait for customer"),
    Hourglass,
    simple("wait", { for: "customer" }, t("Waiting for the customer.")),
  );
  add(may("tickets.work") && shown.state !== "closed", t("Macros…"), Zap, openMacros);
  add(canAct("wait"), t("Wait for third party…"), Building2, () => openDialog("third_party"));
  add(canAct("wait"), t("Snooze…"), AlarmClock, () => openDialog("snooze"));
  add(canAct("give-back"), t("Give back to the queue…"), Undo2, () => openDialog("give-back"));
  add(canAct("return"), t("Return to the level below…"), CornerUpLeft, () => openDialog("return"));
  add(canAct("priority"), t("Priority…"), Flag, () => openDialog("priority"));
  add(mayPropose(), t("Propose an article…"), BookOpen, () => {
    proposingFrom.value = shown.id;
  });
  add(may("transcripts.read") || may("tickets.work"), t("Transcript…"), Download, () => {
    takingOut.value = shown.conversation_id;
  });
  return (
    <div class="action-bar">
      {canAct("claim") && (
        <Button variant="primary" icon={Hand} onClick={() => void claim()}>
          {t("Claim")}
        </Button>
      )}
      {canAct("resolve") && !canAct("claim") && (
        <Button variant="primary" icon={Check} onClick={() => openDialog("resolve")}>
          {t("Resolve")}
        </Button>
      )}
      {canAct("reopen") && (
        <Button icon={RotateCcw} onClick={() => openDialog("reopen")}>
          {t("Reopen")}
        </Button>
      )}
      {canAct("pass") && (
        <Button icon={ArrowUpRight} onClick={() => openDialog("pass")}>
          {t("Pass on")}
        </Button>
      )}
      {items.length > 0 && <Menu label={t("More actions")} icon={Ellipsis} iconOnly items={items} />}
    </div>
  );
}

export function ActionDialogs() {
  if (!ticket.value) return null;
  switch (dialog.value) {
    case "pass":
      return <PassDialog />;
    case "return":
      return (
        <ReasonDialog
          title={t("Return to the level below")}
          text={t(
            "The ticket goes back to the queue it came from, one level down. Say what they need to know.",
          )}
          button={t("Return")}
          required
          send={(reason) => act("return", { reason }, t("Returned to the level below."))}
        />
      );
    case "give-back":
      return (
        <ReasonDialog
          title={t("Give back to the queue")}
          text={t("The ticket waits in its queue again and keeps its place. Say why.")}
          button={t("Give back")}
          required
          send={(reason) => act("give-back", { reason }, t("Given back to the queue."))}
        />
      );
    case "third_party":
      return <ThirdPartyDialog />;
    case "reopen":
      return (
        <ReasonDialog
          title={t("Reopen the ticket")}
          text={t("It goes back to work, with everything that was said.")}
          button={t("Reopen")}
          send={(reason) => act("reopen", reason ? { reason } : {}, t("Reopened."))}
        />
      );
    case "resolve":
      return <ResolveDialog />;
    case "snooze":
      return <SnoozeDialog />;
    case "priority":
      return <PriorityDialog />;
    default:
      return <MacrosDialog />;
  }
}

/** A dialog that does one thing: shows what failed inside itself and closes when it worked. */
export function ActDialog(props: {
  title: string;
  button: string;
  tone?: "primary" | "danger";
  wide?: boolean;
  /** Null when something is missing; what is missing is said by the fields. */
  send: () => Promise<unknown> | null;
  /** Left out: it is one of the bar's own dialogs. */
  onClose?: () => void;
  children: ComponentChildren;
}) {
  const onClose = props.onClose ?? close;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const submit = async () => {
    const sent = props.send();
    if (!sent) return;
    setBusy(true);
    try {
      await sent;
      onClose();
    } catch (error) {
      setProblem(errorText(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={props.title}
      onClose={onClose}
      wide={props.wide ?? false}
      footer={
        <>
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button variant={props.tone ?? "primary"} busy={busy} onClick={() => void submit()}>
            {props.button}
          </Button>
        </>
      }
    >
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            void submit();
          }
        }}
      >
        {props.children}
        {problem && (
          <p class="form-problem" role="alert">
            {problem}
          </p>
        )}
      </form>
    </Dialog>
  );
}

export function ReasonField(props: {
  label: string;
  value: string;
  onInput: (text: string) => void;
  error?: string | null;
  autofocus?: boolean;
}) {
  return (
    <Field label={props.label} error={props.error}>
      {(ids) => (
        <textarea
          {...ids}
          class="input"
          rows={3}
          maxLength={2000}
          value={props.value}
          data-autofocus={props.autofocus}
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

function ReasonDialog(props: {
  title: string;
  text: string;
  button: string;
  required?: boolean;
  send: (reason: string) => Promise<unknown>;
}) {
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const missing = props.required && !reason.trim();
  return (
    <ActDialog
      title={props.title}
      button={props.button}
      send={() => {
        setTried(true);
        return missing ? null : props.send(reason.trim());
      }}
    >
      <p>{props.text}</p>
      <ReasonField
        label={props.required ? t("Reason") : t("Reason (optional)")}
        value={reason}
        onInput={setReason}
        error={tried && missing ? t("Please give a reason.") : null}
        autofocus
      />
    </ActDialog>
  );
}

function ThirdPartyDialog() {
  const known = ticket.value?.state === "waiting_third_party" ? ticket.value.third_party : null;
  const [vendor, setVendor] = useState(known?.vendor ?? "");
  const [date, setDate] = useState(known?.expected_at ? toLocalInput(new Date(known.expected_at)) : "");
  const [reason, setReason] = useState("");
  const past = date !== "" && !(new Date(date).getTime() > Date.now());
  return (
    <ActDialog
      title={t("Wait for third party")}
      button={t("Wait")}
      send={() =>
        past
          ? null
          : act(
              "wait",
              {
                for: "third_party",
                ...(vendor.trim() && { vendor: vendor.trim() }),
                ...(date && { expected_at: new Date(date).toISOString() }),
                ...(reason.trim() && { reason: reason.trim() }),
              },
              t("Waiting for a third party."),
            )
      }
    >
      <p>{t("The clock of this ticket pauses until you go on or the customer writes.")}</p>
      <Field label={t("Vendor (optional)")}>
        {(ids) => (
          <input
            {...ids}
            class="input"
            maxLength={120}
            value={vendor}
            data-autofocus
            onInput={(event) => setVendor(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field
        label={t("Answer expected by (optional)")}
        hint={t("You are reminded by mail when nobody has answered by then.")}
        error={past ? t("Please choose a time to come.") : null}
      >
        {(ids) => (
          <input
            {...ids}
            type="datetime-local"
            class="input"
            value={date}
            onInput={(event) => setDate(event.currentTarget.value)}
          />
        )}
      </Field>
      <ReasonField label={t("Reason (optional)")} value={reason} onInput={setReason} />
    </ActDialog>
  );
}

type Way = "transfer" | "functional" | "hierarchical";

function PassDialog() {
  const shown = ticket.value;
  const [way, setWay] = useState<Way>("functional");
  const [target, setTarget] = useState<Record<Way, string>>({
    transfer: "",
    functional: "",
    hierarchical: "",
  });
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  if (!shown) return null;
  const ways: { value: Way; label: string; text: string; icon: IconType }[] = [
    {
      value: "functional",
      label: t("Functional escalation"),
      text: t("Another team or a deeper level has the knowledge to solve it."),
      icon: ArrowUpRight,
    },
    {
      value: "hierarchical",
      label: t("Hierarchical escalation"),
      text: t(
        "Management must decide: impact, complaint or exception. It keeps its level and becomes more urgent.",
      ),
      icon: Building2,
    },
    {
      value: "transfer",
      label: t("Transfer"),
      text: t("Same work, other hands: a queue or a colleague."),
      icon: Users,
    },
  ];
  const chosen = target[way];
  const to = chosen.slice(chosen.indexOf(":") + 1);
  const send = () => {
    setTried(true);
    if (!chosen || !reason.trim()) return null;
    const why = reason.trim();
    if (way !== "transfer") return act("escalate", { kind: way, to, reason: why }, t("Escalated."));
    const where = chosen.startsWith("agent:") ? { assignee: to } : { queue: to };
    return act("transfer", { ...where, reason: why }, t("Passed on."));
  };
  return (
    <ActDialog
      title={t("Pass on")}
      button={way === "transfer" ? t("Transfer") : t("Escalate")}
      wide
      send={send}
    >
      <fieldset class="cards">
        <legend class="visually-hidden">{t("Kind")}</legend>
        {ways.map((one, index) => (
          <label key={one.value} class="card-choice">
            <input
              type="radio"
              name="way"
              checked={way === one.value}
              data-autofocus={index === 0}
              onChange={() => setWay(one.value)}
            />
            <Icon of={one.icon} size={18} />
            <span>
              <strong>{one.label}</strong>
              <span>{one.text}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <Field label={t("To")} error={tried && !chosen ? t("Please choose who gets it.") : null}>
        {(ids) => (
          <select
            {...ids}
            class="select"
            value={chosen}
            onChange={(event) => setTarget({ ...target, [way]: event.currentTarget.value })}
          >
            <option value="">{t("Choose…")}</option>
            <Targets way={way} level={shown.level} queueKey={shown.queue.key} />
          </select>
        )}
      </Field>
      <ReasonField
        label={t("Reason")}
        value={reason}
        onInput={setReason}
        error={tried && !reason.trim() ? t("Please give a reason.") : null}
      />
    </ActDialog>
  );
}

function Targets({ way, level, queueKey }: { way: Way; level: string; queueKey: string }) {
  const all = queues.value ?? [];
  const isUp = (one: string | null) => levelRank(one) > levelRank(level);
  const isBelow = (one: string | null) => levelRank(one) < levelRank(level);
  const known = [...new Set(all.map((queue) => queue.level))].sort();
  const here = levels.value.find((one) => one.key === level);
  // Where the people of this level may not pass on to, or nobody is, the server would refuse.
  const mayReach = (one: string) =>
    one === level ||
    ((here?.escalates_to.includes(one) ?? true) &&
      (levels.value.find((other) => other.key === one)?.staffed ?? true));
  const colleagues = agents.value.filter((agent) => agent.id !== me.value?.id);
  const others = all.filter(
    (queue) =>
      queue.key !== queueKey && !(way === "functional" && (isBelow(queue.level) || !mayReach(queue.level))),
  );
  const offeredLevels =
    way === "transfer" ? [] : known.filter((one) => way === "hierarchical" || (isUp(one) && mayReach(one)));
  const staff = colleagues.filter((agent) => {
    if (way === "hierarchical") return ["supervisor", "admin"].includes(agent.role);
    return way === "transfer" || !isBelow(agent.level);
  });
  return (
    <>
      {offeredLevels.length > 0 && (
        <optgroup label={t("Level")}>
          {offeredLevels.map((one) => (
            <option key={one} value={`level:${one}`}>
              {t("Level {level}", { level: levelLabel(one) })}
            </option>
          ))}
        </optgroup>
      )}
      {way !== "hierarchical" && others.length > 0 && (
        <optgroup label={t("Queue")}>
          {others.map((queue) => (
            <option key={queue.key} value={`queue:${queue.key}`}>
              {queue.level} · {queue.name}
            </option>
          ))}
        </optgroup>
      )}
      {staff.length > 0 && (
        <optgroup label={t("Person")}>
          {staff.map((agent) => (
            <option key={agent.id} value={`agent:${agent.id}`}>
              {agent.name} ({[agent.level, roleName(agent.role)].filter(Boolean).join(" · ")})
            </option>
          ))}
        </optgroup>
      )}
    </>
  );
}

function ResolveDialog() {
  const id = ticket.value?.id ?? "";
  const [text, setText] = useState("");
  const [asks, setAsks] = useState(true);
  const [proposing, setProposing] = useState(false);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [tried, setTried] = useState(false);
  const choose = async (on: boolean) => {
    setProposing(on);
    if (!on || draft) return;
    try {
      const found = await readSuggestion(id);
      setDraft({ ...found, answer: found.answer || text.trim() });
    } catch (error) {
      setProposing(false);
      toastError(error);
    }
  };
  const send = () => {
    setTried(true);
    if (proposing && !isComplete(draft)) return null;
    // Proposed first: proposing the same again does no harm, resolving can't be tried twice.
    const proposed = proposing && draft ? propose(id, draft) : Promise.resolve();
    const body = { ...(text.trim() && { text: text.trim() }), ...(!asks && { ask_feedback: false }) };
    return proposed.then(() => act("resolve", body, t("Resolved.")));
  };
  return (
    <ActDialog title={t("Resolve the ticket")} button={t("Resolve")} wide={proposing} send={send}>
      <Field
        label={t("Last message to the customer (optional)")}
        hint={t("Sent before the conversation goes back to the bot.")}
      >
        {(ids) => (
          <textarea
            {...ids}
            class="input"
            rows={4}
            maxLength={4000}
            value={text}
            data-autofocus
            onInput={(event) => setText(event.currentTarget.value)}
          />
        )}
      </Field>
      <Toggle label={t("Ask the customer how it was")} checked={asks} onChange={setAsks} />
      {mayPropose() && (
        <Toggle
          label={t("Propose an article from the answer")}
          checked={proposing}
          onChange={(on) => void choose(on)}
        />
      )}
      {proposing && draft && <ProposalFields draft={draft} onChange={setDraft} tried={tried} />}
    </ActDialog>
  );
}

function SnoozeDialog() {
  const [choice, setChoice] = useState<SnoozeChoice | "date">("hour");
  const [date, setDate] = useState(toLocalInput(snoozeUntil("tomorrow", new Date())));
  const [reason, setReason] = useState("");
  const until = choice === "date" ? new Date(date) : snoozeUntil(choice, new Date());
  const past = !(until.getTime() > Date.now());
  const choices: { value: SnoozeChoice | "date"; label: string }[] = [
    { value: "hour", label: t("In one hour") },
    { value: "afternoon", label: t("In four hours") },
    { value: "tomorrow", label: t("Tomorrow at 9:00") },
    { value: "monday", label: t("Monday at 9:00") },
    { value: "date", label: t("Date and time…") },
  ];
  return (
    <ActDialog
      title={t("Snooze")}
      button={t("Snooze")}
      send={() =>
        past ? null : act("snooze", { until: until.toISOString(), ...(reason && { reason }) }, t("Snoozed."))
      }
    >
      <p>{t("The ticket comes back at this time, or when the customer writes.")}</p>
      <Choice
        label={t("Until")}
        value={choice}
        options={choices}
        onChange={(value) => setChoice(value as SnoozeChoice | "date")}
      />
      {choice === "date" && (
        <Field label={t("Date and time")} error={past ? t("Please choose a time to come.") : null}>
          {(ids) => (
            <input
              {...ids}
              type="datetime-local"
              class="input"
              value={date}
              onInput={(event) => setDate(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      <ReasonField label={t("Reason (optional)")} value={reason} onInput={setReason} />
    </ActDialog>
  );
}

function PriorityDialog() {
  const shown = ticket.value;
  const [direct, setDirect] = useState(!shown?.impact);
  const [priority, setPriority] = useState<Priority>(shown?.priority ?? "normal");
  const [impact, setImpact] = useState<Grade>(shown?.impact ?? "medium");
  const [urgency, setUrgency] = useState<Grade>(shown?.urgency ?? "medium");
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const missing = direct && !reason.trim();
  const send = () => {
    setTried(true);
    if (missing) return null;
    const why = reason.trim() && { reason: reason.trim() };
    return direct
      ? act("priority", { priority, ...why }, t("Priority changed."))
      : act("assess", { impact, urgency, ...why }, t("Priority changed."));
  };
  const ways = [
    {
      value: false,
      label: t("By impact and urgency"),
      text: t("The priority follows from both."),
    },
    { value: true, label: t("Choose it"), text: t("With a reason, for whoever wonders later.") },
  ];
  return (
    <ActDialog title={t("Priority")} button={t("Save")} send={send}>
      <fieldset class="cards">
        <legend class="visually-hidden">{t("How")}</legend>
        {ways.map((way) => (
          <label key={way.label} class="card-choice">
            <input
              type="radio"
              name="priority-way"
              checked={direct === way.value}
              data-autofocus={direct === way.value}
              onChange={() => setDirect(way.value)}
            />
            <span>
              <strong>{way.label}</strong>
              <span>{way.text}</span>
            </span>
          </label>
        ))}
      </fieldset>
      {direct ? (
        <Choice
          label={t("Priority")}
          value={priority}
          options={PRIORITIES.map((value) => ({ value, label: priorityName(value) }))}
          onChange={(value) => setPriority(value as Priority)}
        />
      ) : (
        <AssessFields
          impact={impact}
          urgency={urgency}
          onChange={(newImpact, newUrgency) => {
            setImpact(newImpact);
            setUrgency(newUrgency);
          }}
        />
      )}
      <ReasonField
        label={direct ? t("Reason") : t("Reason (optional)")}
        value={reason}
        onInput={setReason}
        error={tried && missing ? t("Please give a reason.") : null}
      />
    </ActDialog>
  );
}
