/** Whether a transcript is as it was exported, or which part of it somebody changed. */
import "./check.css";
import { api } from "@staff/api";
import { Badge } from "@staff/controls";
import { dateTime } from "@staff/format";
import { t } from "@staff/i18n";
import { CheckCheck, TriangleAlert } from "@staff/icons";
import { may } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { useId, useState } from "preact/hooks";

interface Difference {
  part: string;
  how: "changed" | "missing" | "added" | "moved";
}

interface Verdict {
  unchanged: boolean;
  differs: Difference[];
  conversation_id: string;
  messages: number;
  made_at: string;
  sha256: string;
  erased: boolean;
}

export function CheckPage() {
  const id = useId();
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [file, setFile] = useState<File | null>(null);
  const [busy, setBusy] = useState(false);
  if (!may("transcripts.read")) {
    return <Empty icon={TriangleAlert} title={t("You are not allowed to do this.")} />;
  }
  const check = async (chosen: File | null) => {
    setFile(chosen);
    setVerdict(null);
    setError(null);
    if (!chosen) return;
    setBusy(true);
    try {
      setVerdict(await api.post<Verdict>("/transcripts/verify", { text: await chosen.text() }));
    } catch (problem) {
      setError(problem);
    }
    setBusy(false);
  };
  return (
    <div class="narrow check-page">
      <div class="page-head">
        <h1>{t("Check a transcript")}</h1>
      </div>
      <p class="lead">
        {t(
          "Choose a transcript that was exported or mailed. You are told whether anybody changed it, even when the conversation has been erased since.",
        )}
      </p>
      <p class="field">
        <label for={id}>{t("Transcript file")}</label>
        <input
          id={id}
          type="file"
          accept=".json,.txt,.html,.htm"
          onChange={(event) => void check(event.currentTarget.files?.[0] ?? null)}
        />
      </p>
      <div aria-live="polite">
        {busy && <Skeleton rows={3} />}
        {!!error && <LoadError error={error} retry={() => void check(file)} />}
        {verdict && <Result verdict={verdict} />}
      </div>
    </div>
  );
}

function Result({ verdict }: { verdict: Verdict }) {
  return (
    <section class={verdict.unchanged ? "card check-good" : "card check-bad"}>
      <h2>
        {verdict.unchanged ? (
          <Badge tone="success" icon={CheckCheck}>
            {t("Unchanged")}
          </Badge>
        ) : (
          <Badge tone="danger" icon={TriangleAlert}>
            {t("Changed")}
          </Badge>
        )}
      </h2>
      <p>
        {verdict.unchanged
          ? t("This file is exactly as it was made.")
          : t("This file is not as it was made.")}
      </p>
      {verdict.differs.length > 0 && (
        <ul class="check-parts">
          {verdict.differs.map((one) => (
            <li key={one.part}>
              <strong>{partName(one.part)}</strong> {howName(one.how)}
            </li>
          ))}
        </ul>
      )}
      <dl class="check-facts">
        <dt>{t("Made")}</dt>
        <dd>
          {dateTime(verdict.made_at)} · {t("{n} messages", { n: verdict.messages })}
        </dd>
        <dt>{t("Conversation")}</dt>
        <dd>{verdict.conversation_id}</dd>
        <dt>SHA-256</dt>
        <dd>
          <code>{verdict.sha256}</code>
        </dd>
      </dl>
      {verdict.erased && <p>{t("What was said is erased here; the hash still tells.")}</p>}
    </section>
  );
}

function partName(part: string): string {
  switch (part) {
    case "head":
      return t("Head of the file");
    case "seal":
      return t("Seal at the end");
    case "messages":
      return t("Order of the messages");
    default:
      return t("Message {number}", { number: part });
  }
}

function howName(how: Difference["how"]): string {
  switch (how) {
    case "changed":
      return t("was changed");
    case "missing":
      return t("is missing");
    case "added":
      return t("was added");
    case "moved":
      return t("was moved");
  }
}
