/** The list of things that a macro or a rule does, in order. */
import { Button, Choice, Field, IconButton, type Option } from "@staff/controls";
import { LOCALE_NAMES, LOCALES, t } from "@staff/i18n";
import { ArrowDown, ArrowUp, Plus, Trash2 } from "@staff/icons";
import { priorityName } from "@staff/labels";
import { PRIORITIES, type Priority } from "@staff/types";
import { useState } from "preact/hooks";
import { EFFECT_KINDS, type Effect, type EffectKind, type Offered } from "./types";
import { effectName, notifiedName } from "./words";

export const NO_EFFECT: Omit<Effect, "kind"> = {
  to: null,
  priority: null,
  text: null,
  texts: {},
  tags: [],
  vendor: null,
  days: null,
  minutes: null,
};

export function EffectsEditor(props: {
  effects: readonly Effect[];
  change: (effects: Effect[]) => void;
  offered: Offered;
  byRule: boolean;
  problems: Record<string, string>;
}) {
  const { effects, change, offered } = props;
  const kinds = EFFECT_KINDS.filter(
    (kind) => (props.byRule || kind !== "notify") && (kind !== "category" || offered.categories.length > 0),
  );
  const set = (index: number, changes: Partial<Effect>) =>
    change(effects.map((effect, at) => (at === index ? { ...effect, ...changes } : effect)));
  const move = (from: number, to: number) => {
    const moved = [...effects];
    const [one] = moved.splice(from, 1);
    if (one) moved.splice(to, 0, one);
    change(moved);
  };
  return (
    <>
      <ol class="au-effects">
        {effects.map((effect, index) => {
          const name = effectName(effect.kind);
          const problem = props.problems[`/effects/${index}`];
          return (
            <li key={index} class="au-effect">
              <div class="au-effect-head">
                <Choice
                  label={t("Do")}
                  value={effect.kind}
                  options={kinds.map((value) => ({ value, label: effectName(value) }))}
                  onChange={(value) => set(index, fresh(value as EffectKind, offered))}
                />
                <span class="au-moves">
                  <IconButton
                    icon={ArrowUp}
                    label={t("Move {name} up", { name })}
                    disabled={index === 0}
                    onClick={() => move(index, index - 1)}
                  />
                  <IconButton
                    icon={ArrowDown}
                    label={t("Move {name} down", { name })}
                    disabled={index === effects.length - 1}
                    onClick={() => move(index, index + 1)}
                  />
                  <IconButton
                    icon={Trash2}
                    label={t("Remove: {name}", { name })}
                    onClick={() => change(effects.filter((_, at) => at !== index))}
                  />
                </span>
              </div>
              <Details effect={effect} offered={offered} set={(changes) => set(index, changes)} />
              {problem && (
                <p class="field-error" role="alert">
                  {problem}
                </p>
              )}
            </li>
          );
        })}
      </ol>
      {props.problems["/effects"] && <p class="field-error">{props.problems["/effects"]}</p>}
      <Button size="small" icon={Plus} onClick={() => change([...effects, fresh("note", offered)])}>
        {t("Add something to do")}
      </Button>
    </>
  );
}

/** An effect of a kind with what it needs to begin with. */
export function fresh(kind: EffectKind, offered: Offered): Effect {
  const effect: Effect = { ...NO_EFFECT, kind };
  switch (kind) {
    case "priority":
      return { ...effect, priority: "high" };
    case "category":
      return { ...effect, to: offered.categories[0]?.key ?? null };
    case "notify":
      return { ...effect, to: "supervisors" };
    case "transfer":
      return { ...effect, to: offered.queues[0]?.key ?? null };
    case "escalate_functional":
      return { ...effect, to: "N3" };
    case "snooze":
      return { ...effect, minutes: 60 };
    default:
      return effect;
  }
}

