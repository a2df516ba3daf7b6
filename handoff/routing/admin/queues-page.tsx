/** Queues by level: what each is for, how full it is, in which order; the editor is behind each name. */
import "../../service_level/admin/service-level.css";
import "./routing.css";
import { api } from "@staff/api";
import { Badge, Button, IconButton } from "@staff/controls";
import { n, t } from "@staff/i18n";
import { ArrowDown, ArrowUp, Plus, RotateCcw, TriangleAlert } from "@staff/icons";
import { languageName } from "@staff/labels";
import { href } from "@staff/router";
import { may } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { announce, toast } from "@staff/toast";
import { useEffect, useState } from "preact/hooks";
import { QueueEditor } from "./queue-editor";
import type { DeskQueue, DeskQueues, LevelItem } from "./types";
import { levelLabel, refusal } from "./words";

export function QueuesPage({ rest: [id] }: { rest: readonly string[] }) {
  const [data, setData] = useState<DeskQueues | null>(null);
  const [error, setError] = useState<unknown>(null);
  const load = () => {
    setError(null);
    api.get<DeskQueues>("/desk/queues").then(setData, setError);
  };
  // Read again when the editor is left: the order and the default of a level may have changed.
  useEffect(() => {
    if (may("reports.read")) load();
  }, [id]);
  if (!may("reports.read")) {
    return <Empty icon={TriangleAlert} title={t("You are not allowed to do this.")} />;
  }
  if (error) return <LoadError error={error} retry={load} />;
  if (!data) return <Skeleton rows={5} />;
  if (id) {
    const queue = data.items.find((one) => one.id === id) ?? null;
    if (!queue && id !== "new") return <Empty icon={TriangleAlert} title={t("There is no such queue.")} />;
    return <QueueEditor key={`${id}${queue?.version ?? 0}`} queue={queue} data={data} reload={load} />;
  }
  return <QueueList data={data} reload={load} />;
}

function QueueList({ data, reload }: { data: DeskQueues; reload: () => void }) {
  const edits = may("desk.configure");
  const inUse = data.items.filter((queue) => !queue.retired);
  const retired = data.items.filter((queue) => queue.retired);
  const move = async (queue: DeskQueue, step: -1 | 1) => {
    const ids = inUse.map((one) => one.id);
    const from = ids.indexOf(queue.id);
    ids.splice(from, 1);
    ids.splice(from + step, 0, queue.id);
    try {
      await api.put("/desk/queue-order", { ids });
      announce(t("{name} was moved.", { name: queue.name }));
    } catch (problem) {
      toast(refusal(problem), "danger");
    }
    reload();
  };
  const restore = async (queue: DeskQueue) => {
    try {
      await api.post(`/desk/queues/${queue.id}/restore`, { version: queue.version });
      toast(t("{name} takes tickets again.", { name: queue.name }));
    } catch (problem) {
      toast(refusal(problem), "danger");
    }
    reload();
  };
  return (
    <>
      <div class="page-head">
        <h1>{t("Queues")}</h1>
        {edits && (
          <a class="button button-primary button-normal" href={href(["queues", "new"])}>
            <Plus size={16} aria-hidden="true" class="icon" />
            {t("New queue")}
          </a>
        )}
      </div>
      <p class="page-note">
        {t(
          "A hand-off goes where the first routing rule sends it; else to the queue of the first level with its topic and language; else to the default queue of that level.",
        )}
      </p>
      {data.levels.levels.map((level) => {
        const queues = inUse.filter((queue) => queue.level === level.key);
        if (queues.length === 0 && !level.staffed) return null;
        return (
          <section key={level.key} class="rt-level" aria-label={levelLabel(level)}>
            <LevelHead level={level} />
            {queues.length === 0 ? (
              <p class="rt-none">{t("This level has no queue.")}</p>
            ) : (
              <ol class="articles rt-list">
                {queues.map((queue, index) => (
                  <QueueRow key={queue.id} queue={queue} data={data}>
                    {edits && (
                      <span class="sl-moves">
                        <IconButton
                          icon={ArrowUp}
                          label={t("Move {name} up", { name: queue.name })}
                          disabled={index === 0}
                          onClick={() => void move(queue, -1)}
                        />
                        <IconButton
                          icon={ArrowDown}
                          label={t("Move {name} down", { name: queue.name })}
                          disabled={index === queues.length - 1}
                          onClick={() => void move(queue, 1)}
                        />
                      </span>
                    )}
                  </QueueRow>
                ))}
              </ol>
            )}
          </section>
        );
      })}
      {retired.length > 0 && (
        <section class="rt-level" aria-label={t("Retired queues")}>
          <h2>{t("Retired queues")}</h2>
          <ol class="articles rt-list">
            {retired.map((queue) => (
              <QueueRow key={queue.id} queue={queue} data={data}>
                {edits && (
                  <Button icon={RotateCcw} size="small" onClick={() => void restore(queue)}>
                    {t("Bring back")}
                  </Button>
                )}
              </QueueRow>
            ))}
          </ol>
        </section>
      )}
    </>
  );
}

function LevelHead({ level }: { level: LevelItem }) {
  return (
    <div class="rt-level-head">
      <h2>{levelLabel(level)}</h2>
      {!level.staffed && <Badge tone="warning">{t("Switched off: takes nothing new")}</Badge>}
      {level.staffed &&
        (level.people ? (
          <Badge>
            {n("{count} person takes its tickets", "{count} people take its tickets", level.people)}
          </Badge>
        ) : (
          <Badge tone="danger" icon={TriangleAlert}>
            {t("Nobody works at this level")}
          </Badge>
        ))}
    </div>
  );
}

function QueueRow(props: { queue: DeskQueue; data: DeskQueues; children: preact.ComponentChildren }) {
  const { queue, data } = props;
  const calendar = data.choices.calendars.find((one) => one.key === queue.calendar_key && one.key !== "main");
  const facts = [
    queue.team && t("Team {name}", { name: queue.team }),
    queue.languages.length > 0 && queue.languages.map(languageName).join(", "),
    queue.skills.length > 0 && t("Skills: {names}", { names: queue.skills.join(", ") }),
    calendar && t("Hours of “{name}”", { name: calendar.name }),
    n("{count} topic", "{count} topics", queue.topics.length),
    queue.rule_count > 0 && n("{count} routing rule", "{count} routing rules", queue.rule_count),
  ];
  return (
    <li class="article-row rt-row">
      <div class="article-what">
        <a class="article-title" href={href(["queues", queue.id])}>
          {queue.name}
        </a>
        <p class="article-meta">{facts.filter(Boolean).join(" · ")}</p>
        <p class="article-meta">
          <span>
            {n("{count} open ticket", "{count} open tickets", queue.open_count)}
            {", "}
            {t("{count} waiting", { count: queue.waiting_count })}
          </span>
          {queue.is_default && !queue.retired && <Badge tone="accent">{t("Default of its level")}</Badge>}
        </p>
      </div>
      {props.children}
    </li>
  );
}
