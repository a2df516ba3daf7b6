"""The only SQL on reviewed messages, marks, trainings, models and promotions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.conversations.tables import ContactRow, ConversationRow, MessageRow
from bot.kit.db import Tx, insert_ignore
from bot.kit.errors import NotFound
from bot.kit.ids import new_id
from bot.learning.examples import Example
from bot.learning.item import Finding, Item, Shelf, Signal, Verdict, rank_of
from bot.learning.model import Job, JobState, Model, Origin, Promotion
from bot.learning.tables import (
    CollectedRow,
    HostRow,
    ItemRow,
    JobRow,
    MarkRow,
    ModelPartRow,
    ModelRow,
    PromotionRow,
    ReviewRow,
)
from bot.staff.tables import StaffRow

PART_BYTES = 1 << 20
_FLAGS = {signal: getattr(ItemRow, signal.value) for signal in Signal}


# ---------------------------------------------------------------------------------- collecting


@dataclass(frozen=True, slots=True)
class Said:
    """A stored message, as far as the collector needs it."""

    id: str
    conversation_id: str
    seq: int
    text: str
    payload: dict[str, Any] | None
    decision: dict[str, Any] | None
    turn_state: str | None
    at: datetime
    locale: str
    contact_name: str | None


_SAID = (
    MessageRow.id,
    MessageRow.conversation_id,
    MessageRow.seq,
    MessageRow.text,
    MessageRow.payload,
    MessageRow.decision,
    MessageRow.turn_state,
    MessageRow.created_at,
    ConversationRow.locale,
    ContactRow.display_name,
)
_CUSTOMERS = (
    sa.select(*_SAID)
    .join(ConversationRow, ConversationRow.id == MessageRow.conversation_id)
    .join(ContactRow, ContactRow.id == ConversationRow.contact_id)
    .where(MessageRow.author == "customer")
)


def lock_cursor(tx: Tx) -> str:
    """Return up to which message id was looked at; nobody else collects until this step ends."""
    tx.conn.execute(insert_ignore(CollectedRow, tx.conn.dialect.name).values(id=1, cursor=""))
    return str(
        tx.conn.execute(
            sa.select(CollectedRow.cursor).where(CollectedRow.id == 1).with_for_update()
        ).scalar_one()
    )


def move_cursor(tx: Tx, cursor: str) -> None:
    """Remember up to which message was looked at."""
    tx.conn.execute(sa.update(CollectedRow).where(CollectedRow.id == 1).values(cursor=cursor))


def has_more(conn: sa.Connection, *, before: str) -> bool:
    """Tell whether there are messages that nobody has looked at, without any lock."""
    cursor = conn.execute(sa.select(CollectedRow.cursor).where(CollectedRow.id == 1)).scalar()
    found = conn.execute(
        sa.select(MessageRow.id)
        .where(MessageRow.id > (cursor or ""), MessageRow.id < before)
        .limit(1)
    ).scalar()
    return found is not None


def said_after(conn: sa.Connection, cursor: str, *, before: str, limit: int) -> list[Said]:
    """Return customers' messages with ids between `cursor` and `before`, in order."""
    rows = conn.execute(
        _CUSTOMERS.where(MessageRow.id > cursor, MessageRow.id < before)
        .order_by(MessageRow.id)
        .limit(limit)
    )
    return [Said(*row) for row in rows]


def find_said(conn: sa.Connection, message_id: str) -> Said | None:
    """Return a customer's message, or None."""
    row = conn.execute(_CUSTOMERS.where(MessageRow.id == message_id)).one_or_none()
    return Said(*row) if row else None


def answered_before(conn: sa.Connection, conversation_id: str, seq: int) -> Said | None:
    """Return the customer's newest message before `seq` that an article was shown for, or None."""
    rows = conn.execute(
        _CUSTOMERS.where(
            MessageRow.conversation_id == conversation_id,
            MessageRow.seq < seq,
            MessageRow.decision.is_not(None),
        )
        .order_by(MessageRow.seq.desc())
        .limit(5)
    )
    return next(
        (said for row in rows if ((said := Said(*row)).decision or {}).get("article")), None
    )


def find_bot_message(conn: sa.Connection, message_id: str) -> tuple[str, str | None] | None:
    """Return (conversation, the customer's message it answers) of a bot's message, or None."""
    row = conn.execute(
        sa.select(MessageRow.conversation_id, MessageRow.in_reply_to).where(
            MessageRow.id == message_id, MessageRow.author == "bot"
        )
    ).one_or_none()
    return (str(row[0]), row[1]) if row else None


