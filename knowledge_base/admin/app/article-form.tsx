/** The fields of an article. */
import { Button, Choice, Field, IconButton } from "@staff/controls";
import { locale, n, t } from "@staff/i18n";
import { Bold, Italic, Link, List, ListOrdered, Plus, Trash2 } from "@staff/icons";
import { routeName } from "@staff/labels";
import type { ArticleLink, Audience, Person } from "@staff/types";
import { useRef } from "preact/hooks";
import type { Draft } from "./autosave";
import { categories, categoryOptions } from "./categories";
import { applyTool, type Tool } from "./markdown-edit";
import { RelatedField } from "./related-field";

const FLOWS = ["order_status", "reset_password", "opening_hours", "ticket_status", "human"] as const;

export function ArticleForm(props: {
  draft: Draft;
  writable: boolean;
  invalid: boolean;
  /** The article's own key and language: what it can't be related to, and in which titles are shown. */
  own: { key: string; locale: string };
  people: readonly Person[];
  change: (part: Partial<Draft>) => void;
}) {
  const { draft, writable, change } = props;
  return (
    <form class="form card" onSubmit={(event) => event.preventDefault()} aria-label={t("Article")}>
      <Field
        label={t("Title")}
        hint={t("The question in a few words, as customers see it.")}
        error={props.invalid ? t("Please write a title.") : null}
      >
        {(ids) => (
          <input
            {...ids}
            class="input"
            maxLength={200}
            value={draft.title}
            readOnly={!writable}
            onInput={(event) => change({ title: event.currentTarget.value })}
          />
        )}
      </Field>
      <Phrasings draft={draft} writable={writable} change={change} />
      <AnswerField answer={draft.answer} writable={writable} change={(answer) => change({ answer })} />
      <Below draft={draft} writable={writable} own={props.own} change={change} />
      <div class="form-pair">
        <Choice
          label={t("Category")}
          value={draft.category}
          disabled={!writable}
          options={[
            { value: "", label: t("No category") },
            ...categoryOptions(categories.value, locale.value, [draft.category]),
          ]}
          onChange={(category) => change({ category })}
        />
        <Field label={t("Tags")} hint={t("Separated by commas.")}>
          {(ids) => (
            <input
              {...ids}
              class="input"
              defaultValue={draft.tags.join(", ")}
              readOnly={!writable}
              onInput={(event) => {
                const tags = event.currentTarget.value.split(",").map((tag) => tag.trim());
                change({ tags: [...new Set(tags.filter(Boolean))] });
              }}
            />
          )}
        </Field>
        <Choice
          label={t("Who may read it")}
          value={draft.audience}
          disabled={!writable}
          options={[
            { value: "public", label: t("Everybody") },
            { value: "internal", label: t("Only our own people") },
          ]}
          onChange={(audience) => change({ audience: audience as Audience })}
        />
        <Choice
          label={t("Owner")}
          value={draft.owner}
          disabled={!writable}
          options={[
            { value: "", label: t("Nobody") },
            ...props.people.map((person) => ({ value: person.id, label: person.name })),
          ]}
          onChange={(owner) => change({ owner })}
        />
        <Field label={t("Read again by")} hint={t("On this day it turns up in the list.")}>
          {(ids) => (
            <input
              {...ids}
              class="input"
              type="date"
              value={draft.review_by}
              readOnly={!writable}
              onInput={(event) => change({ review_by: event.currentTarget.value })}
            />
          )}
        </Field>
      </div>
    </form>
  );
}

/** What stands below the answer, or in its place on a phone. Open where there is something already. */
function Below(props: {
  draft: Draft;
  writable: boolean;
  own: { key: string; locale: string };
  change: (part: Partial<Draft>) => void;
}) {
  const { draft, writable, change } = props;
  const count = (draft.short_answer ? 1 : 0) + draft.links.length + draft.flows.length + draft.related.length;
  const wasUsed = useRef(count > 0);
  return (
    <details class="below" open={wasUsed.current}>
      <summary>
        {t("Short answer, links, buttons, related articles")}
        {count > 0 && <span class="below-count">{count}</span>}
      </summary>
      <Field
        label={t("Short answer for Telegram")}
        hint={t("Said there instead of the answer. Empty: the answer itself.")}
      >
        {(ids) => (
          <textarea
            {...ids}
            class="input"
            rows={3}
            maxLength={3500}
            value={draft.short_answer}
            readOnly={!writable}
            onInput={(event) => change({ short_answer: event.currentTarget.value })}
          />
        )}
      </Field>
      <LinksField links={draft.links} writable={writable} change={(links) => change({ links })} />
      <fieldset class="field">
        <legend class="field-label">{t("Buttons that start something")}</legend>
        <div class="checkboxes">
          {FLOWS.map((flow) => (
            <label key={flow} class="checkbox">
              <input
                type="checkbox"
                checked={draft.flows.includes(flow)}
                disabled={!writable}
                onChange={(event) => {
                  const on = event.currentTarget.checked;
                  change({ flows: FLOWS.filter((one) => (one === flow ? on : draft.flows.includes(one))) });
                }}
              />
              {routeName(flow)}
            </label>
          ))}
        </div>
      </fieldset>
      <RelatedField
        related={draft.related}
        own={props.own}
        writable={writable}
        change={(related) => change({ related })}
      />
    </details>
  );
}

