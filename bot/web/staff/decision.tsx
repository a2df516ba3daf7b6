/** Everything a decision of the bot stands on: numbers beside what they were held against, and the reasons. */
import type { ComponentChildren } from "preact";
import { decimal, percent } from "./format";
import { t } from "./i18n";
import { routeName, whyText } from "./labels";
import { may } from "./session";
import type { Decision } from "./types";

/** `linked` makes the article a link for who may read articles. */
export function DecisionFacts({ decision, linked }: { decision: Decision; linked?: boolean }) {
  const limits = decision.thresholds ?? {};
  const article =
    typeof decision.article === "string"
      ? { title: decision.article, article_id: undefined, revision: undefined }
      : (decision.article ?? null);
  const second = runnerUp(decision);
  const reasons = decision.why?.map(whyText) ?? decision.reasons ?? [];
  return (
    <>
      <dl class="facts">
        {decision.intent && <Fact name={t("Intent")}>{routeName(decision.intent)}</Fact>}
        {typeof decision.confidence === "number" && (
          <Fact name={t("Confidence")}>{against(decision.confidence, limits.confidence, percent)}</Fact>
        )}
        {typeof decision.scope === "number" && (
          <Fact name={t("Familiarity")}>{against(decision.scope, limits.scope, decimal)}</Fact>
        )}
        {second && <Fact name={t("Runner-up")}>{second}</Fact>}
        {article && (
          <Fact name={t("Article")}>
            {linked && article.article_id && may("kb.read") ? (
              <a href={`/admin#/articles/${article.article_id}`}>{article.title ?? article.article_id}</a>
            ) : (
              (article.title ?? "")
            )}
            {article.revision != null && ` · ${t("revision {revision}", { revision: article.revision })}`}
          </Fact>
        )}
        {typeof decision.article_confidence === "number" && (
          <Fact name={t("Confidence that it answers")}>
            {against(decision.article_confidence, limits.article_confidence, percent)}
          </Fact>
        )}
        {typeof decision.score === "number" && <Fact name={t("Score")}>{decimal(decision.score)}</Fact>}
        {typeof decision.margin === "number" && (
          <Fact name={t("Lead over the next")}>
            {typeof decision.score === "number"
              ? decimal(decision.margin)
              : against(decision.margin, limits.margin, decimal)}
          </Fact>
        )}
        {decision.model && <Fact name={t("Model")}>{decision.model}</Fact>}
      </dl>
      {reasons.length > 0 && (
        <ul class="reasons">
          {reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
    </>
  );
}

function against(value: number, limit: number | undefined, format: (value: number) => string): string {
  return limit === undefined
    ? format(value)
    : t("{value} (needed: {limit})", { value: format(value), limit: format(limit) });
}

function runnerUp({ runner_up: second }: Decision): string | null {
  if (!second) return null;
  if (second.kind === "intent") return `${routeName(second.name ?? "")} · ${percent(second.confidence ?? 0)}`;
  return `${second.title ?? second.key ?? ""} · ${decimal(second.score ?? 0)}`;
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
