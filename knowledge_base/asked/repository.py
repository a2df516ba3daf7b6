"""The only SQL on asked questions and their groups."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import aliased

from bot.conversations.tables import ConversationRow, MessageRow
from bot.kit.db import Tx, insert_ignore
from knowledge_base.asked.question import (
    SHOWN,
    Figures,
    FloatArray,
    GroupState,
    Outcome,
    Shown,
    Verdict,
)
from knowledge_base.asked.tables import AskedGroupRow, AskedProgressRow, AskedRow
from knowledge_base.tables import ArticleRow

IN_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Decided:
    """A customer's message with the decision that was made about it."""

    id: str
    conversation_id: str
    at: datetime
    text: str
    locale: str
    decision: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A stored question."""

    message_id: str
    conversation_id: str
    at: datetime
    locale: str
    text: str
    vector: FloatArray | None
    outcome: Outcome
    shown: Shown | None
    verdict: Verdict | None
    led_to_person: bool
    group_id: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """A stored group."""

    id: str
    state: GroupState
    sum: FloatArray
    article_key: str | None
    version: int
    decided_at: datetime | None


# -------------------------------------------------------------------------------- reading on


def lock_progress(tx: Tx, *, start: datetime) -> datetime:
    """Return how far messages have been read; one reader at a time until the step ends."""
    tx.conn.execute(insert_ignore(AskedProgressRow, tx.conn.dialect.name).values(id=1, until=start))
    query = sa.select(AskedProgressRow.until).where(AskedProgressRow.id == 1).with_for_update()
    return tx.conn.execute(query).scalar_one()


def progress(conn: sa.Connection) -> datetime | None:
    """Return how far messages have been read; None: nothing yet."""
    return conn.execute(
        sa.select(AskedProgressRow.until).where(AskedProgressRow.id == 1)
    ).scalar_one_or_none()


def set_progress(tx: Tx, until: datetime) -> None:
    """Remember how far messages have been read."""
    tx.conn.execute(sa.update(AskedProgressRow).where(AskedProgressRow.id == 1).values(until=until))


def decided_since(
    conn: sa.Connection, since: datetime, *, limit: int
) -> list[tuple[str, datetime]]:
    """Return ids and instants of decided customer messages from an instant on, in order."""
    rows = conn.execute(
        sa.select(MessageRow.id, MessageRow.created_at)
        .where(
            MessageRow.created_at >= since,
            MessageRow.decision.is_not(None),
            MessageRow.author == "customer",
        )
        .order_by(MessageRow.created_at, MessageRow.id)
        .limit(limit)
    )
    return [(row.id, row.created_at) for row in rows]


def load_decided(conn: sa.Connection, ids: Sequence[str]) -> list[Decided]:
    """Return messages with their decisions, in order."""
    rows = conn.execute(
        sa.select(
            MessageRow.id,
            MessageRow.conversation_id,
            MessageRow.created_at,
            MessageRow.text,
            MessageRow.decision,
            ConversationRow.locale,
        )
        .join(ConversationRow, ConversationRow.id == MessageRow.conversation_id)
        .where(MessageRow.id.in_(ids))
        .order_by(MessageRow.created_at, MessageRow.seq)
    )
    return [
        Decided(
            row.id,
            row.conversation_id,
            row.created_at,
            row.text,
            str(row.decision.get("locale") or row.locale),
            row.decision,
        )
        for row in rows
    ]


def insert_asked(tx: Tx, asked: Asked) -> bool:
    """Store a question; False when it is there already."""
    done = tx.conn.execute(
        insert_ignore(AskedRow, tx.conn.dialect.name)
        .values(
            message_id=asked.message_id,
            conversation_id=asked.conversation_id,
            at=asked.at,
            locale=asked.locale,
            text=asked.text,
            vector=_pack(asked.vector),
            outcome=asked.outcome.value,
            article_id=asked.shown.article_id if asked.shown else None,
            article_key=asked.shown.key if asked.shown else None,
            revision=asked.shown.revision if asked.shown else None,
            verdict=asked.verdict.value if asked.verdict else None,
            led_to_person=asked.led_to_person,
            group_id=asked.group_id,
        )
        .returning(AskedRow.message_id)
    ).one_or_none()
    return done is not None


_ASKED = (
    AskedRow.message_id,
    AskedRow.conversation_id,
    AskedRow.at,
    AskedRow.locale,
    AskedRow.text,
    AskedRow.vector,
    AskedRow.outcome,
    AskedRow.article_id,
    AskedRow.article_key,
    AskedRow.revision,
    AskedRow.verdict,
    AskedRow.led_to_person,
    AskedRow.group_id,
)


def asked_before(
    conn: sa.Connection, conversation_id: str, *, before: datetime, after: datetime
) -> list[Asked]:
    """Return a conversation's questions between two instants, latest first."""
    columns: list[Any] = list(_ASKED)
    rows = conn.execute(
        sa.select(*columns)
        .where(
            AskedRow.conversation_id == conversation_id,
            AskedRow.at < before,
            AskedRow.at >= after,
        )
        .order_by(AskedRow.at.desc())
        .limit(50)
    )
    return [_to_asked(row) for row in rows]


