/** The hand-off pack: what an agent must know before the first word, and the ticket's history. */
import { Badge, Icon, type IconType, LevelBadge, Tabs } from "@staff/controls";
import { clock, dateTime, duration, now, numberText, percent } from "@staff/format";
import { t } from "@staff/i18n";
import { CircleCheck, CircleX, Clock, ShieldAlert, ShieldCheck, ThumbsDown, ThumbsUp } from "@staff/icons";
import {
  actionName,
  actorName,
  eventText,
  factName,
  languageName,
  outcomeName,
  outcomeTone,
  reasonText,
  routeName,
} from "@staff/labels";
import { may } from "@staff/session";
import type { Pack, ThirdParty, TicketEvent } from "@staff/types";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { notifiedName } from "../../automation/admin/words";
import { ArticlesTab } from "./articles-tab";
import { CustomerView, choiceText } from "./customer";
import { FilingView } from "./filing";
import { ServiceLevelView } from "./service-level";
import { ticket, ticketReadAt } from "./store";
import { eventReason, placeName } from "./transcript";
import { waited } from "./waiting";

export function CasePanel() {
  const [tab, setTab] = useState<"case" | "articles" | "history" | "level">("case");
  const shown = ticket.value;
  if (!shown) return null;
  return (
    <aside class="case" aria-label={t("Case")}>
      <Tabs
        label={t("Case")}
        controls="case-body"
        active={tab}
        onChange={setTab}
        tabs={[
          { name: "case", label: t("Case") },
          { name: "articles", label: t("Articles") },
          { name: "history", label: t("History") },
          { name: "level", label: t("Service level") },
        ]}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <div id="case-body" class="case-body" role="tabpanel" tabIndex={0} aria-label={t("Case")}>
        {tab === "case" && (
          <>
            <Part title={t("Ticket")}>
              <FilingView />
            </Part>
            {shown.third_party && <ThirdPartyPart third={shown.third_party} />}
            <CustomerView id={shown.id} readAt={ticketReadAt.value} />
            <PackView pack={shown.pack} />
          </>
        )}
        {tab === "articles" && <ArticlesTab key={shown.id} id={shown.id} />}
        {tab === "history" && <History events={shown.events} />}
        {tab === "level" && <ServiceLevelView id={shown.id} readAt={ticketReadAt.value} />}
      </div>
    </aside>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="case-part">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function ThirdPartyPart({ third }: { third: ThirdParty }) {
  // What the server said, and what has passed since it did.
  const passed = third.since ? Math.max(0, Math.round((now.value - ticketReadAt.value) / 1000)) : 0;
  return (
    <Part title={t("Third party")}>
      <dl class="facts">
        {third.vendor && (
          <div>
            <dt>{t("Vendor")}</dt>
            <dd>{third.vendor}</dd>
          </div>
        )}
        {third.expected_at && third.since && (
          <div>
            <dt>{t("Answer expected by")}</dt>
            <dd class={third.overdue ? "text-danger third-party-late" : undefined}>
              {dateTime(third.expected_at)}
              {third.overdue && ` · ${t("Overdue")}`}
            </dd>
          </div>
        )}
        <div>
          <dt>{third.since ? t("Waiting for") : t("Waited")}</dt>
          <dd>{duration(third.waited_seconds + passed)}</dd>
        </div>
        {third.total_seconds > third.waited_seconds && (
          <div>
            <dt>{t("All waits together")}</dt>
            <dd>{duration(third.total_seconds + passed)}</dd>
          </div>
        )}
      </dl>
    </Part>
  );
}

function PackView({ pack }: { pack: Pack }) {
  const shown = ticket.value;
  const wait = shown ? waited(shown, ticketReadAt.value, now.value) : null;
  const identity = pack.identity ?? { verified: false, how: null, email: null };
  return (
    <>
      <Part title={t("Why it came")}>
        <p class="case-reason">{reasonText(pack.reason)}</p>
      </Part>
      {pack.wants && (
        <Part title={t("What the customer wants")}>
          <p class="case-wants">
            <strong>{routeName(wantedRoute(pack.wants))}</strong>
            {pack.wants.confidence !== null && (
              <Badge title={t("How sure the bot was")}>{percent(pack.wants.confidence)}</Badge>
            )}
          </p>
        </Part>
      )}
      <Part title={t("Identity")}>
        <p class={`identity tone-${identity.verified ? "success" : "warning"}`}>
          <Icon of={identity.verified ? ShieldCheck : ShieldAlert} size={18} />
          <span>
            <strong>{identity.verified ? t("Verified") : t("Not verified")}</strong>
            {identity.email && <span class="identity-mail">{identity.email}</span>}
            {identity.verified ? (
              identity.how && <span>{howVerified(identity.how)}</span>
            ) : (
              <span>{t("Do not give out personal data before checking.")}</span>
            )}
          </span>
        </p>
      </Part>
      {pack.facts.length > 0 && (
        <Part title={t("Facts")}>
          <dl class="facts">
            {pack.facts.map((fact) => (
              <div key={fact.name}>
                <dt>{factName(fact.name)}</dt>
                <dd>{fact.value}</dd>
              </div>
            ))}
          </dl>
        </Part>
      )}
      <Part title={t("What was tried")}>
        {pack.tried.length > 0 ? (
          <ol class="tried">
            {pack.tried.map((step) => (
              <li key={`${step.at}${step.action}`}>
                <Icon of={outcomeIcon(step.outcome)} size={16} />
                <span>
                  <strong>{actionName(step.action)}</strong>
                  <span class={`text-${outcomeTone(step.outcome)}`}>{outcomeName(step.outcome)}</span>
                  {step.detail && <span class="tried-detail">{step.detail}</span>}
                </span>
                <time dateTime={step.at}>{clock(step.at)}</time>
              </li>
            ))}
          </ol>
        ) : (
          <p class="case-none">{t("The bot tried nothing.")}</p>
        )}
      </Part>
      {pack.articles.length > 0 && (
        <Part title={t("Articles shown")}>
          <ul class="shown-articles">
            {pack.articles.map((article) => (
              <li key={`${article.article_id}${article.at}`}>
                {may("kb.read") ? (
                  <a href={`/admin#/articles/${article.article_id}`}>{article.title}</a>
                ) : (
                  <span>{article.title}</span>
                )}
                <span class="shown-meta">
                  {article.verdict === "helped" && (
                    <Badge tone="success" icon={ThumbsUp}>
                      {t("Helped")}
                    </Badge>
                  )}
                  {article.verdict === "not_helped" && (
                    <Badge tone="danger" icon={ThumbsDown}>
                      {t("Did not help")}
                    </Badge>
                  )}
                  {!article.verdict && <Badge>{t("No verdict")}</Badge>}
                  <span>{t("Revision {number}", { number: article.revision })}</span>
                </span>
              </li>
            ))}
          </ul>
        </Part>
      )}
      <Part title={t("Service")}>
        <dl class="facts">
          <div>
            <dt>{t("Language")}</dt>
            <dd>{languageName(pack.language)}</dd>
          </div>
          <div>
            <dt>{t("Waiting")}</dt>
            <dd>{wait === null ? t("Nobody waits") : duration(wait)}</dd>
          </div>
          <div>
            <dt>{t("Queue")}</dt>
            <dd>
              <LevelBadge level={shown?.level ?? pack.level} /> {shown?.queue.name ?? pack.queue}
            </dd>
          </div>
          {pack.hours_text && (
            <div>
              <dt>{t("Hours")}</dt>
              <dd>{pack.hours_text}</dd>
            </div>
          )}
        </dl>
      </Part>
    </>
  );
}

/** Asking back is what the bot did about a question, not what the customer wants. */
function wantedRoute(wants: NonNullable<Pack["wants"]>): string {
  return wants.route === "clarify" ? "faq" : (wants.route ?? wants.intent);
}

function howVerified(how: string): string {
  const ways: Record<string, string> = {
    "code by e-mail": t("By a code sent to the e-mail address"),
    "signed token": t("Logged in on the website"),
  };
  return ways[how] ?? how;
}

function outcomeIcon(outcome: string): IconType {
  const tone = outcomeTone(outcome);
  return tone === "success" ? CircleCheck : tone === "danger" ? CircleX : Clock;
}

const WORDS_OF_PEOPLE = ["subject", "tag_added", "tag_removed", "category", "macro"];

/** A tag may be called like a state; it is no state. */
function eventValue(event: TicketEvent, value: string): string {
  if (event.kind === "notified") return notifiedName(value);
  if (event.kind === "customer_chose") return choiceText(value);
  if (event.kind === "told_by_mail" && value === "answered") return t("Replied");
  return WORDS_OF_PEOPLE.includes(event.kind) ? value : placeName(value);
}

function History({ events }: { events: readonly TicketEvent[] }) {
  return (
    <ol class="history">
      {events.map((event) => (
        <li key={event.id}>
          <p>
            <strong>{eventText(event.kind)}</strong>
            {event.from && event.to ? (
              <span>
                {eventValue(event, event.from)} → {eventValue(event, event.to)}
              </span>
            ) : event.to ? (
              <span>{eventValue(event, event.to)}</span>
            ) : (
              event.from && <s>{eventValue(event, event.from)}</s>
            )}
          </p>
          {event.reason && <p class="history-reason">“{eventReason(event)}”</p>}
          {event.text && <p class="history-text">{event.text}</p>}
          <p class="history-meta">
            {event.ticket && `${numberText(event.ticket)} · `}
            {actorName(event.actor)} · <time dateTime={event.at}>{dateTime(event.at)}</time>
          </p>
        </li>
      ))}
    </ol>
  );
}
