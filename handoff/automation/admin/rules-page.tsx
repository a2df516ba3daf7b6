/** Rules for tickets: "when this, if that, then those", in the order in which they are tried. */
import "./automation.css";
import { api } from "@staff/api";
import { Badge, IconButton, Tabs } from "@staff/controls";
import { n, t } from "@staff/i18n";
import { ArrowDown, ArrowUp, Plus, TriangleAlert, Zap } from "@staff/icons";
import { href, navigate } from "@staff/router";
import { may } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { announce, toastError } from "@staff/toast";
import { useEffect, useState } from "preact/hooks";
import { RuleEditor } from "./rule-editor";
import { RuleLog } from "./rule-log";
import type { Rule, RuleList } from "./types";
import { conditionsText, effectText, outcomeName, span, triggerName } from "./words";

export function RulesPage({ rest: [id] }: { rest: readonly string[] }) {
  const [data, setData] = useState<RuleList | null>(null);
  const [error, setError] = useState<unknown>(null);
  const load = () => {
    setError(null);
    api.get<RuleList>("/rules").then(setData, setError);
  };
  // The list is read again when the editor is left: another rule may have been saved.
  useEffect(() => {
    if (may("desk.configure")) load();
  }, [id]);
  if (!may("desk.configure")) {
    return <Empty icon={TriangleAlert} title={t("You are not allowed to do this.")} />;
  }
  if (error) return <LoadError error={error} retry={load} />;
  if (!data) return <Skeleton rows={4} />;
  if (id && id !== "log") {
    const rule = data.items.find((one) => one.id === id) ?? null;
    if (!rule && id !== "new") return <Empty icon={TriangleAlert} title={t("There is no such rule.")} />;
    return <RuleEditor key={`${id}${rule?.version ?? 0}`} rule={rule} offered={data.offered} />;
  }
  return <List data={data} tab={id === "log" ? "log" : "rules"} reload={load} />;
}

function List({ data, tab, reload }: { data: RuleList; tab: "rules" | "log"; reload: () => void }) {
  const move = async (from: number, to: number) => {
    const ids = data.items.map((rule) => rule.id);
    const [moved] = ids.splice(from, 1);
    if (moved === undefined) return;
    ids.splice(to, 0, moved);
    try {
      await api.put("/rules/order", { ids });
      announce(t("Moved to place {place}.", { place: to + 1 }));
    } catch (problem) {
      toastError(problem);
    }
    reload();
  };
  return (
    <>
      <div class="page-head">
        <h1>{t("Rules for tickets")}</h1>
        <a class="button button-primary button-normal" href={href(["rules", "new"])}>
          <Plus size={16} aria-hidden="true" class="icon" />
          {t("New rule")}
        </a>
      </div>
      <p class="page-note">
        {t("When something happens to a ticket, the rules are tried in this order; each that fits is done.")}
      </p>
      <Tabs
        label={t("Rules for tickets")}
        active={tab}
        controls="au-panel"
        tabs={[
          { name: "rules", label: t("Rules") },
          { name: "log", label: t("What fitted") },
        ]}
        onChange={(name) => navigate(href(name === "log" ? ["rules", "log"] : ["rules"]))}
      />
      <div id="au-panel" role="tabpanel" aria-label={tab === "rules" ? t("Rules") : t("What fitted")}>
        {tab === "log" && <RuleLog offered={data.offered} />}
        {tab === "rules" && data.items.length === 0 && (
          <Empty icon={Zap} title={t("There is no rule yet.")} />
        )}
        {tab === "rules" && (
          <ol class="articles au-list">
            {data.items.map((rule, index) => (
              <li key={rule.id} class="article-row au-row">
                <span class="au-place" aria-hidden="true">
                  {index + 1}
                </span>
                <div class="article-what">
                  <a class="article-title" href={href(["rules", rule.id])}>
                    {rule.terms.name}
                  </a>
                  <p class="article-meta">{whenText(rule)}</p>
                  <p class="article-meta">{conditionsText(rule.terms.conditions, data.offered)}</p>
                  <p class="article-meta">
                    {rule.terms.effects.map((effect) => effectText(effect, data.offered)).join(" · ")}
                  </p>
                  <p class="article-meta">
                    {!rule.enabled && <Badge tone="warning">{t("Switched off")}</Badge>}
                    {rule.terms.stop && <Badge>{t("The last one when it fits")}</Badge>}
                    <Counts rule={rule} />
                  </p>
                </div>
                <span class="au-moves">
                  <IconButton
                    icon={ArrowUp}
                    label={t("Move {name} up", { name: rule.terms.name })}
                    disabled={index === 0}
                    onClick={() => void move(index, index - 1)}
                  />
                  <IconButton
                    icon={ArrowDown}
                    label={t("Move {name} down", { name: rule.terms.name })}
                    disabled={index === data.items.length - 1}
                    onClick={() => void move(index, index + 1)}
                  />
                </span>
              </li>
            ))}
          </ol>
        )}
      </div>
    </>
  );
}

function whenText({ terms }: Rule): string {
  return terms.triggers
    .map((trigger) => {
      if (trigger === "waiting") return `${triggerName(trigger)}: ${span(terms.minutes ?? 0)}`;
      if (trigger === "recontacted") {
        return `${triggerName(trigger)}: ${n("{count} day", "{count} days", terms.days ?? 0)}`;
      }
      return triggerName(trigger);
    })
    .join(" · ");
}

function Counts({ rule }: { rule: Rule }) {
  const { done = 0, ...others } = rule.runs;
  return (
    <>
      <span>{n("Fitted {count} time in 30 days", "Fitted {count} times in 30 days", done)}</span>
      {Object.entries(others).map(([outcome, count]) => (
        <Badge key={outcome} tone="danger" icon={TriangleAlert}>
          {outcomeName(outcome)}: {count}
        </Badge>
      ))}
    </>
  );
}
