/** One policy: for which tickets, by when, in whose hours, when to warn and what to do then. */
import { ApiError, api, errorText } from "@staff/api";
import { Badge, Button, Choice, Field, IconButton, type Option, Toggle } from "@staff/controls";
import { confirm } from "@staff/dialog";
import { LOCALE_NAMES, LOCALES, n, t } from "@staff/i18n";
import { ArrowLeft, Plus, Trash2 } from "@staff/icons";
import { channelName, priorityName } from "@staff/labels";
import { href, navigate } from "@staff/router";
import { may } from "@staff/session";
import { toast, toastError } from "@staff/toast";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { Action, ActionKind, Conditions, Metric, Policies, Policy, Saved, Terms } from "./types";
import {
  actionKindName,
  conditionName,
  METRICS,
  metricName,
  pauseName,
  refusal,
  reopeningName,
} from "./words";

const LEVELS = ["N1", "N2", "N3", "N4"] as const;
const PAUSES = ["waiting_customer", "waiting_third_party", "snoozed"] as const;
const REOPENINGS = ["continue", "first", "total"] as const;
const KINDS: readonly ActionKind[] = [
  "notify",
  "raise_priority",
  "reassign",
  "escalate_functional",
  "escalate_hierarchical",
];

const EMPTY: Terms = {
  name: "",
  conditions: {
    levels: [],
    queues: [],
    priorities: [],
    categories: [],
    tiers: [],
    channels: [],
    locales: [],
  },
  calendar: null,
  first_response: 60,
  next_response: 120,
  resolution: 960,
  third_party: null,
  levels: {},
  pauses: ["waiting_customer", "waiting_third_party"],
  reopening: "continue",
  warn: { percent: 80, minutes: null },
  on_warning: [{ kind: "notify", to: "assignee", metrics: [] }],
  on_breach: [{ kind: "notify", to: "supervisors", metrics: [] }],
};