def update_asked(tx: Tx, message_id: str, **values: Any) -> None:
    """Change what is known of a question."""
    tx.conn.execute(sa.update(AskedRow).where(AskedRow.message_id == message_id).values(**values))


def mark_asked_again(tx: Tx, message_id: str, at: datetime) -> None:
    """Remember when the same was first asked again."""
    tx.conn.execute(
        sa.update(AskedRow)
        .where(AskedRow.message_id == message_id, AskedRow.asked_again_at.is_(None))
        .values(asked_again_at=at)
    )


# ------------------------------------------------------------------------------------ groups


def list_groups(conn: sa.Connection, *, states: Sequence[GroupState]) -> list[Group]:
    """Return the groups in these states."""
    rows = conn.execute(
        sa.select(
            AskedGroupRow.id,
            AskedGroupRow.state,
            AskedGroupRow.sum,
            AskedGroupRow.article_key,
            AskedGroupRow.version,
            AskedGroupRow.decided_at,
        ).where(AskedGroupRow.state.in_([state.value for state in states]))
    )
    return [_to_group(row) for row in rows]


def find_group(conn: sa.Connection, group_id: str, *, lock: bool = False) -> Group | None:
    """Return one group, or None."""
    query = sa.select(
        AskedGroupRow.id,
        AskedGroupRow.state,
        AskedGroupRow.sum,
        AskedGroupRow.article_key,
        AskedGroupRow.version,
        AskedGroupRow.decided_at,
    ).where(AskedGroupRow.id == group_id)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    return _to_group(row) if row else None


def insert_group(tx: Tx, group_id: str, vector: FloatArray, *, now: datetime) -> None:
    """Store a new group of one question."""
    tx.conn.execute(
        sa.insert(AskedGroupRow).values(
            id=group_id,
            state=GroupState.OPEN.value,
            sum=np.asarray(vector, "<f4").tobytes(),
            version=1,
            created_at=now,
        )
    )


def set_group_sum(tx: Tx, group_id: str, total: FloatArray) -> None:
    """Store the sum of a group's vectors."""
    tx.conn.execute(
        sa.update(AskedGroupRow)
        .where(AskedGroupRow.id == group_id)
        .values(sum=np.asarray(total, "<f4").tobytes())
    )


def decide_group(
    tx: Tx,
    group_id: str,
    *,
    version: int,
    state: GroupState,
    article_key: str | None,
    actor: str | None,
    now: datetime,
) -> bool:
    """Store what an editor decided; False when somebody else did since `version`."""
    done = tx.conn.execute(
        sa.update(AskedGroupRow)
        .where(AskedGroupRow.id == group_id, AskedGroupRow.version == version)
        .values(
            state=state.value,
            article_key=article_key,
            version=version + 1,
            decided_at=now,
            decided_by=actor,
        )
        .returning(AskedGroupRow.id)
    ).one_or_none()
    return done is not None


def questions_of(
    conn: sa.Connection, group_ids: Iterable[str], *, since: datetime
) -> dict[str, list[Asked]]:
    """Return the questions of groups from an instant on, latest first."""
    columns: list[Any] = list(_ASKED)
    wanted = sorted(set(group_ids))
    found: dict[str, list[Asked]] = {}
    for start in range(0, len(wanted), IN_LIMIT):
        rows = conn.execute(
            sa.select(*columns)
            .where(AskedRow.group_id.in_(wanted[start : start + IN_LIMIT]), AskedRow.at >= since)
            .order_by(AskedRow.at.desc())
        )
        for row in rows:
            found.setdefault(row.group_id, []).append(_to_asked(row))
    return found


def agent_answers(conn: sa.Connection, message_ids: Sequence[str]) -> list[str]:
    """Return what agents wrote to customers after these questions, latest question first."""
    if not message_ids:
        return []
    question = aliased(MessageRow)
    rows = conn.execute(
        sa.select(MessageRow.text)
        .join(question, question.conversation_id == MessageRow.conversation_id)
        .where(
            question.id.in_(list(message_ids)[:IN_LIMIT]),
            MessageRow.author == "agent",
            MessageRow.seq > question.seq,
            MessageRow.seq < question.seq + 40,
        )
        .order_by(question.created_at.desc(), MessageRow.seq)
        .limit(40)
    )
    return [text for text in rows.scalars() if text.strip()]


