/** Which article answers a message? The nearest ones first, any other one by searching. */
import { api } from "@staff/api";
import { Button, Icon } from "@staff/controls";
import { Dialog } from "@staff/dialog";
import { decimal } from "@staff/format";
import { t } from "@staff/i18n";
import { Search } from "@staff/icons";
import type { ArticleSummary, AskResult, Page } from "@staff/types";
import { useEffect, useState } from "preact/hooks";

interface Found {
  id: string;
  title: string;
  note: string;
}

interface PickerProps {
  readonly question: string;
  readonly locale: string;
  readonly busy: boolean;
  readonly onClose: () => void;
  readonly onPick: (articleId: string) => void;
}

const DELAY_MS = 250;

export function ArticlePicker({ question, locale, busy, onClose, onPick }: PickerProps) {
  const [words, setWords] = useState("");
  const [found, setFound] = useState<Found[] | null>(null);
  useEffect(() => {
    let current = true;
    const show = (items: Found[]) => current && setFound(items);
    const failed = () => show([]);
    const timer = setTimeout(
      () => {
        if (words.trim()) {
          api
            .get<Page<ArticleSummary>>("/articles", { q: words.trim(), locale, limit: 20 })
            .then(({ items }) => show(items.map(({ id, title, key }) => ({ id, title, note: key }))), failed);
        } else {
          const asked = question.replace(/<[a-z]+>/g, " ").trim() || question;
          api
            .post<AskResult>("/kb/ask", { question: asked, locale })
            .then(
              ({ hits }) =>
                show(hits.map((hit) => ({ id: hit.article_id, title: hit.title, note: decimal(hit.score) }))),
              failed,
            );
        }
      },
      words ? DELAY_MS : 0,
    );
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [words, question, locale]);
  return (
    <Dialog title={t("Which article answers it?")} onClose={onClose}>
      <p class="field-hint">
        {t("The wording becomes one of its phrasings; the bot finds the article by it at once.")}
      </p>
      <div class="search">
        <Icon of={Search} />
        <input
          type="search"
          data-autofocus
          aria-label={t("Search articles")}
          placeholder={t("Search articles")}
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
          onKeyDown={(event) => event.key === "Enter" && event.preventDefault()}
        />
      </div>
      <ul class="picker" aria-live="polite">
        {found?.length === 0 && <li class="field-hint">{t("No article fits.")}</li>}
        {(found ?? []).map((article) => (
          <li key={article.id}>
            <Button class="picker-article" variant="quiet" busy={busy} onClick={() => onPick(article.id)}>
              <span>{article.title}</span>
              <span class="page-note">{article.note}</span>
            </Button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
