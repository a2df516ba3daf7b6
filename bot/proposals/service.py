"""Agents propose articles from tickets; editors make articles of them or send them back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import sqlalchemy as sa

from bot.conversations import repository as conversations
from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, Forbidden, Invalid, NotFound
from bot.kit.ids import new_id
from bot.kit.text import clean_text
from bot.proposals import repository
from bot.proposals.proposal import (
    EPISODE,
    MAX_REASON,
    Draft,
    ProposalState,
    best_answer,
    best_question,
    content_of,
    problems_of,
    tickets_avoided,
)
from bot.proposals.repository import Proposal
from bot.staff.account import Staff
from bot.staff.audit import record
from handoff import repository as tickets
from handoff.steps import check_visible
from handoff.ticket import Ticket, supervises
from knowledge_base.article import MAX_PHRASING, locale_problem
from knowledge_base.service import Articles, Details

LOOK_BACK = 60
"""Messages before the ticket that are looked through for the question."""
LISTED = 200
COUNTED_FOR = timedelta(days=365)
"""Tickets avoided are counted over so long."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a proposal from a ticket may begin with, personal data masked."""

    draft: Draft
    proposal: Proposal | None
    """What was proposed from this ticket already."""


@dataclass(frozen=True, slots=True)
class Worth:
    """A proposal with what it was worth."""

    proposal: Proposal
    avoided: int
    """Tickets that its article made unnecessary; see `proposal.tickets_avoided`."""


class Masking(Protocol):
    """Takes personal data out of a text."""

    def __call__(self, text: str, *, names: Sequence[str] = ()) -> str:
        """Return the text with placeholders."""
        ...


class History(Protocol):
    """Writes into a ticket's history (`handoff.steps.DeskSteps`)."""

    def knowledge_step(
        self,
        tx: Tx,
        ticket_id: str,
        *,
        kind: str,
        actor: Staff,
        reason: str | None,
        now: datetime,
    ) -> None:
        """Note what became of a proposal, and announce it."""
        ...


