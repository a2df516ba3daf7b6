/** Views and queues on the left, and the person's own corner. */
import { Button, Icon, type IconType, LevelBadge, Toggle } from "@staff/controls";
import { duration, now } from "@staff/format";
import { n, t } from "@staff/i18n";
import {
  Activity,
  BookOpen,
  CircleCheck,
  Eye,
  Headset,
  Hourglass,
  Inbox,
  Keyboard,
  Layers,
  MessageSquare,
  User,
} from "@staff/icons";
import { UserMenu } from "@staff/preferences";
import { href } from "@staff/router";
import { may } from "@staff/session";
import { Skeleton } from "@staff/states";
import type { Queue } from "@staff/types";
import { helpOpen } from "./help";
import { canNotify, insistOn, notifyOn, switchNotifications } from "./insist";
import { MentionsButton } from "./mentions";
import { PresenceControl } from "./presence-control";
import { proposalsOpen, sentBackCount } from "./proposals";
import { openReplies } from "./replies-dialog";
import { SavedViews } from "./saved-views";
import { playSignal, soundOn } from "./sound";
import { claimNext, filters, pane, queues, waitingCount } from "./store";
import { type View, writeFilters } from "./views";
import { waitTone } from "./waiting";

const NO_FILTERS = { queue: "", level: "", state: "", assignee: "", tag: "", q: "", sort: "" };

export function viewName(view: View): string {
  const names: Record<View, string> = {
    queue: t("To claim"),
    mine: t("My tickets"),
    open: t("All open"),
    waiting: t("On hold"),
    watching: t("Watching"),
    resolved: t("Resolved tickets"),
  };
  return names[view];
}

const VIEW_ICONS: Record<View, IconType> = {
  queue: Inbox,
  mine: User,
  open: Layers,
  waiting: Hourglass,
  watching: Eye,
  resolved: CircleCheck,
};

function ViewLink({ view, count }: { view: View; count?: number }) {
  const current = pane.value !== "board" && filters.value.view === view && !filters.value.queue;
  return (
    <li>
      <a
        class="nav-link"
        href={href([], writeFilters({ ...NO_FILTERS, sort: filters.value.sort, view }))}
        aria-current={current ? "page" : undefined}
      >
        <Icon of={VIEW_ICONS[view]} size={18} />
        <span class="nav-name">{viewName(view)}</span>
        {!!count && <span class="count">{count}</span>}
      </a>
    </li>
  );
}

function QueueLink({ queue }: { queue: Queue }) {
  const current = filters.value.queue === queue.key;
  const oldest = queue.oldest_waiting_at
    ? Math.max(0, (now.value - Date.parse(queue.oldest_waiting_at)) / 1000)
    : null;
  return (
    <li>
      <a
        class="nav-link"
        href={href(
          [],
          writeFilters({ ...NO_FILTERS, sort: filters.value.sort, view: "open", queue: queue.key }),
        )}
        aria-current={current ? "page" : undefined}
        title={n("{count} open ticket", "{count} open tickets", queue.open_count)}
      >
        <LevelBadge level={queue.level} />
        <span class="nav-name">
          {queue.name}
          {oldest !== null && queue.waiting_count > 0 && (
            <span class={`nav-wait text-${waitTone("normal", oldest)}`}>
              {t("{time} waiting", { time: duration(oldest) })}
            </span>
          )}
        </span>
        {queue.waiting_count > 0 && (
          <span class="count">
            <span class="visually-hidden">{t("Waiting:")} </span>
            {queue.waiting_count}
          </span>
        )}
      </a>
    </li>
  );
}

/** The number is of those that an editor sent back. */
function ProposalsButton() {
  return (
    <li>
      <button
        type="button"
        class="nav-link nav-button"
        onClick={() => {
          proposalsOpen.value = true;
        }}
      >
        <Icon of={BookOpen} size={18} />
        <span class="nav-name">{t("My proposals")}</span>
        {sentBackCount.value > 0 && (
          <span class="count">
            <span class="visually-hidden">{t("Sent back")}: </span>
            {sentBackCount.value}
          </span>
        )}
      </button>
    </li>
  );
}

export function Sidebar() {
  const all = queues.value;
  const sorted = [...(all ?? [])].sort(
    (left, right) => left.level.localeCompare(right.level) || left.name.localeCompare(right.name),
  );
  return (
    <nav class="sidebar" aria-label={t("Views and queues")}>
      <div class="brand-row">
        <p class="brand">
          <span class="brand-mark">
            <Icon of={Headset} size={18} />
          </span>
          Frontline
        </p>
        <PresenceControl />
      </div>
      {may("tickets.work") && (
        <Button variant="primary" class="claim-next" onClick={() => void claimNext()}>
          {t("Claim next")}
          {waitingCount.value > 0 && <span class="count count-on-accent">{waitingCount.value}</span>}
        </Button>
      )}
      <div class="sidebar-scroll">
        <ul class="nav-list">
          <ViewLink view="queue" count={waitingCount.value} />
          <ViewLink view="mine" />
          <ViewLink view="open" />
          <ViewLink view="waiting" />
          <ViewLink view="watching" />
          <ViewLink view="resolved" />
          {may("reports.read") && (
            <li>
              <a
                class="nav-link"
                href={href(["board"])}
                aria-current={pane.value === "board" ? "page" : undefined}
              >
                <Icon of={Activity} size={18} />
                <span class="nav-name">{t("Live board")}</span>
              </a>
            </li>
          )}
          <MentionsButton />
          {may("tickets.work") && <ProposalsButton />}
        </ul>
        <SavedViews />
        <h2 class="nav-title">{t("Queues")}</h2>
        {all ? (
          <ul class="nav-list">
            {sorted.map((queue) => (
              <QueueLink key={queue.id} queue={queue} />
            ))}
          </ul>
        ) : (
          <Skeleton rows={4} kind="line" />
        )}
      </div>
      <div class="sidebar-foot">
        <UserMenu above shortcuts>
          <Toggle
            label={t("Sound for new tickets")}
            checked={soundOn.value === "on"}
            onChange={(on) => {
              soundOn.value = on ? "on" : "off";
              if (on) playSignal(true);
            }}
          />
          <Toggle
            label={t("Remind me until somebody claims")}
            checked={insistOn.value === "on"}
            onChange={(on) => {
              insistOn.value = on ? "on" : "off";
            }}
          />
          {canNotify() && (
            <Toggle
              label={t("Notifications of the desktop")}
              checked={notifyOn.value === "on"}
              onChange={(on) => void switchNotifications(on)}
            />
          )}
          {may("tickets.work") && (
            <Button icon={MessageSquare} class="panel-wide" onClick={openReplies}>
              {t("Canned replies")}
            </Button>
          )}
          <Button
            icon={Keyboard}
            class="panel-wide"
            onClick={() => {
              helpOpen.value = true;
            }}
          >
            {t("Show shortcuts")}
          </Button>
          {may("kb.read") && (
            <a class="button button-secondary button-normal panel-wide" href="/admin">
              <Icon of={BookOpen} />
              {t("Articles")}
            </a>
          )}
        </UserMenu>
      </div>
    </nav>
  );
}
