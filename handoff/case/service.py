"""Categories as admins keep them, cases as agents work on them, and where one was mentioned."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, Invalid, NotFound
from bot.staff.account import Staff
from bot.staff.audit import record
from handoff.case import repository
from handoff.case.assessment import Grade
from handoff.case.category import (
    MAX_CATEGORIES,
    Category,
    clean_names,
    clean_topics,
    key_problem,
)
from handoff.case.link import LinkKind
from handoff.case.repository import Mention
from handoff.service import Desk, Detail
from handoff.ticket import Ticket, visible_levels

MENTIONS_SHOWN = 100


class Cases:
    """What can be done with a case; each act is one transaction."""

    def __init__(self, db: Database, clock: Clock, desk: Desk) -> None:
        self._db = db
        self._clock = clock
        self._desk = desk

    # ---------------------------------------------------------------------- categories

    async def categories(self) -> tuple[list[Category], dict[str, int]]:
        """Return the list in its order, retired ones included, and how many tickets each has."""
        return await self._db.read(
            lambda conn: (repository.list_categories(conn), repository.count_by_category(conn))
        )

    async def add_category(
        self, key: str, *, names: Mapping[str, str], topics: Sequence[str], staff: Staff
    ) -> None:
        """Put a category at the end of the list.

        Raises:
            Invalid: (invalid_category) key, names or topics can't be used.
            Conflict: (key_taken) there is one with this key.
        """
        if (why := key_problem(key)) is not None:
            raise Invalid(why, code="invalid_category")
        clean, clear = _checked(names, topics)

        def step(tx: Tx) -> None:
            known = repository.list_categories(tx.conn)
            if len(known) >= MAX_CATEGORIES:
                raise Invalid(f"There are {MAX_CATEGORIES} categories already.", code="too_many")
            position = 1 + max((one.position for one in known), default=-1)
            if not repository.insert_category(
                tx, key, names=clean, topics=clear, position=position
            ):
                raise Conflict("There is a category with this key already.", code="key_taken")
            detail = {"names": clean, "topics": clear}
            record(
                tx, staff.id, "ticket_category.create", "ticket_category", key, detail, self._now()
            )

        await self._db.write(step)

    async def change_category(
        self,
        key: str,
        *,
        version: int,
        names: Mapping[str, str],
        topics: Sequence[str],
        position: int,
        retired: bool,
        staff: Staff,
    ) -> None:
        """Name, order, retire or take back a category. Tickets in a retired one keep it.

        Raises:
            NotFound: there is no such category.
            Invalid: (invalid_category) names or topics can't be used.
            Conflict: (stale) somebody changed it since `version` was read.
        """
        clean, clear = _checked(names, topics)

        def step(tx: Tx) -> None:
            old = next((one for one in repository.list_categories(tx.conn) if one.key == key), None)
            if old is None:
                raise NotFound("There is no such category.")
            now = self._now()
            if not repository.update_category(
                tx,
                key,
                expect_version=version,
                names=clean,
                topics=clear,
                position=position,
                retired_at=now if retired else None,
            ):
                raise Conflict("The category was changed in the meantime.", code="stale")
            detail = {
                "names": clean,
                "topics": clear,
                "position": position,
                "retired": retired,
                "before": {
                    "names": dict(old.names),
                    "topics": list(old.topics),
                    "position": old.position,
                    "retired": old.retired,
                },
            }
            record(tx, staff.id, "ticket_category.change", "ticket_category", key, detail, now)

        await self._db.write(step)

    # --------------------------------------------------------------------------- cases

    async def set_category(
        self, ticket_id: str, staff: Staff, *, category: str | None, reason: str | None
    ) -> Detail:
        """See `set_category_step`."""
        return await self._act(
            staff,
            lambda tx, now: self._desk.set_category_step(
                tx, ticket_id, staff, category=category, reason=reason, now=now
            ),
        )

    async def set_subject(self, ticket_id: str, staff: Staff, *, subject: str) -> Detail:
        """See `set_subject_step`."""
        return await self._act(
            staff,
            lambda tx, now: self._desk.set_subject_step(
                tx, ticket_id, staff, subject=subject, now=now
            ),
        )

    async def assess(
        self,
        ticket_id: str,
        staff: Staff,
        *,
        impact: Grade,
        urgency: Grade,
        reason: str | None,
    ) -> Detail:
        """See `assess_step`."""
        return await self._act(
            staff,
            lambda tx, now: self._desk.assess_step(
                tx, ticket_id, staff, impact=impact, urgency=urgency, reason=reason, now=now
            ),
        )

    async def set_tags(
        self, ticket_id: str, staff: Staff, *, add: Sequence[str], remove: Sequence[str]
    ) -> Detail:
        """See `add_tags_step` and `remove_tags_step`; both or none."""

        def step(tx: Tx, now: datetime) -> Ticket:
            ticket = self._desk.remove_tags_step(tx, ticket_id, staff, tags=remove, now=now)
            return (
                self._desk.add_tags_step(tx, ticket_id, staff, tags=add, now=now) if add else ticket
            )

        return await self._act(staff, step)

    async def link(self, ticket_id: str, staff: Staff, *, other: str, kind: LinkKind) -> Detail:
        """See `link_step`."""
        return await self._act(
            staff,
            lambda tx, now: self._desk.link_step(
                tx, ticket_id, staff, other=other, kind=kind, now=now
            ),
        )

    async def unlink(self, ticket_id: str, staff: Staff, *, other: str) -> Detail:
        """See `unlink_step`."""
        return await self._act(
            staff,
            lambda tx, now: self._desk.unlink_step(tx, ticket_id, staff, other=other, now=now),
        )

    async def merge(self, ticket_id: str, staff: Staff, *, into: str, reason: str | None) -> Detail:
        """See `merge_step`; what comes back is the ticket that remains."""
        return await self._act(
            staff,
            lambda tx, now: self._desk.merge_step(
                tx, ticket_id, staff, into=into, reason=reason, now=now
            ),
        )

    async def watch(self, ticket_id: str, staff: Staff, *, watching: bool) -> Detail:
        """See `watch_step`."""
        return await self._act(
            staff,
            lambda tx, now: self._desk.watch_step(tx, ticket_id, staff, watching=watching, now=now),
        )

    async def known_tags(self, staff: Staff) -> list[str]:
        """Return the tags that are most used on tickets this person sees, for completion."""
        return await self._db.read(
            lambda conn: repository.known_tags(conn, levels=visible_levels(staff))
        )

    # ------------------------------------------------------------------------ mentions

    async def mentions(self, staff: Staff) -> tuple[list[Mention], int]:
        """Return where this person was named, latest first, and how many are unread."""

        def query(conn: Connection) -> tuple[list[Mention], int]:
            return (
                repository.list_mentions(conn, staff.id, limit=MENTIONS_SHOWN),
                repository.count_unread(conn, staff.id),
            )

        return await self._db.read(query)

    async def read_mentions(self, staff: Staff, *, ticket_id: str | None) -> int:
        """Mark this person's mentions as read, of one ticket or all; returns how many still are not."""

        def step(tx: Tx) -> int:
            repository.read_mentions(tx, staff.id, ticket_id=ticket_id, now=self._now())
            return repository.count_unread(tx.conn, staff.id)

        return await self._db.write(step)

    # ------------------------------------------------------------------------- helpers

    def _now(self) -> datetime:
        return self._clock.now()

    async def _act(self, staff: Staff, step: Callable[[Tx, datetime], Ticket]) -> Detail:
        now = self._now()
        ticket = await self._db.write(lambda tx: step(tx, now))
        return await self._desk.get_ticket(ticket.id, staff)


def _checked(names: Mapping[str, str], topics: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    try:
        return clean_names(names), clean_topics(topics)
    except ValueError as error:
        raise Invalid(str(error), code="invalid_category") from None
