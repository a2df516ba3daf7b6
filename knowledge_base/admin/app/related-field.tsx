/** The articles that are offered next to this one: found by their titles, kept by their keys. */
import { api } from "@staff/api";
import { Badge, Field, IconButton } from "@staff/controls";
import { t } from "@staff/i18n";
import { Trash2 } from "@staff/icons";
import type { ArticleSummary, Page } from "@staff/types";
import { useEffect, useState } from "preact/hooks";

const DELAY_MS = 250;
const MOST = 8;

/** Titles by key, in the article's language where there is one. */
const titles = new Map<string, string>();

export function relatedTitle(key: string): string {
  return titles.get(key) ?? key;
}

export function RelatedField(props: {
  related: readonly string[];
  own: { key: string; locale: string };
  writable: boolean;
  change: (related: string[]) => void;
}) {
  const { related, own, writable, change } = props;
  const [words, setWords] = useState("");
  const [found, setFound] = useState<readonly ArticleSummary[]>([]);
  const [, redraw] = useState(0);

  useEffect(() => {
    const unknown = related.filter((key) => !titles.has(key));
    void Promise.all(unknown.map((key) => remember(key, own.locale))).then(() => redraw((n) => n + 1));
  }, [related.join(" "), own.locale]);
  useEffect(() => {
    if (!words.trim()) {
      setFound([]);
      return;
    }
    let current = true;
    const timer = setTimeout(() => {
      const query = { q: words, locale: own.locale, state: "published", audience: "public", limit: 8 };
      api.get<Page<ArticleSummary>>("/articles", query).then(
        (page) => current && setFound(page.items),
        () => current && setFound([]),
      );
    }, DELAY_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [words, own.locale]);

  const offered = found.filter((one) => one.key !== own.key && !related.includes(one.key));
  return (
    <div class="related-field">
      <p class="field-label" id="related-label">
        {t("Related articles")}
      </p>
      <ul class="related-list" aria-labelledby="related-label">
        {related.map((key) => (
          <li key={key}>
            <span>{relatedTitle(key)}</span> <Badge>{key}</Badge>
            {writable && (
              <IconButton
                label={t("Remove {title}", { title: relatedTitle(key) })}
                icon={Trash2}
                onClick={() => change(related.filter((one) => one !== key))}
              />
            )}
          </li>
        ))}
      </ul>
      {writable && related.length < MOST && (
        <Field label={t("Add a related article")}>
          {(ids) => (
            <input
              {...ids}
              class="input"
              type="search"
              placeholder={t("Words of its title")}
              value={words}
              onInput={(event) => setWords(event.currentTarget.value)}
            />
          )}
        </Field>
      )}
      {offered.length > 0 && (
        <ul class="related-found" aria-label={t("Articles found")}>
          {offered.map((one) => (
            <li key={one.id}>
              <button
                type="button"
                class="related-add"
                onClick={() => {
                  titles.set(one.key, one.title);
                  change([...related, one.key]);
                  setWords("");
                }}
              >
                {one.title}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

async function remember(key: string, locale: string): Promise<void> {
  try {
    const page = await api.get<Page<ArticleSummary>>("/articles", { q: key, limit: 20 });
    const family = page.items.filter((one) => one.key === key);
    const best = family.find((one) => one.locale === locale) ?? family[0];
    if (best) titles.set(key, best.title);
  } catch {
    // the key itself is shown
  }
}
