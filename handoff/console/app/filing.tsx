/** What a ticket is about and who follows it: each thing is changed where it stands. */
import { signal } from "@preact/signals";
import { api } from "@staff/api";
import { Badge, Button, Choice, Field, Icon, IconButton } from "@staff/controls";
import { numberText } from "@staff/format";
import { t } from "@staff/i18n";
import { Eye, Flag, Link, Pencil, Plus, X } from "@staff/icons";
import { priorityName, stateName, stateTone } from "@staff/labels";
import { navigate } from "@staff/router";
import { may, me } from "@staff/session";
import { toast, toastError } from "@staff/toast";
import { GRADES, type Grade, type Relation, type TicketDetail } from "@staff/types";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ActDialog, canAct, openDialog, ReasonField } from "./actions";
import { act, list, listHref, refreshAll, ticket, ticketHref, ticketId } from "./store";

const LONGEST_SUBJECT = 120;
const LONGEST_TAG = 40;

interface Category {
  key: string;
  name: string;
  retired: boolean;
}

const categories = signal<Category[]>([]);
const knownTags = signal<string[]>([]);
/** Which dialog of this part is open. */
const asking = signal<"link" | "merge" | null>(null);

async function readLists(): Promise<void> {
  try {
    const [listed, tags] = await Promise.all([
      api.get<{ items: Category[] }>("/ticket-categories"),
      api.get<{ items: string[] }>("/ticket-tags"),
    ]);
    categories.value = listed.items;
    knownTags.value = tags.items;
  } catch {
    // what is set on the ticket is shown without them; the next ticket reads them again
  }
}

/** Changes one thing and says so when it was refused. */
async function change(path: string, body: unknown, done?: string): Promise<boolean> {
  try {
    return await act(path, body, done);
  } catch (error) {
    toastError(error);
    return false;
  }
}

function impactName(grade: Grade): string {
  const names: Record<Grade, string> = {
    high: t("High impact"),
    medium: t("Medium impact"),
    low: t("Low impact"),
  };
  return names[grade];
}

function urgencyName(grade: Grade): string {
  const names: Record<Grade, string> = {
    high: t("High urgency"),
    medium: t("Medium urgency"),
    low: t("Low urgency"),
  };
  return names[grade];
}

export function relationName(relation: Relation): string {
  const names: Record<Relation, string> = {
    related: t("Related to"),
    duplicate_of: t("Duplicate of"),
    has_duplicate: t("Has the duplicate"),
    caused_by: t("Caused by"),
    cause_of: t("Cause of"),
    merged_into: t("Goes on under"),
    merged_from: t("Merged from"),
    earlier: t("Follows"),
  };
  return names[relation];
}

export function FilingView() {
  const shown = ticket.value;
  useEffect(() => void readLists(), [shown?.id]);
  if (!shown) return null;
  const editable = canAct("file");
  return (
    <div class="filing">
      <Subject key={shown.id} text={shown.subject ?? ""} editable={editable} />
      <CategoryChoice shown={shown} editable={editable} />
      <Row label={t("Priority")}>
        <span class="filing-line">
          <Badge tone={priorityTone(shown.priority)} icon={Flag}>
            {priorityName(shown.priority)}
          </Badge>
          {shown.impact && shown.urgency && (
            <span class="filing-note">
              {impactName(shown.impact)}, {urgencyName(shown.urgency).toLowerCase()}
            </span>
          )}
          {canAct("priority") && (
            <IconButton
              label={t("Change the priority")}
              icon={Pencil}
              onClick={() => openDialog("priority")}
            />
          )}
        </span>
      </Row>
      <Tags tags={shown.tags ?? []} editable={editable} />
      <Links shown={shown} editable={editable} />
      <Watchers shown={shown} />
    </div>
  );
}

function priorityTone(priority: TicketDetail["priority"]) {
  return priority === "urgent" ? "danger" : priority === "high" ? "warning" : "neutral";
}

function Row({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="filing-row">
      <p class="filing-label">{label}</p>
      <div class="filing-value">{children}</div>
    </div>
  );
}

function Subject({ text, editable }: { text: string; editable: boolean }) {
  const [draft, setDraft] = useState<string | null>(null);
  const save = async () => {
    if (draft === null || !draft.trim()) return;
    if (draft.trim() === text || (await change("subject", { subject: draft.trim() }))) setDraft(null);
  };
  if (draft === null) {
    return (
      <Row label={t("Subject")}>
        <span class="filing-line">
          <span class="filing-subject">{text || t("No subject")}</span>
          {editable && (
            <IconButton label={t("Change the subject")} icon={Pencil} onClick={() => setDraft(text)} />
          )}
        </span>
      </Row>
    );
  }
  return (
    <form
      class="filing-edit"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Field label={t("Subject")}>
        {(ids) => (
          <input
            {...ids}
            ref={(input) => {
              if (input && document.activeElement === document.body) input.focus();
            }}
            class="input"
            maxLength={LONGEST_SUBJECT}
            value={draft}
            onInput={(event) => setDraft(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Escape") setDraft(null);
            }}
          />
        )}
      </Field>
      <span class="filing-line">
        <Button variant="primary" size="small" type="submit" disabled={!draft.trim()}>
          {t("Save")}
        </Button>
        <Button size="small" onClick={() => setDraft(null)}>
          {t("Cancel")}
        </Button>
      </span>
    </form>
  );
}

