/** Starting an article: from nothing, or as the translation of another. */
import { api, errorText } from "@staff/api";
import { Button, Choice, Field } from "@staff/controls";
import { isLocale, LOCALE_NAMES, LOCALES, locale, t } from "@staff/i18n";
import { Plus } from "@staff/icons";
import { href, navigate } from "@staff/router";
import { toast, toastError } from "@staff/toast";
import type { Article } from "@staff/types";
import { useState } from "preact/hooks";
import type { Group } from "./catalogue";

/** A draft in another language that starts with the text to translate, and opens at once. */
export async function createTranslation(of: Pick<Group, "key" | "byLocale">, to: string): Promise<void> {
  const source = of.byLocale[locale.value] ?? Object.values(of.byLocale)[0];
  if (!source) return;
  try {
    const text = await api.get<Article>(`/articles/${source.id}`);
    const created = await api.post<Article>("/articles", {
      key: of.key,
      locale: to,
      title: text.title,
      phrasings: text.phrasings,
      answer: text.answer,
      short_answer: text.short_answer,
      links: text.links,
      flows: text.flows,
      related: text.related,
      category: text.category,
      tags: text.tags,
      audience: text.audience,
    });
    toast(
      t("Draft created. Now translate the text to {language}.", {
        language: isLocale(to) ? LOCALE_NAMES[to] : to,
      }),
    );
    navigate(href(["articles", created.id]));
  } catch (error) {
    toastError(error);
  }
}

export function NewArticle() {
  const [title, setTitle] = useState("");
  const [language, setLanguage] = useState<string>(locale.value);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const create = async () => {
    if (!title.trim()) {
      setProblem(t("Please write a title."));
      return;
    }
    setBusy(true);
    try {
      const body = { locale: language, title: title.trim(), phrasings: [], answer: "" };
      const article = await api.post<Article>("/articles", body);
      navigate(href(["articles", article.id]));
    } catch (error) {
      setProblem(errorText(error));
      setBusy(false);
    }
  };
  return (
    <div class="narrow">
      <p class="crumbs">
        <a href={href([])}>{t("Articles")}</a>
      </p>
      <h1>{t("New article")}</h1>
      <form
        class="form card"
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <Field
          label={t("Title")}
          hint={t("The question in a few words, as customers see it.")}
          error={problem}
        >
          {(ids) => (
            <input
              {...ids}
              class="input"
              maxLength={200}
              value={title}
              onInput={(event) => {
                setTitle(event.currentTarget.value);
                setProblem("");
              }}
            />
          )}
        </Field>
        <Choice
          label={t("Language")}
          value={language}
          options={LOCALES.map((value) => ({ value, label: LOCALE_NAMES[value] }))}
          onChange={setLanguage}
        />
        <Button type="submit" variant="primary" icon={Plus} busy={busy}>
          {t("Create the draft")}
        </Button>
      </form>
    </div>
  );
}
