/** Articles in and out as files: a dry run first, with every line that can't be used and why. */
import { ApiError, errorText } from "@staff/api";
import { Badge, Button, Icon, type Tone } from "@staff/controls";
import { n, t } from "@staff/i18n";
import { CircleAlert, CircleCheck, Download, Upload } from "@staff/icons";
import { href } from "@staff/router";
import { may } from "@staff/session";
import { useRef, useState } from "preact/hooks";
import { goOnAnyway } from "./go-on";
import { type ImportLine, type ImportReport, uploadImport } from "./upload";

const SHOWN_FIRST = 200;
const FORMATS = [
  { format: "csv", label: "CSV" },
  { format: "json", label: "JSON" },
  { format: "md", label: "Markdown (ZIP)" },
] as const;

type Phase =
  | { kind: "idle" }
  | { kind: "working"; dry: boolean; done: number; total: number }
  | { kind: "failed"; problem: string }
  | { kind: "tried"; report: ImportReport }
  | { kind: "stored"; report: ImportReport };

export function FilePage() {
  return (
    <div class="narrow">
      <h1>{t("Import and export")}</h1>
      {may("kb.write") && <Import />}
      <section class="card" aria-labelledby="export">
        <h2 id="export">{t("Export")}</h2>
        <p class="lead">
          {t("Every article with its newest and its published text. An import takes it back.")}
        </p>
        <p class="export-links">
          {FORMATS.map(({ format, label }) => (
            <a
              key={format}
              class="button button-secondary button-normal"
              href={`/api/v1/kb/export?format=${format}`}
              download
            >
              <Icon of={Download} />
              {label}
            </a>
          ))}
        </p>
      </section>
    </div>
  );
}

function Import() {
  const [file, setFile] = useState<File | null>(null);
  const [phase, setPhase] = useState<Phase>({ kind: "idle" });
  const chooser = useRef<HTMLInputElement>(null);
  const run = async (dry: boolean, confirm = false): Promise<void> => {
    if (!file || phase.kind === "working") return;
    setPhase({ kind: "working", dry, done: 0, total: 0 });
    try {
      const report = await uploadImport(file, { dry, confirm }, (done, total) =>
        setPhase({ kind: "working", dry, done, total }),
      );
      setPhase({ kind: report.stored ? "stored" : "tried", report });
    } catch (error) {
      if (error instanceof ApiError && error.code === "breaks_golden" && (await goOnAnyway(error))) {
        return run(dry, true);
      }
      setPhase({ kind: "failed", problem: errorText(error) });
    }
  };
  return (
    <section class="card import" aria-labelledby="import">
      <h2 id="import">{t("Import")}</h2>
      <p class="lead">
        {t(
          "A CSV, JSON or Markdown file, or a ZIP of them. Articles are matched by key and language; new ones start as drafts. All of them are stored, or none.",
        )}
      </p>
      <div class="import-file">
        <input
          ref={chooser}
          type="file"
          aria-label={t("File to import")}
          accept=".csv,.json,.md,.markdown,.zip"
          onChange={(event) => {
            setFile(event.currentTarget.files?.[0] ?? null);
            setPhase({ kind: "idle" });
          }}
        />
        <Button
          variant="primary"
          disabled={!file}
          busy={phase.kind === "working" && phase.dry}
          onClick={() => void run(true)}
        >
          {t("See what would change")}
        </Button>
      </div>
      <div aria-live="polite">
        {phase.kind === "working" && <Progress phase={phase} />}
        {phase.kind === "failed" && (
          <p class="form-problem">
            <Icon of={CircleAlert} /> {phase.problem}
          </p>
        )}
        {phase.kind === "stored" && (
          <p class="notice tone-success">
            <Icon of={CircleCheck} />{" "}
            {t("Imported: {created} new, {changed} changed.", {
              created: phase.report.created,
              changed: phase.report.changed,
            })}{" "}
            <a href={href([])}>{t("To the articles")}</a>
          </p>
        )}
        {phase.kind === "tried" && <Tried report={phase.report} store={() => void run(false)} />}
      </div>
    </section>
  );
}

function Progress({ phase }: { phase: { dry: boolean; done: number; total: number } }) {
  const label = phase.dry ? t("Reading…") : t("Preparing the texts…");
  return (
    <p class="import-progress">
      <span>{label}</span>
      <progress aria-label={label} {...(phase.total ? { value: phase.done, max: phase.total } : {})} />
      {phase.total > 0 && (
        <span>
          {phase.done} / {phase.total}
        </span>
      )}
    </p>
  );
}

function Tried({ report, store }: { report: ImportReport; store: () => void }) {
  const [shown, setShown] = useState(SHOWN_FIRST);
  const changes = report.created + report.changed;
  return (
    <div class="import-report">
      <p class="import-sums">
        <Badge tone="success">{t("{count} new", { count: report.created })}</Badge>
        <Badge tone="accent">{t("{count} changed", { count: report.changed })}</Badge>
        <Badge>{t("{count} unchanged", { count: report.unchanged })}</Badge>
        {report.bad > 0 && <Badge tone="danger">{t("{count} unusable", { count: report.bad })}</Badge>}
      </p>
      {report.bad > 0 ? (
        <p class="form-problem">
          {n(
            "{count} line can't be used. Nothing is imported until it is right.",
            "{count} lines can't be used. Nothing is imported until they are right.",
            report.bad,
          )}
        </p>
      ) : changes === 0 ? (
        <p class="field-hint">{t("There is nothing to import: all of it is here already.")}</p>
      ) : (
        <Button variant="primary" icon={Upload} onClick={store}>
          {n("Import {count} article", "Import {count} articles", changes)}
        </Button>
      )}
      <ul class="import-lines">
        {report.lines.slice(0, shown).map((line) => (
          <li key={`${line.place} ${line.key} ${line.locale}`}>
            <Badge tone={fateTone(line)}>{fateName(line)}</Badge>
            <span>
              <strong>{[line.key, line.locale].filter(Boolean).join(" · ")}</strong>{" "}
              <span class="import-place">{line.place}</span>
              {line.reasons.map((reason) => (
                <span key={reason} class="import-reason">
                  {reason}
                </span>
              ))}
            </span>
          </li>
        ))}
      </ul>
      {report.lines.length > shown && (
        <Button onClick={() => setShown(shown + SHOWN_FIRST)}>{t("Show more")}</Button>
      )}
    </div>
  );
}

function fateTone(line: ImportLine): Tone {
  return line.fate === "bad" ? "danger" : line.fate === "created" ? "success" : "accent";
}

function fateName(line: ImportLine): string {
  const names: Record<ImportLine["fate"], string> = {
    bad: t("unusable"),
    created: t("new"),
    changed: t("changed"),
  };
  return names[line.fate];
}
