/** The three panes and the shortcuts. */
import { Icon, SkipLink } from "@staff/controls";
import { t } from "@staff/i18n";
import { Headset, WifiOff } from "@staff/icons";
import { liveState } from "@staff/live";
import { navigate } from "@staff/router";
import { may } from "@staff/session";
import { startShortcuts } from "@staff/shortcuts";
import { Empty } from "@staff/states";
import { useEffect } from "preact/hooks";
import { ActionDialogs, canAct, openDialog } from "./actions";
import { BoardPage } from "./board";
import { BulkDialogs, toggle, toggleSelecting } from "./bulk";
import { composerMode } from "./draft-insert";
import { FilingDialogs } from "./filing";
import { HelpSheet, helpOpen } from "./help";
import { MentionsDialog, mentionsOpen } from "./mentions";
import { Offers } from "./presence-control";
import { OwnProposals, ProposeDialog, proposalsOpen, proposingFrom } from "./proposals";
import { RepliesDialog } from "./replies-dialog";
import { ViewsDialog } from "./saved-views";
import { openSearch, SearchDialog } from "./search-dialog";
import { Sidebar } from "./sidebar";
import { claim, claimNext, isMine, list, pane, ticket, ticketHref, ticketId } from "./store";
import { TicketList } from "./ticket-list";
import { TicketPane } from "./ticket-pane";
import { TranscriptDialog } from "./transcript-dialog";

function move(step: number): void {
  const items = list.value?.items ?? [];
  const at = items.findIndex((item) => item.id === ticketId.value);
  const next = items[at === -1 ? 0 : Math.min(Math.max(at + step, 0), items.length - 1)];
  if (!next) return;
  navigate(ticketHref(next.id));
  document.getElementById(`ticket-${next.id}`)?.focus();
}

/** Goes to the next ticket and chooses it and the one left, as Shift with an arrow does in lists. */
function moveSelecting(step: number): void {
  if (ticketId.value) toggle(ticketId.value);
  move(step);
}

/** The tab beside the conversation; on a phone its own page comes first. */
function openArticles(): void {
  const tabs = document.querySelectorAll<HTMLElement>(".case [role=tab]");
  for (const tab of tabs) {
    if (tab.textContent === t("Articles")) {
      tab.click();
      tab.focus();
    }
  }
}

function write(mode: "reply" | "note"): void {
  composerMode.value = mode;
  requestAnimationFrame(() => focus("composer-text"));
}

function focus(id: string): void {
  document.getElementById(id)?.focus();
}

export function Console() {
  useEffect(
    () =>
      startShortcuts(() => ({
        j: () => move(1),
        k: () => move(-1),
        "/": () => focus("ticket-search"),
        "?": () => {
          helpOpen.value = true;
        },
        s: openSearch,
        ...(may("tickets.work") && {
          n: () => void claimNext(),
          v: () => (ticketId.value ? toggle(ticketId.value) : toggleSelecting()),
          J: () => moveSelecting(1),
          K: () => moveSelecting(-1),
        }),
        ...(ticket.value && {
          ...(ticket.value.state === "queued" &&
            canAct("claim") && { c: () => void claim().then(() => focus("composer-text")) }),
          ...(isMine.value && { r: () => write("reply") }),
          ...(canAct("note") && { i: () => write("note") }),
          a: openArticles,
          ...(canAct("pass") && { e: () => openDialog("pass") }),
          ...(canAct("resolve") && { x: () => openDialog("resolve") }),
        }),
      })),
    [],
  );
  if (!may("tickets.read")) {
    return (
      <main class="boot-error">
        <Empty
          icon={Headset}
          title={t("You have no access to tickets.")}
          text={t("Ask for the role of an agent, or go to the articles.")}
        >
          <a class="button button-primary button-normal" href="/admin">
            {t("Articles")}
          </a>
        </Empty>
      </main>
    );
  }
  return (
    <div class="console" data-pane={pane.value}>
      <SkipLink to={pane.value === "board" ? "board" : ticketId.value ? "conversation" : "tickets"} />
      <div class="bars">
        {liveState.value === "offline" && (
          <p class="offline-bar" role="alert">
            <Icon of={WifiOff} />
            {t("Connection lost. Reconnecting…")}
          </p>
        )}
        <Offers />
      </div>
      <Sidebar />
      <main class="panes">
        <h1 class="visually-hidden">{t("Console")}</h1>
        {pane.value === "board" ? (
          <BoardPage />
        ) : (
          <>
            <TicketList />
            <TicketPane />
          </>
        )}
      </main>
      <ActionDialogs />
      <BulkDialogs />
      <RepliesDialog />
      <SearchDialog />
      <ViewsDialog />
      <FilingDialogs />
      {mentionsOpen.value && <MentionsDialog />}
      <TranscriptDialog />
      {helpOpen.value && <HelpSheet />}
      {proposalsOpen.value && <OwnProposals />}
      {proposingFrom.value && <ProposeDialog key={proposingFrom.value} ticketId={proposingFrom.value} />}
    </div>
  );
}
