/** The levels N1 to N4: what they are called, whether people work there, and who may escalate where. */
import "../../service_level/admin/service-level.css";
import "./routing.css";
import { api } from "@staff/api";
import { Badge, Button, Field, LevelBadge, Toggle } from "@staff/controls";
import { LOCALE_NAMES, LOCALES, n, t } from "@staff/i18n";
import { TriangleAlert } from "@staff/icons";
import { may } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import { toast } from "@staff/toast";
import { useEffect, useState } from "preact/hooks";
import { Checks } from "../../service_level/admin/policy-editor";
import type { DeskQueues, LevelItem, Levels } from "./types";
import { levelLabel, readProblems } from "./words";

export function LevelsPage() {
  const [data, setData] = useState<DeskQueues | null>(null);
  const [error, setError] = useState<unknown>(null);
  const load = () => {
    setError(null);
    api.get<DeskQueues>("/desk/queues").then(setData, setError);
  };
  useEffect(() => {
    if (may("reports.read")) load();
  }, []);
  if (!may("reports.read")) {
    return <Empty icon={TriangleAlert} title={t("You are not allowed to do this.")} />;
  }
  if (error) return <LoadError error={error} retry={load} />;
  if (!data) return <Skeleton rows={4} />;
  return <LevelsForm key={data.levels.version} data={data} reload={load} />;
}

function LevelsForm({ data, reload }: { data: DeskQueues; reload: () => void }) {
  const [items, setItems] = useState<LevelItem[]>(data.levels.levels);
  const [problems, setProblems] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const edits = may("desk.configure");
  const set = (key: string, changes: Partial<LevelItem>) =>
    setItems(items.map((level) => (level.key === key ? { ...level, ...changes } : level)));
  const save = async () => {
    setBusy(true);
    setProblems({});
    try {
      await api.put<Levels>("/desk/levels", {
        version: data.levels.version,
        levels: items.map(({ key, names, staffed, escalates_to }) => ({ key, names, staffed, escalates_to })),
      });
      toast(t("Saved. The next hand-off goes by it."));
      reload();
    } catch (error) {
      setProblems(readProblems(error));
    }
    setBusy(false);
  };
  return (
    <>
      <div class="page-head">
        <h1>{t("Levels")}</h1>
      </div>
      <p class="page-note">
        {t(
          "A hand-off begins at the first level with people. With people at N1, they stand between the bot and N2. Complaints and decisions go to supervisors, whatever the level.",
        )}
      </p>
      <form
        class="rt-form"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <fieldset class="rt-levels" disabled={!edits}>
          {items.map((level, index) => (
            <LevelCard
              key={level.key}
              level={level}
              deeper={items.slice(index + 1)}
              queues={data.items.filter((queue) => queue.level === level.key && !queue.retired).length}
              change={(changes) => set(level.key, changes)}
              problem={(name) => problems[`/levels/${index}/${name}`]}
            />
          ))}
        </fieldset>
        {(problems["/levels"] ?? problems[""]) && (
          <p class="form-problem" role="alert">
            {problems["/levels"] ?? problems[""]}
          </p>
        )}
        {edits && (
          <div class="sl-save">
            <Button type="submit" variant="primary" busy={busy} onClick={() => void 0}>
              {t("Save")}
            </Button>
          </div>
        )}
      </form>
    </>
  );
}

function LevelCard(props: {
  level: LevelItem;
  deeper: readonly LevelItem[];
  queues: number;
  change: (changes: Partial<LevelItem>) => void;
  problem: (name: string) => string | undefined;
}) {
  const { level, deeper, change, problem } = props;
  return (
    <section class="card sl-card" aria-label={levelLabel(level)}>
      <div class="rt-level-head">
        <h2>
          <LevelBadge level={level.key} />
        </h2>
        <Badge>{n("{count} queue", "{count} queues", props.queues)}</Badge>
        {level.staffed && !level.people && (
          <Badge tone="danger" icon={TriangleAlert}>
            {t("Nobody works at this level")}
          </Badge>
        )}
      </div>
      <div class="sl-targets">
        {LOCALES.map((locale, index) => (
          <Field
            key={locale}
            label={t("{level}: name ({language})", { level: level.key, language: LOCALE_NAMES[locale] })}
            error={index === 0 ? problem("names") : undefined}
          >
            {(ids) => (
              <input
                {...ids}
                class="input"
                maxLength={40}
                value={level.names[locale] ?? ""}
                onInput={(event) =>
                  change({ names: { ...level.names, [locale]: event.currentTarget.value } })
                }
              />
            )}
          </Field>
        ))}
      </div>
      <Toggle
        label={t("People work at {level}", { level: level.key })}
        checked={level.staffed}
        onChange={(staffed) => change({ staffed })}
      />
      {deeper.length > 0 && (
        <Checks
          label={t("{level} may escalate to", { level: level.key })}
          options={deeper.map((one) => ({ value: one.key, label: levelLabel(one) }))}
          chosen={level.escalates_to}
          onChange={(escalates_to) => change({ escalates_to })}
          problem={problem("escalates_to")}
        />
      )}
    </section>
  );
}