/** A link without a text or an address is not saved yet: it would be refused. */
function LinksField(props: {
  links: readonly ArticleLink[];
  writable: boolean;
  change: (links: ArticleLink[]) => void;
}) {
  const { links, writable, change } = props;
  const box = useRef<HTMLFieldSetElement>(null);
  const set = (index: number, part: Partial<ArticleLink>) =>
    change(links.map((link, at) => (at === index ? { ...link, ...part } : link)));
  return (
    <fieldset class="field" ref={box}>
      <legend class="field-label">{t("Links below the answer")}</legend>
      <ol class="links">
        {links.map((link, index) => (
          <li key={index}>
            <input
              class="input"
              aria-label={t("Text of link {number}", { number: index + 1 })}
              placeholder={t("Text")}
              maxLength={80}
              value={link.label}
              readOnly={!writable}
              onInput={(event) => set(index, { label: event.currentTarget.value })}
            />
            <input
              class="input"
              type="url"
              aria-label={t("Address of link {number}", { number: index + 1 })}
              placeholder="https://"
              maxLength={500}
              value={link.url}
              readOnly={!writable}
              onInput={(event) => set(index, { url: event.currentTarget.value })}
            />
            {writable && (
              <IconButton
                label={t("Remove link {number}", { number: index + 1 })}
                icon={Trash2}
                onClick={() => change(links.filter((_, at) => at !== index))}
              />
            )}
          </li>
        ))}
      </ol>
      {writable && links.length < 8 && (
        <Button
          size="small"
          icon={Plus}
          onClick={() => {
            change([...links, { label: "", url: "" }]);
            setTimeout(() => box.current?.querySelector<HTMLInputElement>("li:last-child input")?.focus());
          }}
        >
          {t("Add a link")}
        </Button>
      )}
    </fieldset>
  );
}

function Phrasings(props: { draft: Draft; writable: boolean; change: (part: Partial<Draft>) => void }) {
  const { draft, writable, change } = props;
  const box = useRef<HTMLFieldSetElement>(null);
  const shown = draft.phrasings.length || !writable ? draft.phrasings : [""];
  const focus = (index: number) => {
    setTimeout(() => box.current?.querySelectorAll("input")[index]?.focus());
  };
  const set = (phrasings: string[]) => change({ phrasings });
  const add = (index: number) => {
    set([...shown.slice(0, index), "", ...shown.slice(index)]);
    focus(index);
  };
  return (
    <fieldset class="field" ref={box}>
      <legend class="field-label">{t("Phrasings")}</legend>
      <p class="field-hint">{t("How customers ask this, one sentence per line. Five or more help a lot.")}</p>
      <ol class="phrasings">
        {shown.map((phrasing, index) => (
          <li key={index}>
            <input
              class="input"
              aria-label={t("Phrasing {number}", { number: index + 1 })}
              maxLength={300}
              value={phrasing}
              readOnly={!writable}
              onInput={(event) => set(shown.with(index, event.currentTarget.value))}
              onKeyDown={(event) => {
                if (event.key === "Enter") {
                  event.preventDefault();
                  if (writable) add(index + 1);
                } else if (event.key === "Backspace" && phrasing === "" && shown.length > 1) {
                  event.preventDefault();
                  set(shown.filter((_, at) => at !== index));
                  focus(Math.max(0, index - 1));
                }
              }}
            />
            {writable && (
              <IconButton
                label={t("Remove phrasing {number}", { number: index + 1 })}
                icon={Trash2}
                onClick={() => {
                  set(shown.filter((_, at) => at !== index));
                  focus(Math.max(0, index - 1));
                }}
              />
            )}
          </li>
        ))}
      </ol>
      {writable && (
        <Button size="small" icon={Plus} onClick={() => add(shown.length)}>
          {t("Add a phrasing")}
        </Button>
      )}
    </fieldset>
  );
}

function AnswerField(props: { answer: string; writable: boolean; change: (answer: string) => void }) {
  const area = useRef<HTMLTextAreaElement>(null);
  const use = (tool: Tool) => {
    const field = area.current;
    if (!field) return;
    const edit = applyTool(tool, {
      text: field.value,
      start: field.selectionStart,
      end: field.selectionEnd,
    });
    props.change(edit.text);
    field.value = edit.text;
    field.focus();
    field.setSelectionRange(edit.start, edit.end);
  };
  return (
    <div class="answer">
      {props.writable && (
        <div class="toolbar" role="toolbar" aria-label={t("Format")}>
          <IconButton label={t("Bold")} icon={Bold} onClick={() => use("bold")} />
          <IconButton label={t("Italic")} icon={Italic} onClick={() => use("italic")} />
          <IconButton label={t("Link")} icon={Link} onClick={() => use("link")} />
          <IconButton label={t("List")} icon={List} onClick={() => use("list")} />
          <IconButton label={t("Numbered list")} icon={ListOrdered} onClick={() => use("numbers")} />
        </div>
      )}
      <Field
        label={t("Answer")}
        hint={n("{count} character", "{count} characters", [...props.answer].length)}
      >
        {(ids) => (
          <textarea
            {...ids}
            ref={area}
            class="input answer-input"
            rows={14}
            maxLength={20000}
            value={props.answer}
            readOnly={!props.writable}
            onInput={(event) => props.change(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (!(event.ctrlKey || event.metaKey) || !props.writable) return;
              const tool = ({ b: "bold", i: "italic", k: "link" } as const)[event.key];
              if (!tool) return;
              event.preventDefault();
              use(tool);
            }}
          />
        )}
      </Field>
    </div>
  );
}
