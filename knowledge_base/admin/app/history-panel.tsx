/** The revisions of an article, each compared with the one before it or with the draft. */
import { api } from "@staff/api";
import { Badge, Button, Choice } from "@staff/controls";
import { dateTime } from "@staff/format";
import { n, t } from "@staff/i18n";
import { RotateCcw } from "@staff/icons";
import { LoadError, Skeleton } from "@staff/states";
import type { Article, Revision } from "@staff/types";
import { useEffect, useState } from "preact/hooks";
import type { Draft } from "./autosave";
import { DiffRow } from "./conflict";
import { asText, diffLines, foldSame } from "./diff";
import { authorName } from "./words";

export function HistoryPanel(props: {
  article: Article;
  draft: Draft;
  restore?: (revision: number) => void;
}) {
  const [revisions, setRevisions] = useState<Revision[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [open, setOpen] = useState<number | null>(null);
  const load = () => {
    setError(null);
    api
      .get<{ items: Revision[] }>(`/articles/${props.article.id}/revisions`)
      .then(
        (page) => setRevisions(page.items.toSorted((left, right) => right.number - left.number)),
        setError,
      );
  };
  useEffect(load, [props.article.id, props.article.version]);
  if (error) return <LoadError error={error} retry={load} />;
  if (!revisions) return <Skeleton rows={3} kind="line" />;
  return (
    <ol class="revisions">
      {revisions.map((revision, index) => (
        <li key={revision.number} class="revision">
          <div class="revision-head">
            <p>
              <strong>{t("Revision {number}", { number: revision.number })}</strong>{" "}
              {revision.published && <Badge tone="success">{t("Published")}</Badge>}
              <span class="revision-meta">
                {authorName(revision.author)} ·{" "}
                <time dateTime={revision.created_at}>{dateTime(revision.created_at)}</time>
              </span>
              {revision.reason && <span class="revision-meta">“{revision.reason}”</span>}
            </p>
            <Button
              size="small"
              aria-expanded={open === revision.number}
              onClick={() => setOpen(open === revision.number ? null : revision.number)}
            >
              {open === revision.number ? t("Hide") : t("Compare")}
            </Button>
          </div>
          {open === revision.number && (
            <Comparison
              revision={revision}
              before={revisions[index + 1] ?? null}
              draft={props.draft}
              newest={index === 0}
              {...(props.restore && { restore: props.restore })}
            />
          )}
        </li>
      ))}
    </ol>
  );
}

function Comparison(props: {
  revision: Revision;
  before: Revision | null;
  draft: Draft;
  newest: boolean;
  restore?: (revision: number) => void;
}) {
  const [against, setAgainst] = useState<"before" | "draft">(props.before ? "before" : "draft");
  const here = asText(props.revision);
  const lines =
    against === "before"
      ? diffLines(props.before ? asText(props.before) : "", here)
      : diffLines(here, asText(props.draft));
  const changed = lines.some((line) => line.kind !== "same");
  return (
    <div class="comparison">
      <Choice
        label={t("Compare")}
        value={against}
        options={[
          ...(props.before ? [{ value: "before", label: t("what this revision changed") }] : []),
          { value: "draft", label: t("what changed since then") },
        ]}
        onChange={(value) => setAgainst(value as "before" | "draft")}
      />
      {changed ? (
        <div class="diff">
          {foldSame(lines).map((line, index) =>
            line.kind === "gap" ? (
              <p key={index} class="diff-gap">
                {n("{count} line unchanged", "{count} lines unchanged", line.count)}
              </p>
            ) : (
              <DiffRow key={index} line={line} />
            ),
          )}
        </div>
      ) : (
        <p class="field-hint">{t("No difference.")}</p>
      )}
      {props.restore && !props.newest && (
        <Button size="small" icon={RotateCcw} onClick={() => props.restore?.(props.revision.number)}>
          {t("Restore this revision")}
        </Button>
      )}
    </div>
  );
}
