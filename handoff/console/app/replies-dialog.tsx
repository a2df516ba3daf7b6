/** Where canned replies are written: one's own, and (supervisors) those of the desk. */
import { signal } from "@preact/signals";
import { api, errorText } from "@staff/api";
import { Badge, Button, Field, Toggle } from "@staff/controls";
import { confirm, Dialog } from "@staff/dialog";
import { LOCALES, t } from "@staff/i18n";
import { Plus, Trash2 } from "@staff/icons";
import { languageName } from "@staff/labels";
import { may } from "@staff/session";
import { LoadError, Skeleton } from "@staff/states";
import { toast, toastError } from "@staff/toast";
import { useEffect, useState } from "preact/hooks";
import { type CannedReply, cannedReplies, cannedVariables, loadCanned } from "./canned";

const open = signal(false);

export function openReplies(): void {
  open.value = true;
}

export function RepliesDialog() {
  return open.value ? <Replies /> : null;
}

function Replies() {
  const [chosen, setChosen] = useState<CannedReply | "new" | null>(null);
  const [failed, setFailed] = useState<unknown>(null);
  const load = () => {
    setFailed(null);
    loadCanned().catch(setFailed);
  };
  useEffect(load, []);
  const all = cannedReplies.value;
  return (
    <Dialog
      title={t("Canned replies")}
      wide
      onClose={() => {
        open.value = false;
      }}
    >
      {chosen ? (
        <ReplyForm
          key={chosen === "new" ? "new" : chosen.id}
          reply={chosen === "new" ? null : chosen}
          done={() => setChosen(null)}
        />
      ) : (
        <>
          <p class="field-hint">{t("Type / in a reply to insert one.")}</p>
          {failed !== null && <LoadError error={failed} retry={load} />}
          {!all && failed === null && <Skeleton rows={3} kind="line" />}
          {all?.length === 0 && <p class="case-none">{t("No replies yet.")}</p>}
          <ul class="reply-list">
            {all?.map((reply) => (
              <li key={reply.id}>
                <button
                  type="button"
                  class="reply-open"
                  disabled={!reply.editable}
                  onClick={() => setChosen(reply)}
                >
                  <kbd>/{reply.shortcut}</kbd>
                  <span class="reply-title">{reply.title}</span>
                  {Object.keys(reply.texts).map((locale) => (
                    <Badge key={locale}>{locale}</Badge>
                  ))}
                  <Badge tone={reply.shared ? "accent" : "neutral"}>
                    {reply.shared ? t("Everybody's") : t("Your own")}
                  </Badge>
                </button>
              </li>
            ))}
          </ul>
          <Button icon={Plus} onClick={() => setChosen("new")}>
            {t("New reply")}
          </Button>
        </>
      )}
    </Dialog>
  );
}

function ReplyForm({ reply, done }: { reply: CannedReply | null; done: () => void }) {
  const [shortcut, setShortcut] = useState(reply?.shortcut ?? "");
  const [title, setTitle] = useState(reply?.title ?? "");
  const [texts, setTexts] = useState<Record<string, string>>(reply?.texts ?? {});
  const [shared, setShared] = useState(reply?.shared ?? false);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    setProblem(null);
    try {
      if (reply) await api.put(`/replies/${reply.id}`, { version: reply.version, shortcut, title, texts });
      else await api.post("/replies", { shortcut, title, texts, shared });
      await loadCanned();
      toast(t("Reply saved."));
      done();
    } catch (error) {
      setProblem(errorText(error));
    } finally {
      setBusy(false);
    }
  };
  const remove = async () => {
    if (!reply) return;
    const sure = await confirm({
      title: t("Delete the reply?"),
      text: `/${reply.shortcut} · ${reply.title}`,
      confirm: t("Delete"),
      danger: true,
    });
    if (!sure) return;
    try {
      await api.delete(`/replies/${reply.id}`);
      await loadCanned();
      done();
    } catch (error) {
      toastError(error);
    }
  };
  return (
    <form
      class="reply-form"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <div class="reply-form-row">
        <Field label={t("Shortcut")} hint={t("Up to 30 letters a-z, digits, - and _.")}>
          {(ids) => (
            <input
              {...ids}
              class="input"
              value={shortcut}
              maxLength={31}
              data-autofocus
              onInput={(event) => setShortcut(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label={t("Title")}>
          {(ids) => (
            <input
              {...ids}
              class="input"
              value={title}
              maxLength={80}
              onInput={(event) => setTitle(event.currentTarget.value)}
            />
          )}
        </Field>
      </div>
      {LOCALES.map((locale) => (
        <Field key={locale} label={languageName(locale)}>
          {(ids) => (
            <textarea
              {...ids}
              class="input"
              rows={3}
              lang={locale}
              maxLength={2_000}
              value={texts[locale] ?? ""}
              onInput={(event) => setTexts({ ...texts, [locale]: event.currentTarget.value })}
            />
          )}
        </Field>
      ))}
      <p class="field-hint">
        {t("These are filled in:")}{" "}
        {cannedVariables.value.map((name) => (
          <code key={name}>{`{${name}}`} </code>
        ))}
      </p>
      {!reply && may("tickets.supervise") && (
        <Toggle label={t("For everybody at the desk")} checked={shared} onChange={setShared} />
      )}
      {problem && (
        <p class="field-error" role="alert">
          {problem}
        </p>
      )}
      <div class="form-actions">
        {reply && (
          <Button variant="quiet" icon={Trash2} onClick={() => void remove()}>
            {t("Delete")}
          </Button>
        )}
        <Button onClick={done}>{t("Back")}</Button>
        <Button variant="primary" type="submit" busy={busy}>
          {t("Save")}
        </Button>
      </div>
    </form>
  );
}