# ----------------------------------------------------------------------------------- figures


def figures(
    conn: sa.Connection, *, since: datetime, again_within: timedelta, article_id: str | None = None
) -> dict[tuple[str, int], Figures]:
    """Return how articles did from an instant on, by article id and revision."""

    def times(condition: Any) -> Any:
        return sa.func.sum(sa.case((condition, 1), else_=0))

    shown = AskedRow.outcome.in_([one.value for one in SHOWN])
    narrowed = [AskedRow.at >= since, AskedRow.article_id.is_not(None), shown]
    if article_id is not None:
        narrowed.append(AskedRow.article_id == article_id)
    rows = conn.execute(
        sa.select(
            AskedRow.article_id,
            AskedRow.revision,
            sa.func.count().label("shown"),
            times(AskedRow.verdict == Verdict.HELPED.value).label("helped"),
            times(AskedRow.verdict == Verdict.NOT_HELPED.value).label("not_helped"),
            times(AskedRow.led_to_person.is_(True)).label("person"),
            sa.func.max(AskedRow.at).label("last"),
        )
        .where(*narrowed)
        .group_by(AskedRow.article_id, AskedRow.revision)
    ).all()
    again: dict[tuple[str, int], int] = {}
    for row in conn.execute(
        sa.select(
            AskedRow.article_id, AskedRow.revision, AskedRow.at, AskedRow.asked_again_at
        ).where(*narrowed, AskedRow.asked_again_at.is_not(None))
    ):
        if row.asked_again_at - row.at <= again_within:
            one = (str(row.article_id), int(row.revision or 0))
            again[one] = again.get(one, 0) + 1
    return {
        (one := (str(row.article_id), int(row.revision or 0))): Figures(
            shown=row.shown,
            helped=row.helped,
            not_helped=row.not_helped,
            led_to_person=row.person,
            asked_again=again.get(one, 0),
            last_shown_at=row.last,
        )
        for row in rows
    }


@dataclass(frozen=True, slots=True)
class Published:
    """A published article, as the lists of figures need it."""

    id: str
    key: str
    locale: str
    title: str
    published_at: datetime | None
    review_by: Any


def published_articles(conn: sa.Connection) -> list[Published]:
    """Return every published article."""
    rows = conn.execute(
        sa.select(
            ArticleRow.id,
            ArticleRow.key,
            ArticleRow.locale,
            ArticleRow.title,
            ArticleRow.text_at,
            ArticleRow.created_at,
            ArticleRow.review_by,
        )
        .where(ArticleRow.state == "published")
        .order_by(ArticleRow.title)
    )
    return [
        Published(
            row.id, row.key, row.locale, row.title, row.text_at or row.created_at, row.review_by
        )
        for row in rows
    ]


# ------------------------------------------------------------------------------------ shapes


def erase(tx: Tx, conversation_id: str) -> None:
    """Forget the words of a conversation's questions; that something was asked stays counted."""
    tx.conn.execute(
        sa.update(AskedRow)
        .where(AskedRow.conversation_id == conversation_id)
        .values(text="", vector=None)
    )


def _pack(vector: FloatArray | None) -> bytes | None:
    if vector is None:
        return None
    return np.clip(np.rint(vector * 127), -127, 127).astype(np.int8).tobytes()


def _unpack(data: bytes | None) -> FloatArray | None:
    if data is None:
        return None
    return np.frombuffer(data, np.int8).astype(np.float32) / np.float32(127)


def _to_asked(row: Any) -> Asked:
    shown = None
    if row.article_id is not None:
        shown = Shown(row.article_id, row.article_key or "", row.revision or 0)
    return Asked(
        message_id=row.message_id,
        conversation_id=row.conversation_id,
        at=row.at,
        locale=row.locale,
        text=row.text,
        vector=_unpack(row.vector),
        outcome=Outcome(row.outcome),
        shown=shown,
        verdict=Verdict(row.verdict) if row.verdict else None,
        led_to_person=row.led_to_person,
        group_id=row.group_id,
    )


def _to_group(row: Any) -> Group:
    return Group(
        id=row.id,
        state=GroupState(row.state),
        sum=np.frombuffer(row.sum, "<f4").astype(np.float32),
        article_key=row.article_key,
        version=row.version,
        decided_at=row.decided_at,
    )
