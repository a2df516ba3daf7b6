/** All articles: one line per article with its languages, what is missing, and what is not published yet. */
import { allPages, api } from "@staff/api";
import { Badge, Button, Choice, Icon, type Option } from "@staff/controls";
import { ago, now } from "@staff/format";
import { LOCALE_NAMES, LOCALES, type Locale, locale, n, t } from "@staff/i18n";
import { BookOpen, Plus, Search } from "@staff/icons";
import { href, navigate, route } from "@staff/router";
import { may } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import type { ArticleSummary, Page } from "@staff/types";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Group, groupArticles, type Narrowing, narrowGroups, type StateFilter } from "./catalogue";
import { branchOf, categories, categoryName, categoryOptions, loadCategories } from "./categories";
import { createTranslation } from "./new-article";
import { articleState } from "./words";

const SHOWN_FIRST = 100;
const PAGE = 200;
const MOST_PAGES = 20;

function loadArticles(q = ""): Promise<ArticleSummary[]> {
  return allPages(
    (cursor) => api.get<Page<ArticleSummary>>("/articles", { q, cursor, limit: PAGE }),
    MOST_PAGES,
  );
}

export function ArticleList() {
  const [items, setItems] = useState<ArticleSummary[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [found, setFound] = useState<ReadonlySet<string> | null>(null);
  const [shown, setShown] = useState(SHOWN_FIRST);
  const { query } = route.value;
  const narrow: Narrowing = {
    locale: query.locale ?? "",
    state: (query.state ?? "") as StateFilter,
    category: query.category ?? "",
    q: query.q ?? "",
  };
  const change = (part: Partial<Narrowing>) => navigate(href([], { ...narrow, ...part }), { replace: true });

  const load = () => {
    setError(null);
    loadArticles().then(setItems, setError);
    loadCategories(true).catch(() => undefined); // keys are shown instead of names
  };
  useEffect(load, []);
  useEffect(() => {
    setFound(null);
    if (!narrow.q) return;
    let current = true;
    loadArticles(narrow.q)
      .then((hits) => {
        if (!current) return;
        setFound(new Set(hits.map((hit) => hit.id)));
        // in a large base the search knows more than was loaded
        setItems((known) => {
          const there = new Set(known?.map((item) => item.id));
          return known && [...known, ...hits.filter((hit) => !there.has(hit.id))];
        });
      })
      .catch(() => undefined); // titles are still searched here
    return () => {
      current = false;
    };
  }, [narrow.q]);

  const groups = useMemo(() => groupArticles(items ?? [], locale.value), [items, locale.value]);
  const within = branchOf(categories.value, narrow.category);
  const fitting = narrowGroups(groups, narrow, found, within);
  const cut = (items?.length ?? 0) >= PAGE * MOST_PAGES;
  return (
    <>
      <div class="page-head">
        <h1>{t("Articles")}</h1>
        {items && <p class="page-note">{n("{count} article", "{count} articles", fitting.length)}</p>}
        {may("kb.write") && (
          <a class="button button-primary button-normal" href={href(["articles", "new"])}>
            <Icon of={Plus} />
            {t("New article")}
          </a>
        )}
      </div>
      <Filters
        narrow={narrow}
        used={(items ?? []).flatMap((item) => (item.category ? [item.category] : []))}
        change={change}
      />
      {cut && (
        <p class="field-hint">{t("Only the articles changed last are listed. Search to find the others.")}</p>
      )}
      {error ? (
        <LoadError error={error} retry={load} />
      ) : !items ? (
        <Skeleton rows={6} />
      ) : fitting.length === 0 ? (
        <Empty
          icon={BookOpen}
          title={items.length ? t("No article fits these filters.") : t("There are no articles yet.")}
          text={items.length ? "" : t("Write the first one, or import what you have.")}
        />
      ) : (
        <ul class="articles">
          {fitting.slice(0, shown).map((group) => (
            <ArticleRow key={group.key} group={group} />
          ))}
        </ul>
      )}
      {fitting.length > shown && (
        <Button class="load-more" onClick={() => setShown(shown + SHOWN_FIRST)}>
          {t("Show more")}
        </Button>
      )}
    </>
  );
}

function Filters(props: {
  narrow: Narrowing;
  used: readonly string[];
  change: (part: Partial<Narrowing>) => void;
}) {
  const timer = useRef<ReturnType<typeof setTimeout>>();
  const { narrow, change } = props;
  useEffect(() => () => clearTimeout(timer.current), []); // a click was faster: it must not lead back here
  const states: (Option & { value: StateFilter })[] = [
    { value: "", label: t("All states") },
    { value: "published", label: t("Published") },
    { value: "changes", label: t("Changes not published") },
    { value: "draft", label: t("Draft") },
    { value: "in_review", label: t("In review") },
    { value: "scheduled", label: t("Scheduled") },
    { value: "missing", label: t("Translation missing") },
    { value: "outdated", label: t("Translation out of date") },
    { value: "review", label: t("To be read again") },
    { value: "internal", label: t("Internal") },
    { value: "archived", label: t("Archived") },
  ];
  return (
    <search class="filters">
      <div class="search">
        <Icon of={Search} />
        <input
          type="search"
          aria-label={t("Search articles")}
          placeholder={t("Search titles and answers")}
          defaultValue={narrow.q}
          onInput={(event) => {
            const q = event.currentTarget.value.trim();
            clearTimeout(timer.current);
            timer.current = setTimeout(() => change({ q }), 250);
          }}
        />
      </div>
      <Choice
        compact
        label={t("Language")}
        value={narrow.locale}
        options={[
          { value: "", label: t("All languages") },
          ...LOCALES.map((value) => ({ value, label: LOCALE_NAMES[value] })),
        ]}
        onChange={(value) => change({ locale: value })}
      />
      <Choice
        compact
        label={t("State")}
        value={narrow.state}
        options={states}
        onChange={(value) => change({ state: value as StateFilter })}
      />
      <Choice
        compact
        label={t("Category")}
        value={narrow.category}
        options={[
          { value: "", label: t("All categories") },
          ...categoryOptions(categories.value, locale.value, props.used),
        ]}
        onChange={(value) => change({ category: value })}
      />
    </search>
  );
}

function ArticleRow({ group }: { group: Group }) {
  const main = group.byLocale[locale.value] ?? Object.values(group.byLocale)[0];
  if (!main) return null;
  return (
    <li class="article-row">
      <div class="article-what">
        <a class="article-title" href={href(["articles", main.id])}>
          {group.title || group.key}
        </a>
        <p class="article-meta">
          {group.category && <Badge>{categoryName(group.category, categories.value, locale.value)}</Badge>}
          {main.audience === "internal" && <Badge tone="accent">{t("Internal")}</Badge>}
          <span>{group.key}</span>
          <span>{t("changed {when}", { when: ago(group.updatedAt, now.value) })}</span>
        </p>
      </div>
      <ul class="languages" aria-label={t("Languages")}>
        {LOCALES.map((tag) => (
          <li key={tag}>
            <LanguageChip tag={tag} group={group} />
          </li>
        ))}
      </ul>
    </li>
  );
}

function LanguageChip({ tag, group }: { tag: Locale; group: Group }) {
  const article = group.byLocale[tag];
  if (!article) {
    const text = t("{language}: missing", { language: LOCALE_NAMES[tag] });
    return may("kb.write") ? (
      <button
        type="button"
        class="language language-missing"
        title={t("Create the translation")}
        onClick={() => void createTranslation(group, tag)}
      >
        <Icon of={Plus} size={12} />
        {tag}
        <span class="visually-hidden"> {text}</span>
      </button>
    ) : (
      <span class="language language-missing">
        {tag}
        <span class="visually-hidden"> {text}</span>
      </span>
    );
  }
  const state = [
    article.has_draft ? t("Published, with changes not published") : articleState(article.state),
    article.state === "published" && article.stage && articleState(article.stage),
    article.outdated && t("older than the original"),
  ]
    .filter(Boolean)
    .join(", ");
  return (
    <a
      class={`language language-${article.has_draft || article.outdated ? "changed" : article.state}`}
      href={href(["articles", article.id])}
      title={state}
    >
      {tag}
      <span class="visually-hidden"> {state}</span>
    </a>
  );
}
