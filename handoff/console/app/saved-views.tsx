/** Lists of tickets under a name: in the navigation with counts, kept and edited in one dialog. */
import { computed, signal } from "@preact/signals";
import { api, errorText } from "@staff/api";
import { Badge, Button, Choice, Icon, IconButton, Toggle } from "@staff/controls";
import { confirm, Dialog } from "@staff/dialog";
import { t } from "@staff/i18n";
import { ArrowDown, ArrowUp, Layers, Pencil, Plus, Trash2 } from "@staff/icons";
import { coalesce } from "@staff/live";
import { href, navigate, route } from "@staff/router";
import { may } from "@staff/session";
import { toast, toastError } from "@staff/toast";
import { useState } from "preact/hooks";
import { viewName } from "./sidebar";
import { filters } from "./store";
import { readFilters, VIEWS, writeFilters } from "./views";

interface SavedView {
  id: string;
  name: string;
  shared: boolean;
  filters: Record<string, string>;
  position: number;
  version: number;
  editable: boolean;
  count: number;
  more: boolean;
}

const views = signal<readonly SavedView[]>([]);
const defaultView = signal("queue");
const managing = signal(false);
/** The filters in the address, in one fixed form. */
const shown = computed(() => JSON.stringify(writeFilters(filters.value)));

async function read(): Promise<void> {
  try {
    const page = await api.get<{ items: SavedView[]; default: string }>("/views");
    views.value = page.items;
    defaultView.value = page.default;
  } catch {
    // the navigation works without them; the next read repairs it
  }
}

/** Counting is the dearest read of the page: at most every three seconds. */
export const refreshViews = coalesce(read, 3_000);

/** Reads the views, and goes to the person's own first view when the address names none. */
export async function startViews(): Promise<void> {
  const nowhere = route.value.path.length === 0 && Object.keys(route.value.query).length === 0;
  await read();
  if (!nowhere || route.value.path.length > 0 || Object.keys(route.value.query).length > 0) return;
  const saved = views.value.find((view) => view.id === defaultView.value);
  const first = saved?.filters ?? (defaultView.value === "queue" ? null : { view: defaultView.value });
  if (first) navigate(href([], first), { replace: true });
}

function hrefOf(view: SavedView): string {
  return href([], view.filters);
}

function isShown(view: SavedView): boolean {
  return shown.value === JSON.stringify(writeFilters(readFilters(view.filters)));
}

export function SavedViews() {
  return (
    <>
      <div class="nav-head">
        <h2 class="nav-title">{t("Saved views")}</h2>
        <IconButton
          label={t("Save and edit views")}
          icon={views.value.length ? Pencil : Plus}
          onClick={() => {
            managing.value = true;
          }}
        />
      </div>
      <ul class="nav-list">
        {views.value.map((view) => (
          <li key={view.id}>
            <a class="nav-link" href={hrefOf(view)} aria-current={isShown(view) ? "page" : undefined}>
              <Icon of={Layers} size={18} />
              <span class="nav-name">{view.name}</span>
              {view.count > 0 && (
                <span class="count">
                  {view.count}
                  {view.more ? "+" : ""}
                </span>
              )}
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}

export function ViewsDialog() {
  return managing.value ? <Manage /> : null;
}

function Manage() {
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const add = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await api.post("/views", { name, shared, filters: writeFilters(filters.value) });
      setName("");
      toast(t("View saved."));
      await read();
    } catch (error) {
      setProblem(errorText(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={t("Saved views")}
      wide
      onClose={() => {
        managing.value = false;
      }}
    >
      <form
        class="view-add"
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <label class="field-label" for="view-name">
          {t("Save the present list under a name")}
        </label>
        <div class="view-add-row">
          <input
            id="view-name"
            class="input"
            maxLength={60}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
          <Button variant="primary" type="submit" icon={Plus} busy={busy}>
            {t("Save")}
          </Button>
        </div>
        {may("tickets.supervise") && (
          <Toggle label={t("For everybody at the desk")} checked={shared} onChange={setShared} />
        )}
        {problem && (
          <p class="field-error" role="alert">
            {problem}
          </p>
        )}
      </form>
      <ul class="view-list">
        {views.value.map((view, index) => (
          <ViewRow key={view.id} view={view} before={views.value[index - 1]} after={views.value[index + 1]} />
        ))}
      </ul>
      <Choice
        label={t("Begin with")}
        value={defaultView.value}
        options={[
          ...VIEWS.map((view) => ({ value: view as string, label: viewName(view) })),
          ...views.value.map((view) => ({ value: view.id, label: view.name })),
        ]}
        onChange={(view) => {
          const before = defaultView.value;
          defaultView.value = view;
          api.put<null>("/views/default", { view }).catch((error) => {
            defaultView.value = before;
            toastError(error);
          });
        }}
      />
    </Dialog>
  );
}

function ViewRow(props: { view: SavedView; before: SavedView | undefined; after: SavedView | undefined }) {
  const { view, before, after } = props;
  const change = async (changes: object) => {
    try {
      await api.patch(`/views/${view.id}`, { version: view.version, ...changes });
    } catch (error) {
      toastError(error);
    }
    await read();
  };
  const swap = async (other: SavedView) => {
    try {
      // places may be equal after deletions: both get the place of their row
      const rows = views.value;
      await api.patch(`/views/${view.id}`, { version: view.version, position: rows.indexOf(other) });
      await api.patch(`/views/${other.id}`, { version: other.version, position: rows.indexOf(view) });
    } catch (error) {
      toastError(error);
    }
    await read();
  };
  const remove = async () => {
    const sure = await confirm({
      title: t("Delete the view?"),
      text: view.name,
      confirm: t("Delete"),
      danger: true,
    });
    if (!sure) return;
    try {
      await api.delete(`/views/${view.id}`);
    } catch (error) {
      toastError(error);
    }
    await read();
  };
  const movable = (other: SavedView | undefined) => !!other && other.editable && other.shared === view.shared;
  return (
    <li class="view-row">
      {view.editable ? (
        <input
          class="input"
          aria-label={t("Name of the view {name}", { name: view.name })}
          maxLength={60}
          value={view.name}
          onChange={(event) => void change({ name: event.currentTarget.value })}
        />
      ) : (
        <span class="view-row-name">{view.name}</span>
      )}
      {view.shared && <Badge tone="accent">{t("Everybody's")}</Badge>}
      {view.editable && (
        <span class="view-row-buttons">
          <IconButton
            label={t("{name}: keep the present list", { name: view.name })}
            icon={Layers}
            onClick={() => void change({ filters: writeFilters(filters.value) })}
          />
          <IconButton
            label={t("{name}: move up", { name: view.name })}
            icon={ArrowUp}
            disabled={!movable(before)}
            onClick={() => before && void swap(before)}
          />
          <IconButton
            label={t("{name}: move down", { name: view.name })}
            icon={ArrowDown}
            disabled={!movable(after)}
            onClick={() => after && void swap(after)}
          />
          <IconButton
            label={t("{name}: delete", { name: view.name })}
            icon={Trash2}
            onClick={() => void remove()}
          />
        </span>
      )}
    </li>
  );
}