class Proposals:
    """Both sides of proposals: agents' and editors'."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        articles: Articles,
        history: History,
        mask: Masking,
        as_phrasing: Callable[[str], str],
        as_answer: Callable[[str], str],
    ) -> None:
        self._db = db
        self._clock = clock
        self._articles = articles
        self._history = history
        self._mask = mask
        self._as_phrasing = as_phrasing
        self._as_answer = as_answer

    # ------------------------------------------------------------------------------ agents

    async def suggest(self, ticket_id: str, staff: Staff) -> Suggestion:
        """Return the question and the answer of a ticket, and what was proposed from it already.

        Raises:
            NotFound: there is no such ticket, or not for them.
        """

        def query(conn: sa.Connection) -> Suggestion:
            ticket = _visible(conn, ticket_id, staff)
            conversation = conversations.get_conversation(conn, ticket.conversation_id)
            messages = [
                m
                for m in conversations.list_messages(
                    conn, conversation.id, after=max(0, ticket.opened_seq - LOOK_BACK)
                )
                if (m.seq > ticket.opened_seq or ticket.opened_at - m.created_at < EPISODE)
                and (ticket.resolved_at is None or m.created_at <= ticket.resolved_at)
            ]
            names = _names(conn, conversation.contact_id)
            question = self._as_phrasing(
                self._mask(best_question(messages, opened_seq=ticket.opened_seq), names=names)
            )
            answers = [m for m in messages if m.seq > ticket.opened_seq]
            answer = self._as_answer(self._mask(best_answer(answers), names=names))
            return Suggestion(
                Draft(question[:MAX_PHRASING], answer, conversation.locale),
                repository.find_of_ticket(conn, ticket_id),
            )

        return await self._db.read(query)

    async def propose(self, ticket_id: str, staff: Staff, draft: Draft) -> Proposal:
        """Propose an article, or put what was proposed before better; the same again changes nothing.

        Raises:
            NotFound: there is no such ticket, or not for them.
            Forbidden: it is somebody else's ticket.
            Invalid: the text can't be used; `errors` says why and where.
            Conflict: code "proposed": a colleague proposed one from this ticket; "accepted": an editor
                made an article of it.
        """
        draft = Draft(
            " ".join(clean_text(draft.question).split()),
            clean_text(draft.answer).strip(),
            draft.locale,
        )

        def step(tx: Tx) -> Proposal:
            now = self._clock.now()
            ticket = _visible(tx.conn, ticket_id, staff)
            if staff.id not in {ticket.assignee_id, ticket.resolved_by} and not supervises(staff):
                raise Forbidden("Whoever answers a ticket proposes articles from it.")
            conversation = conversations.get_conversation(tx.conn, ticket.conversation_id)
            wanted = self._masked(draft, _names(tx.conn, conversation.contact_id))
            if repository.insert(
                tx, new_id(), wanted, ticket_id=ticket_id, conversation_id=conversation.id,
                author=staff.id, now=now,
            ):  # fmt: skip
                self._history.knowledge_step(
                    tx, ticket_id, kind="article_proposed", actor=staff, reason=None, now=now
                )
                return _of_ticket(tx.conn, ticket_id)
            known = _of_ticket(tx.conn, ticket_id)
            _check_changeable(known, staff)
            if known.state is ProposalState.PROPOSED and known.draft == wanted:
                return known
            if not repository.update(
                tx, known.id, version=known.version, draft=wanted, updated_at=now,
                state=ProposalState.PROPOSED.value, author=staff.id,
            ):  # fmt: skip
                raise _stale()
            self._history.knowledge_step(
                tx, ticket_id, kind="article_proposed", actor=staff, reason=None, now=now
            )
            return _of_ticket(tx.conn, ticket_id)

        return await self._db.write(step)

    async def own(self, staff: Staff) -> list[Worth]:
        """Return what somebody proposed and did not take back, latest change first."""
        states = [state for state in ProposalState if state is not ProposalState.WITHDRAWN]
        return await self._list(states, author=staff.id)

    async def withdraw(self, proposal_id: str, staff: Staff, *, version: int) -> None:
        """Take an own proposal back.

        Raises:
            NotFound: there is no such proposal of theirs.
            Conflict: code "stale", or "accepted": an editor made an article of it.
        """

        def step(tx: Tx) -> None:
            now = self._clock.now()
            known = repository.find(tx.conn, proposal_id)
            if known is None or known.author_id != staff.id:
                raise NotFound("There is no such proposal of yours.")
            _check_changeable(known, staff)
            if not repository.update(
                tx, known.id, version=version, state=ProposalState.WITHDRAWN.value, updated_at=now
            ):
                raise _stale()
            self._history.knowledge_step(
                tx, known.ticket_id, kind="article_withdrawn", actor=staff, reason=None, now=now
            )

        await self._db.write(step)

    # ----------------------------------------------------------------------------- editors

    async def list_all(self, state: ProposalState) -> tuple[list[Worth], dict[ProposalState, int]]:
        """Return the proposals in a state, and how many there are in each."""
        return await self._list([state]), await self._db.read(repository.count)

    async def credits(self, article_key: str) -> list[Worth]:
        """Return the proposals that became an article, in whichever language."""
        return await self._list([ProposalState.ACCEPTED], article_key=article_key)

    async def accept(self, proposal_id: str, staff: Staff, *, version: int) -> Details:
        """Make a draft article of a proposal, its question as title and first phrasing.

        Raises:
            NotFound: there is no such proposal.
            Conflict: code "stale".
            Invalid: the text can't be used (the contact was erased).
        """
        known = await self._open(proposal_id, version)
        if problems := problems_of(known.draft):
            raise _invalid(problems)
        # The article first: should the gateway end here, a draft too many is left, and nothing lost.
        details = await self._articles.create(
            actor=staff.id, locale=known.draft.locale, content=content_of(known.draft)
        )
        try:
            await self._decide(
                known,
                staff,
                kind="article_accepted",
                state=ProposalState.ACCEPTED,
                article_id=details.article.id,
                article_key=details.article.key,
            )
        except Conflict:
            await self._articles.archive(details.article.id, actor=staff.id, confirmed=True)
            raise
        return details

    async def send_back(self, proposal_id: str, staff: Staff, *, version: int, reason: str) -> None:
        """Ask whoever proposed it to put it better; they are told why in the console.

        Raises:
            NotFound: there is no such proposal.
            Conflict: code "stale".
            Invalid: no reason is given.
        """
        reason = clean_text(reason).strip()
        if not reason:
            raise _invalid([("/reason", "Say what is missing: the agent reads it.")])
        if len(reason) > MAX_REASON:
            raise _invalid([("/reason", f"The reason is longer than {MAX_REASON} characters.")])
        known = await self._open(proposal_id, version)
        await self._decide(
            known, staff, kind="article_sent_back", state=ProposalState.SENT_BACK, reason=reason
        )

    # ----------------------------------------------------------------------------- helpers

    async def _open(self, proposal_id: str, version: int) -> Proposal:
        known = await self._db.read(lambda conn: repository.find(conn, proposal_id))
        if known is None:
            raise NotFound("There is no such proposal.")
        if known.version != version or known.state is not ProposalState.PROPOSED:
            raise _stale()
        return known

    async def _decide(
        self,
        known: Proposal,
        staff: Staff,
        *,
        kind: str,
        state: ProposalState,
        reason: str | None = None,
        article_id: str | None = None,
        article_key: str | None = None,
    ) -> None:
        def step(tx: Tx) -> None:
            now = self._clock.now()
            if not repository.update(
                tx, known.id, version=known.version, state=state.value, reason=reason,
                article_id=article_id, article_key=article_key, updated_at=now, decided_at=now,
                decided_by=staff.id,
            ):  # fmt: skip
                raise _stale()
            self._history.knowledge_step(
                tx, known.ticket_id, kind=kind, actor=staff, reason=reason, now=now
            )
            record(
                tx, staff.id, f"proposal.{state.value}", "proposal", known.id,
                {"ticket": known.ticket_number, "key": article_key, "reason": reason}, now,
            )  # fmt: skip

        await self._db.write(step)

    async def _list(
        self,
        states: Sequence[ProposalState],
        *,
        author: str | None = None,
        article_key: str | None = None,
    ) -> list[Worth]:
        since = self._clock.now() - COUNTED_FOR

        def query(conn: sa.Connection) -> list[Worth]:
            found = repository.list_proposals(
                conn, states=states, author=author, article_key=article_key, limit=LISTED
            )
            shown = repository.showings(conn, found, since=since)
            return [
                Worth(one, tickets_avoided(shown.get(one.article_key or "", []))) for one in found
            ]

        return await self._db.read(query)

    def _masked(self, draft: Draft, names: Sequence[str]) -> Draft:
        """Return what may be kept of a draft.

        Raises:
            Invalid: nothing usable is left; `errors` says why and where.
        """
        if (problem := locale_problem(draft.locale)) is not None:
            raise _invalid([("/locale", problem)])
        # Checked as it was written first: masking a huge text takes long.
        if problems := problems_of(draft):
            raise _invalid(problems)
        masked = Draft(
            self._as_phrasing(self._mask(draft.question, names=names)),
            self._as_answer(self._mask(draft.answer, names=names)),
            draft.locale,
        )
        if problems := problems_of(masked):
            raise _invalid(problems)
        return masked


def _visible(conn: sa.Connection, ticket_id: str, staff: Staff) -> Ticket:
    ticket = tickets.find_ticket(conn, ticket_id)
    if ticket is None:
        raise NotFound("There is no such ticket.")
    check_visible(conn, ticket, staff)
    return ticket


def _names(conn: sa.Connection, contact_id: str) -> list[str]:
    contact = conversations.find_contact(conn, contact_id) or {}
    return [name for name in (contact.get("display_name"),) if name]


def _of_ticket(conn: sa.Connection, ticket_id: str) -> Proposal:
    found = repository.find_of_ticket(conn, ticket_id)
    assert found is not None  # noqa: S101 - stored in this very step
    return found


def _check_changeable(known: Proposal, staff: Staff) -> None:
    if known.state is ProposalState.ACCEPTED:
        raise Conflict("An editor has made an article of it already.", code="accepted")
    if known.author_id != staff.id and known.state is not ProposalState.WITHDRAWN:
        raise Conflict(
            f"{known.author_name} has proposed an article from this ticket already.",
            code="proposed",
        )


def _stale() -> Conflict:
    return Conflict("Somebody else has dealt with this proposal.", code="stale")


def _invalid(problems: Sequence[tuple[str, str]]) -> Invalid:
    return Invalid(
        " ".join(message for _, message in problems),
        code="validation",
        errors=[{"pointer": pointer, "message": message} for pointer, message in problems],
    )
