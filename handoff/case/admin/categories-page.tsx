/** What tickets can be about: names in each language, the topics that lead there, order, and what is offered no longer. */
import { ApiError, api, errorText } from "@staff/api";
import { Badge, Button, Field, IconButton, Toggle } from "@staff/controls";
import { Dialog } from "@staff/dialog";
import { LOCALE_NAMES, LOCALES, n, t } from "@staff/i18n";
import { ArrowDown, ArrowUp, Layers, Pencil, Plus } from "@staff/icons";
import { may } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { toast, toastError } from "@staff/toast";
import { useEffect, useState } from "preact/hooks";

interface Category {
  key: string;
  name: string;
  names: Record<string, string>;
  topics: string[];
  position: number;
  version: number;
  retired: boolean;
  tickets: number;
}

interface Listed {
  items: Category[];
}

function put(category: Category, changes: Partial<Category>): Promise<Listed> {
  const { names, topics, position, retired } = { ...category, ...changes };
  return api.put<Listed>(`/ticket-categories/${category.key}`, {
    version: category.version,
    names,
    topics,
    position,
    retired,
  });
}

export function TicketCategoriesPage() {
  const [all, setAll] = useState<Category[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [edited, setEdited] = useState<Category | "new" | null>(null);
  const load = () => {
    setError(null);
    api.get<Listed>("/ticket-categories").then((page) => setAll(page.items), setError);
  };
  useEffect(load, []);
  if (error) return <LoadError error={error} retry={load} />;
  if (!all) return <Skeleton rows={5} />;
  const edits = may("desk.configure");

  /** Swaps places with the one above or below; all get a number of their own. */
  const move = async (at: number, by: number) => {
    const order = all.with(at, all[at + by] as Category).with(at + by, all[at] as Category);
    try {
      for (const [position, one] of order.entries()) {
        if (one.position !== position) setAll((await put(one, { position })).items);
      }
    } catch (problem) {
      toastError(problem);
      load();
    }
  };
  return (
    <>
      <div class="page-head">
        <h1>{t("Ticket categories")}</h1>
        <p class="page-note">
          {t(
            "What tickets are about. A topic of the bot puts a new ticket into its category; agents change it.",
          )}
        </p>
        {edits && (
          <Button variant="primary" icon={Plus} onClick={() => setEdited("new")}>
            {t("New category")}
          </Button>
        )}
      </div>
      {all.length === 0 ? (
        <Empty icon={Layers} title={t("There are no categories yet.")} text="" />
      ) : (
        <ul class="category-tree">
          {all.map((category, at) => (
            <li key={category.key} class="category-row">
              <div class="article-what">
                <p class="article-title">{category.name}</p>
                <p class="article-meta">
                  <span>{category.key}</span>
                  <span>{n("{count} ticket", "{count} tickets", category.tickets)}</span>
                  {category.topics.length > 0 && (
                    <span>{t("Topics: {topics}", { topics: category.topics.join(", ") })}</span>
                  )}
                  {category.retired && <Badge tone="warning">{t("Not offered")}</Badge>}
                </p>
              </div>
              {edits && (
                <div class="row-actions">
                  <IconButton
                    label={t("Move {name} up", { name: category.name })}
                    icon={ArrowUp}
                    disabled={at === 0}
                    onClick={() => void move(at, -1)}
                  />
                  <IconButton
                    label={t("Move {name} down", { name: category.name })}
                    icon={ArrowDown}
                    disabled={at === all.length - 1}
                    onClick={() => void move(at, 1)}
                  />
                  <IconButton
                    label={t("Change {name}", { name: category.name })}
                    icon={Pencil}
                    onClick={() => setEdited(category)}
                  />
                </div>
              )}
            </li>
          ))}
        </ul>
      )}
      {edited && (
        <CategoryDialog
          old={edited === "new" ? null : edited}
          close={() => setEdited(null)}
          saved={(items) => {
            setAll(items);
            setEdited(null);
            toast(t("Saved."));
          }}
          stale={() => {
            setEdited(null);
            load();
          }}
        />
      )}
    </>
  );
}

function CategoryDialog(props: {
  old: Category | null;
  close: () => void;
  saved: (items: Category[]) => void;
  stale: () => void;
}) {
  const { old } = props;
  const [key, setKey] = useState("");
  const [names, setNames] = useState<Record<string, string>>(old?.names ?? {});
  const [topics, setTopics] = useState(old?.topics.join(", ") ?? "");
  const [offered, setOffered] = useState(!old?.retired);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const save = async () => {
    const listed = topics
      .split(/[,\s]+/)
      .map((topic) => topic.trim())
      .filter(Boolean);
    setBusy(true);
    try {
      const page = old
        ? await put(old, { names, topics: listed, retired: !offered })
        : await api.post<Listed>("/ticket-categories", { key: key.trim(), names, topics: listed });
      props.saved(page.items);
    } catch (error) {
      if (error instanceof ApiError && error.code === "stale") {
        toastError(error);
        props.stale();
        return;
      }
      setProblem(errorText(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={old ? t("Change the category") : t("New category")}
      onClose={props.close}
      footer={
        <>
          <Button onClick={props.close}>{t("Cancel")}</Button>
          <Button variant="primary" busy={busy} onClick={() => void save()}>
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
                maxLength={60}
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
        <Field label={t("Topics")} hint={t("As routing rules name them, with commas between.")}>
          {(ids) => (
            <input
              {...ids}
              class="input"
              value={topics}
              onInput={(event) => setTopics(event.currentTarget.value)}
            />
          )}
        </Field>
        {old && <Toggle label={t("Offered for tickets")} checked={offered} onChange={setOffered} />}
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}
