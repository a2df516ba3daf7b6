/** How the parts of the system are, read again every ten seconds. */
import { api } from "@staff/api";
import { Badge, type Tone } from "@staff/controls";
import { clock, dateTime, humanize } from "@staff/format";
import { t } from "@staff/i18n";
import { LoadError, Skeleton } from "@staff/states";
import { useEffect, useState } from "preact/hooks";

const EVERY_MS = 10_000;

type Value = string | number | boolean | null;
type Part = Value | Record<string, unknown>;

export function StatusPage() {
  const [status, setStatus] = useState<Record<string, Part> | null>(null);
  const [readAt, setReadAt] = useState(0);
  const [error, setError] = useState<unknown>(null);
  const load = () => {
    api.get<Record<string, Part>>("/status").then(
      (answer) => {
        setStatus(answer);
        setReadAt(Date.now());
        setError(null);
      },
      (problem) => setError(problem),
    );
  };
  useEffect(() => {
    load();
    const timer = setInterval(() => {
      if (!document.hidden) load();
    }, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      <div class="page-head">
        <h1>{t("Status")}</h1>
        {readAt > 0 && (
          <p class="page-note">{t("read at {time}", { time: clock(new Date(readAt).toISOString()) })}</p>
        )}
      </div>
      {error ? <LoadError error={error} retry={load} /> : !status && <Skeleton rows={4} />}
      {status && (
        <ul class="status-cards">
          {Object.entries(status).map(([name, part]) => (
            <StatusCard key={name} name={name} part={part} />
          ))}
        </ul>
      )}
    </>
  );
}

function partName(name: string): string {
  const names: Record<string, string> = {
    gateway: t("Gateway"),
    bot: t("Bot"),
    database: t("Database"),
    redis: "Redis",
    telegram: "Telegram",
    model: t("Language model"),
    mail: t("E-mail"),
    articles: t("Articles"),
    knowledge: t("Knowledge"),
  };
  return names[name] ?? humanize(name);
}

/** Parts that are told, not judged. */
const PLAIN: ReadonlySet<string> = new Set(["model", "articles"]);

/** "postgresql: ok" says which kind and how it is; "not configured" is a state of its own. */
function splitState(text: string): { state: string; kind: string | null } {
  const [kind, state] = /^(\w+): (.+)$/.exec(text)?.slice(1) ?? [];
  return { state: (state ?? text).replace(/ /g, "_"), kind: kind ?? null };
}

function stateOf(name: string, part: Part): string | null {
  if (PLAIN.has(name)) return null;
  if (typeof part === "string") return splitState(part).state;
  if (part && typeof part === "object") {
    const state = part.status ?? part.state;
    return typeof state === "string" ? state : null;
  }
  return part === null ? "off" : null;
}

function kindName(kind: string): string {
  return { sqlite: "SQLite", postgresql: "PostgreSQL" }[kind] ?? humanize(kind);
}

function stateTone(state: string): Tone {
  if (["ok", "up", "ready", "running", "connected"].includes(state)) return "success";
  if (["starting", "connecting", "draining", "degraded", "slow"].includes(state)) return "warning";
  return ["off", "disabled", "none", "not_configured"].includes(state) ? "neutral" : "danger";
}

function stateWord(state: string): string {
  const words: Record<string, string> = {
    ok: t("Works"),
    up: t("Works"),
    ready: t("Works"),
    starting: t("Starting"),
    connecting: t("Connecting"),
    draining: t("Shutting down"),
    degraded: t("Limited"),
    down: t("Down"),
    off: t("Not in use"),
    disabled: t("Not in use"),
    not_configured: t("Not in use"),
  };
  return words[state] ?? humanize(state);
}

function shownValue(name: string, value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? t("Yes") : t("No");
  if (typeof value === "string" && /(_at|^at)$/.test(name) && !Number.isNaN(Date.parse(value))) {
    return dateTime(value);
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function StatusCard({ name, part }: { name: string; part: Part }) {
  const state = stateOf(name, part);
  const kind = typeof part === "string" && !PLAIN.has(name) ? splitState(part).kind : null;
  const details =
    part && typeof part === "object"
      ? Object.entries(part).filter(([key]) => key !== "status" && key !== "state")
      : [];
  return (
    <li class="card status-card">
      <p class="status-head">
        <strong>{partName(name)}</strong>
        {kind && <span class="status-kind">{kindName(kind)}</span>}
        {!state && details.length === 0 && <span class="status-kind">{shownValue(name, part)}</span>}
        {state && <Badge tone={stateTone(state)}>{stateWord(state)}</Badge>}
      </p>
      {details.length > 0 && (
        <dl class="facts">
          {details.map(([key, value]) => (
            <div key={key}>
              <dt>{humanize(key)}</dt>
              <dd>{shownValue(key, value)}</dd>
            </div>
          ))}
        </dl>
      )}
    </li>
  );
}
