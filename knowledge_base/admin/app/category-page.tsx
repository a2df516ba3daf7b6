/** The tree of categories: names in each language, order, and what lies below what. */
import { ApiError, api } from "@staff/api";
import { Badge, Button, Choice, Field, IconButton } from "@staff/controls";
import { confirm, Dialog } from "@staff/dialog";
import { LOCALE_NAMES, LOCALES, locale, n, t } from "@staff/i18n";
import { ArrowDown, ArrowUp, Layers, Pencil, Plus, Trash2 } from "@staff/icons";
import { href } from "@staff/router";
import { may } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { toast, toastError } from "@staff/toast";
import type { Category } from "@staff/types";
import { useEffect, useState } from "preact/hooks";
import { asLines, branchOf, categories, categoryName, categoryOptions, loadCategories } from "./categories";

type Names = Partial<Record<string, string>>;

interface Edited {
  key: string;
  parent: string;
  names: Names;
  /** None for a new category. */
  old: Category | null;
}

async function store(call: Promise<{ items: Category[] }>, done: string): Promise<void> {
  const page = await call;
  categories.value = page.items;
  toast(done);
}

export function CategoryPage() {
  const [error, setError] = useState<unknown>(null);
  const [ready, setReady] = useState(false);
  const [edited, setEdited] = useState<Edited | null>(null);
  const load = () => {
    setError(null);
    loadCategories(true).then(() => setReady(true), setError);
  };
  useEffect(load, []);
  if (error) return <LoadError error={error} retry={load} />;
  if (!ready) return <Skeleton rows={5} />;
  const all = categories.value;
  const lines = asLines(all);
  const writable = may("kb.write");

  /** Swaps places with the sibling above or below; all siblings get a number of their own. */
  const move = async (category: Category, by: number) => {
    const siblings = lines.map((line) => line.category).filter((one) => one.parent === category.parent);
    const at = siblings.indexOf(category);
    const order = siblings.with(at, siblings[at + by] as Category).with(at + by, category);
    try {
      for (const [position, one] of order.entries()) {
        if (one.position === position) continue;
        const page = await api.patch<{ items: Category[] }>(`/kb/categories/${one.key}`, {
          version: one.version,
          parent: one.parent,
          position,
        });
        categories.value = page.items;
      }
    } catch (problem) {
      toastError(problem);
      load();
    }
  };
  const remove = async (category: Category) => {
    const yes = await confirm({
      title: t("Delete this category?"),
      text: categoryName(category.key, all, locale.value),
      confirm: t("Delete"),
      danger: true,
    });
    if (!yes) return;
    store(api.delete(`/kb/categories/${category.key}`), t("Deleted.")).catch(toastError);
  };
  return (
    <>
      <div class="page-head">
        <h1>{t("Categories")}</h1>
        <p class="page-note">{t("Customers see these names on the help page.")}</p>
        {writable && (
          <Button
            variant="primary"
            icon={Plus}
            onClick={() => setEdited({ key: "", parent: "", names: {}, old: null })}
          >
            {t("New category")}
          </Button>
        )}
      </div>
      {lines.length === 0 ? (
        <Empty icon={Layers} title={t("There are no categories yet.")} text="" />
      ) : (
        <ul class="category-tree">
          {lines.map(({ category, depth }) => {
            const siblings = lines.filter((line) => line.category.parent === category.parent);
            const at = siblings.findIndex((line) => line.category === category);
            const missing = LOCALES.filter((tag) => !category.names[tag]);
            const name = categoryName(category.key, all, locale.value);
            return (
              <li key={category.key} class={`category-row depth-${Math.min(depth, 4)}`}>
                <div class="article-what">
                  <a class="article-title" href={href([], { category: category.key })}>
                    {name}
                  </a>
                  <p class="article-meta">
                    <span>{category.key}</span>
                    <span>{n("{count} article", "{count} articles", category.articles)}</span>
                    {missing.length > 0 && (
                      <Badge tone="warning">
                        {t("No name in {languages}", {
                          languages: missing.map((tag) => LOCALE_NAMES[tag]).join(", "),
                        })}
                      </Badge>
                    )}
                  </p>
                </div>
                {writable && (
                  <div class="row-actions">
                    <IconButton
                      label={t("Move {name} up", { name })}
                      icon={ArrowUp}
                      disabled={at === 0}
                      onClick={() => void move(category, -1)}
                    />
                    <IconButton
                      label={t("Move {name} down", { name })}
                      icon={ArrowDown}
                      disabled={at === siblings.length - 1}
                      onClick={() => void move(category, 1)}
                    />
                    <IconButton
                      label={t("Change {name}", { name })}
                      icon={Pencil}
                      onClick={() =>
                        setEdited({
                          key: category.key,
                          parent: category.parent ?? "",
                          names: category.names,
                          old: category,
                        })
                      }
                    />
                    <IconButton
                      label={t("Delete {name}", { name })}
                      icon={Trash2}
                      disabled={category.articles > 0 || all.some((one) => one.parent === category.key)}
                      onClick={() => void remove(category)}
                    />
                  </div>
                )}
              </li>
            );
          })}
        </ul>
      )}
      {edited && (
        <CategoryDialog
          edited={edited}
          close={() => setEdited(null)}
          stale={() => {
            setEdited(null);
            load();
          }}
        />
      )}
    </>
  );
}

