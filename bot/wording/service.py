"""What admins do with the bot's texts: find, try, change, restore. A change is said at once, everywhere.

Texts are spoken from memory (`bot.kit.locales.Texts`): what differs from the shipped catalogue is laid
over it in one step, here when something was saved and in every other gateway as soon as it hears of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, Invalid, NotFound
from bot.kit.locales import ANY_CHANNEL, LOCALES, TextPlace, Texts
from bot.kit.text import clean_text
from bot.staff.audit import record
from bot.wording import repository
from bot.wording.repository import Person, Stored, TextRevision
from bot.wording.text import Area, Problem, TextSpec, check, fill, make_spec


@dataclass(frozen=True, slots=True)
class TelegramView:
    """A text as Telegram shows it."""

    parts: tuple[str, ...]
    """One message each, in Telegram's HTML."""
    units: int
    """UTF-16 units of what is shown."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One text in one language on one channel."""

    locale: str
    channel: str
    shipped: str
    text: str | None
    """None: nothing of its own is said here."""
    version: int
    updated_at: datetime | None = None
    updated_by: Person | None = None


@dataclass(frozen=True, slots=True)
class BotText:
    """One text of the bot with all its wordings: for every language `any`, and what channels have."""

    spec: TextSpec
    wordings: tuple[Wording, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """A wording with sample values in it, and what speaks against it."""

    text: str
    telegram: TelegramView
    problems: tuple[Problem, ...]


class BotTexts:
    """The editors' side of what the bot says. `actor` is a staff id."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        texts: Texts,
        *,
        to_telegram: Callable[[str], TelegramView],
        listeners: Sequence[Callable[[], None]] = (),
    ) -> None:
        """Prepare; `refresh` reads what was changed.

        Args:
            db: where changes are kept.
            clock: the present.
            texts: what is spoken from.
            to_telegram: shows Markdown as Telegram does.
            listeners: called after texts changed, for what was told to others beforehand.
        """
        self._db = db
        self._clock = clock
        self._texts = texts
        self._to_telegram = to_telegram
        self._listeners = listeners
        self._version = -1
        shipped = {locale: texts.shipped(locale) for locale in LOCALES}
        self._shipped: Mapping[str, Mapping[str, str]] = shipped
        self._specs = {
            key: make_spec(key, [shipped[locale][key] for locale in LOCALES])
            for key in shipped[LOCALES[0]]
        }

    async def refresh(self) -> bool:
        """Say from now on what the database holds; True when that was something new."""
        version = await self._db.read(repository.texts_version)
        if version == self._version:
            return False
        changed = await self._db.read(repository.said_instead)
        first = self._version < 0
        self._texts.lay_over(changed)
        self._version = version
        if not first:
            for listener in self._listeners:
                listener()
        return True

    # ------------------------------------------------------------------------------- reading

    async def list_texts(self) -> list[BotText]:
        """Return every text, by area and key."""
        stored = await self._db.read(repository.list_stored)
        by_key: dict[str, list[Stored]] = {}
        for one in stored:
            by_key.setdefault(one.key, []).append(one)
        areas = list(Area)
        specs = sorted(self._specs.values(), key=lambda spec: (areas.index(spec.area), spec.key))
        return [self._with_wordings(spec, by_key.get(spec.key, ())) for spec in specs]

    async def get(self, key: str) -> BotText:
        """Return one text.

        Raises:
            NotFound: the bot has no such text.
        """
        spec = self._spec(key)
        stored = await self._db.read(lambda conn: repository.list_stored(conn, key=key))
        return self._with_wordings(spec, stored)

    async def revisions(self, place: TextPlace) -> list[TextRevision]:
        """Return every version of a text, newest first.

        Raises:
            NotFound: the bot has no such text.
            Invalid: the text has no such language or channel.
        """
        self._checked_place(place)
        return await self._db.read(lambda conn: repository.list_revisions(conn, place))

    def try_out(self, place: TextPlace, text: str) -> Tried:
        """Show a wording with sample values, and say what speaks against it.

        Raises:
            NotFound: the bot has no such text.
            Invalid: the text has no such language or channel.
        """
        spec, text = self._checked_place(place), clean_text(text)
        problems = self._problems(spec, place, text)
        try:
            filled = fill(text, spec, place[1])
        except ValueError:
            filled = text
        return Tried(filled, self._to_telegram(filled), tuple(problems))

    # ------------------------------------------------------------------------------- writing

    async def change(
        self, place: TextPlace, text: str, *, version: int, actor: str, reason: str | None = None
    ) -> BotText:
        """Say `text` from now on.

        Args:
            place: which text, in which language, on which channel (`any`: wherever none has its own).
            text: Markdown with `{variables}`.
            version: of the wording that was read (0: never changed).
            actor: who changes it.
            reason: why, for the history.

        Raises:
            NotFound: the bot has no such text.
            Invalid: the text can't be used; `errors` says why.
            Conflict: code "stale": somebody changed it meanwhile.
        """
        spec, text = self._checked_place(place), clean_text(text)
        if problems := self._problems(spec, place, text):
            raise Invalid(
                " ".join(problem.message for problem in problems),
                code=problems[0].code,
                errors=[
                    {"pointer": "/text", "code": problem.code, "message": problem.message}
                    for problem in problems
                ],
            )
        return await self._store(
            place, text, version=version, actor=actor, reason=reason, action="text.change"
        )

    async def restore(
        self, place: TextPlace, *, version: int, actor: str, revision: int | None = None
    ) -> BotText:
        """Say again what was shipped, or what an older revision said.

        Raises:
            NotFound: the bot has no such text, or the text no such revision.
            Invalid: what the revision said can't be used any more.
            Conflict: code "stale": somebody changed it meanwhile.
        """
        spec = self._checked_place(place)
        text: str | None = None
        if revision is not None:
            found = await self._db.read(
                lambda conn: repository.find_revision(conn, place, revision)
            )
            if found is None:
                raise NotFound("There is no such revision.")
            text = found.text
            if text is not None and (problems := self._problems(spec, place, text)):
                raise Invalid(" ".join(p.message for p in problems), code=problems[0].code)
        return await self._store(
            place, text, version=version, actor=actor, reason=None, action="text.restore"
        )

    async def _store(
        self,
        place: TextPlace,
        text: str | None,
        *,
        version: int,
        actor: str,
        reason: str | None,
        action: str,
    ) -> BotText:
        key, locale, channel = place
        shipped = self._shipped[locale][key]

        def step(tx: Tx) -> None:
            now = self._clock.now()
            repository.raise_version(tx)
            if (current := repository.current_version(tx.conn, place)) != version:
                raise Conflict(
                    "Somebody changed this text in the meantime. Read it again.",
                    code="stale",
                    version=current,
                )
            # What was shipped, written once more, is not a change.
            kept = None if channel == ANY_CHANNEL and text == shipped else text
            repository.store(
                tx, place, kept, version=version + 1, author=actor, reason=reason, now=now
            )
            detail = {"locale": locale, "channel": channel, "revision": version + 1}
            record(tx, actor, action, "text", key, detail, now)

        await self._db.write(step)
        await self.refresh()
        return await self.get(key)

    # --------------------------------------------------------------------------------- parts

    def _spec(self, key: str) -> TextSpec:
        spec = self._specs.get(key)
        if spec is None:
            raise NotFound("The bot has no such text.")
        return spec

    def _checked_place(self, place: TextPlace) -> TextSpec:
        key, locale, channel = place
        spec = self._spec(key)
        if locale not in LOCALES:
            raise Invalid(f"Choose one of these languages: {', '.join(LOCALES)}.", code="locale")
        if channel not in spec.channels:
            raise Invalid(
                f"This text is the same on every channel; choose: {', '.join(spec.channels)}.",
                code="channel",
            )
        return spec

    def _problems(self, spec: TextSpec, place: TextPlace, text: str) -> list[Problem]:
        return check(
            text,
            spec,
            locale=place[1],
            channel=place[2],
            telegram_units=lambda shown: self._to_telegram(shown).units,
        )

    def _with_wordings(self, spec: TextSpec, stored: Sequence[Stored]) -> BotText:
        found = {(one.locale, one.channel): one for one in stored}
        wordings = []
        for locale in LOCALES:
            shipped = self._shipped[locale][spec.key]
            for channel in spec.channels:
                one = found.get((locale, channel))
                wordings.append(
                    Wording(
                        locale=locale,
                        channel=channel,
                        shipped=shipped,
                        text=one.text if one else None,
                        version=one.version if one else 0,
                        updated_at=one.updated_at if one else None,
                        updated_by=one.updated_by if one else None,
                    )
                )
        return BotText(spec, tuple(wordings))
