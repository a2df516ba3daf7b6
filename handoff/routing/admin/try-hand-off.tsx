/** A hand-off that does not exist: which rule would take it, why those before did not, and where it would go. */
import { api } from "@staff/api";
import { Badge, Button, Choice, Field, Toggle } from "@staff/controls";
import { LOCALE_NAMES, LOCALES, locale, t } from "@staff/i18n";
import { Check, FlaskConical, X } from "@staff/icons";
import { channelName, priorityName, reasonText } from "@staff/labels";
import { useState } from "preact/hooks";
import type { Rules, TryAnswer } from "./types";
import { CHANNELS, conditionName, REASONS, refusal } from "./words";

export function TryHandOff({ data }: { data: Rules }) {
  const [text, setText] = useState("");
  const [language, setLanguage] = useState<string>(locale.value);
  const [channel, setChannel] = useState("web");
  const [topic, setTopic] = useState("");
  const [reason, setReason] = useState("customer_asked");
  const [tier, setTier] = useState("");
  const [verified, setVerified] = useState(false);
  const [at, setAt] = useState("");
  const [answer, setAnswer] = useState<TryAnswer | null>(null);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    setProblem("");
    try {
      setAnswer(
        await api.post<TryAnswer>("/desk/try", {
          text,
          locale: language,
          channel,
          topic: topic || null,
          reason,
          tier: tier || null,
          verified,
          at: at ? new Date(at).toISOString() : null,
        }),
      );
    } catch (error) {
      setAnswer(null);
      setProblem(refusal(error));
    }
    setBusy(false);
  };
  return (
    <section class="card sl-card" aria-label={t("Try a hand-off")}>
      <h2>{t("Try a hand-off")}</h2>
      <form
        class="sl-editor"
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <Field label={t("What the customer wrote")}>
          {(ids) => (
            <textarea
              {...ids}
              class="input"
              rows={2}
              maxLength={2000}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          )}
        </Field>
        <div class="sl-try">
          <Choice
            label={conditionName("locales")}
            value={language}
            options={LOCALES.map((value) => ({ value, label: LOCALE_NAMES[value] }))}
            onChange={setLanguage}
          />
          <Choice
            label={conditionName("channels")}
            value={channel}
            options={CHANNELS.map((value) => ({ value, label: channelName(value) }))}
            onChange={setChannel}
          />
          <Choice
            label={conditionName("topics")}
            value={topic}
            options={[
              { value: "", label: t("None") },
              ...data.choices.topics.map((value) => ({ value, label: value })),
            ]}
            onChange={setTopic}
          />
          <Choice
            label={conditionName("reasons")}
            value={reason}
            options={REASONS.map((value) => ({ value, label: reasonText(value) }))}
            onChange={setReason}
          />
          <Choice
            label={conditionName("tiers")}
            value={tier}
            options={[
              { value: "", label: "—" },
              ...data.choices.tiers.map((value) => ({ value, label: value })),
            ]}
            onChange={setTier}
          />
          <Field label={t("When (your time; empty: now)")}>
            {(ids) => (
              <input
                {...ids}
                class="input"
                type="datetime-local"
                value={at}
                onInput={(event) => setAt(event.currentTarget.value)}
              />
            )}
          </Field>
        </div>
        <div class="sl-head-actions">
          <Toggle label={t("Identity proved")} checked={verified} onChange={setVerified} />
          <Button type="submit" variant="primary" icon={FlaskConical} busy={busy} onClick={() => void 0}>
            {t("Try it")}
          </Button>
        </div>
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

function Answer({ answer }: { answer: TryAnswer }) {
  const { queue } = answer;
  const why = {
    rule: t("The rule “{name}” decides.", { name: answer.rule_name ?? "" }),
    topic: t("No rule fits: the queue has its topic and language."),
    default: t("No rule and no topic fits: the default queue takes it."),
  };
  const level = answer.level_name === queue.level ? queue.level : `${queue.level} · ${answer.level_name}`;
  return (
    <div class="sl-answer">
      <h3>{t("Goes to {queue}", { queue: `${queue.name} (${level})` })}</h3>
      <p class="sl-head-actions">
        <Badge tone="accent">{t("Priority: {name}", { name: priorityName(answer.priority) })}</Badge>
        <Badge tone={answer.is_open ? "success" : "warning"}>
          {answer.is_open ? t("Somebody is there") : t("Nobody is there then")}
        </Badge>
      </p>
      {answer.hours_text && <p class="sl-calendar">{answer.hours_text}</p>}
      <ol class="sl-tried">
        {answer.tried.map((rule) => (
          <li key={rule.id}>
            <X size={15} aria-hidden="true" />
            <span>{rule.name}</span>
            <span class="sl-why">
              {t("does not fit: {conditions}", { conditions: rule.missed.map(conditionName).join(", ") })}
            </span>
          </li>
        ))}
        <li>
          <Check size={15} aria-hidden="true" />
          <span>{why[answer.why]}</span>
        </li>
      </ol>
    </div>
  );
}