function CategoryDialog(props: { edited: Edited; close: () => void; stale: () => void }) {
  const { old } = props.edited;
  const [key, setKey] = useState(props.edited.key);
  const [parent, setParent] = useState(props.edited.parent);
  const [names, setNames] = useState<Names>(props.edited.names);
  const [problem, setProblem] = useState("");
  const all = categories.value;
  const inside = old ? branchOf(all, old.key) : new Set<string>();
  const save = async () => {
    const given = Object.fromEntries(Object.entries(names).filter(([, name]) => name?.trim()));
    const body = { parent: parent || null, names: given };
    try {
      await store(
        old
          ? api.patch(`/kb/categories/${old.key}`, { ...body, version: old.version })
          : api.post("/kb/categories", { ...body, key: key.trim() }),
        t("Saved."),
      );
      props.close();
    } catch (error) {
      if (error instanceof ApiError && error.code === "stale") {
        toastError(error);
        props.stale();
      } else setProblem(error instanceof ApiError ? (error.problem.detail ?? "") : String(error));
    }
  };
  return (
    <Dialog
      title={old ? t("Change the category") : t("New category")}
      onClose={props.close}
      footer={
        <>
          <Button onClick={props.close}>{t("Cancel")}</Button>
          <Button variant="primary" onClick={() => void save()}>
            {t("Save")}
          </Button>
        </>
      }
    >
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {problem && (
          <p class="form-problem" role="alert">
            {problem}
          </p>
        )}
        {!old && (
          <Field
            label={t("Key")}
            hint={t("Short and stable, e.g. delivery; it stands in addresses and files.")}
          >
            {(ids) => (
              <input
                {...ids}
                class="input"
                data-autofocus
                maxLength={80}
                value={key}
                onInput={(event) => setKey(event.currentTarget.value)}
              />
            )}
          </Field>
        )}
        {LOCALES.map((tag, index) => (
          <Field key={tag} label={t("Name in {language}", { language: LOCALE_NAMES[tag] })}>
            {(ids) => (
              <input
                {...ids}
                class="input"
                lang={tag}
                data-autofocus={old && index === 0 ? true : undefined}
                maxLength={80}
                value={names[tag] ?? ""}
                onInput={(event) => setNames({ ...names, [tag]: event.currentTarget.value })}
              />
            )}
          </Field>
        ))}
        <Choice
          label={t("Lies in")}
          value={parent}
          options={[
            { value: "", label: t("nothing: it is at the top") },
            ...categoryOptions(all, locale.value).filter((option) => !inside.has(option.value)),
          ]}
          onChange={setParent}
        />
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}
