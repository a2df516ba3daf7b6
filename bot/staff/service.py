"""Log in and out, make and close accounts, tokens for programs, the first admin's set-up link."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, Invalid, NotFound, Unauthenticated
from bot.kit.ids import new_id, new_token
from bot.kit.limits import Limiter
from bot.kit.locales import LOCALES
from bot.kit.passwords import Passwords
from bot.staff import repository
from bot.staff.account import LEVELS, Role, Staff, normalise_email, password_problem
from bot.staff.audit import record

IDLE = timedelta(hours=4)
"""A browser that was not seen for so long must log in again (a working half day; ASVS 7.3)."""
ABSOLUTE = timedelta(hours=12)
SETUP_LINK_LIFE = timedelta(hours=24)
LOGIN_TRIES = 8
LOGIN_WINDOW_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Session:
    """A logged-in browser: the cookie's value and the CSRF token that goes with it."""

    staff: Staff
    cookie: str
    csrf_token: str
    expires_at: datetime


def _has_admin(conn: Connection) -> bool:
    return bool(repository.list_active(conn, roles=(Role.ADMIN,)))


def digest(secret: str) -> str:
    """Return the form in which a secret of 256 random bits is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create_staff(
    tx: Tx,
    *,
    email: str,
    name: str,
    role: Role,
    level: str | None,
    password_hash: str,
    locale: str,
    now: datetime,
    actor: str | None = None,
) -> Staff:
    """Add an account within a step.

    Raises:
        Invalid: the e-mail, name, level or language can't be used.
        Conflict: there is an account with this e-mail already.
    """
    address = normalise_email(email)
    if address is None:
        raise Invalid("This is no e-mail address.", code="invalid_email")
    if not name.strip() or len(name) > 120:
        raise Invalid("A name of 1 to 120 characters is needed.", code="invalid_name")
    if level is not None and level not in LEVELS:
        raise Invalid(f"The level must be one of {', '.join(LEVELS)}.", code="invalid_level")
    if role is Role.AGENT and level is None:
        level = "N2"
    if locale not in LOCALES:
        raise Invalid(f"The language must be one of {', '.join(LOCALES)}.", code="invalid_locale")
    if repository.find_by_email(tx.conn, address) is not None:
        raise Conflict("There is an account with this e-mail already.", code="email_taken")
    staff = Staff(
        id=new_id(), email=address, name=name.strip(), role=role, level=level, locale=locale
    )
    repository.insert_staff(tx, staff, password_hash=password_hash, now=now)
    record(tx, actor, "staff.created", "staff", staff.id, {"role": role.value, "level": level}, now)
    return staff


class StaffService:
    """Everything about accounts that needs the store."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        passwords: Passwords,
        limiter: Limiter,
        default_locale: str = "pt-BR",
    ) -> None:
        self._db = db
        self._clock = clock
        self._passwords = passwords
        self._limiter = limiter
        self._default_locale = default_locale

    async def add(
        self,
        *,
        email: str,
        name: str,
        role: Role,
        level: str | None,
        password: str,
        locale: str | None = None,
        actor: str | None = None,
    ) -> Staff:
        """Make an account; see `create_staff` for what is refused.

        Raises:
            Invalid: the password is too weak.
        """
        problem = password_problem(password, email=email)
        if problem:
            raise Invalid(problem, code="weak_password")
        password_hash = await self._passwords.hash(password)
        try:
            return await self._db.write(
                lambda tx: create_staff(
                    tx,
                    email=email,
                    name=name,
                    role=role,
                    level=level,
                    password_hash=password_hash,
                    locale=locale or self._default_locale,
                    now=self._clock.now(),
                    actor=actor,
                )
            )
        except IntegrityError as error:
            raise Conflict(
                "There is an account with this e-mail already.", code="email_taken"
            ) from error

    async def log_in(self, *, email: str, password: str, address: str) -> Session:
        """Check a password and open a session.

        Raises:
            Unauthenticated: wrong; the same words whether or not the account exists.
            RateLimited: too many tries for this account or from this address.
        """
        normalised = normalise_email(email) or ""
        for key in (f"login:account:{digest(normalised)[:16]}", f"login:address:{address}"):
            limit = LOGIN_TRIES if "account" in key else LOGIN_TRIES * 5
            await self._limiter.hit(key, limit=limit, window_seconds=LOGIN_WINDOW_SECONDS)
        found = await self._db.read(lambda conn: repository.find_by_email(conn, normalised))
        stored = found[1] if found and not found[2] else None
        if not await self._passwords.verify(stored, password) or found is None:
            raise Unauthenticated("E-mail or password is wrong.", code="wrong_credentials")
        return await self.open_session(found[0])

    async def open_session(self, staff: Staff) -> Session:
        """Open a session for somebody who proved who they are."""
        now = self._clock.now()
        session = Session(
            staff=staff, cookie=new_token(), csrf_token=new_token(), expires_at=now + ABSOLUTE
        )

        def step(tx: Tx) -> None:
            repository.insert_session(
                tx,
                id_hash=digest(session.cookie),
                staff_id=staff.id,
                csrf_token=session.csrf_token,
                now=now,
                expires_at=session.expires_at,
            )
            record(tx, staff.id, "staff.logged_in", "staff", staff.id, None, now)

        await self._db.write(step)
        return session

    async def find_session(self, cookie: str) -> tuple[Staff, str] | None:
        """Return (staff, CSRF token) of a live session cookie, or None."""
        now = self._clock.now()
        id_hash = digest(cookie)
        found = await self._db.read(
            lambda conn: repository.find_session(conn, id_hash, now=now, idle_after=now - IDLE)
        )
        if found is None:
            return None
        staff, csrf_token, seen_at = found
        if now - seen_at > timedelta(minutes=5):
            await self._db.write(lambda tx: repository.touch_session(tx, id_hash, now=now))
        return staff, csrf_token

    async def log_out(self, cookie: str) -> None:
        """End a session."""
        await self._db.write(lambda tx: repository.delete_session(tx, digest(cookie)))

    async def find_token(self, token: str) -> Staff | None:
        """Return whose API token this is, or None."""
        return await self._db.read(lambda conn: repository.find_token(conn, digest(token)))

    async def create_token(self, *, email: str, name: str, actor: str | None = None) -> str:
        """Make an API token for an account; it is shown this once.

        Raises:
            NotFound: there is no such account, or it is disabled.
        """
        token = "flt_" + new_token()
        now = self._clock.now()

        def step(tx: Tx) -> None:
            found = repository.find_by_email(tx.conn, normalise_email(email) or "")
            if found is None or found[2]:
                raise NotFound(f"There is no active account {email}.")
            token_id = new_id()
            repository.insert_token(
                tx,
                token_id=token_id,
                token_hash=digest(token),
                staff_id=found[0].id,
                name=name,
                now=now,
            )
            record(tx, actor, "token.created", "token", token_id, {"staff": found[0].id}, now)

        await self._db.write(step)
        return token

    async def list_all(self) -> list[tuple[Staff, datetime, datetime | None]]:
        """Return everybody: (staff, created, disabled)."""
        return await self._db.read(repository.list_staff)

    async def disable(self, staff_id: str, *, actor: str | None = None) -> None:
        """Close an account; its sessions and tokens end at once.

        Raises:
            NotFound: there is no such active account.
            Conflict: it is the last admin's; nobody could make accounts any more.
        """
        now = self._clock.now()

        def step(tx: Tx) -> None:
            admins = [admin.id for admin in repository.list_active(tx.conn, roles=(Role.ADMIN,))]
            if admins == [staff_id]:
                raise Conflict("This is the last admin. Add another one first.", code="last_admin")
            if not repository.disable(tx, staff_id, now=now):
                raise NotFound("There is no such active account.")
            record(tx, actor, "staff.disabled", "staff", staff_id, None, now)

        await self._db.write(step)

    async def find_by_email(self, email: str) -> Staff | None:
        """Return the account with this e-mail, disabled or not, or None."""
        found = await self._db.read(
            lambda conn: repository.find_by_email(conn, normalise_email(email) or "")
        )
        return found[0] if found else None

    async def update_profile(self, staff: Staff, *, name: str | None, locale: str | None) -> Staff:
        """Change one's own name or language."""
        values: dict[str, str] = {}
        if name is not None:
            if not name.strip() or len(name) > 120:
                raise Invalid("A name of 1 to 120 characters is needed.", code="invalid_name")
            values["name"] = name.strip()
        if locale is not None:
            if locale not in LOCALES:
                raise Invalid(
                    f"The language must be one of {', '.join(LOCALES)}.", code="invalid_locale"
                )
            values["locale"] = locale
        if values:
            await self._db.write(lambda tx: repository.update_profile(tx, staff.id, dict(values)))
        return await self._db.read(lambda conn: repository.find_staff(conn, staff.id)) or staff

    async def make_setup_link(self) -> str | None:
        """Return a fresh one-time token for the first admin, or None when there is an admin."""
        if await self._db.read(_has_admin):
            return None
        token = new_token()
        expires_at = self._clock.now() + SETUP_LINK_LIFE
        await self._db.write(
            lambda tx: repository.insert_setup_link(
                tx, token_hash=digest(token), expires_at=expires_at
            )
        )
        return token

    async def setup_link_works(self, token: str) -> bool:
        """Tell whether the first admin can still be made with this link."""
        now = self._clock.now()
        return await self._db.read(
            lambda conn: (
                not _has_admin(conn) and repository.setup_link_works(conn, digest(token), now=now)
            )
        )

    async def set_up(self, token: str, *, email: str, name: str, password: str) -> Staff:
        """Make the first admin and use the link up.

        Raises:
            NotFound: the link was used already or has expired, or there is an admin meanwhile.
            Invalid: the e-mail, name or password can't be used; the link stays good.
        """
        problem = password_problem(password, email=email)
        if problem:
            raise Invalid(problem, code="weak_password")
        password_hash = await self._passwords.hash(password)
        now = self._clock.now()

        def step(tx: Tx) -> Staff:
            used = repository.use_setup_link(tx, digest(token), now=now)
            if not used or _has_admin(tx.conn):
                raise NotFound("This link was used already or has expired.")
            return create_staff(
                tx,
                email=email,
                name=name,
                role=Role.ADMIN,
                level=None,
                password_hash=password_hash,
                locale=self._default_locale,
                now=now,
            )

        return await self._db.write(step)
