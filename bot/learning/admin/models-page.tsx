/** Training, the new model beside the present one, promoting it, and going back. */
import { ApiError, api } from "@staff/api";
import { Badge, Button, Field, Icon } from "@staff/controls";
import { confirm, Dialog } from "@staff/dialog";
import { ago, dateTime, duration, now } from "@staff/format";
import { locale, n, t } from "@staff/i18n";
import {
  ChevronDown,
  CircleAlert,
  CircleCheck,
  Download,
  FlaskConical,
  RotateCcw,
  Upload,
} from "@staff/icons";
import { routeName } from "@staff/labels";
import { href } from "@staff/router";
import { may } from "@staff/session";
import { LoadError, Skeleton } from "@staff/states";
import { toast, toastError } from "@staff/toast";
import { useEffect, useRef, useState } from "preact/hooks";
import "./learning.css";
import {
  errorName,
  type Figures,
  figureName,
  isActive,
  type Model,
  type Overview,
  originName,
  type Promotion,
  type Report,
  shortId,
  stepName,
  type Training,
  type Worse,
} from "./types";

const BUSY_MS = 1500;
const IDLE_MS = 10_000;

export function ModelsPage() {
  const [overview, setOverview] = useState<Overview | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [insist, setInsist] = useState<{ model: string; problems: Worse[] } | null>(null);
  const running = overview?.trainings.find(isActive);
  const load = () =>
    api.get<Overview>("/learning/models").then(
      (got) => {
        setOverview(got);
        setError(null);
      },
      (problem) => setError(problem),
    );
  useEffect(() => {
    void load();
  }, []);
  useEffect(() => {
    const timer = setInterval(
      () => {
        if (!document.hidden) void load();
      },
      running ? BUSY_MS : IDLE_MS,
    );
    return () => clearInterval(timer);
  }, [!!running]);

  const promote = async (model: string, body: { force?: boolean; reason?: string } = {}) => {
    try {
      await api.post<Promotion>(`/learning/models/${model}/promote`, body);
      setInsist(null);
      toast(t("It serves from now on. Nobody's conversation is interrupted."));
    } catch (problem) {
      if (problem instanceof ApiError && problem.code === "worse") {
        setInsist({ model, problems: (problem.problem as unknown as { problems: Worse[] }).problems });
      } else {
        toastError(problem);
      }
    }
    await load();
  };
  if (error && !overview) return <LoadError error={error} retry={() => void load()} />;
  if (!overview) return <Skeleton rows={4} />;
  const last = overview.trainings[0];
  return (
    <>
      <div class="page-head">
        <h1>{t("Training")}</h1>
        <p class="page-note">
          {n("{count} accepted example", "{count} accepted examples", overview.example_count)}
        </p>
      </div>
      <Start overview={overview} running={running} reload={load} />
      {last && !isActive(last) && (
        <LastTraining training={last} overview={overview} promote={(id) => void promote(id)} />
      )}
      <Serving overview={overview} />
      <Models overview={overview} promote={(id) => void promote(id)} />
      {insist && (
        <Insist
          problems={insist.problems}
          onClose={() => setInsist(null)}
          onInsist={(reason) => promote(insist.model, { force: true, reason })}
        />
      )}
    </>
  );
}

