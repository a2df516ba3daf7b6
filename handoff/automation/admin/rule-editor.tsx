/** One rule: when it is looked at, for which tickets, what is done; tried on tickets of the last days. */
import { api, errorText } from "@staff/api";
import { Badge, Button, Choice, Field, type Option, Toggle } from "@staff/controls";
import { confirm } from "@staff/dialog";
import { dateTime } from "@staff/format";
import { LOCALE_NAMES, LOCALES, n, t } from "@staff/i18n";
import { ArrowLeft, FlaskConical, Trash2 } from "@staff/icons";
import { channelName, priorityName, reasonText, stateName } from "@staff/labels";
import { href, navigate } from "@staff/router";
import { toast, toastError } from "@staff/toast";
import { PRIORITIES } from "@staff/types";
import { useState } from "preact/hooks";
import { EffectsEditor, fresh, ListField, NumberField } from "./effects-editor";
import { RuleLog } from "./rule-log";
import {
  type Conditions,
  type Offered,
  type Rule,
  type Terms,
  TRIGGERS,
  type Tried,
  type Trigger,
  type TryAnswer,
} from "./types";
import {
  conditionName,
  effectName,
  hoursName,
  outcomeName,
  readProblems,
  triggerName,
  valueName,
} from "./words";

const STATES = [
  "queued",
  "claimed",
  "waiting_customer",
  "waiting_third_party",
  "snoozed",
  "resolved",
] as const;
const REASONS = [
  "customer_asked",
  "not_understood",
  "not_helped",
  "action_failed",
  "code_failed",
  "bot_unavailable",
  "invalid_data",
] as const;
const SHOWN = 100;
const NO_CONDITIONS: Conditions = {
  levels: [],
  queues: [],
  states: [],
  priorities: [],
  topics: [],
  categories: [],
  tags: [],
  locales: [],
  channels: [],
  reasons: [],
  words: [],
  min_bounces: null,
  hours: null,
};