def note(tx: Tx, finding: Finding, *, again: bool) -> None:
    """Store a message worth a look, or add it to the item of the same wording.

    `again` opens an item that was reviewed before: an agent says that it still goes wrong. The same
    message counts once.
    """
    where = (ItemRow.locale == finding.locale, ItemRow.norm == finding.norm)
    row = tx.conn.execute(
        sa.select(ItemRow.__table__).where(*where).with_for_update()
    ).one_or_none()
    if row is None:
        tx.conn.execute(
            sa.insert(ItemRow).values(
                id=new_id(),
                locale=finding.locale,
                norm=finding.norm,
                text=finding.text,
                **{signal.value: signal in finding.signals for signal in Signal},
                count=1,
                margin=finding.margin,
                rank=rank_of(finding.signals, count=1, margin=finding.margin),
                decision=finding.decision,
                message_id=finding.message_id,
                conversation_id=finding.conversation_id,
                first_at=finding.at,
                last_at=finding.at,
                version=1,
                reviewed=False,
            )
        )
        return
    signals = finding.signals | {signal for signal in Signal if getattr(row, signal.value)}
    count = row._mapping["count"] + (row.message_id != finding.message_id)
    reopened = again and row.reviewed and (row.reviewed_at is None or finding.at > row.reviewed_at)
    newest = finding.at >= row.last_at
    margin = finding.margin if newest else row.margin
    tx.conn.execute(
        sa.update(ItemRow)
        .where(ItemRow.id == row.id)
        .values(
            **{signal.value: signal in signals for signal in Signal},
            count=count,
            margin=margin,
            rank=rank_of(signals, count=count, margin=margin),
            decision=finding.decision if newest else row.decision,
            message_id=finding.message_id if newest else row.message_id,
            conversation_id=finding.conversation_id if newest else row.conversation_id,
            first_at=min(row.first_at, finding.at),
            last_at=max(row.last_at, finding.at),
            reviewed=row.reviewed and not reopened,
        )
    )


def unmark(tx: Tx, message_id: str) -> None:
    """Take the agents' mark off the item of a customer's message, when no other mark holds it."""
    row = tx.conn.execute(
        sa.select(ItemRow.__table__).where(ItemRow.message_id == message_id).with_for_update()
    ).one_or_none()
    if row is None:
        return
    signals = {signal for signal in Signal if getattr(row, signal.value)} - {Signal.MARKED}
    if not signals and not row.reviewed and row.verdict is None:
        tx.conn.execute(sa.delete(ItemRow).where(ItemRow.id == row.id))
        return
    rank = rank_of(signals, count=row._mapping["count"], margin=row.margin)
    tx.conn.execute(sa.update(ItemRow).where(ItemRow.id == row.id).values(marked=False, rank=rank))


def set_mark(tx: Tx, message_id: str, conversation_id: str, *, by: str, now: datetime) -> bool:
    """Mark a bot's message as wrong; False when it was already."""
    return bool(
        tx.conn.execute(
            insert_ignore(MarkRow, tx.conn.dialect.name).values(
                message_id=message_id, conversation_id=conversation_id, by=by, at=now
            )
        ).rowcount
    )


def remove_mark(tx: Tx, message_id: str) -> bool:
    """Take a mark back; False when there was none."""
    return bool(
        tx.conn.execute(sa.delete(MarkRow).where(MarkRow.message_id == message_id)).rowcount
    )


def list_marks(conn: sa.Connection, conversation_id: str) -> list[str]:
    """Return the ids of a conversation's marked messages."""
    return list(
        conn.execute(
            sa.select(MarkRow.message_id)
            .where(MarkRow.conversation_id == conversation_id)
            .order_by(MarkRow.message_id)
        ).scalars()
    )


# ------------------------------------------------------------------------------------ reviewing


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """What the list of items is narrowed to."""

    shelf: Shelf = Shelf.OPEN
    signal: Signal | None = None
    verdict: Verdict | None = None
    locale: str | None = None
    words: tuple[str, ...] = ()
    after: tuple[float, str] | None = None
    """(rank, id) of the last item of the page before."""
    limit: int = 50


_ITEMS = sa.select(ItemRow.__table__, StaffRow.name.label("reviewer")).outerjoin(
    StaffRow, StaffRow.id == ItemRow.reviewed_by
)