function Start(props: { overview: Overview; running: Training | undefined; reload: () => Promise<void> }) {
  const { overview, running, reload } = props;
  const [busy, setBusy] = useState(false);
  const bar = useRef<HTMLDivElement>(null);
  const act = async (path: string) => {
    setBusy(true);
    try {
      await api.post<Training>(path);
    } catch (problem) {
      toastError(problem);
    }
    await reload();
    setBusy(false);
    bar.current?.focus();
  };
  return (
    <section class="card learning-card" aria-labelledby="training-start">
      <h2 id="training-start">{t("Teach the bot what was accepted")}</h2>
      <p>
        {overview.new_count > 0
          ? n(
              "The model that serves does not know {count} accepted example yet.",
              "The model that serves does not know {count} accepted examples yet.",
              overview.new_count,
            )
          : t("The model that serves knows everything that was accepted.")}{" "}
        {t("Training takes about a minute; customers do not notice it.")}
      </p>
      <div ref={bar} tabIndex={-1} class="training-now" aria-live="polite">
        {running && (
          <>
            <p>
              <strong>{stepName(running)}</strong>
              {running.started_at && (
                <span class="page-note">
                  {" "}
                  {duration((now.value - new Date(running.started_at).getTime()) / 1000)}
                </span>
              )}
            </p>
            <progress max={100} value={running.progress} aria-label={t("Progress of the training")} />
          </>
        )}
      </div>
      <div class="review-actions">
        {may("learning.train") &&
          (running ? (
            <Button busy={busy} onClick={() => void act(`/learning/trainings/${running.id}/cancel`)}>
              {t("Cancel the training")}
            </Button>
          ) : (
            <Button
              variant={overview.new_count > 0 ? "primary" : "secondary"}
              icon={FlaskConical}
              busy={busy}
              onClick={() => void act("/learning/trainings")}
            >
              {t("Train")}
            </Button>
          ))}
        <a class="button button-quiet button-normal" href={href(["review"])}>
          {t("Review messages")}
        </a>
        <a class="button button-quiet button-normal" href="/api/v1/learning/examples.yml" download>
          <Icon of={Download} />
          {t("Examples as a file")}
        </a>
      </div>
    </section>
  );
}

function LastTraining(props: { training: Training; overview: Overview; promote: (model: string) => void }) {
  const { training, overview, promote } = props;
  const { report } = training;
  const when = training.ended_at ? ago(training.ended_at, now.value) : "";
  if (training.state === "failed") {
    return (
      <section class="card learning-card" aria-labelledby="training-last">
        <h2 id="training-last">{t("Last training")}</h2>
        <p class="text-danger">
          <Icon of={CircleAlert} size={15} /> {t("It did not work out")} <span class="page-note">{when}</span>
        </p>
        <pre class="training-error">{errorName(training.error ?? "")}</pre>
      </section>
    );
  }
  if (!report) return null;
  const serves = overview.serving === report.new.model;
  const model = overview.models.find((one) => one.id === report.new.model);
  return (
    <section class="card learning-card" aria-labelledby="training-last">
      <h2 id="training-last">{t("Last training")}</h2>
      <p class="page-note">
        {t("Model {id}", { id: shortId(report.new.model) })} · {when}
        {training.created_by && ` · ${training.created_by.name}`} ·{" "}
        {n("{count} example", "{count} examples", training.example_count)}
      </p>
      <Verdict report={report} serves={serves} />
      <Comparison report={report} />
      {!serves && model?.kept && may("learning.train") && (
        <Button
          variant={report.worse.length ? "secondary" : "primary"}
          icon={Upload}
          onClick={() => promote(report.new.model)}
        >
          {t("Let it serve")}
        </Button>
      )}
    </section>
  );
}

function Verdict({ report, serves }: { report: Report; serves: boolean }) {
  if (serves) {
    return (
      <p class="text-success">
        <Icon of={CircleCheck} size={15} /> {t("It serves.")}
      </p>
    );
  }
  if (!report.current) return null;
  return report.worse.length ? (
    <div class="text-danger">
      <p>
        <Icon of={CircleAlert} size={15} /> {t("Worse than the present model in:")}
      </p>
      <Problems problems={report.worse} />
    </div>
  ) : (
    <p class="text-success">
      <Icon of={CircleCheck} size={15} /> {t("As good as the present model, or better.")}
    </p>
  );
}

function Problems({ problems }: { problems: readonly Worse[] }) {
  return (
    <ul class="reasons">
      {problems.map((worse) => (
        <li key={worse.what}>
          {figureName(worse.what)}
          {worse.new !== null && worse.current !== null && (
            <>
              : {share(worse.new)} ({t("now {share}", { share: share(worse.current) })})
            </>
          )}
        </li>
      ))}
    </ul>
  );
}

