"""The only SQL that follows a contact through every table: to read all of it, and to erase it.

`OWNED` is the data map. A table that is in neither list fails a test: nothing is added to the schema
without saying whether it holds something of a customer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.channels.web import repository as web_sessions
from bot.channels.web.tables import WidgetSessionRow
from bot.conversations.conversation import Owner
from bot.conversations.tables import (
    ContactRow,
    ConversationRow,
    MessageEditRow,
    MessageRow,
    OutboxRow,
)
from bot.incidents.tables import IncidentTellingRow
from bot.kit.db import Tx
from bot.learning import repository as learning
from bot.learning.tables import ItemRow, MarkRow
from bot.mail.message import MailState
from bot.mail.tables import MailRow
from bot.proposals import repository as proposals
from bot.proposals.tables import ProposalRow
from bot.staff.tables import AuditRow
from bot.verification import repository as verification
from bot.verification.tables import CodeRow, CodeTryRow, ResetLinkRow
from handoff import repository as desk
from handoff.automation import repository as automation
from handoff.automation.tables import HappeningRow, MacroUseRow, RuleRunRow
from handoff.case import repository as case
from handoff.case.tables import LinkRow, MentionRow, TagRow, WatcherRow
from handoff.exports import repository as transcripts
from handoff.exports.tables import ExportRow
from handoff.exports.tables import RequestRow as TranscriptRequestRow
from handoff.feedback import repository as feedback
from handoff.feedback.tables import FeedbackRefusalRow, FeedbackRow
from handoff.informing import repository as informing
from handoff.informing.tables import TicketWaitRow
from handoff.service_level.tables import AgreementRow, ClockRow, FiredRow
from handoff.suggestions.tables import TicketArticleRow
from handoff.tables import TicketEventRow, TicketPersonRow, TicketRow
from handoff.third_party.tables import ThirdPartyWaitRow
from handoff.work.tables import AssignmentRow
from knowledge_base.asked import repository as asked
from knowledge_base.asked.tables import AskedRow

ERASED = "[erased]"
"""Stands where something was said; the number of messages and their times stay."""
KEPT_OF_A_DECISION = ("route", "intent", "confidence")
"""Counts go on: which way a message went is no personal data, what was found in it is."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A table with rows of customers, and how they are found."""

    name: str
    table: Any
    column: str
    of: str
    """What the column names: contact, conversation or ticket."""
    hidden: tuple[str, ...] = ()
    """Columns that hold no data of the person but a means to get in."""


