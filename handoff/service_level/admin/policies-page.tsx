/** Service levels: the policies in the order in which they are tried, customers' tiers, and a ticket to try. */
import "./service-level.css";
import { api } from "@staff/api";
import { Badge, Button, IconButton } from "@staff/controls";
import { confirm } from "@staff/dialog";
import { n, t } from "@staff/i18n";
import { ArrowDown, ArrowUp, Plus, RefreshCw, TriangleAlert } from "@staff/icons";
import { languageName, priorityName } from "@staff/labels";
import { href } from "@staff/router";
import { may } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { announce, toast, toastError } from "@staff/toast";
import { useEffect, useState } from "preact/hooks";
import { PolicyEditor } from "./policy-editor";
import { TiersCard } from "./tiers";
import { TryOut } from "./try-out";
import type { Policies, Policy } from "./types";
import { conditionName, length, metricName } from "./words";

export function ServiceLevelPage({ rest: [id] }: { rest: readonly string[] }) {
  const [data, setData] = useState<Policies | null>(null);
  const [error, setError] = useState<unknown>(null);
  const load = () => {
    setError(null);
    api.get<Policies>("/service-level/policies").then(setData, setError);
  };
  // The list is read again when the editor is left: another policy may have been saved.
  useEffect(() => {
    if (may("reports.read")) load();
  }, [id]);
  if (!may("reports.read")) {
    return <Empty icon={TriangleAlert} title={t("You are not allowed to do this.")} />;
  }
  if (error) return <LoadError error={error} retry={load} />;
  if (!data) return <Skeleton rows={4} />;
  if (id) {
    const policy = data.items.find((one) => one.id === id) ?? null;
    if (!policy && id !== "new") return <Empty icon={TriangleAlert} title={t("There is no such policy.")} />;
    return <PolicyEditor key={`${id}${policy?.version ?? 0}`} policy={policy} data={data} reload={load} />;
  }
  return <PolicyList data={data} reload={load} />;
}

function PolicyList({ data, reload }: { data: Policies; reload: () => void }) {
  const [busy, setBusy] = useState(false);
  const edits = may("service_level.manage");
  const move = async (from: number, to: number) => {
    const ids = data.items.map((policy) => policy.id);
    const [moved] = ids.splice(from, 1);
    if (moved === undefined) return;
    ids.splice(to, 0, moved);
    try {
      await api.put("/service-level/order", { ids });
      announce(t("Moved to place {place}.", { place: to + 1 }));
    } catch (problem) {
      toastError(problem);
    }
    reload();
  };
  const apply = async () => {
    const yes = await confirm({
      title: t("Agree anew on running tickets?"),
      text: t("Open tickets get the policies and calendars of today. What is overdue already stays overdue."),
      confirm: t("Apply to running tickets"),
    });
    if (!yes) return;
    setBusy(true);
    try {
      const { running_changed } = await api.post<{ running_changed: number }>("/service-level/apply");
      toast(n("{count} ticket changed.", "{count} tickets changed.", running_changed));
    } catch (problem) {
      toastError(problem);
    }
    setBusy(false);
  };
  return (
    <>
      <div class="page-head">
        <h1>{t("Service levels")}</h1>
        {edits && (
          <div class="sl-head-actions">
            <Button icon={RefreshCw} busy={busy} onClick={() => void apply()}>
              {t("Apply to running tickets")}
            </Button>
            <a class="button button-primary button-normal" href={href(["service-level", "new"])}>
              <Plus size={16} aria-hidden="true" class="icon" />
              {t("New policy")}
            </a>
          </div>
        )}
      </div>
      <p class="page-note">
        {t(
          "The first policy that fits a ticket holds. Running tickets keep what was agreed until you apply a change to them.",
        )}
      </p>
      {data.items.length === 0 && (
        <Empty icon={TriangleAlert} title={t("There is no policy: nothing is promised.")} />
      )}
      <ol class="articles sl-policies">
        {data.items.map((policy, index) => (
          <li key={policy.id} class="article-row sl-policy">
            <span class="sl-place" aria-hidden="true">
              {index + 1}
            </span>
            <div class="article-what">
              <a class="article-title" href={href(["service-level", policy.id])}>
                {policy.terms.name}
              </a>
              <p class="article-meta">{conditionsText(policy, data)}</p>
              <p class="article-meta">{targetsText(policy)}</p>
              <p class="article-meta">
                <span>{t("Version {number}", { number: policy.version })}</span>
                {!policy.enabled && <Badge tone="warning">{t("Switched off")}</Badge>}
                {policy.shadowed_by && (
                  <Badge tone="danger" icon={TriangleAlert}>
                    {t("Never reached: “{name}” before it takes everything", {
                      name: data.items.find((one) => one.id === policy.shadowed_by)?.terms.name ?? "",
                    })}
                  </Badge>
                )}
              </p>
            </div>
            {edits && (
              <span class="sl-moves">
                <IconButton
                  icon={ArrowUp}
                  label={t("Move {name} up", { name: policy.terms.name })}
                  disabled={index === 0}
                  onClick={() => void move(index, index - 1)}
                />
                <IconButton
                  icon={ArrowDown}
                  label={t("Move {name} down", { name: policy.terms.name })}
                  disabled={index === data.items.length - 1}
                  onClick={() => void move(index, index + 1)}
                />
              </span>
            )}
          </li>
        ))}
      </ol>
      <TryOut data={data} />
      <TiersCard tiers={data.tiers} reload={reload} />
    </>
  );
}

function conditionsText(policy: Policy, data: Policies): string {
  const parts = Object.entries(policy.terms.conditions)
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => {
      const shown = (values as string[]).map((value) => valueName(name, value, data));
      return `${conditionName(name)}: ${shown.join(", ")}`;
    });
  return parts.length > 0 ? parts.join(" · ") : t("Every ticket");
}

function valueName(condition: string, value: string, data: Policies): string {
  if (condition === "queues") return data.queues.find((queue) => queue.key === value)?.name ?? value;
  if (condition === "priorities") return priorityName(value as Parameters<typeof priorityName>[0]);
  if (condition === "locales") return languageName(value);
  return value;
}

function targetsText(policy: Policy): string {
  const { terms } = policy;
  const parts: string[] = [];
  for (const metric of ["first_response", "next_response", "resolution", "third_party"] as const) {
    const minutes = terms[metric];
    if (minutes !== null) parts.push(`${metricName(metric)} ${length(minutes * 60)}`);
  }
  for (const [level, minutes] of Object.entries(terms.levels)) parts.push(`${level} ${length(minutes * 60)}`);
  return parts.join(" · ");
}
