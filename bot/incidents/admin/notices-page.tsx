/** Known incidents: what the bot says first to whoever asks about what is out of order. */
import "./notices.css";
import { Markdown } from "@shared/markdown";
import { api } from "@staff/api";
import { Badge, Icon, Tabs } from "@staff/controls";
import { dateTime } from "@staff/format";
import { locale, n, t } from "@staff/i18n";
import { Flag, Plus } from "@staff/icons";
import { href, navigate, route } from "@staff/router";
import { may } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { useEffect, useState } from "preact/hooks";
import { NoticeEditor } from "./notice-editor";
import { type Incident, type IncidentState, stateName, stateTone, topicText } from "./types";

const STATES = ["active", "scheduled", "past"] as const;

export function NoticesPage({ rest: [id] }: { rest: readonly string[] }) {
  return id ? <NoticeEditor key={id} id={id === "new" ? null : id} /> : <NoticeList />;
}

function NoticeList() {
  const [items, setItems] = useState<Incident[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const state = STATES.find((one) => one === route.value.query.state) ?? "active";
  const load = () => {
    setError(null);
    api.get<{ items: Incident[] }>("/incidents").then((page) => setItems(page.items), setError);
  };
  useEffect(load, []);
  const shown = (items ?? []).filter((one) => one.state === state);
  return (
    <>
      <div class="page-head">
        <h1>{t("Notices")}</h1>
        <p class="page-note">{t("Said first to whoever asks about the topic, once in a conversation.")}</p>
        {may("kb.write") && (
          <a class="button button-primary button-normal" href={href(["notices", "new"])}>
            <Icon of={Plus} />
            {t("New notice")}
          </a>
        )}
      </div>
      <Tabs<IncidentState>
        label={t("State")}
        controls="notice-list"
        active={state}
        tabs={STATES.map((name) => ({
          name,
          label: `${stateName(name)} (${(items ?? []).filter((one) => one.state === name).length})`,
        }))}
        onChange={(name) => navigate(href(["notices"], { state: name }), { replace: true })}
      />
      <div id="notice-list" role="tabpanel" aria-label={stateName(state)}>
        {error ? (
          <LoadError error={error} retry={load} />
        ) : !items ? (
          <Skeleton rows={3} />
        ) : shown.length === 0 ? (
          <Empty icon={Flag} title={t("There are no notices here.")} />
        ) : (
          <ul class="articles">
            {shown.map((incident) => (
              <NoticeRow key={incident.id} incident={incident} />
            ))}
          </ul>
        )}
      </div>
    </>
  );
}

function NoticeRow({ incident }: { incident: Incident }) {
  return (
    <li class="article-row">
      <div class="article-what">
        <a class="article-title" href={href(["notices", incident.id])}>
          {incident.title}
        </a>
        <div class="notice-said prose">
          <Markdown text={incident.texts[locale.value] ?? Object.values(incident.texts)[0] ?? ""} />
        </div>
        <p class="article-meta">
          <span>
            {dateTime(incident.starts_at)} –{" "}
            {incident.ends_at ? dateTime(incident.ends_at) : t("until it is ended")}
          </span>
          <span>{topicText(incident.topic)}</span>
          <span>{n("told {count} customer", "told {count} customers", incident.told)}</span>
        </p>
      </div>
      <Badge tone={stateTone(incident.state)}>{stateName(incident.state)}</Badge>
    </li>
  );
}