export function RuleEditor({ rule, offered }: { rule: Rule | null; offered: Offered }) {
  const [terms, setTerms] = useState<Terms>(
    rule?.terms ?? {
      name: "",
      triggers: ["opened"],
      conditions: NO_CONDITIONS,
      effects: [fresh("notify", offered)],
      minutes: 15,
      days: 3,
      stop: false,
    },
  );
  const [enabled, setEnabled] = useState(rule?.enabled ?? true);
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const change = (changes: Partial<Terms>) => setTerms({ ...terms, ...changes });
  const save = async () => {
    setBusy(true);
    setProblems({});
    try {
      const body = { terms, enabled };
      if (rule) await api.put(`/rules/${rule.id}`, { ...body, version: rule.version });
      else await api.post("/rules", body);
      toast(t("Saved."));
      navigate(href(["rules"]));
    } catch (error) {
      setProblems(readProblems(error));
      setBusy(false);
    }
  };
  const retire = async () => {
    if (!rule) return;
    const yes = await confirm({
      title: t("Take “{name}” from the list?", { name: rule.terms.name }),
      text: t("It does nothing from then on. What it did stays in the log."),
      confirm: t("Take from the list"),
      danger: true,
    });
    if (!yes) return;
    try {
      await api.post(`/rules/${rule.id}/retire`, { version: rule.version });
      navigate(href(["rules"]));
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <>
      <p class="crumbs">
        <a href={href(["rules"])}>
          <ArrowLeft size={15} aria-hidden="true" /> {t("Rules for tickets")}
        </a>
      </p>
      <div class="page-head">
        <h1>{rule ? rule.terms.name : t("New rule")}</h1>
        {rule && <Badge>{t("Version {number}", { number: rule.version })}</Badge>}
      </div>
      <form
        class="au-editor"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <section class="card au-card">
          <Field label={t("Name")} error={problems["/name"]}>
            {(ids) => (
              <input
                {...ids}
                class="input"
                maxLength={100}
                value={terms.name}
                onInput={(event) => change({ name: event.currentTarget.value })}
              />
            )}
          </Field>
          <Toggle label={t("Switched on")} checked={enabled} onChange={setEnabled} />
        </section>
        <WhenCard terms={terms} change={change} problems={problems} />
        <ConditionsCard terms={terms} offered={offered} change={change} problems={problems} />
        <section class="card au-card" aria-label={t("What is done")}>
          <h2>{t("What is done")}</h2>
          <EffectsEditor
            effects={terms.effects}
            change={(effects) => change({ effects })}
            offered={offered}
            byRule
            problems={problems}
          />
          <Toggle
            label={t("Rules behind it are not tried when it fits")}
            checked={terms.stop}
            onChange={(stop) => change({ stop })}
          />
        </section>
        {problems[""] && (
          <p class="form-problem" role="alert">
            {problems[""]}
          </p>
        )}
        <div class="au-save">
          {rule && (
            <Button icon={Trash2} onClick={() => void retire()}>
              {t("Take from the list")}
            </Button>
          )}
          <Button type="submit" variant="primary" busy={busy}>
            {t("Save")}
          </Button>
        </div>
        <TryCard terms={terms} offered={offered} />
        {rule && (
          <section class="card au-card" aria-label={t("What fitted")}>
            <h2>{t("What fitted")}</h2>
            <RuleLog rule={rule.id} offered={offered} />
          </section>
        )}
      </form>
    </>
  );
}

interface Part {
  terms: Terms;
  change: (changes: Partial<Terms>) => void;
  problems: Record<string, string>;
}

function WhenCard({ terms, change, problems }: Part) {
  return (
    <section class="card au-card" aria-label={t("When")}>
      <h2>{t("When")}</h2>
      <Checks
        label={t("One of these happens")}
        options={TRIGGERS.map((value) => ({ value, label: triggerName(value) }))}
        chosen={terms.triggers}
        onChange={(values) => change({ triggers: values as Trigger[] })}
        problem={problems["/triggers"]}
      />
      {terms.triggers.includes("waiting") && (
        <NumberField
          label={t("Minutes that the customer has been waiting")}
          value={terms.minutes}
          error={problems["/minutes"]}
          onInput={(minutes) => change({ minutes })}
        />
      )}
      {terms.triggers.includes("recontacted") && (
        <NumberField
          label={t("Days since the last ticket was resolved, at most")}
          value={terms.days}
          error={problems["/days"]}
          onInput={(days) => change({ days })}
        />
      )}
    </section>
  );
}

function ConditionsCard({ terms, offered, change, problems }: Part & { offered: Offered }) {
  const { conditions } = terms;
  const set = (changes: Partial<Conditions>) => change({ conditions: { ...conditions, ...changes } });
  const levels = [...new Set(offered.queues.map((one) => one.level))].sort();
  const checks: [keyof Conditions, Option[]][] = [
    ["levels", levels.map((value) => ({ value, label: value }))],
    ["queues", offered.queues.map((one) => ({ value: one.key, label: `${one.level} · ${one.name}` }))],
    ["states", STATES.map((value) => ({ value, label: stateName(value) }))],
    ["priorities", PRIORITIES.map((value) => ({ value, label: priorityName(value) }))],
    ["categories", offered.categories.map(({ key, name }) => ({ value: key, label: name }))],
    ["locales", LOCALES.map((value) => ({ value, label: LOCALE_NAMES[value] }))],
    ["channels", ["web", "telegram"].map((value) => ({ value, label: channelName(value) }))],
    ["reasons", REASONS.map((value) => ({ value, label: reasonText(value) }))],
  ];
  return (
    <section class="card au-card" aria-label={t("For which tickets")}>
      <h2>{t("For which tickets")}</h2>
      <p class="field-hint">{t("Nothing chosen in a line fits everything.")}</p>
      {checks
        .filter(([, options]) => options.length > 0)
        .map(([name, options]) => (
          <Checks
            key={name}
            label={conditionName(name)}
            options={options}
            chosen={conditions[name] as string[]}
            onChange={(values) => set({ [name]: values })}
            problem={problems[`/conditions/${name}`]}
          />
        ))}
      <div class="au-pair">
        {(["topics", "tags", "words"] as const).map((name) => (
          <ListField
            key={name}
            label={conditionName(name)}
            hint={
              name === "words"
                ? t("Separated by commas; refund* finds every word that begins so.")
                : t("Separated by commas.")
            }
            values={conditions[name]}
            error={problems[`/conditions/${name}`]}
            onInput={(values) => set({ [name]: values })}
          />
        ))}
        <NumberField
          label={t("Returned at least so many times")}
          value={conditions.min_bounces}
          error={problems["/conditions/min_bounces"]}
          onInput={(min_bounces) => set({ min_bounces })}
        />
        <Choice
          label={conditionName("hours")}
          value={conditions.hours ?? ""}
          options={[
            { value: "", label: t("At any time") },
            ...["inside", "outside"].map((value) => ({ value, label: hoursName(value) })),
          ]}
          onChange={(value) => set({ hours: (value || null) as Conditions["hours"] })}
        />
      </div>
    </section>
  );
}

function Checks(props: {
  label: string;
  options: readonly Option[];
  chosen: readonly string[];
  onChange: (values: string[]) => void;
  problem: string | undefined;
}) {
  return (
    <fieldset class="au-checks">
      <legend class="field-label">{props.label}</legend>
      {props.options.map(({ value, label }) => (
        <label key={value} class="au-check">
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

function TryCard({ terms, offered }: { terms: Terms; offered: Offered }) {
  const [days, setDays] = useState("7");
  const [answer, setAnswer] = useState<TryAnswer | null>(null);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const tryIt = async () => {
    setBusy(true);
    setProblem("");
    try {
      setAnswer(await api.post<TryAnswer>("/rules/try", { terms, days: Number(days) }));
    } catch (error) {
      setAnswer(null);
      const found = readProblems(error);
      const [said] = Object.entries(found).filter(([pointer]) => pointer !== "");
      setProblem(said ? said[1] : errorText(error));
    }
    setBusy(false);
  };
  const ordered = answer ? [...answer.items].sort((a, b) => Number(b.fired) - Number(a.fired)) : [];
  return (
    <section class="card au-card" aria-label={t("Try it")}>
      <h2>{t("Try it")}</h2>
      <p class="field-hint">
        {t("On tickets of the last days, saved or not. Nothing is changed and nobody is told.")}
      </p>
      <div class="au-pair">
        <Choice
          label={t("Tickets of the last")}
          value={days}
          options={[1, 3, 7, 30, 90].map((count) => ({
            value: String(count),
            label: n("{count} day", "{count} days", count),
          }))}
          onChange={setDays}
        />
        <Button icon={FlaskConical} busy={busy} onClick={() => void tryIt()}>
          {t("Try the rule")}
        </Button>
      </div>
      <div role="status">
        {problem && <p class="field-error">{problem}</p>}
        {answer && (
          <p>
            {t("It would have fitted {fired} of {tickets} tickets.", {
              fired: answer.fired,
              tickets: answer.tickets,
            })}{" "}
            {!answer.complete && t("Only the newest were looked at.")}
          </p>
        )}
      </div>
      {ordered.length > 0 && (
        <ol class="au-results">
          {ordered.slice(0, SHOWN).map((one) => (
            <TriedLine key={one.ticket_id} tried={one} offered={offered} />
          ))}
        </ol>
      )}
    </section>
  );
}

function TriedLine({ tried, offered }: { tried: Tried; offered: Offered }) {
  return (
    <li class="au-result">
      <p class="au-result-head">
        <a href={`/console#/t/${tried.ticket_id}`}>{tried.number}</a>
        <span>{tried.subject}</span>
        <Badge tone={tried.fired ? "success" : "neutral"}>
          {tried.fired ? t("Would fit") : t("Would not fit")}
        </Badge>
      </p>
      <p class="au-soft">
        {tried.trigger
          ? `${triggerName(tried.trigger)}${tried.at ? `, ${dateTime(tried.at)}` : ""}`
          : t("None of this happened to it.")}
      </p>
      {tried.misses.map((miss) => (
        <p key={miss.condition} class="au-soft">
          {miss.found
            ? t("{condition} does not fit: it is {found}", {
                condition: conditionName(miss.condition),
                found: valueName(miss.condition, miss.found, offered),
              })
            : t("{condition} does not fit", { condition: conditionName(miss.condition) })}
        </p>
      ))}
      {tried.fired && (
        <p class="au-soft">
          {tried.would.map((one) => `${effectName(one.kind)}: ${wouldName(one.outcome)}`).join(" · ")}
        </p>
      )}
    </li>
  );
}

function wouldName(outcome: string): string {
  return outcome === "done" ? t("would be done") : outcomeName(outcome);
}