OWNED = (
    Owned("contact", ContactRow, "id", "contact"),
    Owned("conversations", ConversationRow, "contact_id", "contact"),
    Owned("messages", MessageRow, "conversation_id", "conversation", ("body_hash",)),
    Owned("message_edits", MessageEditRow, "conversation_id", "conversation"),
    Owned("transcripts", ExportRow, "conversation_id", "conversation"),
    Owned("transcript_requests", TranscriptRequestRow, "conversation_id", "conversation"),
    Owned("deliveries", OutboxRow, "conversation_id", "conversation"),
    Owned("sessions", WidgetSessionRow, "conversation_id", "conversation", ("token_hash",)),
    Owned("codes", CodeRow, "conversation_id", "conversation", ("digest",)),
    Owned("code_tries", CodeTryRow, "conversation_id", "conversation"),
    Owned("reset_links", ResetLinkRow, "conversation_id", "conversation"),
    Owned("incident_tellings", IncidentTellingRow, "conversation_id", "conversation"),
    Owned("tickets", TicketRow, "conversation_id", "conversation"),
    Owned("ticket_events", TicketEventRow, "ticket_id", "ticket"),
    Owned("ticket_articles", TicketArticleRow, "ticket_id", "ticket"),
    Owned("ticket_people", TicketPersonRow, "ticket_id", "ticket"),
    Owned("ticket_tags", TagRow, "ticket_id", "ticket"),
    Owned("ticket_links", LinkRow, "ticket_id", "ticket"),
    Owned("ticket_watchers", WatcherRow, "ticket_id", "ticket"),
    Owned("ticket_mentions", MentionRow, "ticket_id", "ticket"),
    Owned("ticket_waits", TicketWaitRow, "ticket_id", "ticket"),
    Owned("feedback", FeedbackRow, "conversation_id", "conversation"),
    Owned("feedback_refusals", FeedbackRefusalRow, "contact_id", "contact"),
    Owned("learning_items", ItemRow, "conversation_id", "conversation"),
    Owned("learning_marks", MarkRow, "conversation_id", "conversation"),
    Owned("questions", AskedRow, "conversation_id", "conversation", ("vector",)),
    Owned("article_proposals", ProposalRow, "conversation_id", "conversation"),
    Owned("ticket_agreements", AgreementRow, "ticket_id", "ticket"),
    Owned("ticket_clocks", ClockRow, "ticket_id", "ticket"),
    Owned("ticket_warnings", FiredRow, "ticket_id", "ticket"),
    Owned("ticket_macros", MacroUseRow, "ticket_id", "ticket"),
    Owned("ticket_rules_to_ask", HappeningRow, "ticket_id", "ticket"),
    Owned("ticket_rules", RuleRunRow, "ticket_id", "ticket"),
    Owned("ticket_third_parties", ThirdPartyWaitRow, "ticket_id", "ticket"),
    Owned("ticket_assignments", AssignmentRow, "ticket_id", "ticket"),
)
MAILS = "mails"
AUDIT = "audit"
NOT_OF_CUSTOMERS = frozenset(
    {
        "staff",
        "staff_sessions",
        "api_tokens",
        "setup_links",
        "telegram_offsets",
        "telegram_groups",
        "queues",
        "ticket_categories",
        "routing_rules",
        "desk_levels",
        "ticket_numbers",
        "feedback_settings",
        "macros",
        "ticket_rules",
        "saved_views",
        "default_views",
        "canned_replies",
        "service_policies",
        "service_policy_versions",
        "service_calendars",
        "service_tiers",
        "staff_presence",
        "staff_profiles",
        "queue_assignments",
        "hours_calendars",
        "hours_days",
        "bot_texts",
        "bot_text_revisions",
        "bot_texts_version",
        "incidents",
        "incidents_version",
        "articles",
        "article_revisions",
        "article_vectors",
        "kb_version",
        "kb_synonyms",
        "kb_stop_words",
        "kb_golden",
        "kb_asked_groups",
        "kb_asked_progress",
        "learning_reviews",
        "learning_collected",
        "learning_jobs",
        "learning_models",
        "learning_model_parts",
        "learning_promotions",
        "learning_hosts",
        "kb_categories",
        "kb_publishing",
        # The shop's own systems, which the demo keeps beside ours.
        "shop_accounts",
        "shop_orders",
    }
)


@dataclass(frozen=True, slots=True)
class Whole:
    """Ids of everything that hangs on one contact."""

    contact_id: str
    conversation_ids: tuple[str, ...]
    ticket_ids: tuple[str, ...]
    mail_ids: tuple[str, ...]


def find_contact_id(conn: sa.Connection, given: str) -> str | None:
    """Return the contact meant by its own id, a conversation's id or a ticket's number."""
    found = conn.execute(sa.select(ContactRow.id).where(ContactRow.id == given)).scalar()
    if found is None:
        found = conn.execute(
            sa.select(ConversationRow.contact_id).where(ConversationRow.id == given)
        ).scalar()
    if found is None:
        found = conn.execute(
            sa.select(ConversationRow.contact_id)
            .join(TicketRow, TicketRow.conversation_id == ConversationRow.id)
            .where(TicketRow.number == given.upper())
        ).scalar()
    return found


