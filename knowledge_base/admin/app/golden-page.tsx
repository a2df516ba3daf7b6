/** Golden questions: what must be answered with which article, and whether it is, over the whole base. */
import { ApiError, api, errorText } from "@staff/api";
import { Badge, Button, Choice, Field, IconButton, Toggle } from "@staff/controls";
import { confirm, Dialog } from "@staff/dialog";
import { percent } from "@staff/format";
import { LOCALE_NAMES, LOCALES, locale, t } from "@staff/i18n";
import { FlaskConical, Plus, RefreshCw, Trash2 } from "@staff/icons";
import { href } from "@staff/router";
import { may } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { toast, toastError } from "@staff/toast";
import { useEffect, useState } from "preact/hooks";
import { decisionName } from "./words";

export interface Outcome {
  id: string;
  key: string;
  locale: string;
  question: string;
  least: "answer" | "offer";
  result: "passed" | "failed" | "waiting";
  decision: string;
  found_key: string | null;
  found_title: string | null;
  position: number | null;
  confidence: number;
}

interface Report {
  passed: number;
  failed: number;
  waiting: number;
  items: Outcome[];
}

const ORDER = { failed: 0, waiting: 1, passed: 2 };

export function GoldenPage() {
  const [report, setReport] = useState<Report | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [adding, setAdding] = useState(false);
  const load = () => {
    setBusy(true);
    setError(null);
    api
      .post<Report>("/kb/golden/run", {})
      .then(setReport, setError)
      .finally(() => setBusy(false));
  };
  useEffect(load, []);
  const writable = may("kb.write");
  const remove = async (one: Outcome) => {
    const yes = await confirm({
      title: t("Drop this golden question?"),
      text: one.question,
      confirm: t("Drop it"),
      danger: true,
    });
    if (!yes) return;
    try {
      await api.delete(`/kb/golden/${one.id}`);
      load();
    } catch (problem) {
      toastError(problem);
    }
  };
  const items = [...(report?.items ?? [])].sort((a, b) => ORDER[a.result] - ORDER[b.result]);
  return (
    <>
      <div class="page-head">
        <h1>{t("Golden questions")}</h1>
        <p class="page-note">
          {t("They are asked before anything goes live: what would lose its answer is listed first.")}
        </p>
        <Button icon={RefreshCw} busy={busy} onClick={load}>
          {t("Ask them all")}
        </Button>
        {writable && (
          <Button variant="primary" icon={Plus} onClick={() => setAdding(true)}>
            {t("Add a question")}
          </Button>
        )}
      </div>
      {error ? <LoadError error={error} retry={load} /> : !report && <Skeleton rows={6} />}
      {report && (
        <p class="golden-sum" role="status">
          <Badge tone="success">{t("{count} passed", { count: report.passed })}</Badge>
          <Badge tone={report.failed ? "danger" : "neutral"}>
            {t("{count} failed", { count: report.failed })}
          </Badge>
          {report.waiting > 0 && (
            <Badge>{t("{count} waiting for their article", { count: report.waiting })}</Badge>
          )}
        </p>
      )}
      {report && items.length === 0 && (
        <Empty icon={FlaskConical} title={t("There are no golden questions yet.")} />
      )}
      {items.length > 0 && (
        <ul class="plain-rows">
          {items.map((one) => (
            <li key={one.id} class="plain-row">
              <div class="plain-what">
                <p class="plain-title">{one.question}</p>
                <p class="article-meta">
                  <ResultBadge outcome={one} />
                  <Badge>{one.locale}</Badge>
                  <a href={href([], { q: one.key })}>{one.key}</a>
                  {one.least === "offer" && <span>{t("Being offered is enough")}</span>}
                </p>
                {one.result === "failed" && <p class="plain-note">{whyFailed(one)}</p>}
              </div>
              {writable && (
                <div class="row-actions">
                  <IconButton
                    label={t("Drop “{question}”", { question: one.question })}
                    icon={Trash2}
                    onClick={() => void remove(one)}
                  />
                </div>
              )}
            </li>
          ))}
        </ul>
      )}
      {adding && (
        <AddDialog
          close={() => setAdding(false)}
          added={() => {
            setAdding(false);
            load();
          }}
        />
      )}
    </>
  );
}

function ResultBadge({ outcome }: { outcome: Outcome }) {
  if (outcome.result === "passed") return <Badge tone="success">{t("Passed")}</Badge>;
  if (outcome.result === "failed") return <Badge tone="danger">{t("Failed")}</Badge>;
  return <Badge>{t("Never published")}</Badge>;
}

function whyFailed(one: Outcome): string {
  const decision = decisionName(one.decision as "answer");
  const place = one.position
    ? t("its article comes in place {place}", { place: one.position })
    : t("its article is not among the best ten");
  return `${decision} (${percent(one.confidence)}): ${one.found_title ?? "–"}; ${place}.`;
}

function AddDialog(props: { close: () => void; added: () => void }) {
  const [question, setQuestion] = useState("");
  const [key, setKey] = useState("");
  const [language, setLanguage] = useState<string>(locale.value);
  const [lenient, setLenient] = useState(false);
  const [problem, setProblem] = useState("");
  const save = async () => {
    try {
      const outcome = await api.post<Outcome>("/kb/golden", {
        question,
        key: key.trim(),
        locale: language,
        least: lenient ? "offer" : "answer",
      });
      toast(outcome.result === "failed" ? t("Kept. It fails now.") : t("Kept."));
      props.added();
    } catch (error) {
      setProblem(error instanceof ApiError ? (error.problem.detail ?? errorText(error)) : errorText(error));
    }
  };
  return (
    <Dialog
      title={t("Add a question")}
      onClose={props.close}
      footer={
        <>
          <Button onClick={props.close}>{t("Cancel")}</Button>
          <Button variant="primary" disabled={!question.trim() || !key.trim()} onClick={() => void save()}>
            {t("Keep it")}
          </Button>
        </>
      }
    >
      <Field label={t("Question of a customer")}>
        {(ids) => (
          <input
            {...ids}
            class="input"
            maxLength={300}
            value={question}
            data-autofocus
            onInput={(event) => setQuestion(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field label={t("Key of the article that must answer it")} error={problem}>
        {(ids) => (
          <input
            {...ids}
            class="input"
            maxLength={80}
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        )}
      </Field>
      <Choice
        label={t("Language")}
        value={language}
        options={LOCALES.map((value) => ({ value, label: LOCALE_NAMES[value] }))}
        onChange={setLanguage}
      />
      <Toggle
        label={t("It is enough when it is offered as a choice")}
        checked={lenient}
        onChange={setLenient}
      />
    </Dialog>
  );
}
