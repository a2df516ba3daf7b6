/** What fitted, why, and what came of it: of one rule, or of all. */
import { api } from "@staff/api";
import { Badge, Button } from "@staff/controls";
import { dateTime } from "@staff/format";
import { t } from "@staff/i18n";
import { History } from "@staff/icons";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { toastError } from "@staff/toast";
import { useEffect, useState } from "preact/hooks";
import type { Offered, Run, RunLog, Trigger } from "./types";
import { conditionName, effectName, outcomeName, outcomeTone, triggerName, valueName } from "./words";

export function RuleLog({ rule, offered }: { rule?: string; offered: Offered }) {
  const [log, setLog] = useState<RunLog | null>(null);
  const [error, setError] = useState<unknown>(null);
  const path = (cursor: string | null) => {
    const query = new URLSearchParams();
    if (rule) query.set("rule", rule);
    if (cursor) query.set("cursor", cursor);
    return `/rules/log?${query}`;
  };
  const load = () => {
    setError(null);
    api.get<RunLog>(path(null)).then(setLog, setError);
  };
  useEffect(load, [rule]);
  const more = async () => {
    if (!log) return;
    try {
      const page = await api.get<RunLog>(path(log.next_cursor));
      setLog({ items: [...log.items, ...page.items], next_cursor: page.next_cursor });
    } catch (problem) {
      toastError(problem);
    }
  };
  if (error) return <LoadError error={error} retry={load} />;
  if (!log) return <Skeleton rows={3} />;
  if (log.items.length === 0) return <Empty icon={History} title={t("Nothing has fitted yet.")} />;
  return (
    <>
      <ol class="au-results au-list">
        {log.items.map((run) => (
          <Line key={run.id} run={run} offered={offered} named={!rule} />
        ))}
      </ol>
      {log.next_cursor && (
        <p>
          <Button onClick={() => void more()}>{t("Show more")}</Button>
        </p>
      )}
    </>
  );
}

function Line({ run, offered, named }: { run: Run; offered: Offered; named: boolean }) {
  return (
    <li class="au-result">
      <p class="au-result-head">
        <a href={`/console#/t/${run.ticket_id}`}>{run.number}</a>
        {named && <strong>{run.rule_name}</strong>}
        <Badge tone={outcomeTone(run.outcome)}>{outcomeName(run.outcome)}</Badge>
        <time class="au-soft" dateTime={run.at}>
          {dateTime(run.at)}
        </time>
      </p>
      <p class="au-soft">{whyText(run.why, offered)}</p>
      {run.done.length > 0 && (
        <p class="au-soft">
          {run.done.map((one) => `${effectName(one.kind)}: ${outcomeName(one.outcome)}`).join(" · ")}
        </p>
      )}
      {run.error && <p class="field-error">{run.error}</p>}
    </li>
  );
}

function whyText(why: Record<string, string>, offered: Offered): string {
  const { trigger, days: _, minutes: __, ...found } = why;
  const parts = Object.entries(found).map(
    ([name, value]) => `${conditionName(name)}: ${valueName(name, value, offered)}`,
  );
  return [...(trigger ? [triggerName(trigger as Trigger)] : []), ...parts].join(" · ");
}
