"""What editors do to the tree of categories. Each act is one transaction with its audit record."""

from collections.abc import Mapping

from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, Invalid, NotFound
from bot.staff.audit import record
from knowledge_base import repository
from knowledge_base.article import Problem
from knowledge_base.category import Category, category_key_problem, check_category
from knowledge_base.repository import StoredCategory


def as_tree(stored: list[StoredCategory]) -> list[Category]:
    """Return the stored categories as the rules take them."""
    return [Category(one.key, one.parent, one.position, one.names) for one in stored]


class Categories:
    """The editors' side of the tree. `actor` is a staff id, None for the command line."""

    def __init__(self, db: Database, *, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def tree(self) -> list[StoredCategory]:
        """Return every category, siblings in their order."""
        return await self._db.read(repository.list_categories)

    async def add(
        self,
        key: str,
        *,
        actor: str | None,
        parent: str | None = None,
        names: Mapping[str, str] | None = None,
    ) -> list[StoredCategory]:
        """Make a category behind its siblings and return the tree.

        Raises:
            Invalid: the key, the names or the place can't be used.
            Conflict: code "duplicate": there is one with this key.
        """
        if (why := category_key_problem(key)) is not None:
            raise _invalid([Problem("/key", why)])

        def step(tx: Tx) -> list[StoredCategory]:
            repository.lock_categories(tx)
            tree = as_tree(repository.list_categories(tx.conn))
            if any(one.key == key for one in tree):
                raise Conflict(f"There is a category {key!r} already.", code="duplicate")
            position = 1 + max((one.position for one in tree if one.parent == parent), default=-1)
            changed = Category(key, parent, position, names or {})
            if problems := check_category(tree, changed):
                raise _invalid(problems)
            repository.insert_category(
                tx, key, parent=parent, position=position, names=_trimmed(names or {})
            )
            now = self._clock.now()
            record(tx, actor, "category.create", "category", key, {"parent": parent}, now)
            return repository.list_categories(tx.conn)

        return await self._db.write(step)

    async def change(
        self,
        key: str,
        *,
        actor: str | None,
        version: int,
        parent: str | None,
        position: int | None = None,
        names: Mapping[str, str] | None = None,
    ) -> list[StoredCategory]:
        """Name, move or order a category and return the tree. Names that are None stay.

        Raises:
            NotFound: there is no such category.
            Invalid: the place would make a circle, lies too deep, or does not exist.
            Conflict: code "stale": somebody changed it since `version` was read.
        """

        def step(tx: Tx) -> list[StoredCategory]:
            repository.lock_categories(tx)
            stored = repository.list_categories(tx.conn)
            old = next((one for one in stored if one.key == key), None)
            if old is None:
                raise NotFound("There is no such category.")
            changed = Category(
                key,
                parent,
                old.position if position is None else position,
                old.names if names is None else names,
            )
            if problems := check_category(as_tree(stored), changed):
                raise _invalid(problems)
            if not repository.update_category(
                tx,
                key,
                expect_version=version,
                parent=parent,
                position=changed.position,
                names=_trimmed(changed.names or {}),
            ):
                raise Conflict("The category was changed in the meantime.", code="stale")
            now = self._clock.now()
            record(
                tx, actor, "category.change", "category", key,
                {"parent": parent, "position": changed.position}, now,
            )  # fmt: skip
            return repository.list_categories(tx.conn)

        return await self._db.write(step)

    async def remove(self, key: str, *, actor: str | None) -> list[StoredCategory]:
        """Take an empty category away and return the tree.

        Raises:
            NotFound: there is no such category.
            Conflict: code "in_use": articles or other categories are in it.
        """

        def step(tx: Tx) -> list[StoredCategory]:
            repository.lock_categories(tx)
            stored = repository.list_categories(tx.conn)
            old = next((one for one in stored if one.key == key), None)
            if old is None:
                raise NotFound("There is no such category.")
            if old.articles or any(one.parent == key for one in stored):
                raise Conflict(
                    "Articles or categories are in it: move them elsewhere first.", code="in_use"
                )
            repository.delete_category(tx, key)
            record(tx, actor, "category.delete", "category", key, None, self._clock.now())
            return repository.list_categories(tx.conn)

        return await self._db.write(step)


def _trimmed(names: Mapping[str, str]) -> dict[str, str]:
    return {locale: " ".join(name.split()) for locale, name in names.items()}


def _invalid(problems: list[Problem]) -> Invalid:
    errors = [{"pointer": p.pointer, "message": p.message} for p in problems]
    return Invalid(" ".join(p.message for p in problems), code="validation", errors=errors)