def collect(conn: sa.Connection, contact_id: str) -> Whole:
    """Return the ids of everything that hangs on the contact."""
    conversations = tuple(
        conn.execute(
            sa.select(ConversationRow.id)
            .where(ConversationRow.contact_id == contact_id)
            .order_by(ConversationRow.created_at)
        ).scalars()
    )
    tickets = tuple(
        conn.execute(
            sa.select(TicketRow.id)
            .where(TicketRow.conversation_id.in_(conversations))
            .order_by(TicketRow.serial)
        ).scalars()
    )
    return Whole(contact_id, conversations, tickets, _mail_ids(conn, conversations))


def _mail_ids(conn: sa.Connection, conversations: Sequence[str]) -> tuple[str, ...]:
    # A mail is named after the code or the link that it is about.
    codes = conn.execute(sa.select(CodeRow.id).where(CodeRow.conversation_id.in_(conversations)))
    links = conn.execute(
        sa.select(ResetLinkRow.id).where(ResetLinkRow.conversation_id.in_(conversations))
    )
    keys = [f"code:{name}" for name in codes.scalars()]
    keys += [f"password-changed:{name}" for name in links.scalars()]
    keys += transcripts.mail_keys(conn, tuple(conversations))
    keys += informing.mail_keys(conn, conversations)
    found: list[str] = []
    for some in _slices(keys):
        found += conn.execute(sa.select(MailRow.id).where(MailRow.dedupe_key.in_(some))).scalars()
    return tuple(found)


def _slices(values: Sequence[str], size: int = 500) -> Iterable[Sequence[str]]:
    return (values[start : start + size] for start in range(0, len(values), size))


def read_all(conn: sa.Connection, whole: Whole) -> dict[str, list[dict[str, Any]]]:
    """Return every stored row of the contact by kind, without digests of secrets."""
    ids = {
        "contact": (whole.contact_id,),
        "conversation": whole.conversation_ids,
        "ticket": whole.ticket_ids,
    }
    result: dict[str, list[dict[str, Any]]] = {}
    for owned in OWNED:
        table = owned.table.__table__
        rows = conn.execute(
            sa.select(*(c for c in table.c if c.name not in owned.hidden))
            .where(table.c[owned.column].in_(ids[owned.of]))
            .order_by(*table.primary_key.columns)
        )
        result[owned.name] = [dict(row) for row in rows.mappings()]
    result["messages"].sort(key=lambda row: (row["conversation_id"], row["seq"]))
    mails = conn.execute(sa.select(MailRow.__table__).where(MailRow.id.in_(whole.mail_ids)))
    result[MAILS] = [dict(row) for row in mails.mappings()]
    objects = (whole.contact_id, *whole.conversation_ids, *whole.ticket_ids)
    audit = conn.execute(
        sa.select(AuditRow.at, AuditRow.actor, AuditRow.action, AuditRow.object_id, AuditRow.detail)
        .where(AuditRow.object_id.in_(objects))
        .order_by(AuditRow.id)
    )
    result[AUDIT] = [dict(row) for row in audit.mappings()]
    return result


# ------------------------------------------------------------------------------------ erasing


