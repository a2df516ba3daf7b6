/** Reports: how many promises were kept, and how many customers needed people. */
import "./service-level.css";
import { api } from "@staff/api";
import { Button, Choice, Field, Icon, LevelBadge } from "@staff/controls";
import { percent } from "@staff/format";
import { t } from "@staff/i18n";
import { Download, TriangleAlert } from "@staff/icons";
import { reasonText } from "@staff/labels";
import { may } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import type { Queue } from "@staff/types";
import { useEffect, useState } from "preact/hooks";
import type { NamedTicket, OverviewReport, ReportLine, ServiceLevelReport, Spread } from "./types";
import { decimalPercent, length, metricName } from "./words";

interface Wanted {
  from: string;
  to: string;
  level: string;
  queue: string;
  by: "level" | "queue" | "day";
  cohort: "opened" | "resolved";
}

export function ReportsPage() {
  const [wanted, setWanted] = useState<Wanted>(() => ({
    from: day(-29),
    to: day(0),
    level: "",
    queue: "",
    by: "level",
    cohort: "opened",
  }));
  const [report, setReport] = useState<ServiceLevelReport | null>(null);
  const [overview, setOverview] = useState<OverviewReport | null>(null);
  const [queues, setQueues] = useState<Queue[]>([]);
  const [error, setError] = useState<unknown>(null);
  const load = () => {
    setError(null);
    const { from, to, level, queue, by, cohort } = wanted;
    const common = { from, to, level, queue };
    Promise.all([
      api.get<ServiceLevelReport>("/reports/service-level", { ...common, by, cohort }),
      api.get<OverviewReport>("/reports/overview", common),
    ]).then(([levels, all]) => {
      setReport(levels);
      setOverview(all);
    }, setError);
  };
  useEffect(() => {
    if (may("reports.read")) load();
  }, [wanted]);
  useEffect(() => {
    if (may("reports.read")) {
      api.get<{ items: Queue[] }>("/queues").then((page) => setQueues(page.items), setError);
    }
  }, []);
  if (!may("reports.read")) {
    return <Empty icon={TriangleAlert} title={t("You are not allowed to do this.")} />;
  }
  const change = (changes: Partial<Wanted>) => setWanted({ ...wanted, ...changes });
  const any = { value: "", label: t("All") };
  return (
    <>
      <div class="page-head">
        <h1>{t("Reports")}</h1>
      </div>
      <div class="sl-filters">
        <Day label={t("From")} value={wanted.from} onChange={(from) => change({ from })} />
        <Day label={t("Until")} value={wanted.to} onChange={(to) => change({ to })} />
        <Choice
          label={t("Level")}
          value={wanted.level}
          options={[any, ...["N2", "N3", "N4"].map((value) => ({ value, label: value }))]}
          onChange={(level) => change({ level })}
        />
        <Choice
          label={t("Queue")}
          value={wanted.queue}
          options={[any, ...queues.map(({ key, name }) => ({ value: key, label: name }))]}
          onChange={(queue) => change({ queue })}
        />
        <Choice
          label={t("Tickets that were")}
          value={wanted.cohort}
          options={[
            { value: "opened", label: t("handed over in this time") },
            { value: "resolved", label: t("resolved in this time") },
          ]}
          onChange={(cohort) => change({ cohort: cohort as Wanted["cohort"] })}
        />
        <Choice
          label={t("Lines by")}
          value={wanted.by}
          options={[
            { value: "level", label: t("Level") },
            { value: "queue", label: t("Queue") },
            { value: "day", label: t("Day") },
          ]}
          onChange={(by) => change({ by: by as Wanted["by"] })}
        />
      </div>
      {error ? (
        <LoadError error={error} retry={load} />
      ) : !report || !overview ? (
        <Skeleton rows={5} />
      ) : (
        <div class="sl-report" aria-live="polite">
          <OverviewPart overview={overview} wanted={wanted} />
          <LevelPart report={report} wanted={wanted} queues={queues} />
        </div>
      )}
    </>
  );
}

