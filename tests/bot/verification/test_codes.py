"""One-time codes: found in texts, checked once, limited, and the same for known and unknown."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.conversations import repository as conversations
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.verification.code import MASK, Kind, Outcome, Refusal, Refused, Started, find_code
from bot.verification.tables import CodeRow
from tests.bot.verification.world import World, open_conversation, wrong

FOUND = [
    ("12345678", MASK, "12345678"),
    ("1234 5678", MASK, "12345678"),
    ("1234-5678", MASK, "12345678"),
    ("1234–5678", MASK, "12345678"),
    ("12 34 56 78", MASK, "12345678"),
    ("1 2 3 4 5 6 7 8", MASK, "12345678"),
    ("meu código é 1234 5678", f"meu código é {MASK}", "12345678"),
    ("o código é 12345678.", f"o código é {MASK}.", "12345678"),
    ("code:12345678!", f"code:{MASK}!", "12345678"),
    ("１２３４５６７８", MASK, "12345678"),
    ("não 12345678, é 87654321", f"não {MASK}, é {MASK}", "87654321"),
    ("1234\n5678", MASK, "12345678"),
    # one digit too few or too many is a slip of the finger, and tells too much
    ("1234567", MASK, "1234567"),
    ("123456789", MASK, "123456789"),
]


@pytest.mark.parametrize(("text", "masked", "code"), FOUND)
def test_codes_are_found_and_masked(text: str, masked: str, code: str) -> None:
    assert find_code(text) == (masked, code)


@pytest.mark.parametrize(
    "text",
    [
        "AUR-10023",
        "aur 10023",
        "AUR-12345678",
        "pedido 10023",
        "#10023",
        "10023",
        "CEP 01310-100",
        "01310-100",
        "tel 11987654321",
        "1234567890123456",
        "12345678@example.com",
        "25/12/2026",
        "R$ 12.345,67",
        "meu pedido 1234567 sumiu",
        "não recebi o código",
        "",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert find_code(text) is None


@pytest.fixture
async def world(db: Database, clock: FixedClock) -> World:
    return World(db, clock, await open_conversation(db, clock))


async def test_the_right_code_passes_and_is_stored_nowhere(world: World) -> None:
    started = await world.start()
    assert isinstance(started, Started)
    assert (await world.conversation()).awaiting_code_until == started.expires_at
    code = await world.code()
    checked = await world.type(f"meu código é {code[:4]} {code[4:]}")
    assert (checked.outcome, checked.kind, checked.subject) == (
        Outcome.OK, Kind.ORDER, "AUR-10023",
    )  # fmt: skip
    assert (await world.conversation()).awaiting_code_until is None
    rows = await world.db.read(lambda conn: list(conn.execute(sa.select(CodeRow.__table__))))
    assert all(code not in str(value) for row in rows for value in row)


async def test_a_passed_code_shows_agents_who_the_customer_is(world: World) -> None:
    await world.start()
    await world.type(await world.code())
    conversation = await world.conversation()
    contact = await world.db.read(
        lambda conn: conversations.find_contact(conn, conversation.contact_id)
    )
    assert contact is not None
    assert (contact["verified_as"], contact["verified_how"]) == (
        "ana@example.com", "code by e-mail",
    )  # fmt: skip


async def test_five_wrong_tries_lock_it(world: World) -> None:
    await world.start()
    code = await world.code()
    left = [(await world.type(wrong(code))).tries_left for _ in range(4)]
    assert left == [4, 3, 2, 1]
    assert (await world.type(wrong(code))).outcome is Outcome.LOCKED
    assert (await world.type(code)).outcome is Outcome.NONE, "the right one is too late"
    assert (await world.conversation()).awaiting_code_until is None


async def test_the_same_message_again_uses_no_second_try(world: World) -> None:
    await world.start()
    code = await world.code()
    first = await world.type(wrong(code), message_id="m1")
    again = await world.type(wrong(code), message_id="m1")
    assert first == again
    assert (await world.type(wrong(code), message_id="m2")).tries_left == 3
    assert (await world.type(code, message_id="m3")).outcome is Outcome.OK
    assert (await world.type(code, message_id="m3")).outcome is Outcome.OK
    assert (await world.type(code, message_id="m4")).outcome is Outcome.NONE, "no replay"


async def test_it_ends_after_ten_minutes(world: World) -> None:
    await world.start()
    code = await world.code()
    world.clock.advance(timedelta(minutes=10))
    late = await world.type(code)
    assert (late.outcome, late.tries_left) == (Outcome.FAILED, 0)


async def test_a_new_code_ends_the_old_one(world: World) -> None:
    await world.start()
    old = await world.code()
    world.clock.advance(timedelta(minutes=1))
    await world.start()
    new = await world.code()
    assert old != new
    assert (await world.type(old)).outcome is Outcome.FAILED
    assert (await world.type(new)).outcome is Outcome.OK


async def test_a_code_is_good_in_its_own_conversation_only(world: World) -> None:
    await world.start()
    code = await world.code()
    other = World(
        world.db,
        world.clock,
        await open_conversation(world.db, world.clock, visitor="v2"),
        world.verification,
    )
    assert (await other.type(code)).outcome is Outcome.NONE
    await other.start("AUR-10024", email="bruno@example.com")
    assert (await other.type(code)).outcome is Outcome.FAILED
    assert (await world.type(code)).outcome is Outcome.OK


async def test_cancelling_ends_it(world: World) -> None:
    await world.start()
    code = await world.code()
    await world.db.write(lambda tx: world.verification.cancel(tx, world.conversation_id))
    assert (await world.type(code)).outcome is Outcome.NONE


async def test_the_same_turn_again_sends_no_second_mail(world: World) -> None:
    first = await world.start(turn_id="t1")
    again = await world.start(turn_id="t1")
    assert first == again
    assert len(await world.mails()) == 1


async def test_three_an_hour_and_five_a_day(world: World) -> None:
    sent = 0
    refused = []
    for _ in range(12):
        answer = await world.start()
        if isinstance(answer, Started):
            sent += 1
        else:
            refused.append(answer)
        if sent == 3 and len(refused) == 1:
            assert refused[0].why is Refusal.TOO_MANY
            assert refused[0].retry_after_seconds == 12 * 60, "an hour after the first"
        world.clock.advance(timedelta(minutes=16))
    assert sent == 5
    world.clock.advance(timedelta(days=1))
    assert isinstance(await world.start(), Started)


async def test_limits_hold_across_conversations(world: World) -> None:
    for n in range(3):
        other = World(
            world.db,
            world.clock,
            await open_conversation(world.db, world.clock, visitor=f"x{n}"),
            world.verification,
        )
        assert isinstance(await other.start(), Started)
    assert isinstance(await world.start(), Refused)
    assert isinstance(await world.start("AUR-10001"), Started), "others are not held up"


async def test_twenty_a_day_in_one_conversation(world: World) -> None:
    answers = [await world.start(f"AUR-{10_000 + n}", email=None) for n in range(21)]
    assert [isinstance(answer, Started) for answer in answers] == [True] * 20 + [False]


async def test_one_address_gets_ten_mails_a_day_and_nobody_notices(world: World) -> None:
    for n in range(12):
        assert isinstance(await world.start(f"AUR-{10_000 + n}"), Started)
    states = [mail.state for mail in await world.mails()]
    assert states.count("pending") == 10
    assert states.count("void") == 2


async def test_known_and_unknown_subjects_look_alike(world: World) -> None:
    known = await world.start("AUR-10023")
    awaiting = (await world.conversation()).awaiting_code_until
    unknown = await world.start("AUR-99999", email=None)
    assert known == unknown
    assert (await world.conversation()).awaiting_code_until == awaiting
    real, void = await world.mails()
    assert (real.state, void.state) == ("pending", "void")
    left = [(await world.type("12345678")).outcome for _ in range(5)]
    assert left == [Outcome.FAILED] * 4 + [Outcome.LOCKED]


async def test_no_code_fits_an_unknown_subject(world: World) -> None:
    """Even somebody who could read the store has nothing to type."""
    await world.start("AUR-99999", email=None)
    (row,) = await world.db.read(lambda conn: list(conn.execute(sa.select(CodeRow.__table__))))
    assert row.email is None
    assert (await world.type("00000000")).outcome is Outcome.FAILED


async def test_unknown_subjects_meet_the_same_limits(world: World) -> None:
    answers = [await world.start("AUR-99999", email=None) for _ in range(4)]
    assert [isinstance(answer, Started) for answer in answers] == [True, True, True, False]


async def test_a_code_is_sent_again_after_half_a_minute(world: World) -> None:
    assert await world.resend() is None, "nothing was asked for"
    await world.start()
    old = await world.code()
    soon = await world.resend()
    assert soon == Refused(Refusal.TOO_SOON, 30)
    world.clock.advance(timedelta(seconds=31))
    assert isinstance(await world.resend(turn_id="r1"), Started)
    assert isinstance(await world.resend(turn_id="r1"), Started), "the same turn again"
    assert len(await world.mails()) == 2
    new = await world.code()
    assert (await world.type(old)).outcome is Outcome.FAILED
    assert (await world.type(new)).outcome is Outcome.OK
    world.clock.advance(timedelta(minutes=1))
    assert await world.resend() is None, "what passed is not sent again"


async def test_a_locked_code_can_be_sent_again_within_the_limits(world: World) -> None:
    await world.start()
    code = await world.code()
    for _ in range(5):
        await world.type(wrong(code))
    world.clock.advance(timedelta(minutes=1))
    assert isinstance(await world.resend(), Started)


async def test_a_proof_is_good_for_one_turn(world: World) -> None:
    await world.start()
    await world.type(await world.code())

    async def use(turn_id: str, kind: Kind = Kind.ORDER) -> str | None:
        proof = await world.db.write(
            lambda tx: world.verification.proof(
                tx, world.conversation_id, kind=kind, turn_id=turn_id, now=world.clock.now()
            )
        )
        return proof.subject if proof else None

    assert await use("t0", Kind.RESET) is None
    assert await use("t1") == "AUR-10023"
    assert await use("t1") == "AUR-10023", "the same turn again"
    assert await use("t2") is None


async def test_a_proof_does_not_keep(world: World) -> None:
    await world.start()
    await world.type(await world.code())
    world.clock.advance(timedelta(minutes=11))
    proof = await world.db.write(
        lambda tx: world.verification.proof(
            tx, world.conversation_id, kind=Kind.ORDER, turn_id="t", now=world.clock.now()
        )
    )
    assert proof is None


async def test_everything_of_a_conversation_can_be_erased(world: World) -> None:
    await world.start()
    await world.type(await world.code())
    await world.db.write(lambda tx: world.verification.erase(tx, world.conversation_id))
    rows = await world.db.read(lambda conn: list(conn.execute(sa.select(CodeRow.id))))
    assert rows == []
