/** The list of tickets: search, filters, and one line per ticket that tells who waits, for what, how long. */
import { Avatar, Badge, Button, Choice, Field, Icon, LevelBadge, type Option } from "@staff/controls";
import { ago, duration, now, numberText } from "@staff/format";
import { t } from "@staff/i18n";
import { ArrowLeft, Flag, Globe, Inbox, Search, Send, Tag, User, X } from "@staff/icons";
import { channelName, languageName, priorityName, stateName, stateTone } from "@staff/labels";
import { Popover } from "@staff/popover";
import { href, navigate } from "@staff/router";
import { me } from "@staff/session";
import { Empty, LoadError, Skeleton } from "@staff/states";
import type { TicketState, TicketSummary } from "@staff/types";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { BulkBar, SelectBox, SelectButton, selected, toggle } from "./bulk";
import { openSearch } from "./search-dialog";
import { DueBadge } from "./service-level";
import { viewName } from "./sidebar";
import {
  agents,
  filters,
  list,
  listError,
  listHref,
  loadMore,
  queues,
  refreshList,
  rowReadAt,
  searchHref,
  ticketHref,
  ticketId,
} from "./store";
import { type Filters, filterCount, writeFilters } from "./views";
import { waited, waitTone } from "./waiting";

/** On a line of the list; the ticket shows all. */
const TAGS_SHOWN = 3;

export function TicketList() {
  const { view, queue, q } = filters.value;
  const name = queue ? (queues.value?.find((one) => one.key === queue)?.name ?? queue) : viewName(view);
  const shown = list.value;
  return (
    <section class="list-pane" aria-label={t("Tickets")} id="tickets" tabIndex={-1}>
      <header class="list-head">
        <div class="list-title">
          <a class="icon-button phone-only" href={href(["menu"], writeFilters(filters.value))}>
            <Icon of={ArrowLeft} size={20} />
            <span class="visually-hidden">{t("Views and queues")}</span>
          </a>
          <h2>{name}</h2>
          {shown && (
            <span class="list-count">
              {shown.items.length}
              {shown.more ? "+" : ""}
              <span class="visually-hidden"> {t("Tickets")}</span>
            </span>
          )}
          <SelectButton />
          <FilterPanel />
        </div>
        <SearchField key={`${view}/${queue}`} q={q} />
        <button type="button" class="link-button search-more" onClick={openSearch}>
          {t("Search everything")}
        </button>
        <BulkBar />
      </header>
      <TicketItems />
    </section>
  );
}