function Day(props: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <Field label={props.label}>
      {(ids) => (
        <input
          {...ids}
          class="input"
          type="date"
          value={props.value}
          onChange={(event) => {
            if (event.currentTarget.value) props.onChange(event.currentTarget.value);
          }}
        />
      )}
    </Field>
  );
}

function OverviewPart({ overview, wanted }: { overview: OverviewReport; wanted: Wanted }) {
  const most = Math.max(1, ...Object.values(overview.reasons));
  return (
    <section class="card sl-card" aria-label={t("Overview")}>
      <div class="sl-card-head">
        <h2>{t("Overview")}</h2>
        <CsvButton path="/reports/overview" name="overview.csv" wanted={wanted} />
      </div>
      <dl class="sl-numbers">
        <Figure name={t("Conversations")} value={overview.conversations} />
        {overview.resolved_by_bot !== null && (
          <Figure
            name={t("Resolved by the bot")}
            value={overview.resolved_by_bot}
            more={decimalPercent(overview.resolved_by_bot_percent)}
          />
        )}
        <Figure name={t("Handed over")} value={overview.handed_off} />
        {overview.recontacts !== null && (
          <Figure name={t("Came back within a week")} value={overview.recontacts} />
        )}
        {overview.ongoing !== null && <Figure name={t("Still going on")} value={overview.ongoing} />}
        {overview.bot_time && (
          <Figure name={t("With the bot before (median)")} value={length(overview.bot_time.median)} />
        )}
        {overview.human_time && (
          <Figure
            name={t("With people until resolved (median)")}
            value={length(overview.human_time.median)}
          />
        )}
        {overview.csat && (
          <Figure
            name={t("Satisfied")}
            value={decimalPercent(overview.csat.satisfied_percent)}
            more={t("{count} answers", { count: overview.csat.answers })}
          />
        )}
      </dl>
      {Object.keys(overview.reasons).length > 0 && (
        <>
          <h3>{t("Why the bot handed over")}</h3>
          <ul class="sl-bars">
            {Object.entries(overview.reasons).map(([reason, count]) => (
              <li key={reason}>
                <span>{reasonText(reason)}</span>
                <meter min={0} max={most} value={count} aria-hidden="true" />
                <span class="sl-number">
                  {count} <small>({percent(count / Math.max(1, overview.handed_off))})</small>
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function Figure(props: { name: string; value: number | string; more?: string }) {
  return (
    <div class="sl-figure">
      <dt>{props.name}</dt>
      <dd>
        {props.value}
        {props.more && <small> {props.more}</small>}
      </dd>
    </div>
  );
}

function LevelPart(props: { report: ServiceLevelReport; wanted: Wanted; queues: readonly Queue[] }) {
  const { report, wanted } = props;
  const { tickets } = report;
  return (
    <section class="card sl-card" aria-label={t("Service level")}>
      <div class="sl-card-head">
        <h2>{t("Service level")}</h2>
        <CsvButton path="/reports/service-level" name="service-level.csv" wanted={wanted} />
      </div>
      <p class="field-hint">
        {t("Met ÷ (met + overdue). What is still running or was cancelled is counted apart.")}
      </p>
      <dl class="sl-numbers">
        <Figure name={t("Tickets within the service level")} value={decimalPercent(tickets.percent)} />
        <Figure name={t("Within")} value={tickets.within} />
        <Figure name={t("Overdue")} value={tickets.breached} />
        <Figure name={t("Running")} value={tickets.running} />
      </dl>
      {report.totals.length === 0 ? (
        <p class="sl-none">{t("No data")}</p>
      ) : (
        <>
          <Lines caption={t("In all")} lines={report.totals} queues={props.queues} />
          <Lines caption={groupName(wanted.by)} lines={report.items} queues={props.queues} by={wanted.by} />
        </>
      )}
    </section>
  );
}

function groupName(by: Wanted["by"]): string {
  return { level: t("By level"), queue: t("By queue"), day: t("By day") }[by];
}

function Lines(props: {
  caption: string;
  lines: readonly ReportLine[];
  queues: readonly Queue[];
  by?: Wanted["by"];
}) {
  const { by } = props;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section class="sl-scroll" aria-label={props.caption} tabIndex={0}>
      <table class="sl-table">
        <caption>{props.caption}</caption>
        <thead>
          <tr>
            {by && <th scope="col">{{ level: t("Level"), queue: t("Queue"), day: t("Day") }[by]}</th>}
            <th scope="col">{t("Clock")}</th>
            <th scope="col">{t("Service level")}</th>
            <th scope="col">{t("Met")}</th>
            <th scope="col">{t("Overdue")}</th>
            <th scope="col">{t("Running")}</th>
            <th scope="col">{t("Median")}</th>
            <th scope="col">{t("9 of 10 within")}</th>
            <th scope="col">{t("Overdue tickets")}</th>
          </tr>
        </thead>
        <tbody>
          {props.lines.map((line) => (
            <tr key={`${line.level}${line.queue}${line.day}${line.metric}`}>
              {by && <th scope="row">{placeName(line, by, props.queues)}</th>}
              <td>{metricName(line.metric)}</td>
              <td class="sl-number">{decimalPercent(line.percent)}</td>
              <td class="sl-number">{line.met}</td>
              <td class="sl-number">
                {line.breached}
                {line.breached_open > 0 && (
                  <small> ({t("{count} open", { count: line.breached_open })})</small>
                )}
              </td>
              <td class="sl-number">{line.running}</td>
              <td class="sl-number">{spread(line.worked, "median")}</td>
              <td class="sl-number">{spread(line.worked, "p90")}</td>
              <td>
                <Tickets tickets={line.breached_tickets} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function placeName(line: ReportLine, by: Wanted["by"], queues: readonly Queue[]) {
  if (by === "level") return <LevelBadge level={line.level ?? ""} />;
  if (by === "queue") return queues.find((queue) => queue.key === line.queue)?.name ?? line.queue;
  return line.day;
}

function spread(value: Spread | null, which: "median" | "p90"): string {
  return value ? length(value[which]) : "–";
}

function Tickets({ tickets }: { tickets: readonly NamedTicket[] }) {
  if (tickets.length === 0) return <span>–</span>;
  return (
    <details class="sl-drill">
      <summary>{t("Show {count}", { count: tickets.length })}</summary>
      <ul>
        {tickets.map((ticket) => (
          <li key={ticket.id}>
            <a href={`/console#/t/${ticket.id}`}>{ticket.number}</a>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** A download by fetch: the session's cookie goes along, and a refusal is shown instead of being saved. */
function CsvButton({ path, name, wanted }: { path: string; name: string; wanted: Wanted }) {
  const [error, setError] = useState("");
  const download = async () => {
    setError("");
    const { from, to, level, queue, by, cohort } = wanted;
    const query: Record<string, string> = { from, to };
    if (level) query.level = level;
    if (queue) query.queue = queue;
    if (path.endsWith("service-level")) Object.assign(query, { by, cohort });
    const response = await fetch(`/api/v1${path}?${new URLSearchParams(query)}`, {
      headers: { accept: "text/csv" },
    }).catch(() => null);
    if (!response?.ok) {
      setError(t("The server could not do this right now. Please try again."));
      return;
    }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await response.blob());
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1_000);
  };
  return (
    <span class="sl-csv">
      <Button size="small" onClick={() => void download()}>
        <Icon of={Download} /> CSV
      </Button>
      {error && <span role="alert">{error}</span>}
    </span>
  );
}

function day(offset: number): string {
  const when = new Date();
  when.setDate(when.getDate() + offset);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
}
