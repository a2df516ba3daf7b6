/** Words for articles and decisions. */
import type { Tone } from "@staff/controls";
import { humanize } from "@staff/format";
import { t } from "@staff/i18n";
import type { ArticleState, Person } from "@staff/types";

export function articleState(state: ArticleState): string {
  const names: Record<ArticleState, string> = {
    draft: t("Draft"),
    in_review: t("In review"),
    scheduled: t("Scheduled"),
    published: t("Published"),
    archived: t("Archived"),
  };
  return names[state];
}

export function articleTone(state: ArticleState): Tone {
  return state === "published" ? "success" : state === "archived" ? "neutral" : "warning";
}

export function decisionName(decision: string): string {
  const names: Record<string, string> = {
    answer: t("The bot answers"),
    clarify: t("The bot asks back"),
    handoff: t("The bot offers a person"),
  };
  return names[decision] ?? humanize(decision);
}

export function decisionText(decision: string): string {
  const texts: Record<string, string> = {
    answer: t("The first article below is what the customer reads."),
    clarify: t("The customer gets the best articles as buttons."),
    handoff: t("No article fits well enough to answer with."),
  };
  return texts[decision] ?? "";
}

export function decisionTone(decision: string): Tone {
  return decision === "answer" ? "success" : decision === "clarify" ? "warning" : "danger";
}

/** Authors come as a person or as a name; changes of the command line have none. */
export function authorName(author: Person | string | null): string {
  if (!author) return t("System");
  return typeof author === "string" ? author : author.name;
}