function Details(props: { effect: Effect; offered: Offered; set: (changes: Partial<Effect>) => void }) {
  const { effect, offered, set } = props;
  const queues: Option[] = offered.queues.map((one) => ({
    value: one.key,
    label: `${one.level} · ${one.name}`,
  }));
  const levels = [...new Set(offered.queues.map((one) => one.level))].sort();
  const asOption = (value: string): Option => ({ value, label: value });
  switch (effect.kind) {
    case "priority":
      return (
        <Choice
          label={t("Priority")}
          value={effect.priority ?? "normal"}
          options={PRIORITIES.map((value) => ({ value, label: priorityName(value) }))}
          onChange={(value) => set({ priority: value as Priority })}
        />
      );
    case "category":
      return (
        <Choice
          label={t("Category")}
          value={effect.to ?? ""}
          options={offered.categories.map(({ key, name }) => ({ value: key, label: name }))}
          onChange={(value) => set({ to: value })}
        />
      );
    case "add_tags":
    case "remove_tags":
      return (
        <ListField
          label={t("Tags")}
          hint={t("Separated by commas.")}
          values={effect.tags}
          onInput={(tags) => set({ tags })}
        />
      );
    case "note":
      return <TextField label={t("Note")} value={effect.text} max={2000} onInput={(text) => set({ text })} />;
    case "reply":
      return (
        <div class="au-texts">
          <p class="field-hint">
            {t("A conversation in a language without a text gets another one. You can use {names}.", {
              names: offered.variables.map((name) => `{${name}}`).join(", "),
            })}
          </p>
          {LOCALES.map((locale) => (
            <TextField
              key={locale}
              label={t("Text in {language}", { language: LOCALE_NAMES[locale] })}
              value={effect.texts[locale] ?? ""}
              max={4000}
              onInput={(text) => set({ texts: { ...effect.texts, [locale]: text } })}
            />
          ))}
        </div>
      );
    case "notify":
      return (
        <Choice
          label={t("Whom")}
          value={effect.to ?? ""}
          options={["assignee", "supervisors"].map((value) => ({ value, label: notifiedName(value) }))}
          onChange={(value) => set({ to: value })}
        />
      );
    case "transfer":
    case "escalate_functional":
      return (
        <div class="au-pair">
          <Choice
            label={t("Where to")}
            value={effect.to ?? ""}
            options={effect.kind === "transfer" ? queues : [...levels.slice(1).map(asOption), ...queues]}
            onChange={(value) => set({ to: value })}
          />
          <ReasonField effect={effect} set={set} />
        </div>
      );
    case "escalate_hierarchical":
      return (
        <div class="au-pair">
          <Choice
            label={t("Where to")}
            value={effect.to ?? ""}
            options={[{ value: "", label: t("Of any level") }, ...levels.map(asOption)]}
            onChange={(value) => set({ to: value || null })}
          />
          <ReasonField effect={effect} set={set} />
        </div>
      );
    case "wait_third_party":
      return (
        <div class="au-pair">
          <Field label={t("Vendor (optional)")}>
            {(ids) => (
              <input
                {...ids}
                class="input"
                maxLength={120}
                value={effect.vendor ?? ""}
                onInput={(event) => set({ vendor: event.currentTarget.value || null })}
              />
            )}
          </Field>
          <NumberField
            label={t("Answer expected within days (optional)")}
            value={effect.days}
            onInput={(days) => set({ days })}
          />
        </div>
      );
    case "snooze":
      return (
        <NumberField label={t("Minutes")} value={effect.minutes} onInput={(minutes) => set({ minutes })} />
      );
    default:
      return null;
  }
}

function ReasonField({ effect, set }: { effect: Effect; set: (changes: Partial<Effect>) => void }) {
  return (
    <Field label={t("Reason (optional)")}>
      {(ids) => (
        <input
          {...ids}
          class="input"
          maxLength={2000}
          value={effect.text ?? ""}
          onInput={(event) => set({ text: event.currentTarget.value || null })}
        />
      )}
    </Field>
  );
}

function TextField(props: {
  label: string;
  value: string | null;
  max: number;
  onInput: (text: string) => void;
}) {
  return (
    <Field label={props.label}>
      {(ids) => (
        <textarea
          {...ids}
          class="input"
          rows={3}
          maxLength={props.max}
          value={props.value ?? ""}
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

export function NumberField(props: {
  label: string;
  value: number | null;
  error?: string | undefined;
  onInput: (value: number | null) => void;
}) {
  return (
    <Field label={props.label} error={props.error}>
      {(ids) => (
        <input
          {...ids}
          class="input"
          type="number"
          min={1}
          value={props.value ?? ""}
          onInput={(event) => {
            const text = event.currentTarget.value;
            props.onInput(text === "" ? null : Math.round(Number(text)));
          }}
        />
      )}
    </Field>
  );
}

/** Words between commas. What is typed is kept as it is typed: a comma at its end is the next word's beginning. */
export function ListField(props: {
  label: string;
  hint: string;
  values: readonly string[];
  error?: string | undefined;
  onInput: (values: string[]) => void;
}) {
  const [text, setText] = useState(props.values.join(", "));
  const same = listOf(text).join() === props.values.join();
  const shown = same ? text : props.values.join(", ");
  return (
    <Field label={props.label} hint={props.hint} error={props.error}>
      {(ids) => (
        <input
          {...ids}
          class="input"
          value={shown}
          onInput={(event) => {
            setText(event.currentTarget.value);
            props.onInput(listOf(event.currentTarget.value));
          }}
        />
      )}
    </Field>
  );
}

function listOf(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
}
