"""Our rule policy predicts what Rasa's predicts: on every rule, and wherever chance leads."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Iterator, List, Tuple

import pytest
from conftest import FIXTURE, HERE, train_bot
from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.shared.core.constants import ACTION_LISTEN_NAME, REQUESTED_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    Event,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from components.rules import LeanRulePolicy
from hosting.trackers import LiveTracker, LiveTrackerStore

Pair = Tuple[RulePolicy, LeanRulePolicy, Domain]
PROJECT = HERE.parent


@pytest.fixture(scope="module", params=["fixture", "project"])
def policies(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """Rasa's policy and ours with the same rules: the fixture's, then the real bot's."""
    if request.param == "fixture":
        model: Path = request.getfixturevalue("model_file")
    else:
        folder = tmp_path_factory.mktemp("project")
        model = train_bot(
            folder / "rules.tar.gz",
            config=_rules_only(folder),
            domain=PROJECT / "domain",
            data=_a_little_data(folder),
        )
    return _pair(model)


def test_every_rule_predicts_the_same(policies: Pair) -> None:
    stock, lean, domain = policies
    compared = 0
    for table in (lean.lookup["rules"], lean.lookup["rules_for_loop_unhappy_path"]):
        for key in table:
            states = lean._rule_key_to_state(key)
            for names in (lean.lookup["rules"], lean.lookup["rules_for_loop_unhappy_path"]):
                assert lean._get_possible_keys(names, states) == stock._get_possible_keys(
                    names, states
                )
                compared += 1
    assert compared > 20
    assert lean.longest_rule >= 2
    assert domain.action_names_or_texts


@pytest.mark.parametrize("seed", range(12))
def test_random_walks_predict_the_same(policies: Pair, seed: int) -> None:
    stock, lean, domain = policies
    walk = _Walk(random.Random(seed), domain)
    tracker = DialogueStateTracker("walk", domain.slots)
    for events in walk.steps(25):
        for event in events(tracker):
            tracker.update(event, domain)
        name = _assert_same(stock, lean, tracker, domain)
        walk.predicted = name
    assert walk.actions > 20


@pytest.mark.parametrize("seed", range(6))
async def test_a_shortened_tracker_predicts_the_same(policies: Pair, seed: int) -> None:
    """What compaction cuts away is nothing a rule can see."""
    _, lean, domain = policies
    store = LiveTrackerStore(domain, path=":memory:", max_events=40)
    store.keep_turns = max(4, lean.longest_rule + 1)
    walk = _Walk(random.Random(100 + seed), domain)
    full = DialogueStateTracker("walk", domain.slots)
    short = await store.retrieve("walk")
    cuts = 0
    for events in walk.steps(60):
        state = random.getstate()
        added = list(events(full))
        random.setstate(state)
        for event in added:
            full.update(event, domain)
            short.update(event, domain)
        one = lean.predict_action_probabilities(full, domain)
        two = lean.predict_action_probabilities(short, domain)
        assert one.probabilities == two.probabilities
        walk.predicted = domain.action_names_or_texts[one.max_confidence_index]
        if walk.predicted == ACTION_LISTEN_NAME:
            length = len(short.events)
            await store.save(short)
            cuts += len(short.events) < length
            short = await store.retrieve("walk")
            assert short.current_slot_values() == full.current_slot_values()
            assert short.active_loop == full.active_loop or (
                short.active_loop is not None
                and full.active_loop is not None
                and short.active_loop.name == full.active_loop.name
            )
    store.close()
    assert cuts


def test_the_policy_is_checked_against_the_domain(policies: Pair) -> None:
    _, lean, domain = policies
    with pytest.raises(Exception, match="fallback action"):
        lean.raise_if_incompatible_with_domain(
            {**lean.config, "core_fallback_action_name": "action_that_is_not_there"}, domain
        )


def _assert_same(
    stock: RulePolicy, lean: LeanRulePolicy, tracker: DialogueStateTracker, domain: Domain
) -> str:
    one = stock.predict_action_probabilities(tracker, domain)
    two = lean.predict_action_probabilities(tracker, domain)
    assert one.probabilities == two.probabilities
    assert one.events == two.events
    assert one.hide_rule_turn == two.hide_rule_turn
    assert one.is_no_user_prediction == two.is_no_user_prediction
    assert one.is_end_to_end_prediction == two.is_end_to_end_prediction
    return str(domain.action_names_or_texts[one.max_confidence_index])


