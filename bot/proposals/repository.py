"""The only SQL on proposals, and on the showings that are credited to them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.kit.db import Tx, insert_ignore
from bot.proposals.proposal import Draft, ProposalState, Showing
from bot.proposals.tables import ProposalRow
from bot.staff.tables import StaffRow
from handoff.tables import TicketRow
from knowledge_base.asked.question import SHOWN, Verdict
from knowledge_base.asked.tables import AskedRow
from knowledge_base.tables import ArticleRow

IN_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Proposal:
    """A stored proposal."""

    id: str
    ticket_id: str
    ticket_number: str
    conversation_id: str
    author_id: str
    author_name: str
    draft: Draft
    state: ProposalState
    reason: str | None
    article_id: str | None
    article_key: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    """Name of who decided."""
    live: bool
    """Customers see the article that was made of it."""


_decider = sa.orm.aliased(StaffRow)


def _query() -> Any:
    return (
        sa.select(
            *ProposalRow.__table__.columns,
            TicketRow.number.label("ticket_number"),
            StaffRow.name.label("author_name"),
            _decider.name.label("decider_name"),
            ArticleRow.state.label("article_state"),
        )
        .join(TicketRow, TicketRow.id == ProposalRow.ticket_id)
        .outerjoin(StaffRow, StaffRow.id == ProposalRow.author)
        .outerjoin(_decider, _decider.id == ProposalRow.decided_by)
        .outerjoin(ArticleRow, ArticleRow.id == ProposalRow.article_id)
    )


def find(conn: sa.Connection, proposal_id: str) -> Proposal | None:
    """Return the proposal, or None."""
    row = conn.execute(_query().where(ProposalRow.id == proposal_id)).one_or_none()
    return _to_proposal(row) if row else None


def find_of_ticket(conn: sa.Connection, ticket_id: str) -> Proposal | None:
    """Return what was proposed from a ticket, or None."""
    row = conn.execute(_query().where(ProposalRow.ticket_id == ticket_id)).one_or_none()
    return _to_proposal(row) if row else None


def list_proposals(
    conn: sa.Connection,
    *,
    states: Sequence[ProposalState],
    author: str | None = None,
    article_key: str | None = None,
    limit: int,
) -> list[Proposal]:
    """Return proposals in these states, latest change first."""
    query = _query().where(ProposalRow.state.in_([state.value for state in states]))
    if author is not None:
        query = query.where(ProposalRow.author == author)
    if article_key is not None:
        query = query.where(ProposalRow.article_key == article_key)
    rows = conn.execute(query.order_by(ProposalRow.updated_at.desc(), ProposalRow.id).limit(limit))
    return [_to_proposal(row) for row in rows]


def count(conn: sa.Connection) -> dict[ProposalState, int]:
    """Return how many proposals there are in each state."""
    rows = conn.execute(sa.select(ProposalRow.state, sa.func.count()).group_by(ProposalRow.state))
    found = {ProposalState(state): int(number) for state, number in rows}
    return {state: found.get(state, 0) for state in ProposalState}


def insert(
    tx: Tx,
    proposal_id: str,
    draft: Draft,
    *,
    ticket_id: str,
    conversation_id: str,
    author: str,
    now: datetime,
) -> bool:
    """Store a new proposal; False when the ticket has one already."""
    done = tx.conn.execute(
        insert_ignore(ProposalRow, tx.conn.dialect.name)
        .values(
            id=proposal_id,
            ticket_id=ticket_id,
            conversation_id=conversation_id,
            author=author,
            question=draft.question,
            answer=draft.answer,
            locale=draft.locale,
            state=ProposalState.PROPOSED.value,
            version=1,
            created_at=now,
            updated_at=now,
        )
        .returning(ProposalRow.id)
    ).one_or_none()
    return done is not None


def update(
    tx: Tx, proposal_id: str, *, version: int, draft: Draft | None = None, **values: Any
) -> bool:
    """Change a proposal; False when somebody else did since `version`."""
    if draft is not None:
        values |= {"question": draft.question, "answer": draft.answer, "locale": draft.locale}
    done = tx.conn.execute(
        sa.update(ProposalRow)
        .where(ProposalRow.id == proposal_id, ProposalRow.version == version)
        .values(version=version + 1, **values)
        .returning(ProposalRow.id)
    ).one_or_none()
    return done is not None


def showings(
    conn: sa.Connection, proposals: Iterable[Proposal], *, since: datetime
) -> dict[str, list[Showing]]:
    """Return by article key the showings that may have spared a ticket.

    Those of the article in any language since it was accepted, after which nobody said that it did not
    help and no person was called because of it.
    """
    accepted = {
        one.article_key: one.decided_at for one in proposals if one.article_key and one.decided_at
    }
    keys = sorted(accepted)
    ticket_at = (
        sa.select(sa.func.min(TicketRow.opened_at))
        .where(
            TicketRow.conversation_id == AskedRow.conversation_id,
            TicketRow.opened_at >= AskedRow.at,
        )
        .scalar_subquery()
    )
    found: dict[str, list[Showing]] = {}
    for start in range(0, len(keys), IN_LIMIT):
        rows = conn.execute(
            sa.select(
                AskedRow.article_key,
                AskedRow.conversation_id,
                AskedRow.at,
                ticket_at.label("ticket_at"),
            ).where(
                AskedRow.article_key.in_(keys[start : start + IN_LIMIT]),
                AskedRow.at >= since,
                AskedRow.outcome.in_([one.value for one in SHOWN]),
                AskedRow.led_to_person.is_(False),
                sa.or_(AskedRow.verdict.is_(None), AskedRow.verdict != Verdict.NOT_HELPED.value),
            )
        )
        for row in rows:
            if row.at >= accepted[row.article_key]:
                found.setdefault(row.article_key, []).append(
                    Showing(row.conversation_id, row.at, row.ticket_at)
                )
    return found


def erase(tx: Tx, conversation_id: str) -> None:
    """Forget what was proposed from a conversation; what nobody has accepted yet never will be."""
    tx.conn.execute(
        sa.update(ProposalRow)
        .where(
            ProposalRow.conversation_id == conversation_id,
            ProposalRow.state != ProposalState.ACCEPTED.value,
        )
        .values(state=ProposalState.WITHDRAWN.value)
    )
    tx.conn.execute(
        sa.update(ProposalRow)
        .where(ProposalRow.conversation_id == conversation_id)
        .values(question="", answer="", reason=None, version=ProposalRow.version + 1)
    )


def _to_proposal(row: Any) -> Proposal:
    return Proposal(
        id=row.id,
        ticket_id=row.ticket_id,
        ticket_number=row.ticket_number,
        conversation_id=row.conversation_id,
        author_id=row.author,
        author_name=row.author_name or "",
        draft=Draft(row.question, row.answer, row.locale),
        state=ProposalState(row.state),
        reason=row.reason,
        article_id=row.article_id,
        article_key=row.article_key,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        decided_at=row.decided_at,
        decided_by=row.decider_name,
        live=row.article_state == "published",
    )
