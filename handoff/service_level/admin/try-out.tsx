/** A ticket that does not exist: which policy would hold for it, and when it would be due, with every interval. */
import { api, errorText } from "@staff/api";
import { Badge, Button, Choice, Field } from "@staff/controls";
import { t } from "@staff/i18n";
import { Check, FlaskConical, X } from "@staff/icons";
import { priorityName } from "@staff/labels";
import { useState } from "preact/hooks";
import { Intervals } from "./intervals";
import type { PauseState, Policies, TryAnswer } from "./types";
import { conditionName, instantIn, length, metricName, pauseName } from "./words";

const PRIORITIES = ["urgent", "high", "normal", "low"] as const;

export function TryOut({ data }: { data: Policies }) {
  const [queue, setQueue] = useState(data.queues[0]?.key ?? "");
  const [priority, setPriority] = useState<string>("normal");
  const [category, setCategory] = useState("");
  const [tier, setTier] = useState("");
  const [opened, setOpened] = useState(() => localInput(new Date()));
  const [pause, setPause] = useState<PauseState | "">("");
  const [pauseStart, setPauseStart] = useState("");
  const [pauseEnd, setPauseEnd] = useState("");
  const [answer, setAnswer] = useState<TryAnswer | null>(null);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const tiers = [...new Set(Object.values(data.tiers))].sort();
  const any = { value: "", label: t("Any") };
  const run = async () => {
    if (!opened || (pause && !(pauseStart && pauseEnd))) {
      setProblem(t("Give each time in full."));
      return;
    }
    setBusy(true);
    setProblem("");
    try {
      setAnswer(
        await api.post<TryAnswer>("/service-level/try", {
          queue,
          priority,
          category: category || null,
          tier: tier || null,
          opened_at: new Date(opened).toISOString(),
          pauses: pause
            ? [
                {
                  state: pause,
                  start: new Date(pauseStart).toISOString(),
                  end: new Date(pauseEnd).toISOString(),
                },
              ]
            : [],
        }),
      );
    } catch (error) {
      setAnswer(null);
      setProblem(errorText(error));
    }
    setBusy(false);
  };
  return (
    <section class="card sl-card" aria-label={t("Try a ticket")}>
      <h2>{t("Try a ticket")}</h2>
      <form
        class="sl-try"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <Choice
          label={t("Queue")}
          value={queue}
          options={data.queues.map((one) => ({ value: one.key, label: `${one.level} · ${one.name}` }))}
          onChange={setQueue}
        />
        <Choice
          label={t("Priority")}
          value={priority}
          options={PRIORITIES.map((value) => ({ value, label: priorityName(value) }))}
          onChange={setPriority}
        />
        <Choice
          label={t("Category")}
          value={category}
          options={[any, ...data.categories.map((value) => ({ value, label: value }))]}
          onChange={setCategory}
        />
        <Choice
          label={t("Customer tier")}
          value={tier}
          options={[any, ...tiers.map((value) => ({ value, label: value }))]}
          onChange={setTier}
        />
        <Time label={t("Handed over at (your time)")} value={opened} onChange={setOpened} />
        <Choice
          label={t("Then it waits")}
          value={pause}
          options={[
            { value: "", label: t("Not at all") },
            ...(["waiting_customer", "waiting_third_party", "snoozed"] as const).map((value) => ({
              value,
              label: pauseName(value),
            })),
          ]}
          onChange={(value) => setPause(value as PauseState | "")}
        />
        {pause && (
          <>
            <Time label={t("From")} value={pauseStart} onChange={setPauseStart} />
            <Time label={t("Until")} value={pauseEnd} onChange={setPauseEnd} />
          </>
        )}
        <Button type="submit" variant="primary" icon={FlaskConical} busy={busy} onClick={() => void 0}>
          {t("Try it")}
        </Button>
      </form>
      {problem && (
        <p class="form-problem" role="alert">
          {problem}
        </p>
      )}
      <div aria-live="polite">{answer && <Answer answer={answer} />}</div>
    </section>
  );
}

function Time(props: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <Field label={props.label}>
      {(ids) => (
        <input
          {...ids}
          class="input"
          type="datetime-local"
          value={props.value}
          onInput={(event) => props.onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

function Answer({ answer }: { answer: TryAnswer }) {
  const zone = answer.timezone ?? "UTC";
  const chosen = answer.policies.find((policy) => policy.chosen);
  return (
    <div class="sl-answer">
      <h3>
        {chosen
          ? t("{name}, version {number}", { name: chosen.name, number: chosen.version })
          : t("No policy fits: nothing would be promised.")}
      </h3>
      <ol class="sl-tried">
        {answer.policies.map((policy) => (
          <li key={policy.id}>
            {policy.chosen ? <Check size={15} aria-hidden="true" /> : <X size={15} aria-hidden="true" />}
            <span>{policy.name}</span>
            <span class="sl-why">
              {policy.chosen
                ? t("fits")
                : !policy.enabled
                  ? t("switched off")
                  : policy.missed.length > 0
                    ? t("does not fit: {conditions}", {
                        conditions: policy.missed.map(conditionName).join(", "),
                      })
                    : t("would fit, but one before it did")}
            </span>
          </li>
        ))}
      </ol>
      {chosen && (
        <p class="sl-calendar">
          {answer.calendar
            ? t("Hours of “{name}”, {timezone}", { name: answer.calendar, timezone: zone })
            : t("Round the clock")}
        </p>
      )}
      {answer.targets.map((target) => (
        <details key={target.metric} class="sl-target">
          <summary>
            <strong>{metricName(target.metric)}</strong>
            <span>{length(target.target_seconds)}</span>
            <Badge tone="accent">{target.due_at ? instantIn(target.due_at, zone) : t("Never")}</Badge>
          </summary>
          {target.warn_at && <p>{t("Warning at {time}", { time: instantIn(target.warn_at, zone) })}</p>}
          <Intervals spans={target.intervals} leftOut={target.intervals_left_out} timezone={zone} />
        </details>
      ))}
    </div>
  );
}

/** A date as an `<input type="datetime-local">` takes it: local time, to the minute. */
function localInput(when: Date): string {
  const local = new Date(when.getTime() - when.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}