function SearchField({ q }: { q: string }) {
  const timer = useRef<ReturnType<typeof setTimeout>>();
  return (
    <search class="search">
      <Icon of={Search} />
      <input
        id="ticket-search"
        type="search"
        aria-label={t("Search tickets")}
        placeholder={t("Number, name or subject")}
        defaultValue={q}
        onInput={(event) => {
          const text = event.currentTarget.value.trim();
          clearTimeout(timer.current);
          timer.current = setTimeout(() => navigate(searchHref(text), { replace: true }), 250);
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
    </search>
  );
}

function FilterPanel() {
  const { level, state, assignee, tag, sort } = filters.value;
  const count = filterCount(filters.value);
  const change = (changes: Partial<Filters>) => navigate(listHref(changes), { replace: true });
  const levels = [...new Set((queues.value ?? []).map((queue) => queue.level))].sort();
  const states: TicketState[] = [
    "queued",
    "claimed",
    "waiting_customer",
    "waiting_third_party",
    "snoozed",
    "resolved",
    "closed",
  ];
  const any: Option = { value: "", label: t("Any") };
  return (
    <Popover
      label={t("Filters")}
      class={count ? "filter-button filter-button-active" : "filter-button"}
      face={
        <>
          {t("Filters")}
          {count > 0 && (
            <span class="count">
              <span class="visually-hidden">{t("Active:")} </span>
              {count}
            </span>
          )}
        </>
      }
    >
      <Choice
        label={t("Level")}
        value={level}
        options={[any, ...levels.map((value) => ({ value, label: value }))]}
        onChange={(value) => change({ level: value })}
      />
      <Choice
        label={t("State")}
        value={state}
        options={[any, ...states.map((value) => ({ value, label: stateName(value) }))]}
        onChange={(value) => change({ state: value })}
      />
      <Choice
        label={t("Assigned to")}
        value={assignee}
        options={[
          any,
          { value: "me", label: t("Me") },
          { value: "none", label: t("Nobody") },
          ...agents.value
            .filter((agent) => agent.id !== me.value?.id)
            .map((agent) => ({ value: agent.id, label: agent.name })),
        ]}
        onChange={(value) => change({ assignee: value })}
      />
      <Field label={t("Tag")}>
        {(ids) => (
          <input
            {...ids}
            class="input"
            maxLength={40}
            value={tag}
            onChange={(event) => change({ tag: event.currentTarget.value.trim() })}
          />
        )}
      </Field>
      <Choice
        label={t("Order")}
        value={sort}
        options={[
          { value: "", label: t("By priority, longest in line first") },
          { value: "due", label: t("By what is due first") },
        ]}
        onChange={(value) => change({ sort: value })}
      />
      {count > 0 && (
        <Button
          icon={X}
          class="panel-wide"
          onClick={() => change({ level: "", state: "", assignee: "", tag: "" })}
        >
          {t("Clear filters")}
        </Button>
      )}
    </Popover>
  );
}

function TicketItems() {
  const shown = list.value;
  if (!shown) {
    return listError.value ? (
      <LoadError error={listError.value} retry={refreshList} />
    ) : (
      <Skeleton rows={6} />
    );
  }
  if (shown.items.length === 0) {
    const narrowed = filterCount(filters.value) > 0 || filters.value.q !== "";
    return (
      <Empty
        icon={Inbox}
        title={narrowed ? t("No ticket fits these filters.") : t("Nothing here right now.")}
        text={filters.value.view === "queue" && !narrowed ? t("New tickets appear here by themselves.") : ""}
      />
    );
  }
  return (
    <div class="list-scroll">
      <ul class="tickets">{shown.items.map((item) => row(item, shown.fresh.has(item.id)))}</ul>
      {shown.more && (
        <Button class="load-more" onClick={loadMore}>
          {t("Show more")}
        </Button>
      )}
    </div>
  );
}

const drawn = new WeakMap<TicketSummary, JSX.Element>();

/** The same element for the same ticket: it is compared with itself and left as it is. */
function row(item: TicketSummary, fresh: boolean): JSX.Element {
  const known = drawn.get(item);
  if (known) return known;
  const made = (
    <TicketItem key={item.id} item={item} readAt={rowReadAt.get(item) ?? Date.now()} fresh={fresh} />
  );
  drawn.set(item, made);
  return made;
}

function TicketItem({ item, readAt, fresh }: { item: TicketSummary; readAt: number; fresh: boolean }) {
  const name = item.contact_name || t("Unknown customer");
  const wait = waited(item, readAt, now.value);
  const classes = ["ticket", fresh && "ticket-fresh", item.unread && "ticket-unread"].filter(Boolean);
  return (
    <li class={classes.join(" ")}>
      <SelectBox item={item} />
      <a
        id={`ticket-${item.id}`}
        class="ticket-link"
        href={ticketHref(item.id)}
        aria-current={item.id === ticketId.value ? "true" : undefined}
        onClick={(event) => {
          if (!event.shiftKey || !selected.value) return;
          event.preventDefault();
          toggle(item.id, true);
        }}
      >
        <span class="ticket-face">
          <Avatar name={name} kind="customer" />
          <span class="ticket-channel" title={channelName(item.channel)}>
            <Icon of={item.channel === "telegram" ? Send : Globe} size={11} />
            <span class="visually-hidden">{channelName(item.channel)}</span>
          </span>
        </span>
        <span class="ticket-main">
          <span class="ticket-line">
            <span class="ticket-name">
              {item.unread && <span class="visually-hidden">{t("Unread:")} </span>}
              {name}
            </span>
            {wait === null ? (
              <time class="ticket-time" dateTime={item.last_message_at ?? item.opened_at}>
                {ago(item.last_message_at ?? item.opened_at, now.value)}
              </time>
            ) : (
              <span class={`wait text-${waitTone(item.priority, wait)}`} title={t("Waiting time")}>
                <span class="visually-hidden">{t("Waiting:")} </span>
                {duration(wait)}
              </span>
            )}
          </span>
          <span class="ticket-subject">{item.subject || t("No subject")}</span>
          {item.last_message_preview && <span class="ticket-preview">{item.last_message_preview}</span>}
          <span class="ticket-tags">
            <LevelBadge level={item.level} />
            <span class="ticket-id">{numberText(item.number)}</span>
            <DueBadge ticket={item} readAt={readAt} />
            {(item.priority === "urgent" || item.priority === "high") && (
              <Badge tone={item.priority === "urgent" ? "danger" : "warning"} icon={Flag}>
                {priorityName(item.priority)}
              </Badge>
            )}
            {item.state !== "queued" && item.state !== "claimed" && (
              <Badge tone={stateTone(item.state)}>{stateName(item.state)}</Badge>
            )}
            <Badge title={languageName(item.locale)}>{item.locale}</Badge>
            {(item.tags ?? []).slice(0, TAGS_SHOWN).map((one) => (
              <Badge key={one} icon={Tag}>
                {one}
              </Badge>
            ))}
            {item.assignee ? (
              <Badge icon={User}>{item.assignee.id === me.value?.id ? t("You") : item.assignee.name}</Badge>
            ) : (
              <span class="ticket-queue">{item.queue.name}</span>
            )}
          </span>
        </span>
      </a>
    </li>
  );
}
