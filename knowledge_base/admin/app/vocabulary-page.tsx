/** Words that editors teach search: synonyms and words that say nothing. In force with the next question. */
import { ApiError, api, errorText } from "@staff/api";
import { Button, Choice, Field, IconButton } from "@staff/controls";
import { confirm } from "@staff/dialog";
import { LOCALE_NAMES, LOCALES, locale, t } from "@staff/i18n";
import { Pencil, Plus, Trash2, X } from "@staff/icons";
import { may } from "@staff/session";
import { LoadError, Skeleton } from "@staff/states";
import { toast, toastError } from "@staff/toast";
import { useEffect, useState } from "preact/hooks";

interface Group {
  id: string;
  locale: string;
  phrases: string[];
  version: number;
}

interface Vocabulary {
  synonyms: Group[];
  stop_words: Record<string, string[]>;
}

function listed(text: string): string[] {
  return text
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);
}

function told(error: unknown): string {
  return error instanceof ApiError ? (error.problem.detail ?? errorText(error)) : errorText(error);
}

export function VocabularyPage() {
  const [found, setFound] = useState<Vocabulary | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [language, setLanguage] = useState<string>(locale.value);
  const load = () => {
    setError(null);
    api.get<Vocabulary>("/kb/vocabulary").then(setFound, setError);
  };
  useEffect(load, []);
  if (error) return <LoadError error={error} retry={load} />;
  if (!found) return <Skeleton rows={5} />;
  const groups = found.synonyms.filter((group) => group.locale === language);
  return (
    <div class="narrow">
      <div class="page-head">
        <h1>{t("Search words")}</h1>
        <Choice
          compact
          label={t("Language")}
          value={language}
          options={LOCALES.map((value) => ({ value, label: LOCALE_NAMES[value] }))}
          onChange={setLanguage}
        />
      </div>
      <p class="lead">{t("The bot searches with them from the next question on.")}</p>
      <section class="card" aria-labelledby="synonyms">
        <h2 id="synonyms">{t("Words that mean the same")}</h2>
        <p class="field-hint">{t("The first one is the word your articles use.")}</p>
        <ul class="plain-rows">
          {groups.map((group) => (
            <GroupRow key={`${group.id}-${group.version}`} group={group} changed={load} />
          ))}
        </ul>
        {may("kb.write") && <NewGroup key={language} language={language} changed={load} />}
      </section>
      <StopWords
        key={`stop-${language}`}
        language={language}
        words={found.stop_words[language] ?? []}
        changed={setFound}
      />
    </div>
  );
}

function GroupRow({ group, changed }: { group: Group; changed: () => void }) {
  const [text, setText] = useState<string | null>(null);
  const [problem, setProblem] = useState("");
  const name = group.phrases.join(", ");
  const save = async () => {
    try {
      await api.patch(`/kb/synonyms/${group.id}`, { version: group.version, phrases: listed(text ?? "") });
      toast(t("Saved."));
      changed();
    } catch (error) {
      setProblem(told(error));
    }
  };
  const remove = async () => {
    const yes = await confirm({
      title: t("Forget these synonyms?"),
      text: name,
      confirm: t("Delete"),
      danger: true,
    });
    if (!yes) return;
    api.delete(`/kb/synonyms/${group.id}`).then(changed, toastError);
  };
  if (text !== null) {
    return (
      <li class="plain-row">
        <form
          class="word-form"
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <Field label={t("Words, separated by commas")} error={problem}>
            {(ids) => (
              <input
                {...ids}
                class="input"
                value={text}
                onInput={(event) => setText(event.currentTarget.value)}
              />
            )}
          </Field>
          <Button type="submit" variant="primary">
            {t("Save")}
          </Button>
          <IconButton label={t("Cancel")} icon={X} onClick={() => setText(null)} />
        </form>
      </li>
    );
  }
  return (
    <li class="plain-row">
      <p class="plain-what plain-title">{name}</p>
      {may("kb.write") && (
        <div class="row-actions">
          <IconButton label={t("Change {name}", { name })} icon={Pencil} onClick={() => setText(name)} />
          <IconButton label={t("Delete {name}", { name })} icon={Trash2} onClick={() => void remove()} />
        </div>
      )}
    </li>
  );
}

function NewGroup({ language, changed }: { language: string; changed: () => void }) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  const add = async () => {
    try {
      await api.post("/kb/synonyms", { locale: language, phrases: listed(text) });
      setText("");
      setProblem("");
      toast(t("Saved."));
      changed();
    } catch (error) {
      setProblem(told(error));
    }
  };
  return (
    <form
      class="word-form"
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <Field label={t("Words, separated by commas")} error={problem}>
        {(ids) => (
          <input
            {...ids}
            class="input"
            placeholder={t("invoice, bill, receipt")}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        )}
      </Field>
      <Button type="submit" icon={Plus} disabled={listed(text).length < 2}>
        {t("Add")}
      </Button>
    </form>
  );
}

function StopWords(props: { language: string; words: string[]; changed: (vocabulary: Vocabulary) => void }) {
  const [text, setText] = useState(props.words.join(", "));
  const [problem, setProblem] = useState("");
  const save = async () => {
    try {
      const body = { locale: props.language, words: listed(text) };
      props.changed(await api.put<Vocabulary>("/kb/stop-words", body));
      setProblem("");
      toast(t("Saved."));
    } catch (error) {
      setProblem(told(error));
    }
  };
  return (
    <section class="card" aria-labelledby="stop-words">
      <h2 id="stop-words">{t("Words that say nothing")}</h2>
      <form
        class="word-form"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Field
          label={t("Words, separated by commas")}
          hint={t("Left out when searching, beside the usual ones: the shop's own name, for example.")}
          error={problem}
        >
          {(ids) => (
            <input
              {...ids}
              class="input"
              disabled={!may("kb.write")}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          )}
        </Field>
        {may("kb.write") && <Button type="submit">{t("Save")}</Button>}
      </form>
    </section>
  );
}
