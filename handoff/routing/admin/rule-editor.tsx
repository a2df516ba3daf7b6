/** One routing rule: for which hand-offs, to which queue, how urgent. */
import { api } from "@staff/api";
import { Button, Choice, Field, Toggle } from "@staff/controls";
import { confirm } from "@staff/dialog";
import { LOCALE_NAMES, LOCALES, t } from "@staff/i18n";
import { ArrowLeft, Trash2 } from "@staff/icons";
import { channelName, priorityName, reasonText } from "@staff/labels";
import { href, navigate } from "@staff/router";
import { may } from "@staff/session";
import { toast } from "@staff/toast";
import { useState } from "preact/hooks";
import { Checks } from "../../service_level/admin/policy-editor";
import { ListField } from "./list-field";
import type { Conditions, Rule, Rules } from "./types";
import { CHANNELS, conditionName, REASONS, readProblems, refusal } from "./words";

const PRIORITIES = ["urgent", "high", "normal", "low"] as const;
const ANY: Conditions = {
  topics: [],
  locales: [],
  channels: [],
  reasons: [],
  words: [],
  tiers: [],
  verified: null,
  hours: null,
  calendar: null,
};

export function RuleEditor({ rule, data }: { rule: Rule | null; data: Rules }) {
  const active = data.queues.filter((queue) => !queue.retired || queue.id === rule?.queue_id);
  const [name, setName] = useState(rule?.name ?? "");
  const [enabled, setEnabled] = useState(rule?.enabled ?? true);
  const [conditions, setConditions] = useState<Conditions>(rule?.conditions ?? ANY);
  const [queueId, setQueueId] = useState(rule?.queue_id ?? active[0]?.id ?? "");
  const [priority, setPriority] = useState<string>(rule?.priority ?? "");
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const edits = may("desk.configure");
  const change = (changes: Partial<Conditions>) => setConditions({ ...conditions, ...changes });
  const problem = (condition: string) => problems[`/conditions/${condition}`];
  const save = async () => {
    setBusy(true);
    setProblems({});
    const body = { name, conditions, queue_id: queueId, priority: priority || null, enabled };
    try {
      if (rule) await api.put(`/desk/rules/${rule.id}`, { ...body, version: rule.version });
      else await api.post("/desk/rules", body);
      toast(t("Saved. The next hand-off goes by it."));
      navigate(href(["routing"]));
    } catch (error) {
      setProblems(readProblems(error));
      setBusy(false);
    }
  };
  const remove = async () => {
    if (!rule) return;
    const yes = await confirm({
      title: t("Delete “{name}”?", { name: rule.name }),
      text: t("The next rule that fits decides from then on."),
      confirm: t("Delete"),
      danger: true,
    });
    if (!yes) return;
    try {
      await api.delete(`/desk/rules/${rule.id}?version=${rule.version}`);
      navigate(href(["routing"]));
    } catch (error) {
      setProblems({ "": refusal(error) });
    }
  };
  return (
    <>
      <p class="crumbs">
        <a href={href(["routing"])}>
          <ArrowLeft size={15} aria-hidden="true" /> {t("Routing")}
        </a>
      </p>
      <div class="page-head">
        <h1>{rule ? rule.name : t("New rule")}</h1>
      </div>
      <form
        class="sl-editor"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <fieldset class="sl-fields rt-fields" disabled={!edits}>
          <section class="card sl-card">
            <Field label={t("Name")} error={problems["/name"]}>
              {(ids) => (
                <input
                  {...ids}
                  class="input"
                  maxLength={120}
                  value={name}
                  onInput={(event) => setName(event.currentTarget.value)}
                />
              )}
            </Field>
            <Toggle label={t("Switched on")} checked={enabled} onChange={setEnabled} />
          </section>
          <section class="card sl-card" aria-label={t("For which hand-offs")}>
            <h2>{t("For which hand-offs")}</h2>
            <p class="field-hint">
              {t(
                "All that is filled in must hold; in one line, one of the values. A rule with nothing filled in fits every hand-off.",
              )}
            </p>
            <ListField
              label={conditionName("topics")}
              values={conditions.topics}
              onChange={(topics) => change({ topics })}
              known={data.choices.topics}
              problem={problem("topics")}
            />
            <ListField
              label={conditionName("words")}
              values={conditions.words}
              onChange={(words) => change({ words })}
              hint={t("Accents and capitals do not matter; “refund*” also finds “refunds”.")}
              problem={problem("words")}
            />
            <Checks
              label={conditionName("locales")}
              options={LOCALES.map((value) => ({ value, label: LOCALE_NAMES[value] }))}
              chosen={conditions.locales}
              onChange={(locales) => change({ locales })}
              problem={problem("locales")}
            />
            <Checks
              label={conditionName("channels")}
              options={CHANNELS.map((value) => ({ value, label: channelName(value) }))}
              chosen={conditions.channels}
              onChange={(channels) => change({ channels })}
              problem={problem("channels")}
            />
            <Checks
              label={conditionName("reasons")}
              options={REASONS.map((value) => ({ value, label: reasonText(value) }))}
              chosen={conditions.reasons}
              onChange={(reasons) => change({ reasons })}
              problem={problem("reasons")}
            />
            <ListField
              label={conditionName("tiers")}
              values={conditions.tiers}
              onChange={(tiers) => change({ tiers })}
              known={data.choices.tiers}
              problem={problem("tiers")}
            />
            <div class="sl-targets">
              <Choice
                label={conditionName("verified")}
                value={conditions.verified === null ? "" : String(conditions.verified)}
                options={[
                  { value: "", label: t("Any") },
                  { value: "true", label: t("Proved") },
                  { value: "false", label: t("Not proved") },
                ]}
                onChange={(value) => change({ verified: value ? value === "true" : null })}
              />
              <Choice
                label={conditionName("hours")}
                value={conditions.hours ?? ""}
                options={[
                  { value: "", label: t("Any") },
                  { value: "inside", label: t("Inside") },
                  { value: "outside", label: t("Outside") },
                ]}
                onChange={(value) =>
                  change({
                    hours: value ? (value as "inside" | "outside") : null,
                    calendar: value ? conditions.calendar : null,
                  })
                }
              />
              {conditions.hours && (
                <Choice
                  label={t("Whose hours")}
                  value={conditions.calendar ?? ""}
                  options={[
                    { value: "", label: t("Those of the queue it goes to") },
                    ...data.choices.calendars.map((one) => ({ value: one.key, label: one.name })),
                  ]}
                  onChange={(value) => change({ calendar: value || null })}
                />
              )}
            </div>
            {(problem("hours") ?? problem("calendar")) && (
              <p class="field-error">{problem("hours") ?? problem("calendar")}</p>
            )}
          </section>
          <section class="card sl-card" aria-label={t("Where it goes")}>
            <h2>{t("Where it goes")}</h2>
            <div class="sl-targets">
              <Choice
                label={t("Queue")}
                value={queueId}
                options={active.map((queue) => ({
                  value: queue.id,
                  label: `${queue.level} · ${queue.name}${queue.retired ? ` (${t("Retired")})` : ""}`,
                }))}
                onChange={setQueueId}
              />
              <Choice
                label={t("Priority")}
                value={priority}
                options={[
                  { value: "", label: t("As its reason has it") },
                  ...PRIORITIES.map((value) => ({ value, label: priorityName(value) })),
                ]}
                onChange={setPriority}
              />
            </div>
            {problems["/queue_id"] && <p class="field-error">{problems["/queue_id"]}</p>}
          </section>
        </fieldset>
        {problems[""] && (
          <p class="form-problem" role="alert">
            {problems[""]}
          </p>
        )}
        {edits && (
          <div class="sl-save">
            {rule && (
              <Button icon={Trash2} onClick={() => void remove()}>
                {t("Delete")}
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