function CategoryChoice({ shown, editable }: { shown: TicketDetail; editable: boolean }) {
  const now = shown.category ?? null;
  if (!editable) {
    return <Row label={t("Category")}>{now ? now.name : <span>{t("None")}</span>}</Row>;
  }
  const offered = categories.value.filter((one) => !one.retired || one.key === now?.key);
  const options = [
    { value: "", label: t("None") },
    ...offered.map((one) => ({ value: one.key, label: one.name })),
  ];
  if (now && !offered.some((one) => one.key === now.key)) options.push({ value: now.key, label: now.name });
  return (
    <Row label={t("Category")}>
      <Choice
        compact
        label={t("Category")}
        value={now?.key ?? ""}
        options={options}
        onChange={(key) => void change("category", { category: key || null })}
      />
    </Row>
  );
}

function Tags({ tags, editable }: { tags: readonly string[]; editable: boolean }) {
  const [draft, setDraft] = useState("");
  const input = useRef<HTMLInputElement>(null);
  if (!editable && tags.length === 0) return null;
  const add = async () => {
    const words = draft.split(/[,;]/).filter((word) => word.trim());
    if (words.length && (await change("tags", { add: words }))) setDraft("");
    input.current?.focus();
  };
  return (
    <Row label={t("Tags")}>
      {tags.length > 0 && (
        <ul class="tag-list" aria-label={t("Tags")}>
          {tags.map((tag) => (
            <li key={tag} class="tag-chip">
              <a href={listHref({ view: "open", queue: "", tag })} title={t("Tickets with this tag")}>
                {tag}
              </a>
              {editable && (
                <button
                  type="button"
                  class="tag-remove"
                  aria-label={t("Remove the tag {tag}", { tag })}
                  onClick={() => void change("tags", { remove: [tag] })}
                >
                  <Icon of={X} size={12} />
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {editable && (
        <form
          class="filing-line"
          onSubmit={(event) => {
            event.preventDefault();
            void add();
          }}
        >
          <input
            ref={input}
            class="input"
            list="known-tags"
            aria-label={t("Add a tag")}
            placeholder={t("Add a tag")}
            maxLength={LONGEST_TAG * 3}
            value={draft}
            onInput={(event) => setDraft(event.currentTarget.value)}
          />
          <datalist id="known-tags">
            {knownTags.value
              .filter((one) => !tags.includes(one))
              .map((one) => (
                <option key={one} value={one} />
              ))}
          </datalist>
          {draft.trim() && (
            <Button size="small" type="submit" icon={Plus}>
              {t("Add")}
            </Button>
          )}
        </form>
      )}
    </Row>
  );
}

const MADE_BY_PEOPLE: readonly Relation[] = [
  "related",
  "duplicate_of",
  "has_duplicate",
  "caused_by",
  "cause_of",
];

function Links({ shown, editable }: { shown: TicketDetail; editable: boolean }) {
  const links = shown.links ?? [];
  if (!editable && links.length === 0) return null;
  return (
    <Row label={t("Other tickets")}>
      {links.length > 0 && (
        <ul class="link-list">
          {links.map((link) => (
            <li key={`${link.relation}${link.id}`}>
              <span class="filing-note">{relationName(link.relation)}</span>
              <a href={ticketHref(link.id)}>{numberText(link.number)}</a>
              <Badge tone={stateTone(link.state)}>{stateName(link.state)}</Badge>
              {editable && MADE_BY_PEOPLE.includes(link.relation) && (
                <IconButton
                  label={t("Remove the link to {number}", { number: numberText(link.number) })}
                  icon={X}
                  onClick={() => void change("unlink", { other: link.id })}
                />
              )}
            </li>
          ))}
        </ul>
      )}
      {editable && (
        <span class="filing-line">
          <Button
            size="small"
            icon={Link}
            onClick={() => {
              asking.value = "link";
            }}
          >
            {t("Link…")}
          </Button>
          <Button
            size="small"
            onClick={() => {
              asking.value = "merge";
            }}
          >
            {t("Merge…")}
          </Button>
        </span>
      )}
    </Row>
  );
}

function Watchers({ shown }: { shown: TicketDetail }) {
  const watchers = shown.watchers ?? [];
  const own = watchers.some((one) => one.id === me.value?.id);
  const names = watchers.map((one) => (one.id === me.value?.id ? t("You") : one.name));
  if (!may("tickets.work") && names.length === 0) return null;
  return (
    <Row label={t("Watchers")}>
      <span class="filing-line">
        <span class={names.length ? "" : "filing-note"}>{names.join(", ") || t("Nobody")}</span>
        {may("tickets.work") && (
          <Button
            size="small"
            icon={Eye}
            onClick={() =>
              void change(
                "watch",
                { watching: !own },
                own ? t("You are no longer told of changes.") : t("You are told of every change."),
              )
            }
          >
            {own ? t("Stop watching") : t("Watch")}
          </Button>
        )}
      </span>
    </Row>
  );
}

/* ---- dialogs -------------------------------------------------------------------------------- */

export function FilingDialogs() {
  if (!ticket.value) return null;
  if (asking.value === "link") return <LinkDialog />;
  return asking.value === "merge" ? <MergeDialog /> : null;
}

function stopAsking(): void {
  asking.value = null;
}

/** Tickets of the list that look like the same customer's are offered; any number can be typed. */
function TicketField(props: {
  label: string;
  hint: string;
  value: string;
  error: string | null;
  onInput: (text: string) => void;
}) {
  const shown = ticket.value;
  const likely = (list.value?.items ?? []).filter(
    (one) => one.id !== shown?.id && one.contact_name && one.contact_name === shown?.contact_name,
  );
  return (
    <Field label={props.label} hint={props.hint} error={props.error}>
      {(ids) => (
        <>
          <input
            {...ids}
            class="input"
            data-autofocus
            list="likely-tickets"
            maxLength={20}
            placeholder="FL-1234"
            value={props.value}
            onInput={(event) => props.onInput(event.currentTarget.value)}
          />
          <datalist id="likely-tickets">
            {likely.map((one) => (
              <option key={one.id} value={String(one.number)}>
                {one.subject ?? ""}
              </option>
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

function LinkDialog() {
  const [other, setOther] = useState("");
  const [kind, setKind] = useState("related");
  const [tried, setTried] = useState(false);
  const kinds: Relation[] = ["related", "duplicate_of", "caused_by"];
  return (
    <ActDialog
      title={t("Link with another ticket")}
      button={t("Link")}
      onClose={stopAsking}
      send={() => {
        setTried(true);
        return other.trim() ? act("link", { other: other.trim(), kind }, t("Linked.")) : null;
      }}
    >
      <Choice
        label={t("This ticket is")}
        value={kind}
        options={kinds.map((value) => ({ value, label: relationName(value) }))}
        onChange={setKind}
      />
      <TicketField
        label={t("Number of the other ticket")}
        hint={t("The link is shown on both tickets.")}
        value={other}
        error={tried && !other.trim() ? t("Type the number of a ticket.") : null}
        onInput={setOther}
      />
    </ActDialog>
  );
}

function MergeDialog() {
  const [into, setInto] = useState("");
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const merge = async (): Promise<void> => {
    try {
      const remaining = await api.post<TicketDetail>(`/tickets/${ticketId.value}/merge`, {
        into: into.trim(),
        ...(reason.trim() && { reason: reason.trim() }),
      });
      toast(t("Merged into {number}.", { number: numberText(remaining.number) }));
      navigate(ticketHref(remaining.id));
    } finally {
      refreshAll();
    }
  };
  return (
    <ActDialog
      title={t("Merge into another ticket")}
      button={t("Merge")}
      tone="danger"
      onClose={stopAsking}
      send={() => {
        setTried(true);
        return into.trim() ? merge() : null;
      }}
    >
      <p>
        {t(
          "Both must be of the same customer. This ticket is closed for good; its notes, tags and watchers go on in the other one. If it has a conversation of its own, the bot takes that over and tells the customer the number.",
        )}
      </p>
      <TicketField
        label={t("Number of the ticket that remains")}
        hint={t("It must be open.")}
        value={into}
        error={tried && !into.trim() ? t("Type the number of a ticket.") : null}
        onInput={setInto}
      />
      <ReasonField label={t("Reason (optional)")} value={reason} onInput={setReason} />
    </ActDialog>
  );
}

/** Impact and urgency, and the priority that follows; the table is the server's. */
export function AssessFields(props: {
  impact: Grade;
  urgency: Grade;
  onChange: (impact: Grade, urgency: Grade) => void;
}) {
  const options = (name: (grade: Grade) => string) => GRADES.map((value) => ({ value, label: name(value) }));
  return (
    <>
      <Choice
        label={t("Impact: how much is affected")}
        value={props.impact}
        options={options(impactName)}
        onChange={(value) => props.onChange(value as Grade, props.urgency)}
      />
      <Choice
        label={t("Urgency: how soon it hurts")}
        value={props.urgency}
        options={options(urgencyName)}
        onChange={(value) => props.onChange(props.impact, value as Grade)}
      />
    </>
  );
}
