"""Visitors' sessions, sending and reading. A visitor only ever reaches their own conversation."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import Literal

import sqlalchemy as sa

from bot.channels.web import repository as sessions
from bot.channels.web.identity import Identity, IdentityRefused, read_identity
from bot.channels.web.wire import NewMessage
from bot.conversations import repository
from bot.conversations.conversation import Conversation, Message, Owner
from bot.inbox.inbound import InboundMessage
from bot.inbox.intake import Intake, Received
from bot.kit.bus import Bus
from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import BadRequest, Invalid, Unauthenticated
from bot.kit.ids import new_id, new_token, parse_uuid
from bot.kit.locales import match_locale
from bot.kit.text import MAX_CHARACTERS
from bot.metrics import Metrics

SESSION_LIFE = timedelta(days=180)
CACHED_SESSIONS = 20_000


class WebChannel:
    """What the widget's routes and sockets use."""

    name = "web"

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        bus: Bus,
        intake: Intake,
        metrics: Metrics,
        render_links: Callable[[str], str],
        identity: Literal["off", "optional", "required"] = "off",
        identity_keys: tuple[str, ...] = (),
        default_locale: str = "pt-BR",
        agent_of: Callable[[sa.Connection, str], str | None] = lambda conn, conversation_id: None,
    ) -> None:
        self._db = db
        self._agent_of = agent_of
        self._clock = clock
        self.bus = bus
        self._intake = intake
        self._metrics = metrics
        self.render_links = render_links
        self._identity = identity
        self._identity_keys = identity_keys
        self._default_locale = default_locale
        self._known: OrderedDict[str, str] = OrderedDict()

    async def open_session(
        self, *, locale: str | None, identity: str | None, accept_language: str
    ) -> tuple[str, Conversation]:
        """Start or resume a conversation and return (session token, conversation).

        Anonymous visitors get a new conversation; a proven identity resumes its latest one.

        Raises:
            Unauthenticated: an identity is required, or the one given proves nothing.
        """
        proven = self._prove(identity)
        now = self._clock.now()
        token = new_token()
        wanted = match_locale(
            locale or (proven.locale if proven else None) or accept_language or None,
            default=self._default_locale,
        )

        def step(tx: Tx) -> Conversation:
            external_id = f"user:{proven.subject}" if proven else f"visitor:{new_id()}"
            conversation = (
                repository.find_by_contact(tx.conn, self.name, external_id) if proven else None
            )
            if conversation is None:
                contact_id = repository.open_contact(
                    tx,
                    channel=self.name,
                    external_id=external_id,
                    display_name=proven.name if proven else None,
                    now=now,
                )
                conversation = repository.open_conversation(
                    tx,
                    contact_id=contact_id,
                    channel=self.name,
                    locale=wanted,
                    address={},
                    now=now,
                )
            if proven:
                repository.set_contact_verified(
                    tx,
                    conversation.contact_id,
                    account=proven.email or proven.subject,
                    how="signed token",
                )
            sessions.insert_session(
                tx,
                token_hash=_digest(token),
                conversation_id=conversation.id,
                now=now,
                expires_at=now + SESSION_LIFE,
            )
            return conversation

        conversation = await self._db.write(step)
        self._remember(_digest(token), conversation.id)
        return token, conversation

    def _prove(self, token: str | None) -> Identity | None:
        if self._identity == "off":
            return None
        if not token:
            if self._identity == "required":
                raise Unauthenticated(
                    "This site requires a signed identity token.", code="identity_required"
                )
            return None
        try:
            return read_identity(token, self._identity_keys, now=self._clock.now())
        except IdentityRefused as error:
            raise Unauthenticated(
                "The identity token is not valid.", code="identity_refused"
            ) from error

    async def conversation_of(self, token: str) -> str:
        """Return the conversation a session token belongs to.

        Raises:
            Unauthenticated: the token is unknown or has expired.
        """
        digest = _digest(token)
        known = self._known.get(digest)
        if known is not None:
            return known
        now = self._clock.now()
        found = await self._db.read(lambda conn: sessions.find_session(conn, digest, now=now))
        if found is None:
            raise Unauthenticated("The session is unknown or has expired.")
        self._remember(digest, found)
        return found

    def forget(self, conversation_id: str) -> None:
        """No longer know the sessions of an erased conversation."""
        for digest in [d for d, known in self._known.items() if known == conversation_id]:
            del self._known[digest]

    def _remember(self, digest: str, conversation_id: str) -> None:
        self._known[digest] = conversation_id
        if len(self._known) > CACHED_SESSIONS:
            self._known.popitem(last=False)

    async def send(self, conversation_id: str, body: NewMessage) -> Received:
        """Store a customer's message.

        Raises:
            Invalid: no text and no choice, blank, too long, or the id was used for another text.
        """
        client_id = parse_uuid(body.client_id)
        if client_id is None:
            raise Invalid("client_id must be a UUID.", code="invalid_client_id")
        if (body.text is None) == (body.choice is None):
            raise BadRequest("Send either text or choice.", code="text_or_choice")
        if body.text is not None and len(body.text) > MAX_CHARACTERS:
            raise Invalid(
                f"A message has at most {MAX_CHARACTERS} characters; this one has {len(body.text)}.",
                code="too_long",
            )
        received = await self._intake.receive(
            InboundMessage(
                channel=self.name,
                contact_external_id="",
                external_id=f"web:{conversation_id}:{client_id}",
                text=body.text or "",
                choice_id=body.choice,
                conversation_id=conversation_id,
            )
        )
        if not received.duplicate:
            self._metrics.messages.labels(self.name).inc()
        return received

    async def choose_locale(self, conversation_id: str, locale: str) -> None:
        """Answer in the language that the customer picked; an unknown one changes nothing."""
        chosen = match_locale(locale, default="")
        if chosen:
            await self._db.write(
                lambda tx: repository.set_locale(tx, conversation_id, locale=chosen, fixed=True)
            )

    async def seen(self, conversation_id: str, seq: object) -> None:
        """Remember that the visitor has the messages up to `seq` before their eyes; tell agents."""
        if not isinstance(seq, int) or isinstance(seq, bool) or not 0 < seq < 2**31:
            return
        news = await self._db.write(lambda tx: repository.note_seen(tx, conversation_id, seq))
        if news:
            self.bus.publish("desk.typing", {"conversation_id": conversation_id, "seen": seq})

    async def agent_name(self, conversation: Conversation) -> str | None:
        """Return the name of whoever has the conversation; None while the bot or nobody has it."""
        if conversation.owner is not Owner.AGENT:
            return None
        return await self._db.read(lambda conn: self._agent_of(conn, conversation.id))

    async def read(
        self, conversation_id: str, *, after: int, limit: int = 500
    ) -> tuple[Conversation, list[Message]]:
        """Return the conversation and its messages above `after`."""

        def query(conn: sa.Connection) -> tuple[Conversation, list[Message]]:
            conversation = repository.get_conversation(conn, conversation_id)
            if conversation.last_seq <= after:
                return conversation, []
            return conversation, repository.list_messages(
                conn, conversation_id, after=after, limit=limit
            )

        return await self._db.read(query)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
