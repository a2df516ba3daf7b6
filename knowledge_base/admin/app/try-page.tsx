/** What would the bot do with this sentence? Routing and search, against what is live, without sending it. */
import { api } from "@staff/api";
import { Badge, Choice } from "@staff/controls";
import { DecisionFacts } from "@staff/decision";
import { LOCALE_NAMES, LOCALES, t } from "@staff/i18n";
import { languageName, routeName } from "@staff/labels";
import type { AskResult, ExplainResult } from "@staff/types";
import { useState } from "preact/hooks";
import { AskAnswer, AskForm, askQuestion } from "./ask";

interface Tried {
  answer: AskResult;
  explained: ExplainResult;
}

/** Routes whose answer comes from the articles. */
const SEARCHED: ReadonlySet<string> = new Set(["faq", "clarify", "article"]);

export function TryPage() {
  const [language, setLanguage] = useState("");
  const run = async (question: string): Promise<Tried> => {
    const [answer, explained] = await Promise.all([
      askQuestion(question, language || null),
      api.post<ExplainResult>("/explain", { text: question, ...(language && { locale: language }) }),
    ]);
    return { answer, explained };
  };
  return (
    <div class="narrow">
      <h1>{t("Try it")}</h1>
      <p class="lead">{t("Ask like a customer. Nothing is sent; you see what the bot would do and why.")}</p>
      <AskForm<Tried>
        label={t("Question of a customer")}
        placeholder={t("When will my order arrive?")}
        run={run}
        extra={
          <Choice
            compact
            label={t("Language")}
            value={language}
            options={[
              { value: "", label: t("Detect language") },
              ...LOCALES.map((value) => ({ value, label: LOCALE_NAMES[value] })),
            ]}
            onChange={setLanguage}
          />
        }
      >
        {({ answer, explained }) => (
          <div class="tried-result">
            <section class="card" aria-label={t("Route")}>
              <h2>{t("Route")}</h2>
              <RouteCard explained={explained} />
            </section>
            <section class="card" aria-label={t("Knowledge base")}>
              <h2>{t("Knowledge base")}</h2>
              <AskAnswer result={answer} unused={!SEARCHED.has(explained.route)} />
            </section>
          </div>
        )}
      </AskForm>
    </div>
  );
}

function RouteCard({ explained }: { explained: ExplainResult }) {
  return (
    <>
      <p class="route-name">
        <Badge tone="accent">{routeName(explained.route)}</Badge>
        {explained.locale && ` ${languageName(explained.locale)}`}
      </p>
      <DecisionFacts decision={explained} linked />
    </>
  );
}
