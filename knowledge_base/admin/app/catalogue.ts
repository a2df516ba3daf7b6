/** Articles grouped by key: one line per article, with what exists and what is missing in each language. */
import { LOCALES, type Locale } from "@staff/i18n";
import type { ArticleSummary } from "@staff/types";

export interface Group {
  key: string;
  /** The title in the reader's language, or in the first language there is. */
  title: string;
  category: string | null;
  byLocale: Partial<Record<string, ArticleSummary>>;
  missing: Locale[];
  updatedAt: string;
}

export type StateFilter =
  | ""
  | "published"
  | "draft"
  | "in_review"
  | "scheduled"
  | "archived"
  | "changes"
  | "missing"
  | "outdated"
  | "internal"
  | "review";

export interface Narrowing {
  locale: string;
  state: StateFilter;
  /** With everything below it: see `within`. */
  category: string;
  q: string;
}

/** Today as the server writes days, in the zone of the browser. */
export function today(now: Date = new Date()): string {
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

export function groupArticles(items: readonly ArticleSummary[], reader: string): Group[] {
  const groups = new Map<string, ArticleSummary[]>();
  for (const item of items) groups.set(item.key, [...(groups.get(item.key) ?? []), item]);
  return [...groups.entries()]
    .map(([key, articles]) => {
      const byLocale = Object.fromEntries(articles.map((article) => [article.locale, article]));
      const first = byLocale[reader] ?? articles[0];
      const alive = articles.some((article) => article.state !== "archived");
      return {
        key,
        title: first?.title ?? key,
        category: first?.category ?? null,
        byLocale,
        missing: alive ? LOCALES.filter((locale) => !byLocale[locale]) : [],
        updatedAt:
          articles
            .map((article) => article.updated_at)
            .sort()
            .at(-1) ?? "",
      };
    })
    .sort((left, right) => left.title.localeCompare(right.title, reader));
}

function fitsState(group: Group, articles: readonly ArticleSummary[], narrow: Narrowing): boolean {
  switch (narrow.state) {
    case "":
      return true;
    case "missing":
      return group.missing.some((locale) => !narrow.locale || locale === narrow.locale);
    case "changes":
      return articles.some((article) => article.has_draft);
    case "in_review":
    case "scheduled":
      return articles.some((article) => article.stage === narrow.state);
    case "outdated":
      return articles.some((article) => article.outdated);
    case "internal":
      return articles.some((article) => article.audience === "internal");
    case "review":
      return articles.some(
        (article) => article.review_by && article.review_by <= today() && article.state !== "archived",
      );
    default:
      return articles.some((article) => article.state === narrow.state);
  }
}

/** `found` are the ids the server's search named; the search also looks at titles, keys and tags here. */
export function narrowGroups(
  groups: readonly Group[],
  narrow: Narrowing,
  found: ReadonlySet<string> | null,
  within: ReadonlySet<string> = new Set([narrow.category]),
): Group[] {
  const text = narrow.q.trim().toLowerCase();
  return groups.filter((group) => {
    const all = Object.values(group.byLocale).filter((article) => article !== undefined);
    const articles = narrow.locale ? all.filter((article) => article.locale === narrow.locale) : all;
    const missing = narrow.state === "missing";
    if (narrow.locale && articles.length === 0 && !missing) return false;
    if (narrow.category && !all.some((article) => within.has(article.category ?? ""))) return false;
    if (!fitsState(group, articles, narrow)) return false;
    if (!text) return true;
    return all.some(
      (article) =>
        found?.has(article.id) ||
        [article.title, article.key, ...article.tags].some((part) => part.toLowerCase().includes(text)),
    );
  });
}
