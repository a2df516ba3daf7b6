/** A ticket's service level in the console: the countdown in lists and heads, and why it is due when it is. */
import { api } from "@staff/api";
import { Badge, type Tone } from "@staff/controls";
import { duration, now } from "@staff/format";
import { t } from "@staff/i18n";
import { AlarmClock, Hourglass } from "@staff/icons";
import { stateName } from "@staff/labels";
import { LoadError, Skeleton } from "@staff/states";
import type { TicketState, TicketSummary } from "@staff/types";
import { useEffect, useState } from "preact/hooks";
import { Intervals } from "../../service_level/admin/intervals";
import type { ExplainedClock, Metric, TicketServiceLevel } from "../../service_level/admin/types";
import { clockStateName, instantIn, length, metricName } from "../../service_level/admin/words";

/**
 * Time until the next promise runs out, counted on from the server's own seconds, so that a wrong clock in this
 * computer does no harm.
 */
export function DueBadge({ ticket, readAt }: { ticket: TicketSummary; readAt: number }) {
  const { due } = ticket;
  if (!due) return null;
  const name = metricName(due.metric as Metric);
  if (due.seconds === null) {
    return (
      <Badge icon={Hourglass} title={name}>
        {t("Paused")}
      </Badge>
    );
  }
  const passed = Math.max(0, now.value - readAt) / 1000;
  const left = due.seconds - passed;
  const warned = due.warn_seconds !== null && due.warn_seconds - passed <= 0;
  const tone: Tone = left <= 0 ? "danger" : warned ? "warning" : "neutral";
  return (
    <Badge tone={tone} icon={AlarmClock} title={name}>
      <span class="visually-hidden">{name}: </span>
      {left <= 0 ? t("Overdue {time}", { time: duration(-left) }) : duration(left)}
    </Badge>
  );
}

export function ServiceLevelView({ id, readAt }: { id: string; readAt: number }) {
  const [found, setFound] = useState<TicketServiceLevel | null>(null);
  const [error, setError] = useState<unknown>(null);
  const load = () => {
    setError(null);
    api.get<TicketServiceLevel>(`/tickets/${id}/service-level`).then(setFound, setError);
  };
  useEffect(load, [id, readAt]);
  if (error) return <LoadError error={error} retry={load} />;
  if (!found) return <Skeleton rows={3} kind="line" />;
  return (
    <>
      <Stages found={found} />
      {found.clocks.length === 0 && <p class="case-none">{t("Nothing was promised for this ticket.")}</p>}
      {[...found.clocks].reverse().map((one) => (
        <ClockView key={`${one.metric}${one.n}`} clock={one} />
      ))}
      {found.agreements.length > 0 && (
        <section class="case-part">
          <h3>{t("What was agreed")}</h3>
          <ol class="history">
            {found.agreements.map((one) => (
              <li key={one.n}>
                <p>
                  <strong>
                    {one.policy
                      ? t("{name}, version {number}", { name: one.policy, number: one.policy_version ?? "" })
                      : t("No policy")}
                  </strong>
                </p>
                <p class="history-meta">
                  {instantIn(one.at, localZone())} · {one.calendar ?? t("Round the clock")}
                  {one.by_admin && ` · ${t("applied by an admin")}`}
                </p>
              </li>
            ))}
          </ol>
        </section>
      )}
    </>
  );
}

function Stages({ found }: { found: TicketServiceLevel }) {
  const stages = [{ level: "N1", state: "bot", seconds: found.bot.seconds }, ...found.stages].filter(
    (stage) => stage.seconds > 0,
  );
  const whole = Math.max(
    1,
    stages.reduce((sum, stage) => sum + stage.seconds, 0),
  );
  return (
    <section class="case-part">
      <h3>{t("Where the time went")}</h3>
      <div class="stage-bar" aria-hidden="true">
        {stages.map((stage) => (
          <span
            key={`${stage.level}${stage.state}`}
            class={`stage level-${stage.level.toLowerCase()} stage-${stage.state}`}
            style={{ flexGrow: Math.max(0.02, stage.seconds / whole) }}
          />
        ))}
      </div>
      <dl class="facts">
        {stages.map((stage) => (
          <div key={`${stage.level}${stage.state}`}>
            <dt>
              {stage.level} · {stage.state === "bot" ? t("Bot") : stateName(stage.state as TicketState)}
            </dt>
            <dd>{duration(stage.seconds)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const TONES: Record<ExplainedClock["state"], Tone> = {
  running: "neutral",
  paused: "neutral",
  met: "success",
  breached: "danger",
  cancelled: "neutral",
};

function ClockView({ clock }: { clock: ExplainedClock }) {
  const { timezone } = clock;
  return (
    <details class="clock-view" open={clock.stopped_at === null}>
      <summary>
        <strong>
          {metricName(clock.metric)}
          {clock.metric === "level" ? ` ${clock.level}` : clock.n > 1 ? ` ${clock.n}` : ""}
        </strong>
        <Badge tone={TONES[clock.state]}>{clockStateName(clock.state)}</Badge>
      </summary>
      <dl class="facts">
        <div>
          <dt>{t("Due")}</dt>
          <dd>{clock.due_at ? instantIn(clock.due_at, timezone) : t("When the pause is over")}</dd>
        </div>
        <div>
          <dt>{t("Target")}</dt>
          <dd>
            {length(clock.target_seconds)} · {clock.calendar ?? t("Round the clock")}
          </dd>
        </div>
        <div>
          <dt>{t("Used")}</dt>
          <dd>{length(clock.worked_seconds)}</dd>
        </div>
        <div>
          <dt>{t("Policy")}</dt>
          <dd>{t("{name}, version {number}", { name: clock.policy, number: clock.policy_version ?? "" })}</dd>
        </div>
        {clock.stopped_at && (
          <div>
            <dt>{endedBy(clock)}</dt>
            <dd>{instantIn(clock.stopped_at, timezone)}</dd>
          </div>
        )}
      </dl>
      {clock.intervals.length > 0 && (
        <>
          <p class="clock-caption">{t("Time that counts ({timezone})", { timezone })}</p>
          <Intervals spans={clock.intervals} leftOut={clock.intervals_left_out} timezone={timezone} />
        </>
      )}
      {clock.pauses.length > 0 && (
        <>
          <p class="clock-caption">{t("Pauses")}</p>
          <Intervals spans={clock.pauses} leftOut={0} timezone={timezone} />
        </>
      )}
    </details>
  );
}

function endedBy(clock: ExplainedClock): string {
  if (clock.state === "cancelled") return t("Cancelled");
  const ends: Record<Metric, string> = {
    first_response: t("Answered"),
    next_response: t("Answered"),
    resolution: t("Resolved"),
    level: t("Left the level"),
    third_party: t("Third party done"),
  };
  return ends[clock.metric];
}

function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