def _to_item(row: sa.Row[Any]) -> Item:
    v = row._mapping
    return Item(
        id=v["id"],
        locale=v["locale"],
        text=v["text"],
        signals=frozenset(signal for signal in Signal if v[signal.value]),
        count=v["count"],
        margin=v["margin"],
        rank=v["rank"],
        decision=v["decision"],
        message_id=v["message_id"],
        conversation_id=v["conversation_id"],
        first_at=v["first_at"],
        last_at=v["last_at"],
        version=v["version"],
        verdict=Verdict(v["verdict"]) if v["reviewed"] and v["verdict"] else None,
        intent=v["intent"],
        article_id=v["article_id"],
        article_title=v["article_title"],
        reviewed_by=v["reviewed_by"],
        reviewed_by_name=v["reviewer"],
        reviewed_at=v["reviewed_at"],
    )


def list_items(conn: sa.Connection, wanted: ItemFilter) -> list[Item]:
    """Return items, what is worth most first."""
    query = _ITEMS.order_by(ItemRow.rank.desc(), ItemRow.id.desc()).limit(wanted.limit)
    if wanted.shelf is not Shelf.ALL:
        query = query.where(ItemRow.reviewed.is_(wanted.shelf is Shelf.DONE))
    if wanted.signal is not None:
        query = query.where(_FLAGS[wanted.signal].is_(True))
    if wanted.verdict is not None:
        query = query.where(ItemRow.verdict == wanted.verdict.value, ItemRow.reviewed.is_(True))
    if wanted.locale is not None:
        query = query.where(ItemRow.locale == wanted.locale)
    for word in wanted.words:
        query = query.where(sa.func.lower(ItemRow.text).contains(word.lower(), autoescape=True))
    if wanted.after is not None:
        rank, item_id = wanted.after
        query = query.where(
            sa.or_(ItemRow.rank < rank, sa.and_(ItemRow.rank == rank, ItemRow.id < item_id))
        )
    return [_to_item(row) for row in conn.execute(query)]


def count_items(conn: sa.Connection) -> dict[str, int]:
    """Return how many items there are: open, done, and open by signal."""
    columns = [
        sa.func.coalesce(
            sa.func.sum(sa.case((sa.and_(ItemRow.reviewed.is_(False), flag), 1), else_=0)), 0
        ).label(signal.value)
        for signal, flag in _FLAGS.items()
    ]
    row = conn.execute(
        sa.select(
            sa.func.coalesce(
                sa.func.sum(sa.case((ItemRow.reviewed.is_(False), 1), else_=0)), 0
            ).label("open"),
            sa.func.coalesce(
                sa.func.sum(sa.case((ItemRow.reviewed.is_(True), 1), else_=0)), 0
            ).label("done"),
            *columns,
        )
    ).one()
    return {name: int(value) for name, value in row._mapping.items()}


def get_item(conn: sa.Connection, item_id: str, *, lock: bool = False) -> Item:
    """Return an item.

    Raises:
        NotFound: there is none with this id.
    """
    query = _ITEMS.where(ItemRow.id == item_id)
    if lock:
        query = query.with_for_update(of=ItemRow)
    row = conn.execute(query).one_or_none()
    if row is None:
        raise NotFound("There is no such message to review.")
    return _to_item(row)


def save_review(
    tx: Tx,
    item_id: str,
    *,
    version: int,
    text: str,
    verdict: Verdict | None,
    intent: str | None,
    article_id: str | None,
    article_title: str | None,
    by: str,
    now: datetime,
) -> bool:
    """Store what a reviewer says (None: taken back); False when `version` is no longer the item's."""
    changed = tx.conn.execute(
        sa.update(ItemRow)
        .where(ItemRow.id == item_id, ItemRow.version == version)
        .values(
            version=version + 1,
            text=text,
            reviewed=verdict is not None,
            verdict=verdict.value if verdict else None,
            intent=intent,
            article_id=article_id,
            article_title=article_title,
            reviewed_by=by,
            reviewed_at=now,
        )
    ).rowcount
    if not changed:
        return False
    tx.conn.execute(
        sa.insert(ReviewRow).values(
            item_id=item_id,
            version=version + 1,
            verdict=verdict.value if verdict else None,
            intent=intent,
            article_id=article_id,
            by=by,
            at=now,
        )
    )
    return True


@dataclass(frozen=True, slots=True)
class Review:
    """One entry of an item's history."""

    version: int
    verdict: Verdict | None
    intent: str | None
    article_id: str | None
    by: str
    by_name: str | None
    at: datetime


