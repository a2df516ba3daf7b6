/** What the server notices about the text while one types: near articles, caught phrasings, translations, length. */
import { api } from "@staff/api";
import { Badge, Icon, type Tone } from "@staff/controls";
import { percent } from "@staff/format";
import { isLocale, LOCALE_NAMES, n, t } from "@staff/i18n";
import { CircleCheck } from "@staff/icons";
import { routeName } from "@staff/labels";
import { href } from "@staff/router";
import type { Finding } from "@staff/types";
import { useEffect, useState } from "preact/hooks";
import type { Draft } from "./autosave";

const DELAY_MS = 700;

export interface Checked {
  findings: readonly Finding[];
  failed: boolean;
}

/** Asks again a moment after the text changed; null until the first answer. */
export function useChecks(id: string, locale: string, draft: Draft): Checked | null {
  const [checked, setChecked] = useState<Checked | null>(null);
  const { title, phrasings, answer, short_answer, related } = draft;
  const text = JSON.stringify({ title, phrasings, answer, short_answer, related });
  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      api.post<{ items: Finding[] }>("/kb/check", { article_id: id, locale, ...JSON.parse(text) }).then(
        (page) => current && setChecked({ findings: page.items, failed: false }),
        () => current && setChecked((before) => ({ findings: before?.findings ?? [], failed: true })),
      );
    }, DELAY_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [id, locale, text]);
  return checked;
}

/** What needs the author's attention; the rest is only good to know. */
export function isWarning(finding: Finding): boolean {
  return finding.kind !== "missing_translation" && finding.kind !== "not_checked";
}

export function ChecksPanel({ checked }: { checked: Checked | null }) {
  if (!checked) return <p class="field-hint">{t("Looking at the text…")}</p>;
  return (
    <div class="checks">
      {checked.failed && (
        <p class="form-problem">{t("The checks are not up to date: the server did not answer.")}</p>
      )}
      {checked.findings.length === 0 && !checked.failed && (
        <p class="checks-fine">
          <Icon of={CircleCheck} /> {t("Nothing to complain about.")}
        </p>
      )}
      <ul class="findings">
        {checked.findings.map((finding) => (
          <li key={JSON.stringify(finding)} class={`finding tone-${tone(finding)}`}>
            <FindingText finding={finding} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function tone(finding: Finding): Tone {
  if (finding.kind === "contradiction") return "danger";
  return isWarning(finding) ? "warning" : "neutral";
}

function language(tag: string | null): string {
  return isLocale(tag) ? LOCALE_NAMES[tag] : (tag ?? "");
}

function FindingText({ finding }: { finding: Finding }) {
  const article = finding.article_id && (
    <p class="finding-article">
      <a href={href(["articles", finding.article_id])}>{finding.title}</a> <Badge>{finding.locale}</Badge>
      {finding.similarity !== null && (
        <span>{t("{share} alike", { share: percent(finding.similarity) })}</span>
      )}
    </p>
  );
  const quote = finding.phrasing && <p class="finding-quote">“{finding.phrasing}”</p>;
  switch (finding.kind) {
    case "similar":
      return (
        <>
          <strong>{t("Asks nearly the same as another article")}</strong>
          {article}
        </>
      );
    case "contradiction":
      return (
        <>
          <strong>{t("Says something else than a similar article")}</strong>
          {article}
          <p>
            {t("Here: {mine}. There: {theirs}.", {
              mine: finding.figures?.[0] ?? "",
              theirs: finding.figures?.[1] ?? "",
            })}
          </p>
        </>
      );
    case "caught_by_article":
      return (
        <>
          <strong>{t("This phrasing may lead to another article")}</strong>
          {quote}
          {article}
        </>
      );
    case "caught_by_flow":
      return (
        <>
          <strong>
            {t("This phrasing starts a flow, not a search: {flow}", { flow: routeName(finding.route ?? "") })}
          </strong>
          {quote}
        </>
      );
    case "missing_translation":
      return <strong>{t("Missing in {language}", { language: language(finding.locale) })}</strong>;
    case "outdated_translation":
      return (
        <>
          <strong>
            {t("The original changed after the text in {language} was written", {
              language: language(finding.locale),
            })}
          </strong>
          {finding.article_id && (
            <p>
              <a href={href(["articles", finding.article_id])}>{t("Open the translation")}</a>
            </p>
          )}
        </>
      );
    case "too_long":
      return (
        <strong>
          {n(
            "Too long for Telegram: it arrives in {count} message",
            "Too long for Telegram: it arrives in {count} messages",
            finding.parts ?? 2,
          )}
        </strong>
      );
    case "unknown_related":
      return <strong>{t("The related article “{key}” is not published", { key: finding.key ?? "" })}</strong>;
    case "not_checked":
      return <strong>{t("The bot is away: phrasings that start a flow are not shown")}</strong>;
    default:
      return <strong>{finding.kind}</strong>;
  }
}
