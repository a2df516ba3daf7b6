/** Somebody else saved this article meanwhile: both texts side by side, and the choice. */
import { Button } from "@staff/controls";
import { Dialog } from "@staff/dialog";
import { dateTime } from "@staff/format";
import { t } from "@staff/i18n";
import type { Article } from "@staff/types";
import type { Draft } from "./autosave";
import { asText, type DiffLine, diffLines } from "./diff";
import { authorName } from "./words";

export function ConflictDialog(props: {
  mine: Draft;
  theirs: Article;
  close: () => void;
  keepMine: () => void;
  takeTheirs: () => void;
}) {
  const lines = diffLines(asText(props.theirs), asText(props.mine));
  return (
    <Dialog
      title={t("Changed by somebody else")}
      onClose={props.close}
      wide
      footer={
        <>
          <Button onClick={props.takeTheirs}>{t("Take their version")}</Button>
          <Button variant="primary" onClick={props.keepMine}>
            {t("Keep my version")}
          </Button>
        </>
      }
    >
      <p>
        {t(
          "{name} saved this article at {time}, while you were writing. Choose which text goes on. If you keep yours, theirs stays in the history.",
          {
            name: authorName(props.theirs.updated_by),
            time: dateTime(props.theirs.updated_at),
          },
        )}
      </p>
      <div class="versions">
        <Version title={t("Their version")} lines={lines} kind="removed" />
        <Version title={t("Your version")} lines={lines} kind="added" />
      </div>
    </Dialog>
  );
}

function Version(props: { title: string; lines: readonly DiffLine[]; kind: "removed" | "added" }) {
  const mine = props.lines.filter((line) => line.kind === "same" || line.kind === props.kind);
  return (
    <section class="version" aria-label={props.title}>
      <h3 class="small-title">{props.title}</h3>
      <div class="diff">
        {mine.map((line, index) => (
          <DiffRow key={index} line={line} />
        ))}
      </div>
    </section>
  );
}

export function DiffRow({ line }: { line: DiffLine }) {
  const sign = { same: " ", added: "+", removed: "−" }[line.kind];
  return (
    <p class={`diff-line diff-${line.kind}`}>
      <span class="diff-sign" aria-hidden="true">
        {sign}
      </span>
      {line.kind !== "same" && (
        <span class="visually-hidden">{line.kind === "added" ? t("Added:") : t("Removed:")} </span>
      )}
      <span>{line.text || "\u00a0"}</span>
    </p>
  );
}