/** What two models differ in is less than a per cent; of small shares a second decimal matters. */
function share(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return new Intl.NumberFormat(locale.value, {
    style: "percent",
    minimumFractionDigits: 1,
    maximumFractionDigits: value < 0.05 ? 2 : 1,
  }).format(value);
}

function difference(after: number | null | undefined, before: number | null | undefined): string {
  if (after === null || after === undefined || before === null || before === undefined) return "";
  const small = Math.max(after, before) < 0.05;
  const points = (after - before) * 100;
  if (Math.abs(points) < (small ? 0.005 : 0.05)) return "=";
  return new Intl.NumberFormat(locale.value, {
    signDisplay: "always",
    maximumFractionDigits: small ? 2 : 1,
  }).format(points);
}

const SHOWN = [
  "accuracy",
  "core_recall",
  "human_recall",
  "false_flow_starts",
  "golden_right",
  "titles_found",
  "learned_right",
] as const;

function Comparison({ report }: { report: Report }) {
  const after = report.new.figures;
  const before = report.current?.figures;
  const routes = Object.keys(after.routes);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section class="table-box" tabIndex={0} aria-label={t("New and present model")}>
        <table class="figures">
          <caption>
            {n(
              "On {count} message that no model was trained on",
              "On {count} messages that no model was trained on",
              report.messages,
            )}
          </caption>
          <Head before={!!before} first={t("Measured")} />
          <tbody>
            {SHOWN.filter((name) => after[name] !== null).map((name) => (
              <Row
                key={name}
                name={figureName(name)}
                after={after[name]}
                before={before?.[name]}
                both={!!before}
                less={name === "false_flow_starts"}
              />
            ))}
          </tbody>
        </table>
      </section>
      <details class="why">
        <summary>
          <Icon of={ChevronDown} size={12} />
          {t("By route")}
        </summary>
        {(["precision", "recall"] as const).map((kind) => (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
          <section key={kind} class="table-box" tabIndex={0} aria-label={kindName(kind)}>
            <table class="figures">
              <caption>{kindName(kind)}</caption>
              <Head before={!!before} first={t("Route")} />
              <tbody>
                {routes.map((route) => (
                  <Row
                    key={route}
                    name={routeName(route)}
                    after={after.routes[route]?.[kind]}
                    before={before?.routes[route]?.[kind]}
                    both={!!before}
                  />
                ))}
              </tbody>
            </table>
          </section>
        ))}
      </details>
    </>
  );
}

function kindName(kind: "precision" | "recall"): string {
  return kind === "precision"
    ? t("Precision: how often the route is right when it is taken")
    : t("Recall: how often the route is taken when it is right");
}

function Head({ before, first }: { before: boolean; first: string }) {
  return (
    <thead>
      <tr>
        <th scope="col">{first}</th>
        {before && <th scope="col">{t("Present")}</th>}
        <th scope="col">{t("New")}</th>
        {before && <th scope="col">{t("Points")}</th>}
      </tr>
    </thead>
  );
}

function Row(props: {
  name: string;
  after: number | null | undefined;
  before: number | null | undefined;
  both: boolean;
  /** Less is better. */
  less?: boolean;
}) {
  const { name, after, before, both, less = false } = props;
  const change = (after ?? 0) - (before ?? 0);
  const good = less ? change < 0 : change > 0;
  const tone =
    Math.abs(change) < (Math.max(after ?? 0, before ?? 0) < 0.05 ? 0.00005 : 0.0005)
      ? ""
      : good
        ? "text-success"
        : "text-danger";
  return (
    <tr>
      <th scope="row">{name}</th>
      {both && <td>{share(before)}</td>}
      <td>{share(after)}</td>
      {both && <td class={tone}>{difference(after, before)}</td>}
    </tr>
  );
}

