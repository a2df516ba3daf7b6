/** Macros: choose one, see what it will do to this ticket, apply it; everything in it or nothing. */
import { effect, signal } from "@preact/signals";
import { ApiError, api, errorText } from "@staff/api";
import { Button, Icon } from "@staff/controls";
import { Dialog } from "@staff/dialog";
import { t } from "@staff/i18n";
import { Check, CircleAlert, Zap } from "@staff/icons";
import { LoadError, Skeleton } from "@staff/states";
import { toast } from "@staff/toast";
import { useEffect, useRef, useState } from "preact/hooks";
import type { MacroList, MacroPreview } from "../../automation/admin/types";
import { causeText, effectName, effectText } from "../../automation/admin/words";
import "./macros.css";
import { refreshAll, ticketId } from "./store";

const open = signal(false);

export function openMacros(): void {
  open.value = true;
}

// what is shown belongs to the ticket it was opened for
effect(() => {
  void ticketId.value;
  open.value = false;
});

export function MacrosDialog() {
  const id = ticketId.value;
  return open.value && id ? <Chooser key={id} id={id} /> : null;
}

function Chooser({ id }: { id: string }) {
  const [list, setList] = useState<MacroList | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [chosen, setChosen] = useState("");
  const [preview, setPreview] = useState<MacroPreview | null>(null);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  // Sent again with the same id after a lost answer, nothing is done twice.
  const clientId = useRef(crypto.randomUUID());
  const load = () => {
    setError(null);
    api.get<MacroList>("/macros").then(setList, setError);
  };
  useEffect(load, []);
  const choose = (macroId: string) => {
    setChosen(macroId);
    setPreview(null);
    setProblem("");
    clientId.current = crypto.randomUUID();
  };
  useEffect(() => {
    if (!chosen) return;
    let gone = false;
    api.get<MacroPreview>(`/tickets/${id}/macros/${chosen}`).then(
      (found) => {
        if (!gone) setPreview(found);
      },
      (failure: unknown) => {
        if (!gone) setProblem(errorText(failure));
      },
    );
    return () => {
      gone = true;
    };
  }, [chosen]);
  const close = () => {
    open.value = false;
  };
  const apply = async () => {
    if (!preview || preview.refused) return;
    setBusy(true);
    try {
      await api.post(`/tickets/${id}/macros/${chosen}`, { client_id: clientId.current });
      toast(t("“{name}” was applied.", { name: preview.name }));
      close();
    } catch (failure) {
      setProblem(refusedText(failure));
      setBusy(false);
    }
    refreshAll();
  };
  const items = (list?.items ?? []).filter((macro) => macro.enabled);
  return (
    <Dialog
      title={t("Macros")}
      onClose={close}
      wide
      footer={
        <>
          <Button onClick={close}>{t("Cancel")}</Button>
          <Button
            variant="primary"
            icon={Zap}
            busy={busy}
            disabled={!preview || preview.refused !== null}
            onClick={() => void apply()}
          >
            {t("Apply")}
          </Button>
        </>
      }
    >
      {error !== null && <LoadError error={error} retry={load} />}
      {!list && error === null && <Skeleton rows={3} />}
      {list && items.length === 0 && <p>{t("There is no macro yet. An admin can add some.")}</p>}
      {items.length > 0 && (
        <fieldset class="macro-list">
          <legend class="visually-hidden">{t("Macros")}</legend>
          {items.map((macro, index) => (
            <label key={macro.id} class="macro-choice">
              <input
                type="radio"
                name="macro"
                checked={chosen === macro.id}
                data-autofocus={index === 0}
                onChange={() => choose(macro.id)}
              />
              <span>{macro.name}</span>
            </label>
          ))}
        </fieldset>
      )}
      <div role="status">
        {chosen && !preview && !problem && <Skeleton rows={2} />}
        {preview && list && <PreviewView preview={preview} offered={list.offered} />}
      </div>
      {problem && (
        <p class="form-problem" role="alert">
          {problem}
        </p>
      )}
    </Dialog>
  );
}

function PreviewView({ preview, offered }: { preview: MacroPreview; offered: MacroList["offered"] }) {
  const { refused } = preview;
  return (
    <>
      <h3 class="macro-head">{refused ? t("This can't be done now") : t("This will happen")}</h3>
      <ol class="macro-steps">
        {preview.effects.map((one, index) => (
          <li key={index} class={refused?.index === index ? "macro-refused" : undefined}>
            <Icon of={refused?.index === index ? CircleAlert : Check} size={15} />
            <span>
              {effectText(one, offered)}
              {preview.performed[index]?.text && (
                <blockquote class="macro-text">{preview.performed[index]?.text}</blockquote>
              )}
            </span>
          </li>
        ))}
      </ol>
      {refused && (
        <p class="notice tone-warning">
          {t("{what}: {why} Nothing is changed.", {
            what: effectName(refused.kind),
            why: causeText(refused.cause, refused.detail),
          })}
        </p>
      )}
    </>
  );
}

/** Why it was not applied after all: somebody else may have changed the ticket since the preview. */
function refusedText(error: unknown): string {
  if (!(error instanceof ApiError) || error.code !== "macro_refused") return errorText(error);
  const { kind, cause, detail } = error.problem as unknown as {
    kind: Parameters<typeof effectName>[0];
    cause: string;
    detail: string;
  };
  return t("{what}: {why} Nothing is changed.", { what: effectName(kind), why: causeText(cause, detail) });
}