class _Walk:
    """A conversation that follows the predictions, and leaves the rest to chance."""

    def __init__(self, chance: random.Random, domain: Domain) -> None:
        self._chance = chance
        self._domain = domain
        self.predicted = ACTION_LISTEN_NAME
        self.actions = 0
        self._in_a_row = 0

    def steps(self, turns: int) -> Iterator[Any]:
        yield lambda _: [ActionExecuted(ACTION_LISTEN_NAME), self._says()]
        done = 0
        while done < turns:
            self._in_a_row += 1
            if self.predicted == ACTION_LISTEN_NAME or self._in_a_row > 6:
                done += 1
                self._in_a_row = 0
                yield lambda _: [ActionExecuted(ACTION_LISTEN_NAME), self._says()]
            else:
                yield self._does

    def _says(self) -> Event:
        intent = self._chance.choice(self._domain.intents)
        return UserUttered(f"text {intent}", {"name": intent, "confidence": 1.0}, [])

    def _does(self, tracker: DialogueStateTracker) -> List[Event]:
        self.actions += 1
        name = self.predicted
        if name in self._domain.form_names:
            return self._form(name, tracker)
        events: List[Event] = [ActionExecuted(name)]
        if name == "action_deactivate_loop":
            return [*events, ActiveLoop(None), SlotSet(REQUESTED_SLOT, None)]
        if not name.startswith("utter_"):
            for slot in self._domain.slots:
                values = getattr(slot, "values", None)
                if values and self._chance.random() < 0.6:
                    events.append(SlotSet(slot.name, self._chance.choice([*values, None])))
        return events

    def _form(self, name: str, tracker: DialogueStateTracker) -> List[Event]:
        wanted = self._domain.required_slots_for_form(name)[0]
        fate = self._chance.random()
        if tracker.active_loop_name == name and fate < 0.4 and not tracker.is_active_loop_rejected:
            return [ActionExecutionRejected(name, "walk", 1.0)]
        events: List[Event] = [ActionExecuted(name)]
        if tracker.active_loop_name != name:
            events.append(ActiveLoop(name))
        if fate < 0.7:
            return [*events, SlotSet(REQUESTED_SLOT, wanted)]
        return [*events, SlotSet(wanted, "x"), SlotSet(REQUESTED_SLOT, None), ActiveLoop(None)]


def _pair(model: Path) -> Pair:
    from hosting.engine import Processor, _NoActions
    from hosting.locks import FifoLockStore
    from hosting.replies import KeyGenerator

    processor = Processor(
        model, LiveTrackerStore(path=":memory:"), FifoLockStore(), KeyGenerator(), _NoActions()
    )
    [lean] = [
        node._component
        for node in processor.graph_runner._instantiated_nodes.values()  # type: ignore[attr-defined]
        if isinstance(node._component, LeanRulePolicy)
    ]
    context = ExecutionContext(GraphSchema({}), node_name="stock")
    stock = RulePolicy(
        dict(lean.config), lean._model_storage, lean._resource, context,
        featurizer=lean.featurizer, lookup=lean.lookup,
    )  # fmt: skip
    return stock, lean, processor.domain


def _rules_only(folder: Path) -> Path:
    """The project's policies; understanding plays no part and would take most of the time."""
    import yaml

    config = yaml.safe_load((PROJECT.parent / "config.yml").read_text(encoding="utf-8"))
    config["pipeline"] = yaml.safe_load((FIXTURE / "config.yml").read_text())["pipeline"]
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    return folder / "config.yml"


def _a_little_data(folder: Path) -> Path:
    data = folder / "data"
    data.mkdir()
    (data / "nlu.yml").write_text((FIXTURE / "data" / "nlu.yml").read_text(encoding="utf-8"))
    (data / "rules").symlink_to(PROJECT / "data" / "rules")
    return data


assert LiveTracker  # the store hands these out
