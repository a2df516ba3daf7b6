"""Looking for tickets, customers and what was said, within what a person may see."""

import re
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from bot.kit.db import Database
from bot.kit.errors import Invalid
from bot.staff.account import Staff
from handoff.search import repository
from handoff.search.query import read_terms
from handoff.search.repository import Found, Seen
from handoff.ticket import NUMBER_PREFIX, sees_everything, visible_levels

Kind = Literal["tickets", "contacts", "messages"]
PAGE = 20
FARTHEST = 1_000
"""Results that can be paged through; who has not found it by then needs other words."""
_NUMBER = re.compile(rf"(?:{re.escape(NUMBER_PREFIX)})?(\d{{1,9}})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Results:
    """A page of results."""

    items: tuple[Found, ...]
    next_offset: int | None


class Search:
    """One per process; keeps nothing."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def find(self, staff: Staff, text: str, *, kind: Kind, offset: int = 0) -> Results:
        """Return a page of what fits every word of `text`, newest first.

        Raises:
            Invalid: (nothing_to_find) no word of at least two letters. (too_far) behind the last page.
        """
        terms = read_terms(text)
        if not terms:
            raise Invalid("Write a word of at least two letters.", code="nothing_to_find")
        if not 0 <= offset < FARTHEST:
            raise Invalid("Use more words: nobody reads that far.", code="too_far")
        seen = Seen(visible_levels(staff), None if sees_everything(staff) else staff.id)
        number = _NUMBER.fullmatch(text.strip())

        def query(conn: Connection) -> list[Found]:
            repository.bound(conn)
            if kind == "tickets":
                return repository.find_tickets(
                    conn,
                    seen,
                    terms,
                    number=f"{NUMBER_PREFIX}{number[1]}" if number else None,
                    offset=offset,
                    limit=PAGE + 1,
                )
            look = repository.find_contacts if kind == "contacts" else repository.find_messages
            return look(conn, seen, terms, offset=offset, limit=PAGE + 1)

        found = await self._db.read(query)
        more = len(found) > PAGE and offset + PAGE < FARTHEST
        return Results(tuple(found[:PAGE]), offset + PAGE if more else None)
