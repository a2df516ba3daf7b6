/** Macros: what agents can do to a ticket with one click. */
import "./automation.css";
import { api } from "@staff/api";
import { Badge, Button, Field, Toggle } from "@staff/controls";
import { confirm } from "@staff/dialog";
import { n, t } from "@staff/i18n";
import { ArrowLeft, Plus, Trash2, TriangleAlert, Zap } from "@staff/icons";
import { href, navigate } from "@staff/router";
import { may } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { toast, toastError } from "@staff/toast";
import { useEffect, useState } from "preact/hooks";
import { EffectsEditor, fresh } from "./effects-editor";
import type { Effect, Macro, MacroList, Offered } from "./types";
import { effectText, readProblems } from "./words";

export function MacrosPage({ rest: [id] }: { rest: readonly string[] }) {
  const [data, setData] = useState<MacroList | null>(null);
  const [error, setError] = useState<unknown>(null);
  const load = () => {
    setError(null);
    api.get<MacroList>("/macros").then(setData, setError);
  };
  // The list is read again when the editor is left: another macro may have been saved.
  useEffect(() => {
    if (may("desk.configure")) load();
  }, [id]);
  if (!may("desk.configure")) {
    return <Empty icon={TriangleAlert} title={t("You are not allowed to do this.")} />;
  }
  if (error) return <LoadError error={error} retry={load} />;
  if (!data) return <Skeleton rows={4} />;
  if (id) {
    const macro = data.items.find((one) => one.id === id) ?? null;
    if (!macro && id !== "new") return <Empty icon={TriangleAlert} title={t("There is no such macro.")} />;
    return <MacroEditor key={`${id}${macro?.version ?? 0}`} macro={macro} offered={data.offered} />;
  }
  return (
    <>
      <div class="page-head">
        <h1>{t("Macros")}</h1>
        <a class="button button-primary button-normal" href={href(["macros", "new"])}>
          <Plus size={16} aria-hidden="true" class="icon" />
          {t("New macro")}
        </a>
      </div>
      <p class="page-note">
        {t("Agents apply a macro to a ticket with one click: everything in it is done, or nothing.")}
      </p>
      {data.items.length === 0 && <Empty icon={Zap} title={t("There is no macro yet.")} />}
      <ul class="articles au-list">
        {data.items.map((macro) => (
          <li key={macro.id} class="article-row au-row">
            <div class="article-what">
              <a class="article-title" href={href(["macros", macro.id])}>
                {macro.name}
              </a>
              <p class="article-meta">
                {macro.effects.map((effect) => effectText(effect, data.offered)).join(" · ")}
              </p>
              <p class="article-meta">
                <span>{n("Applied {count} time", "Applied {count} times", macro.uses)}</span>
                {!macro.enabled && <Badge tone="warning">{t("Switched off")}</Badge>}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

function MacroEditor({ macro, offered }: { macro: Macro | null; offered: Offered }) {
  const [name, setName] = useState(macro?.name ?? "");
  const [effects, setEffects] = useState<Effect[]>(macro?.effects ?? [fresh("reply", offered)]);
  const [enabled, setEnabled] = useState(macro?.enabled ?? true);
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    setProblems({});
    try {
      const body = { name, effects, enabled };
      if (macro) await api.put(`/macros/${macro.id}`, { ...body, version: macro.version });
      else await api.post("/macros", body);
      toast(t("Saved."));
      navigate(href(["macros"]));
    } catch (error) {
      setProblems(readProblems(error));
      setBusy(false);
    }
  };
  const retire = async () => {
    if (!macro) return;
    const yes = await confirm({
      title: t("Take “{name}” from the list?", { name: macro.name }),
      text: t("Agents can no longer apply it. What it did stays."),
      confirm: t("Take from the list"),
      danger: true,
    });
    if (!yes) return;
    try {
      await api.post(`/macros/${macro.id}/retire`, { version: macro.version });
      navigate(href(["macros"]));
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <>
      <p class="crumbs">
        <a href={href(["macros"])}>
          <ArrowLeft size={15} aria-hidden="true" /> {t("Macros")}
        </a>
      </p>
      <div class="page-head">
        <h1>{macro ? macro.name : t("New macro")}</h1>
        {macro && <Badge>{t("Version {number}", { number: macro.version })}</Badge>}
      </div>
      <form
        class="au-editor"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <section class="card au-card">
          <Field label={t("Name")} error={problems["/name"]}>
            {(ids) => (
              <input
                {...ids}
                class="input"
                maxLength={100}
                value={name}
                onInput={(event) => setName(event.currentTarget.value)}
              />
            )}
          </Field>
          <Toggle label={t("Switched on")} checked={enabled} onChange={setEnabled} />
        </section>
        <section class="card au-card" aria-label={t("What is done")}>
          <h2>{t("What is done")}</h2>
          <EffectsEditor
            effects={effects}
            change={setEffects}
            offered={offered}
            byRule={false}
            problems={problems}
          />
        </section>
        {problems[""] && (
          <p class="form-problem" role="alert">
            {problems[""]}
          </p>
        )}
        <div class="au-save">
          {macro && (
            <Button icon={Trash2} onClick={() => void retire()}>
              {t("Take from the list")}
            </Button>
          )}
          <Button type="submit" variant="primary" busy={busy}>
            {t("Save")}
          </Button>
        </div>
      </form>
    </>
  );
}