function Serving({ overview }: { overview: Overview }) {
  const { hosts } = overview;
  return (
    <section class="card learning-card" aria-labelledby="models-hosts">
      <h2 id="models-hosts">{t("Where it serves")}</h2>
      {hosts.length === 0 ? (
        <p class="field-hint">{t("No Rasa host runs at the moment.")}</p>
      ) : (
        <ul class="model-hosts">
          {hosts.map((host) => (
            <li key={`${host.gateway} ${host.number}`}>
              <span>{t("Host {number} of {place}", { number: host.number + 1, place: host.place })}</span>
              <Badge tone={host.error ? "danger" : host.model === overview.serving ? "success" : "warning"}>
                {host.model ? shortId(host.model) : t("Starting")}
              </Badge>
              {host.error && <span class="text-danger">{host.error}</span>}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Models({ overview, promote }: { overview: Overview; promote: (model: string) => void }) {
  const back = async (model: Model) => {
    const yes = await confirm({
      title: model.served_before ? t("Go back to this model?") : t("Let this model serve?"),
      text: t("Every host changes over within seconds, and no message is lost. You can go back any time."),
      confirm: model.served_before ? t("Go back") : t("Let it serve"),
    });
    if (yes) promote(model.id);
  };
  return (
    <section class="card learning-card" aria-labelledby="models-all">
      <h2 id="models-all">{t("All models")}</h2>
      <ul class="model-rows">
        {overview.models.map((model) => (
          <ModelRow
            key={model.id}
            model={model}
            serves={overview.serving === model.id}
            promotion={overview.promotions.find((one) => one.model_id === model.id)}
            promote={() => void back(model)}
          />
        ))}
      </ul>
    </section>
  );
}

function ModelRow(props: {
  model: Model;
  serves: boolean;
  promotion: Promotion | undefined;
  promote: () => void;
}) {
  const { model, serves, promotion, promote } = props;
  const scores: Figures | null = model.scores;
  return (
    <li class="model-row">
      <div class="model-what">
        <p class="model-name">
          <code title={model.id}>{shortId(model.id)}</code>
          {serves && <Badge tone="success">{t("Serves")}</Badge>}
          {!model.kept && <Badge>{t("File no longer kept")}</Badge>}
          {!model.own_release && <Badge tone="warning">{t("Of another release")}</Badge>}
        </p>
        <p class="page-note">
          {originName(model)} · <time dateTime={model.created_at}>{dateTime(model.created_at)}</time>
          {model.created_by && ` · ${model.created_by.name}`} ·{" "}
          {n("{count} example", "{count} examples", model.example_count)}
        </p>
        {promotion && (
          <p class="page-note">
            {t("Serving since {when}", { when: dateTime(promotion.at) })}
            {promotion.by && ` · ${promotion.by.name}`}
            {promotion.forced && ` · ${t("insisted on")}`}
            {promotion.reason && ` · “${promotion.reason}”`}
          </p>
        )}
      </div>
      <dl class="model-scores">
        <div>
          <dt>{figureName("accuracy")}</dt>
          <dd>{share(scores?.accuracy)}</dd>
        </div>
        <div>
          <dt>{figureName("false_flow_starts")}</dt>
          <dd>{share(scores?.false_flow_starts)}</dd>
        </div>
      </dl>
      {!serves && model.kept && may("learning.train") && (
        <Button size="small" icon={model.served_before ? RotateCcw : Upload} onClick={promote}>
          {model.served_before ? t("Go back") : t("Let it serve")}
        </Button>
      )}
    </li>
  );
}

function Insist(props: {
  problems: readonly Worse[];
  onClose: () => void;
  onInsist: (reason: string) => Promise<void>;
}) {
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  return (
    <Dialog
      title={t("This model is not shown to be as good")}
      onClose={props.onClose}
      footer={
        <>
          <Button onClick={props.onClose}>{t("Cancel")}</Button>
          <Button
            variant="danger"
            busy={busy}
            disabled={!reason.trim()}
            onClick={() => {
              setBusy(true);
              void props.onInsist(reason.trim()).finally(() => setBusy(false));
            }}
          >
            {t("Let it serve all the same")}
          </Button>
        </>
      }
    >
      <Problems problems={props.problems} />
      <Field label={t("Why should it serve all the same?")} hint={t("Kept in the audit log.")}>
        {(ids) => (
          <textarea
            {...ids}
            class="input"
            rows={3}
            maxLength={300}
            data-autofocus
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        )}
      </Field>
    </Dialog>
  );
}
