/** Routing rules in the order in which they are tried, which of them never get their turn, and a hand-off to try. */
import "../../service_level/admin/service-level.css";
import "./routing.css";
import { api } from "@staff/api";
import { Badge, IconButton } from "@staff/controls";
import { t } from "@staff/i18n";
import { ArrowDown, ArrowUp, Plus, Split, TriangleAlert } from "@staff/icons";
import { priorityName } from "@staff/labels";
import { href } from "@staff/router";
import { may } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { announce, toast } from "@staff/toast";
import { useEffect, useState } from "preact/hooks";
import { RuleEditor } from "./rule-editor";
import { TryHandOff } from "./try-hand-off";
import type { Rule, Rules } from "./types";
import { conditionsText, refusal } from "./words";

export function RoutingPage({ rest: [id] }: { rest: readonly string[] }) {
  const [data, setData] = useState<Rules | null>(null);
  const [error, setError] = useState<unknown>(null);
  const load = () => {
    setError(null);
    api.get<Rules>("/desk/rules").then(setData, setError);
  };
  // Read again when the editor is left: what is shadowed depends on all rules.
  useEffect(() => {
    if (may("reports.read")) load();
  }, [id]);
  if (!may("reports.read")) {
    return <Empty icon={TriangleAlert} title={t("You are not allowed to do this.")} />;
  }
  if (error) return <LoadError error={error} retry={load} />;
  if (!data) return <Skeleton rows={4} />;
  if (id) {
    const rule = data.items.find((one) => one.id === id) ?? null;
    if (!rule && id !== "new") return <Empty icon={TriangleAlert} title={t("There is no such rule.")} />;
    return <RuleEditor key={`${id}${rule?.version ?? 0}`} rule={rule} data={data} />;
  }
  return <RuleList data={data} reload={load} />;
}

function RuleList({ data, reload }: { data: Rules; reload: () => void }) {
  const edits = may("desk.configure");
  const attempt = async (work: Promise<unknown>, done: string) => {
    try {
      await work;
      announce(done);
    } catch (problem) {
      toast(refusal(problem), "danger");
    }
    reload();
  };
  const move = (from: number, to: number) => {
    const ids = data.items.map((rule) => rule.id);
    const [moved] = ids.splice(from, 1);
    if (moved === undefined) return;
    ids.splice(to, 0, moved);
    void attempt(api.put("/desk/rule-order", { ids }), t("Moved to place {place}.", { place: to + 1 }));
  };
  const turn = (rule: Rule, enabled: boolean) => {
    const { name, conditions, queue_id, priority, version } = rule;
    void attempt(
      api.put(`/desk/rules/${rule.id}`, { name, conditions, queue_id, priority, version, enabled }),
      t("Saved."),
    );
  };
  return (
    <>
      <div class="page-head">
        <h1>{t("Routing")}</h1>
        {edits && (
          <a class="button button-primary button-normal" href={href(["routing", "new"])}>
            <Plus size={16} aria-hidden="true" class="icon" />
            {t("New rule")}
          </a>
        )}
      </div>
      <p class="page-note">
        {t("The first rule that fits a hand-off decides. Where none fits, its topic and language do.")}
      </p>
      {data.items.length === 0 && (
        <Empty icon={Split} title={t("There is no rule: topic and language decide.")} />
      )}
      <ol class="articles sl-policies">
        {data.items.map((rule, index) => (
          <li key={rule.id} class="article-row sl-policy rt-row rt-rule">
            <span class="sl-place" aria-hidden="true">
              {index + 1}
            </span>
            <div class="article-what">
              <a class="article-title" href={href(["routing", rule.id])}>
                {rule.name}
              </a>
              <p class="article-meta">{conditionsText(rule.conditions, data.choices)}</p>
              <p class="article-meta">
                <span>{resultText(rule, data)}</span>
                {!rule.enabled && <Badge tone="warning">{t("Switched off")}</Badge>}
                {rule.enabled && !rule.queue_takes && (
                  <Badge tone="danger" icon={TriangleAlert}>
                    {t("Passed over: the queue takes nothing now")}
                  </Badge>
                )}
                {rule.shadowed_by && (
                  <Badge tone="danger" icon={TriangleAlert}>
                    {t("Never reached: “{name}” before it takes everything", {
                      name: data.items.find((one) => one.id === rule.shadowed_by)?.name ?? "",
                    })}
                  </Badge>
                )}
              </p>
            </div>
            {edits && (
              <span class="rt-rule-actions">
                <label class="toggle">
                  <input
                    type="checkbox"
                    role="switch"
                    aria-checked={rule.enabled}
                    aria-label={t("{name}: switched on", { name: rule.name })}
                    checked={rule.enabled}
                    onChange={(event) => turn(rule, event.currentTarget.checked)}
                  />
                </label>
                <IconButton
                  icon={ArrowUp}
                  label={t("Move {name} up", { name: rule.name })}
                  disabled={index === 0}
                  onClick={() => move(index, index - 1)}
                />
                <IconButton
                  icon={ArrowDown}
                  label={t("Move {name} down", { name: rule.name })}
                  disabled={index === data.items.length - 1}
                  onClick={() => move(index, index + 1)}
                />
              </span>
            )}
          </li>
        ))}
      </ol>
      <TryHandOff data={data} />
    </>
  );
}

function resultText(rule: Rule, data: Rules): string {
  const queue = data.queues.find((one) => one.id === rule.queue_id);
  const where = queue ? `${queue.level} · ${queue.name}` : "?";
  return rule.priority
    ? t("Goes to {queue}, priority: {priority}", { queue: where, priority: priorityName(rule.priority) })
    : t("Goes to {queue}", { queue: where });
}