def erase_conversation(tx: Tx, conversation_id: str, *, now: datetime) -> int:
    """Take out what was said and known; return how many messages there were.

    The epoch rises: an answer that is being worked out meanwhile is refused.
    """
    tx.conn.execute(
        sa.update(ConversationRow)
        .where(ConversationRow.id == conversation_id)
        .values(
            address={},
            owner=Owner.BOT.value,
            owner_epoch=ConversationRow.owner_epoch + 1,
            episode=ConversationRow.episode + 1,
            ticket_id=None,
            awaiting_code_until=None,
            unreachable_at=now,
            updated_at=now,
        )
    )
    _erase_decisions(tx, conversation_id)
    count = tx.conn.execute(
        sa.update(MessageRow)
        .where(MessageRow.conversation_id == conversation_id)
        .values(
            text=ERASED,
            author_name=sa.case((MessageRow.author == "agent", MessageRow.author_name)),
            choices=None,
            attachments=None,
            payload=None,
            external_id=None,
            body_hash=None,
            turn_state=sa.case(
                (MessageRow.turn_state == "pending", "done"), else_=MessageRow.turn_state
            ),
        )
    ).rowcount
    tx.conn.execute(
        sa.delete(MessageEditRow).where(MessageEditRow.conversation_id == conversation_id)
    )
    tx.conn.execute(
        sa.delete(OutboxRow).where(
            OutboxRow.conversation_id == conversation_id, OutboxRow.state == "pending"
        )
    )
    tx.conn.execute(
        sa.update(OutboxRow)
        .where(OutboxRow.conversation_id == conversation_id)
        .values(external_id=None, error=None)
    )
    web_sessions.delete_for_conversation(tx, conversation_id)
    verification.erase(tx, conversation_id)
    transcripts.erase(tx, conversation_id)
    desk.erase(tx, conversation_id, replacement=ERASED)
    automation.erase(tx, conversation_id)
    case.erase(tx, conversation_id)
    informing.erase(tx, conversation_id)
    feedback.erase(tx, conversation_id)
    learning.erase(tx, conversation_id)
    asked.erase(tx, conversation_id)
    proposals.erase(tx, conversation_id)
    return int(count)


def _erase_decisions(tx: Tx, conversation_id: str) -> None:
    rows = tx.conn.execute(
        sa.select(MessageRow.id, MessageRow.decision).where(
            MessageRow.conversation_id == conversation_id, MessageRow.decision.is_not(None)
        )
    ).all()
    for row in rows:
        kept = {name: row.decision[name] for name in KEPT_OF_A_DECISION if name in row.decision}
        tx.conn.execute(sa.update(MessageRow).where(MessageRow.id == row.id).values(decision=kept))


def erase_contact(tx: Tx, contact_id: str, *, now: datetime) -> None:
    """Leave a row that names nobody."""
    tx.conn.execute(
        sa.update(ContactRow)
        .where(ContactRow.id == contact_id)
        .values(
            external_id=f"erased:{contact_id}",
            display_name=None,
            email=None,
            verified_as=None,
            verified_how=None,
            erased_at=sa.func.coalesce(ContactRow.erased_at, now),
        )
    )


def erase_mails(tx: Tx, mail_ids: Sequence[str], *, now: datetime) -> None:
    """Take address and text out of mails; what was not sent yet never is."""
    for some in _slices(mail_ids):
        tx.conn.execute(
            sa.update(MailRow)
            .where(MailRow.id.in_(some))
            .values(
                to_address="",
                subject="",
                text="",
                html=None,
                error=None,
                state=sa.case(
                    (MailRow.state == MailState.PENDING.value, MailState.VOID.value),
                    else_=MailRow.state,
                ),
                ended_at=sa.func.coalesce(MailRow.ended_at, now),
            )
        )


# ---------------------------------------------------------- Rasa's trackers in the same database

TRACKER_TABLES = ("events", "snapshots", "turns")


def has_trackers(conn: sa.Connection) -> bool:
    """Tell whether Rasa keeps its trackers in a schema of this database."""
    return conn.dialect.name == "postgresql" and sa.inspect(conn).has_table("events", "rasa")


def read_trackers(conn: sa.Connection, conversation_id: str) -> list[str]:
    """Return the logged events (JSON lists) of all episodes of a conversation."""
    rows = conn.execute(
        sa.text(
            "SELECT body FROM rasa.events WHERE conversation LIKE :name ORDER BY conversation, first"
        ),
        {"name": f"{conversation_id}~%"},
    )
    return list(rows.scalars())


def erase_trackers(tx: Tx, conversation_id: str) -> None:
    """Delete what Rasa knows of all episodes of a conversation."""
    for table in TRACKER_TABLES:
        tx.conn.execute(
            sa.text(f"DELETE FROM rasa.{table} WHERE conversation LIKE :name"),  # noqa: S608
            {"name": f"{conversation_id}~%"},
        )