def list_reviews(conn: sa.Connection, item_id: str) -> list[Review]:
    """Return what was said about an item, newest first."""
    rows = conn.execute(
        sa.select(ReviewRow.__table__, StaffRow.name)
        .outerjoin(StaffRow, StaffRow.id == ReviewRow.by)
        .where(ReviewRow.item_id == item_id)
        .order_by(ReviewRow.version.desc())
    )
    return [
        Review(
            row.version,
            Verdict(row.verdict) if row.verdict else None,
            row.intent,
            row.article_id,
            row.by,
            row.name,
            row.at,
        )
        for row in rows
    ]


def accepted(conn: sa.Connection) -> list[Example]:
    """Return every accepted example."""
    rows = conn.execute(
        sa.select(ItemRow.text, ItemRow.locale, ItemRow.intent)
        .where(ItemRow.reviewed.is_(True), ItemRow.verdict == Verdict.INTENT.value)
        .order_by(ItemRow.locale, ItemRow.text)
    )
    return [Example(row.text, row.locale, row.intent) for row in rows if row.intent]


# ------------------------------------------------------------------------------------ trainings

_JOBS = sa.select(JobRow.__table__, StaffRow.name.label("creator")).outerjoin(
    StaffRow, StaffRow.id == JobRow.created_by
)


def _to_job(row: sa.Row[Any]) -> Job:
    v = row._mapping
    return Job(
        id=v["id"],
        state=JobState(v["state"]),
        step=v["step"],
        progress=v["progress"],
        example_count=v["example_count"],
        model_id=v["model_id"],
        report=v["report"],
        error=v["error"],
        created_by=v["created_by"],
        created_by_name=v["creator"],
        created_at=v["created_at"],
        started_at=v["started_at"],
        ended_at=v["ended_at"],
        holder=v["holder"],
    )


def insert_job(tx: Tx, *, by: str | None, example_count: int, now: datetime) -> str | None:
    """Put a training in line; None when one is under way."""
    job_id = new_id()
    made = tx.conn.execute(
        insert_ignore(JobRow, tx.conn.dialect.name).values(
            id=job_id,
            slot=1,
            state=JobState.QUEUED.value,
            step="queued",
            progress=0,
            example_count=example_count,
            created_by=by,
            created_at=now,
        )
    ).rowcount
    return job_id if made else None


def list_jobs(conn: sa.Connection, *, limit: int = 10) -> list[Job]:
    """Return the newest trainings."""
    rows = conn.execute(_JOBS.order_by(JobRow.created_at.desc(), JobRow.id.desc()).limit(limit))
    return [_to_job(row) for row in rows]