export function PolicyEditor(props: { policy: Policy | null; data: Policies; reload: () => void }) {
  const { policy, data } = props;
  const [terms, setTerms] = useState<Terms>(policy?.terms ?? EMPTY);
  const [enabled, setEnabled] = useState(policy?.enabled ?? true);
  const [running, setRunning] = useState(false);
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const edits = may("service_level.manage");
  const change = (changes: Partial<Terms>) => setTerms({ ...terms, ...changes });
  const save = async () => {
    setBusy(true);
    setProblems({});
    try {
      const body = { terms, enabled, apply_to_running: running };
      const saved = policy
        ? await api.put<Saved>(`/service-level/policies/${policy.id}`, { ...body, version: policy.version })
        : await api.post<Saved>("/service-level/policies", body);
      toast(
        saved.running_changed === null
          ? t("Saved.")
          : n("Saved. {count} ticket changed.", "Saved. {count} tickets changed.", saved.running_changed),
      );
      navigate(href(["service-level"]));
    } catch (error) {
      setProblems(readProblems(error));
      setBusy(false);
    }
  };
  const retire = async () => {
    if (!policy) return;
    const yes = await confirm({
      title: t("Take “{name}” from the list?", { name: policy.terms.name }),
      text: t("Running tickets keep what was agreed. New ones get the next policy that fits."),
      confirm: t("Take from the list"),
      danger: true,
    });
    if (!yes) return;
    try {
      await api.post(`/service-level/policies/${policy.id}/retire`, { version: policy.version });
      navigate(href(["service-level"]));
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <>
      <p class="crumbs">
        <a href={href(["service-level"])}>
          <ArrowLeft size={15} aria-hidden="true" /> {t("Service levels")}
        </a>
      </p>
      <div class="page-head">
        <h1>{policy ? policy.terms.name : t("New policy")}</h1>
        {policy && <Badge>{t("Version {number}", { number: policy.version })}</Badge>}
      </div>
      <form
        class="sl-editor"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <fieldset class="sl-fields" disabled={!edits}>
          <section class="card sl-card">
            <Field label={t("Name")} error={problems["/name"]}>
              {(ids) => (
                <input
                  {...ids}
                  class="input"
                  maxLength={120}
                  value={terms.name}
                  onInput={(event) => change({ name: event.currentTarget.value })}
                />
              )}
            </Field>
            <Toggle label={t("Switched on")} checked={enabled} onChange={setEnabled} />
          </section>
          <ConditionsCard terms={terms} data={data} change={change} problems={problems} />
          <TargetsCard terms={terms} data={data} change={change} problems={problems} />
          <ActionsCard
            title={t("When time runs out soon")}
            name="on_warning"
            actions={terms.on_warning}
            change={(actions) => change({ on_warning: actions })}
            data={data}
            problems={problems}
          >
            <WarnFields
              terms={terms}
              change={change}
              problem={problems["/warn"] ?? problems["/warn/percent"] ?? problems["/warn/minutes"]}
            />
          </ActionsCard>
          <ActionsCard
            title={t("When it is overdue")}
            name="on_breach"
            actions={terms.on_breach}
            change={(actions) => change({ on_breach: actions })}
            data={data}
            problems={problems}
          />
        </fieldset>
        {problems[""] && (
          <p class="form-problem" role="alert">
            {problems[""]}
          </p>
        )}
        {edits && (
          <div class="sl-save">
            <Toggle label={t("Also for running tickets")} checked={running} onChange={setRunning} />
            {policy && (
              <Button icon={Trash2} onClick={() => void retire()}>
                {t("Take from the list")}
              </Button>
            )}
            <Button type="submit" variant="primary" busy={busy} onClick={() => void 0}>
              {t("Save")}
            </Button>
          </div>
        )}
      </form>
    </>
  );
}

type Part = {
  terms: Terms;
  data: Policies;
  change: (changes: Partial<Terms>) => void;
  problems: Record<string, string>;
};

function ConditionsCard({ terms, data, change, problems }: Part) {
  const set = (name: keyof Conditions, values: string[]) =>
    change({ conditions: { ...terms.conditions, [name]: values } });
  const choices: [keyof Conditions, Option[]][] = [
    ["levels", LEVELS.map((value) => ({ value, label: value }))],
    ["queues", data.queues.map((queue) => ({ value: queue.key, label: `${queue.level} · ${queue.name}` }))],
    [
      "priorities",
      (["urgent", "high", "normal", "low"] as const).map((value) => ({ value, label: priorityName(value) })),
    ],
    ["channels", ["web", "telegram"].map((value) => ({ value, label: channelName(value) }))],
    ["locales", LOCALES.map((value) => ({ value, label: LOCALE_NAMES[value] }))],
  ];
  return (
    <section class="card sl-card" aria-label={t("For which tickets")}>
      <h2>{t("For which tickets")}</h2>
      <p class="field-hint">{t("Nothing chosen in a line fits everything.")}</p>
      {choices.map(([name, options]) => (
        <Checks
          key={name}
          label={conditionName(name)}
          options={options}
          chosen={terms.conditions[name]}
          onChange={(values) => set(name, values)}
          problem={problems[`/conditions/${name}`]}
        />
      ))}
      {(["categories", "tiers"] as const).map((name) => (
        <Field
          key={name}
          label={conditionName(name)}
          hint={t("Separated by commas.")}
          error={problems[`/conditions/${name}`]}
        >
          {(ids) => (
            <input
              {...ids}
              class="input"
              list={`known-${name}`}
              value={terms.conditions[name].join(", ")}
              onChange={(event) =>
                set(
                  name,
                  event.currentTarget.value
                    .split(",")
                    .map((part) => part.trim())
                    .filter(Boolean),
                )
              }
            />
          )}
        </Field>
      ))}
      <datalist id="known-categories">
        {data.categories.map((value) => (
          <option key={value} value={value} />
        ))}
      </datalist>
      <datalist id="known-tiers">
        {[...new Set(Object.values(data.tiers))].map((value) => (
          <option key={value} value={value} />
        ))}
      </datalist>
    </section>
  );
}

function TargetsCard({ terms, data, change, problems }: Part) {
  return (
    <section class="card sl-card" aria-label={t("By when")}>
      <h2>{t("By when")}</h2>
      <Choice
        label={t("In whose hours")}
        value={terms.calendar ?? ""}
        options={[
          { value: "", label: t("Those of the ticket's queue") },
          ...data.calendars.map(({ key, name }) => ({ value: key, label: name })),
          { value: "always", label: t("Round the clock") },
        ]}
        onChange={(value) => change({ calendar: value || null })}
      />
      {problems["/calendar"] && <p class="field-error">{problems["/calendar"]}</p>}
      <div class="sl-targets">
        {(["first_response", "next_response", "resolution", "third_party"] as const).map((metric) => (
          <MinutesField
            key={metric}
            label={metricName(metric)}
            value={terms[metric]}
            onChange={(minutes) => change({ [metric]: minutes })}
            problem={problems[`/${metric}`]}
          />
        ))}
        {LEVELS.map((level) => (
          <MinutesField
            key={level}
            label={t("At level {level}", { level })}
            value={terms.levels[level] ?? null}
            onChange={(minutes) => {
              const { [level]: _, ...others } = terms.levels;
              change({ levels: minutes === null ? others : { ...others, [level]: minutes } });
            }}
            problem={problems[`/levels/${level}`]}
          />
        ))}
      </div>
      <Checks
        label={t("Resolution and time per level pause while")}
        options={PAUSES.map((value) => ({ value, label: pauseName(value) }))}
        chosen={terms.pauses}
        onChange={(values) => change({ pauses: values as Terms["pauses"] })}
        problem={problems["/pauses"]}
      />
      <Choice
        label={t("When a ticket is reopened")}
        value={terms.reopening}
        options={REOPENINGS.map((value) => ({ value, label: reopeningName(value) }))}
        onChange={(value) => change({ reopening: value as Terms["reopening"] })}
      />
    </section>
  );
}

function WarnFields(props: {
  terms: Terms;
  change: (changes: Partial<Terms>) => void;
  problem: string | undefined;
}) {
  const { percent, minutes } = props.terms.warn;
  const kind = percent !== null ? "percent" : minutes !== null ? "minutes" : "none";
  return (
    <div class="form-pair">
      <Choice
        label={t("Warn")}
        value={kind}
        options={[
          { value: "percent", label: t("After a share of the time") },
          { value: "minutes", label: t("So many minutes before") },
          { value: "none", label: t("Not at all") },
        ]}
        onChange={(value) =>
          props.change({
            warn: {
              percent: value === "percent" ? 80 : null,
              minutes: value === "minutes" ? 15 : null,
            },
          })
        }
      />
      {kind !== "none" && (
        <Field label={kind === "percent" ? t("Percent") : t("Minutes")} error={props.problem}>
          {(ids) => (
            <input
              {...ids}
              class="input"
              type="number"
              min={1}
              value={percent ?? minutes ?? ""}
              onInput={(event) => {
                const value = Math.round(Number(event.currentTarget.value));
                props.change({
                  warn:
                    kind === "percent"
                      ? { percent: value, minutes: null }
                      : { percent: null, minutes: value },
                });
              }}
            />
          )}
        </Field>
      )}
    </div>
  );
}

function ActionsCard(props: {
  title: string;
  name: "on_warning" | "on_breach";
  actions: readonly Action[];
  change: (actions: Action[]) => void;
  data: Policies;
  problems: Record<string, string>;
  children?: ComponentChildren;
}) {
  const { actions, change, data } = props;
  const set = (index: number, changes: Partial<Action>) =>
    change(actions.map((action, at) => (at === index ? { ...action, ...changes } : action)));
  return (
    <section class="card sl-card" aria-label={props.title}>
      <h2>{props.title}</h2>
      {props.children}
      <ol class="sl-actions">
        {actions.map((action, index) => (
          <li key={index} class="sl-action">
            <Choice
              label={t("Do")}
              value={action.kind}
              options={KINDS.map((value) => ({ value, label: actionKindName(value) }))}
              onChange={(value) => {
                const kind = value as ActionKind;
                set(index, { kind, to: firstTarget(kind) });
              }}
            />
            {targetOptions(action.kind, data).length > 0 && (
              <Choice
                label={action.kind === "notify" ? t("Whom") : t("Where to")}
                value={action.to ?? ""}
                options={targetOptions(action.kind, data)}
                onChange={(value) => set(index, { to: value || null })}
              />
            )}
            <Choice
              label={t("For which clock")}
              value={
                action.metrics.length === 1
                  ? (action.metrics[0] ?? "")
                  : action.metrics.length
                    ? "several"
                    : ""
              }
              options={[
                { value: "", label: t("All") },
                ...METRICS.map((metric) => ({ value: metric, label: metricName(metric) })),
                ...(action.metrics.length > 1
                  ? [{ value: "several", label: action.metrics.map(metricName).join(", ") }]
                  : []),
              ]}
              onChange={(value) => {
                if (value !== "several") set(index, { metrics: value ? [value as Metric] : [] });
              }}
            />
            <IconButton
              icon={Trash2}
              label={t("Remove: {name}", { name: actionKindName(action.kind) })}
              onClick={() => change(actions.filter((_, at) => at !== index))}
            />
            {props.problems[`/${props.name}/${index}/to`] && (
              <p class="field-error">{props.problems[`/${props.name}/${index}/to`]}</p>
            )}
          </li>
        ))}
      </ol>
      <Button
        size="small"
        icon={Plus}
        onClick={() => change([...actions, { kind: "notify", to: "supervisors", metrics: [] }])}
      >
        {t("Add an action")}
      </Button>
    </section>
  );
}

function firstTarget(kind: ActionKind): string | null {
  if (kind === "notify") return "supervisors";
  return kind === "escalate_functional" ? "N3" : null;
}

function targetOptions(kind: ActionKind, data: Policies): Option[] {
  const queues = data.queues.map((queue) => ({ value: queue.key, label: `${queue.level} · ${queue.name}` }));
  const levels = LEVELS.map((value) => ({ value, label: value }));
  switch (kind) {
    case "notify":
      return [
        { value: "assignee", label: t("Whoever has the ticket") },
        { value: "supervisors", label: t("Supervisors") },
      ];
    case "raise_priority":
      return [];
    case "reassign":
      return [{ value: "", label: t("Its own queue") }, ...queues];
    case "escalate_functional":
      return [...levels.slice(1), ...queues];
    case "escalate_hierarchical":
      return [{ value: "", label: t("Of any level") }, ...levels];
  }
}

export function Checks(props: {
  label: string;
  options: readonly Option[];
  chosen: readonly string[];
  onChange: (values: string[]) => void;
  problem: string | undefined;
}) {
  return (
    <fieldset class="sl-checks">
      <legend class="field-label">{props.label}</legend>
      {props.options.map(({ value, label }) => (
        <label key={value} class="sl-check">
          <input
            type="checkbox"
            checked={props.chosen.includes(value)}
            onChange={(event) =>
              props.onChange(
                event.currentTarget.checked
                  ? [...props.chosen, value]
                  : props.chosen.filter((one) => one !== value),
              )
            }
          />
          <span>{label}</span>
        </label>
      ))}
      {props.problem && <p class="field-error">{props.problem}</p>}
    </fieldset>
  );
}

/** Minutes, or hours when it is a whole number of them; empty for no target. */
function MinutesField(props: {
  label: string;
  value: number | null;
  onChange: (minutes: number | null) => void;
  problem: string | undefined;
}) {
  const [unit, setUnit] = useState<"min" | "h">(props.value !== null && props.value % 60 === 0 ? "h" : "min");
  const factor = unit === "h" ? 60 : 1;
  return (
    <Field label={props.label} error={props.problem} class="sl-minutes">
      {(ids) => (
        <span class="sl-minutes-row">
          <input
            {...ids}
            class="input"
            type="number"
            min={0}
            step="any"
            value={props.value === null ? "" : props.value / factor}
            onChange={(event) => {
              const text = event.currentTarget.value;
              props.onChange(text === "" ? null : Math.round(Number(text) * factor));
            }}
          />
          <select
            class="select"
            aria-label={t("Unit of {name}", { name: props.label })}
            value={unit}
            onChange={(event) => setUnit(event.currentTarget.value === "h" ? "h" : "min")}
          >
            <option value="min">min</option>
            <option value="h">h</option>
          </select>
        </span>
      )}
    </Field>
  );
}

/** What the server refused, by the place it belongs to; "" is for the whole. */
function readProblems(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError)) return { "": errorText(error) };
  const { errors, levels, code, detail } = error.problem as {
    errors?: { pointer: string; code: string; message: string }[];
    levels?: string[];
    code: string;
    detail?: string;
  };
  if (code === "rule_loop") {
    return {
      "": t("These policies would move tickets in a circle for ever: {levels}. Remove one of the moves.", {
        levels: levels?.join(" → ") ?? "",
      }),
    };
  }
  const found: Record<string, string> = {
    "": errors?.length ? t("Nothing was saved. Correct what is marked.") : errorText(error) || (detail ?? ""),
  };
  for (const one of errors ?? []) found[one.pointer] = refusal(one.code, one.message);
  return found;
}
