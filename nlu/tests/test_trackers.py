"""The tracker store's contract with Rasa, and what makes it different."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterator, List

import pytest
from databases import places
from rasa.core.tracker_store import (
    FailSafeTrackerStore,
    InMemoryTrackerStore,
    TrackerStore,
    check_if_tracker_store_async,
)
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    BotUttered,
    ConversationPaused,
    Event,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity
from rasa.utils.endpoints import EndpointConfig

from hosting.journal import Conflict, Database, Journal
from hosting.trackers import LiveTracker, LiveTrackerStore

DOMAIN = Domain.from_dict(
    {
        "intents": ["greet", "inform"],
        "slots": {
            "name": {"type": "text", "mappings": [{"type": "custom"}]},
            "count": {"type": "float", "initial_value": 1.0, "mappings": [{"type": "custom"}]},
        },
        "forms": {"name_form": {"required_slots": ["name"]}},
        "responses": {"utter_hi": [{"text": "hi"}]},
    }
)


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[List[Database]]:
    yield from places(request.param, tmp_path)


@pytest.fixture
def store(databases: List[Database]) -> Iterator[LiveTrackerStore]:
    made = LiveTrackerStore(DOMAIN, journal=Journal(databases[0]), max_live=3, max_events=30)
    yield made
    made.close()


@pytest.fixture
def later(databases: List[Database]) -> Iterator[LiveTrackerStore]:
    """The store of the process after this one."""
    made = LiveTrackerStore(DOMAIN, journal=Journal(databases[1]), max_events=30)
    yield made
    made.close()


def turn(number: int, *more: Event) -> List[Event]:
    return [
        UserUttered(f"text {number}", {"name": "greet", "confidence": 1.0}, []),
        ActionExecuted("utter_hi"),
        BotUttered("hi"),
        *more,
        ActionExecuted(ACTION_LISTEN_NAME),
    ]


async def say(store: LiveTrackerStore, name: str, *events: Event) -> LiveTracker:
    tracker = await store.retrieve(name)
    if not tracker.events:
        tracker.update_with_events([ActionExecuted(ACTION_LISTEN_NAME)], DOMAIN)
    tracker.update_with_events(list(events), DOMAIN)
    await store.save(tracker)
    return tracker


def state(tracker: DialogueStateTracker) -> Any:
    found = tracker.current_state(EventVerbosity.NONE)
    found.pop("latest_event_time")
    found["loop"] = dict(vars(tracker.active_loop)) if tracker.active_loop else None
    if found["loop"]:
        found["loop"].pop("trigger_message")
    found.pop("active_loop")
    return json.loads(json.dumps(found))


def test_is_a_tracker_store_as_rasa_wants_it(store: LiveTrackerStore) -> None:
    assert check_if_tracker_store_async(store)


async def test_rasa_can_make_it_from_endpoints(tmp_path: Path) -> None:
    endpoint = EndpointConfig.from_dict(
        {"type": "hosting.trackers.LiveTrackerStore", "path": str(tmp_path / "t.db")}
    )
    inner = TrackerStore.create(endpoint, DOMAIN)
    made = FailSafeTrackerStore(inner)
    tracker = await made.get_or_create_tracker("one")
    tracker.update_with_events(turn(1), DOMAIN)
    await made.save(tracker)
    assert isinstance(await made.retrieve("one"), LiveTracker)
    assert await inner.exists("one")
    assert not await inner.exists("two")
    assert list(await made.keys()) == ["one"]


async def test_the_same_object_while_live_and_the_same_state_later(
    store: LiveTrackerStore, later: LiveTrackerStore
) -> None:
    first = await say(store, "one", *turn(1, SlotSet("name", "Ana"), ActiveLoop("name_form")))
    assert await store.retrieve("one") is first
    rebuilt = await later.retrieve("one")
    assert rebuilt is not first
    assert state(rebuilt) == state(first)
    assert list(rebuilt.events) == list(first.events)


async def test_same_state_as_rasas_own_store(store: LiveTrackerStore) -> None:
    stock = InMemoryTrackerStore(DOMAIN)
    theirs = await stock.get_or_create_tracker("one")
    events = [
        *turn(1, SlotSet("name", "Ana")),
        *turn(2, ActiveLoop("name_form")),
        UserUttered("x", {"name": "inform"}, []),
        ActionExecutionRejected("name_form"),
        ConversationPaused(),
    ]
    theirs.update_with_events(events, DOMAIN)
    await stock.save(theirs)
    await say(store, "one", *events)
    store.forget("one")
    assert state(await store.retrieve("one")) == state(await stock.retrieve("one"))


async def test_a_half_done_turn_never_happened(store: LiveTrackerStore) -> None:
    good = await say(store, "one", *turn(1, SlotSet("name", "Ana")))
    expected = state(good)
    broken = await store.retrieve("one")
    broken.update_with_events([UserUttered("boom"), SlotSet("name", "Eva")], DOMAIN)
    again = await store.retrieve("one")
    assert again is not broken
    assert state(again) == expected
    await say(store, "one", *turn(2))
    assert [e.text for e in (await store.retrieve("one")).events if isinstance(e, UserUttered)] == [
        "text 1",
        "text 2",
    ]


async def test_an_answer_is_stored_with_its_events(
    store: LiveTrackerStore, later: LiveTrackerStore
) -> None:
    tracker = await store.retrieve("one")
    tracker.update_with_events(turn(1), DOMAIN)
    tracker.finished_turn = ("t1", {"replies": [{"say": "utter_hi"}]})
    await store.save(tracker)
    assert tracker.last_turn == ("t1", {"replies": [{"say": "utter_hi"}]})
    assert (await later.retrieve("one")).last_turn == tracker.last_turn
    # Events without a turn leave the last answer as it is.
    tracker.update(SlotSet("name", "Ana"))
    await store.save(tracker)
    later.forget("one")
    assert (await later.retrieve("one")).last_turn == ("t1", {"replies": [{"say": "utter_hi"}]})


async def test_two_hosts_never_mix_a_conversation(
    store: LiveTrackerStore, later: LiveTrackerStore
) -> None:
    await say(store, "one", *turn(1))
    stale = await later.retrieve("one")
    await say(store, "one", *turn(2))
    stale.update_with_events(turn(3), DOMAIN)
    with pytest.raises(Conflict):
        await later.save(stale)
    assert len((await later.retrieve("one")).events) == len((await store.retrieve("one")).events)


async def test_a_conversation_may_change_hosts_at_every_turn(
    store: LiveTrackerStore, later: LiveTrackerStore, databases: List[Database]
) -> None:
    if not databases[0].shared:
        pytest.skip("one host alone writes a file")
    await say(store, "one", *turn(1))
    await say(later, "one", *turn(2, SlotSet("name", "Ana")))
    assert (await store.retrieve("one")).get_slot("name") == "Ana"
    await say(store, "one", *turn(3, SlotSet("name", "Bia")))
    tracker = await say(later, "one", *turn(4))
    assert tracker.get_slot("name") == "Bia"
    await later.erase("one")
    assert not (await store.retrieve("one")).events


async def test_memory_is_bounded_and_nothing_is_lost(store: LiveTrackerStore) -> None:
    for number in range(10):
        await say(store, f"c{number}", *turn(1, SlotSet("name", f"n{number}")))
    assert store.live == 3
    for number in range(10):
        tracker = await store.retrieve(f"c{number}")
        assert tracker.get_slot("name") == f"n{number}"
    assert store.live == 3


async def test_an_evicted_tracker_can_still_be_saved(store: LiveTrackerStore) -> None:
    slow = await store.retrieve("slow")
    slow.update_with_events(turn(1), DOMAIN)
    for number in range(5):
        await say(store, f"c{number}", *turn(1))
    await store.save(slow)
    store.forget("slow")
    assert len((await store.retrieve("slow")).events) == len(turn(1))


async def test_a_long_conversation_stays_short_in_memory(
    store: LiveTrackerStore, later: LiveTrackerStore
) -> None:
    for number in range(60):
        await say(store, "one", *turn(number, SlotSet("count", float(number))))
    tracker = await store.retrieve("one")
    assert len(tracker.events) <= 30 + len(turn(0))
    assert tracker.get_slot("count") == 59.0
    rebuilt = await later.retrieve("one")
    assert state(rebuilt) == state(tracker)
    assert list(rebuilt.events) == list(tracker.events)
    full = await later.retrieve_full_tracker("one")
    assert sum(isinstance(event, UserUttered) for event in full.events) == 60
    assert rebuilt.logged == len(full.events)


async def test_the_last_turns_are_never_cut(store: LiveTrackerStore) -> None:
    store.keep_turns = 5
    for number in range(40):
        await say(store, "one", *turn(number))
        texts = [e.text for e in (await store.retrieve("one")).events if isinstance(e, UserUttered)]
        expected = [f"text {n}" for n in range(max(0, number - 4), number + 1)]
        assert texts[-len(expected) :] == expected


async def test_a_form_is_not_cut_until_it_is_absurdly_long(store: LiveTrackerStore) -> None:
    await say(store, "one", *turn(0, ActiveLoop("name_form"), SlotSet("count", 3.0)))
    longest = 0
    for number in range(1, 60):
        tracker = await say(store, "one", *turn(number))
        longest = max(longest, len(tracker.events))
        assert tracker.active_loop_name == "name_form"
        assert tracker.get_slot("count") == 3.0
    assert 100 < longest < 4 * 30 + 10


async def test_a_session_that_started_over_is_kept_as_it_is(store: LiveTrackerStore) -> None:
    await say(store, "one", *turn(1, SlotSet("name", "Ana")))
    tracker = await say(store, "one", ActionExecuted("action_session_start"), SessionStarted())
    expected = state(tracker)
    store.forget("one")
    rebuilt = await store.retrieve("one")
    assert state(rebuilt) == expected
    assert rebuilt.get_slot("name") is None


async def test_another_model_builds_every_tracker_again(store: LiveTrackerStore) -> None:
    before = await say(store, "one", *turn(1, SlotSet("name", "Ana"), SlotSet("count", 2.0)))
    facts = DOMAIN.as_dict()
    facts["slots"] = {"count": facts["slots"]["count"]}
    facts["forms"] = {}
    store.domain = Domain.from_dict(facts)
    assert store.live == 0
    # A turn that was still in progress is committed, but its tracker is of the old model.
    before.update_with_events(turn(2), DOMAIN)
    await store.save(before)
    assert store.live == 0
    after = await store.retrieve("one")
    assert after.get_slot("count") == 2.0
    assert "name" not in after.slots
    assert sum(isinstance(event, UserUttered) for event in after.events) == 2
    await say(store, "one", *turn(3))
    store.forget("one")
    assert sum(isinstance(e, UserUttered) for e in (await store.retrieve("one")).events) == 3


async def test_a_copy_is_independent(store: LiveTrackerStore) -> None:
    tracker = await say(store, "one", *turn(1, ActiveLoop("name_form")))
    expected = state(tracker)
    twin = tracker.copy()
    assert state(twin) == expected
    twin.update_with_events([SlotSet("name", "Eva"), ActiveLoop(None), UserUttered("x")], DOMAIN)
    twin.interrupt_loop(True)
    assert state(tracker) == expected
    stock = DialogueStateTracker.from_events("one", list(tracker.events), DOMAIN.slots)
    assert state(stock.copy()) == state(tracker.copy())


async def test_a_tracker_that_rasa_made_can_be_saved(store: LiveTrackerStore) -> None:
    plain = DialogueStateTracker.from_events("one", turn(1, SlotSet("name", "Ana")), DOMAIN.slots)
    await store.save(plain)
    plain.update_with_events(turn(2), DOMAIN)
    await store.save(plain)
    store.forget("one")
    tracker = await store.retrieve("one")
    assert len(tracker.events) == len(plain.events)
    assert tracker.get_slot("name") == "Ana"


async def test_erased_conversations_start_anew(store: LiveTrackerStore) -> None:
    for name in ("a~1", "a~2", "b~1"):
        await say(store, name, *turn(1, SlotSet("name", "Ana")))
    await store.erase("a~", prefix=True)
    assert not await store.exists("a~1")
    assert (await store.retrieve("a~2")).get_slot("name") is None
    assert (await store.retrieve("b~1")).get_slot("name") == "Ana"


async def test_a_model_that_comes_while_a_tracker_is_looked_up_costs_nothing(
    store: LiveTrackerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await store.retrieve("a")
    for event in turn(1):
        before.update(event, DOMAIN)
    await store.save(before)
    look = store._journal.is_at

    async def meanwhile(*args: Any) -> bool:
        current = await look(*args)
        store.domain = DOMAIN
        return current

    monkeypatch.setattr(store._journal, "is_at", meanwhile)
    after = await store.retrieve("a")
    assert after is not before
    assert len(after.events) == len(before.events)