def get_job(conn: sa.Connection, job_id: str) -> Job:
    """Return a training.

    Raises:
        NotFound: there is none with this id.
    """
    row = conn.execute(_JOBS.where(JobRow.id == job_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such training.")
    return _to_job(row)


def has_active_job(conn: sa.Connection) -> bool:
    """Tell whether a training waits or runs."""
    return conn.execute(sa.select(JobRow.id).where(JobRow.slot == 1)).scalar() is not None


def claim_job(tx: Tx, *, holder: str, now: datetime, until: datetime) -> str | None:
    """Take the training that waits; None when there is none or another gateway was faster."""
    return tx.conn.execute(
        sa.update(JobRow)
        .where(JobRow.slot == 1, JobRow.state == JobState.QUEUED.value)
        .values(
            state=JobState.TRAINING.value,
            step="preparing",
            progress=1,
            holder=holder,
            started_at=now,
            lease_until=until,
        )
        .returning(JobRow.id)
    ).scalar_one_or_none()


def update_job(tx: Tx, job_id: str, *, holder: str, **values: Any) -> bool:
    """Change a training that `holder` runs; False when it is no longer its."""
    return bool(
        tx.conn.execute(
            sa.update(JobRow)
            .where(JobRow.id == job_id, JobRow.holder == holder, JobRow.slot == 1)
            .values(**values)
        ).rowcount
    )


def end_job(
    tx: Tx, job_id: str, *, holder: str, state: JobState, now: datetime, **values: Any
) -> bool:
    """End a training that `holder` runs; False when it is no longer its."""
    return update_job(
        tx, job_id, holder=holder, slot=None, state=state.value, ended_at=now, lease_until=None,
        **values,
    )  # fmt: skip


def cancel_job(tx: Tx, job_id: str, *, error: str, now: datetime) -> bool:
    """End a training from outside; who runs it notices. False when it had ended already."""
    return bool(
        tx.conn.execute(
            sa.update(JobRow)
            .where(JobRow.id == job_id, JobRow.slot == 1)
            .values(
                slot=None, state=JobState.FAILED.value, error=error, ended_at=now, lease_until=None
            )
        ).rowcount
    )


def fail_dead_jobs(tx: Tx, *, now: datetime, holder: str, alone: bool, error: str) -> list[str]:
    """Mark trainings of processes that have ended as failed; return their ids.

    Args:
        tx: the step.
        now: leases that ended before it are dead.
        holder: who asks; its own are alive.
        alone: no other gateway can be running on this store: every other holder is dead.
        error: what is written down.
    """
    running = (JobRow.slot == 1, JobRow.holder.is_not(None), JobRow.holder != holder)
    dead = running if alone else (*running, JobRow.lease_until < now)
    return list(
        tx.conn.execute(
            sa.update(JobRow)
            .where(*dead)
            .values(
                slot=None, state=JobState.FAILED.value, error=error, ended_at=now, lease_until=None
            )
            .returning(JobRow.id)
        ).scalars()
    )


# --------------------------------------------------------------------------------------- models

_MODELS = sa.select(ModelRow.__table__, StaffRow.name.label("creator")).outerjoin(
    StaffRow, StaffRow.id == ModelRow.created_by
)


def _to_model(row: sa.Row[Any]) -> Model:
    v = row._mapping
    return Model(
        id=v["id"],
        base_hash=v["base_hash"],
        origin=Origin(v["origin"]),
        examples=v["examples"],
        example_count=v["example_count"],
        size=v["size"],
        sha256=v["sha256"],
        scores=v["scores"],
        measured_with=v["measured_with"],
        kept=v["kept"],
        created_by=v["created_by"],
        created_by_name=v["creator"],
        created_at=v["created_at"],
    )


def find_model(conn: sa.Connection, model_id: str) -> Model | None:
    """Return a model, or None."""
    row = conn.execute(_MODELS.where(ModelRow.id == model_id)).one_or_none()
    return _to_model(row) if row else None


def list_models(conn: sa.Connection, *, limit: int = 200) -> list[Model]:
    """Return the newest models."""
    rows = conn.execute(
        _MODELS.order_by(ModelRow.created_at.desc(), ModelRow.id.desc()).limit(limit)
    )
    return [_to_model(row) for row in rows]


def save_model(tx: Tx, model: Model, data: bytes) -> None:
    """Store a model with its file; one that was forgotten gets its file back."""
    known = find_model(tx.conn, model.id)
    values = {
        "base_hash": model.base_hash,
        "origin": model.origin.value,
        "examples": model.examples,
        "example_count": model.example_count,
        "size": model.size,
        "sha256": model.sha256,
        "kept": True,
    }
    if known is None:
        made = tx.conn.execute(
            insert_ignore(ModelRow, tx.conn.dialect.name).values(
                id=model.id,
                scores=model.scores,
                measured_with=model.measured_with,
                created_by=model.created_by,
                created_at=model.created_at,
                **values,
            )
        ).rowcount
        if not made:
            return  # another gateway has just stored it
    elif known.kept:
        return
    else:
        tx.conn.execute(sa.update(ModelRow).where(ModelRow.id == model.id).values(**values))
    for number, part in enumerate(_parts(data)):
        tx.conn.execute(sa.insert(ModelPartRow).values(model_id=model.id, number=number, data=part))


def _parts(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), PART_BYTES):
        yield data[start : start + PART_BYTES]


def read_file(conn: sa.Connection, model_id: str) -> bytes:
    """Return a model's file; empty when it is not kept."""
    rows = conn.execute(
        sa.select(ModelPartRow.data)
        .where(ModelPartRow.model_id == model_id)
        .order_by(ModelPartRow.number)
    )
    return b"".join(rows.scalars())


def save_scores(tx: Tx, model_id: str, scores: dict[str, Any], *, measured_with: str) -> None:
    """Store how a model did on the held-out messages."""
    tx.conn.execute(
        sa.update(ModelRow)
        .where(ModelRow.id == model_id)
        .values(scores=scores, measured_with=measured_with)
    )


def forget_files(tx: Tx, model_ids: Sequence[str]) -> None:
    """Remove models' files; what they were and how they did stays."""
    if model_ids:
        tx.conn.execute(sa.delete(ModelPartRow).where(ModelPartRow.model_id.in_(model_ids)))
        tx.conn.execute(sa.update(ModelRow).where(ModelRow.id.in_(model_ids)).values(kept=False))


# ----------------------------------------------------------------------------------- promotions

_PROMOTIONS = (
    sa.select(PromotionRow.__table__, StaffRow.name.label("promoter"))
    .outerjoin(StaffRow, StaffRow.id == PromotionRow.by)
    .order_by(PromotionRow.number.desc())
)


def _to_promotion(row: sa.Row[Any]) -> Promotion:
    v = row._mapping
    return Promotion(
        number=v["number"],
        model_id=v["model_id"],
        base_hash=v["base_hash"],
        at=v["at"],
        by=v["by"],
        by_name=v["promoter"],
        forced=v["forced"],
        reason=v["reason"],
    )


def last_promotion(conn: sa.Connection, *, base_hash: str | None = None) -> Promotion | None:
    """Return the promotion that counts: of a gateway's own training data, or of any."""
    query = _PROMOTIONS.limit(1)
    if base_hash is not None:
        query = query.where(PromotionRow.base_hash == base_hash)
    row = conn.execute(query).one_or_none()
    return _to_promotion(row) if row else None


def list_promotions(conn: sa.Connection, *, limit: int = 200) -> list[Promotion]:
    """Return the newest promotions."""
    return [_to_promotion(row) for row in conn.execute(_PROMOTIONS.limit(limit))]


def insert_promotion(
    tx: Tx,
    *,
    model_id: str,
    base_hash: str,
    by: str | None,
    forced: bool,
    reason: str | None,
    now: datetime,
) -> int:
    """Make a model the one that serves; return the promotion's number."""
    if tx.conn.dialect.name == "postgresql":
        tx.conn.execute(sa.text("SELECT pg_advisory_xact_lock(7203002)"))
    last = tx.conn.execute(sa.select(sa.func.max(PromotionRow.number))).scalar()
    number = int(last or 0) + 1
    tx.conn.execute(
        sa.insert(PromotionRow).values(
            number=number,
            model_id=model_id,
            base_hash=base_hash,
            at=now,
            by=by,
            forced=forced,
            reason=reason,
        )
    )
    return number


def serving_ids(conn: sa.Connection) -> set[str]:
    """Return the models that serve: the newest promotion of each release's training data."""
    newest = sa.select(sa.func.max(PromotionRow.number)).group_by(PromotionRow.base_hash)
    return set(
        conn.execute(
            sa.select(PromotionRow.model_id).where(PromotionRow.number.in_(newest))
        ).scalars()
    )


# ---------------------------------------------------------------------------------------- hosts


@dataclass(frozen=True, slots=True)
class HostReport:
    """A Rasa host, as its gateway last saw it."""

    gateway: str
    number: int
    place: str
    ready: bool
    model: str | None
    error: str | None
    seen_at: datetime


def save_hosts(tx: Tx, reports: Sequence[HostReport], *, gateway: str, old: datetime) -> None:
    """Replace what `gateway` said of its hosts; forget gateways not heard of since `old`."""
    tx.conn.execute(
        sa.delete(HostRow).where(sa.or_(HostRow.gateway == gateway, HostRow.seen_at < old))
    )
    for report in reports:
        tx.conn.execute(
            sa.insert(HostRow).values(
                gateway=report.gateway,
                number=report.number,
                place=report.place,
                ready=report.ready,
                model=report.model,
                error=report.error,
                seen_at=report.seen_at,
            )
        )


def list_hosts(conn: sa.Connection, *, since: datetime) -> list[HostReport]:
    """Return the hosts of all gateways that were heard of since then."""
    rows = conn.execute(
        sa.select(
            HostRow.gateway,
            HostRow.number,
            HostRow.place,
            HostRow.ready,
            HostRow.model,
            HostRow.error,
            HostRow.seen_at,
        )
        .where(HostRow.seen_at >= since)
        .order_by(HostRow.place, HostRow.number)
    )
    return [HostReport(*row) for row in rows]


# -------------------------------------------------------------------------------------- privacy


def erase(tx: Tx, conversation_id: str) -> None:
    """Delete what was learned from a conversation's wording; the next training goes without it."""
    items = sa.select(ItemRow.id).where(ItemRow.conversation_id == conversation_id)
    tx.conn.execute(sa.delete(ReviewRow).where(ReviewRow.item_id.in_(items)))
    tx.conn.execute(sa.delete(ItemRow).where(ItemRow.conversation_id == conversation_id))
    tx.conn.execute(sa.delete(MarkRow).where(MarkRow.conversation_id == conversation_id))
