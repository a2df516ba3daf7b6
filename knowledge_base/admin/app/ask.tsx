/** Asking a question as a customer would, and the answer's anatomy: decision, ranking, scores, reasons. */
import { api, errorText } from "@staff/api";
import { Badge, Button, Icon } from "@staff/controls";
import { decimal } from "@staff/format";
import { t } from "@staff/i18n";
import { Search } from "@staff/icons";
import { href } from "@staff/router";
import type { AskResult, Hit } from "@staff/types";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { decisionName, decisionText, decisionTone } from "./words";

/** One question field with its button; `run` gets the question and its result is drawn by `children`. */
export function AskForm<Result>(props: {
  label: string;
  placeholder: string;
  run: (question: string) => Promise<Result>;
  extra?: ComponentChildren;
  children: (result: Result) => ComponentChildren;
}) {
  const [question, setQuestion] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const [result, setResult] = useState<Result | null>(null);
  const ask = async () => {
    if (!question.trim() || busy) return;
    setBusy(true);
    setProblem("");
    try {
      setResult(await props.run(question.trim()));
    } catch (error) {
      setProblem(errorText(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="ask">
      <search>
        <form
          class="ask-form"
          onSubmit={(event) => {
            event.preventDefault();
            void ask();
          }}
        >
          <div class="search">
            <Icon of={Search} />
            <input
              aria-label={props.label}
              placeholder={props.placeholder}
              maxLength={2000}
              value={question}
              onInput={(event) => setQuestion(event.currentTarget.value)}
            />
          </div>
          {props.extra}
          <Button type="submit" variant="primary" busy={busy} disabled={!question.trim()}>
            {t("Ask")}
          </Button>
        </form>
      </search>
      <div aria-live="polite">
        {problem && <p class="form-problem">{problem}</p>}
        {result && props.children(result)}
      </div>
    </div>
  );
}

export function askQuestion(question: string, locale: string | null, draftId?: string): Promise<AskResult> {
  return api.post<AskResult>("/kb/ask", {
    question,
    ...(locale && { locale }),
    ...(draftId && { draft_article_id: draftId }),
  });
}

interface AskAnswerProps {
  readonly result: AskResult;
  /** The article that is being worked on. */
  readonly highlight?: string;
  /** The bot would not search for this message at all. */
  readonly unused?: boolean;
}

export function AskAnswer({ result, highlight, unused }: AskAnswerProps) {
  const best = Math.max(1, ...result.hits.map((hit) => hit.score));
  const rank = highlight ? result.hits.findIndex((hit) => hit.article_id === highlight) + 1 : 0;
  return (
    <div class="ask-answer">
      {unused ? (
        <p class="field-hint">{t("The bot does not search for this message. These articles are nearest.")}</p>
      ) : (
        <p class={`decision tone-${decisionTone(result.decision)}`}>
          <strong>{decisionName(result.decision)}</strong>
          <span>{decisionText(result.decision)}</span>
        </p>
      )}
      {highlight && (
        <p class="rank">
          {rank
            ? t("This article comes in place {rank}.", { rank })
            : t("This article is not among the best ten.")}
        </p>
      )}
      <ol class="hits">
        {result.hits.map((hit) => (
          <HitRow key={hit.article_id} hit={hit} best={best} current={hit.article_id === highlight} />
        ))}
      </ol>
      {!!result.reasons?.length && (
        <>
          <p class="small-title">{t("Reasons")}</p>
          <ul class="reasons">
            {result.reasons.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function HitRow({ hit, best, current }: { hit: Hit; best: number; current: boolean }) {
  return (
    <li class={current ? "hit hit-current" : "hit"}>
      <p class="hit-title">
        <a href={href(["articles", hit.article_id])}>{hit.title}</a>
        <Badge>{hit.locale}</Badge>
        {hit.state === "draft" && <Badge tone="warning">{t("Draft")}</Badge>}
        {hit.choice && <Badge tone="accent">{t("Offered")}</Badge>}
      </p>
      <dl class="bars">
        <Bar name={t("Total")} value={hit.score} most={best} strong />
        <Bar name={t("Words")} value={hit.lexical} />
        <Bar name={t("Meaning")} value={hit.dense} />
        <Bar name={t("Learned")} value={hit.learned ?? null} />
      </dl>
    </li>
  );
}

/** Drawn as SVG: its width is an attribute, which the content security policy allows. */
function Bar(props: { name: string; value: number | null; most?: number; strong?: boolean }) {
  const { name, value, most = 1, strong } = props;
  const width = Math.round(Math.min(1, Math.max(0, (value ?? 0) / most)) * 100);
  return (
    <div class={strong ? "bar bar-strong" : "bar"}>
      <dt>{name}</dt>
      <dd>
        <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
          <rect class="bar-track" width="100" height="6" />
          <rect class="bar-fill" width={width} height="6" />
        </svg>
        <span>{value === null ? "–" : decimal(value)}</span>
      </dd>
    </div>
  );
}
