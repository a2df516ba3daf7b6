"""Rasa's rule policy, made to look only at the rules that can apply.

The stock policy compares every rule with every turn of the history, twice per prediction. Rules are
indexed here by what their last state shows (previous action and intent), and the pass over the
customer's words is skipped when no rule mentions any. Predictions are the same; a test compares
them on every rule and on random walks, because this overrides parts of Rasa 3.6.21 that are not
public.
"""

from __future__ import annotations

import json
import warnings
from collections import defaultdict
from typing import Any, Dict, List, Optional, Set, Text, Tuple

from rasa.core.policies.policy import PolicyPrediction
from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.shared.core.constants import PREVIOUS_ACTION, SHOULD_NOT_BE_SET, USER
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.generator import TrackerWithCachedStates
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ACTION_NAME, ACTION_TEXT, INTENT, TEXT

# Rasa looks for its own class by name and does not see that this one is a RulePolicy too.
warnings.filterwarnings("ignore", message=".*'RulePolicy' is not included in the model's policy.*")

_LookupKey = Tuple[Optional[Text], Optional[Text]]


class _Index:
    """Rule keys by the previous action and intent of their last state."""

    def __init__(self, lookup: Dict[Text, Text]) -> None:
        # Kept so that no other table can come to have the same identity.
        self.lookup = lookup
        self.states: Dict[Text, List[State]] = {key: json.loads(key) for key in lookup}
        self.longest = max((len(states) for states in self.states.values()), default=0)
        self._by_action_and_intent: Dict[_LookupKey, List[Text]] = defaultdict(list)
        self._by_action: Dict[Optional[Text], List[Text]] = defaultdict(list)
        self._others: List[Text] = []
        self.mentions_text = False
        for key, states in self.states.items():
            last = states[-1]
            action = _fixed(last.get(PREVIOUS_ACTION, {}).get(ACTION_NAME))
            intent = _fixed(last.get(USER, {}).get(INTENT))
            self.mentions_text |= any(
                state.get(USER, {}).get(TEXT) or state.get(PREVIOUS_ACTION, {}).get(ACTION_TEXT)
                for state in states
            )
            if action is None:
                self._others.append(key)
            elif intent is None:
                self._by_action[action].append(key)
            else:
                self._by_action_and_intent[action, intent].append(key)

    def candidates(self, state: State) -> List[Text]:
        """Keys whose last state does not already contradict ``state``."""
        action = state.get(PREVIOUS_ACTION, {}).get(ACTION_NAME)
        intent = state.get(USER, {}).get(INTENT)
        return [
            *self._by_action_and_intent.get((action, intent), ()),
            *self._by_action.get(action, ()),
            *self._others,
        ]


def _fixed(value: Optional[Text]) -> Optional[Text]:
    """The value a rule insists on, or None where it only wants none (or does not care)."""
    return None if not value or value == SHOULD_NOT_BE_SET else value


@DefaultV1Recipe.register(
    DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True
)
class LeanRulePolicy(RulePolicy):
    """The rule policy with an index over its rules."""

    _indices: Optional[Dict[int, _Index]] = None

    def predict_action_probabilities(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: Optional[Dict[Text, Any]] = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        """Predict the next action as the stock policy would."""
        return super().predict_action_probabilities(tracker, domain, rule_only_data, **kwargs)

    @property
    def longest_rule(self) -> int:
        """States of history that the longest rule looks at."""
        tables = [table for table in self.lookup.values() if isinstance(table, dict)]
        return max((self._index(table).longest for table in tables), default=0)

    def train(
        self,
        training_trackers: List[TrackerWithCachedStates],
        domain: Domain,
        **kwargs: Any,
    ) -> Resource:
        """Train, after the check that Rasa makes for its own rule policy only."""
        self.raise_if_incompatible_with_domain(self.config, domain)
        resource = super().train(training_trackers, domain, **kwargs)
        self._indices = None
        return resource

    def _index(self, lookup: Dict[Text, Text]) -> _Index:
        if self._indices is None:
            self._indices = {}
        index = self._indices.get(id(lookup))
        # Training fills the same table while it predicts with it.
        if index is None or len(index.states) != len(lookup):
            index = self._indices[id(lookup)] = _Index(lookup)
        return index

    def _get_possible_keys(self, lookup: Dict[Text, Text], states: List[State]) -> Set[Text]:
        if not states:
            return set(lookup)
        index = self._index(lookup)
        keys = index.candidates(states[-1])
        for position, state in enumerate(reversed(states)):
            if position >= index.longest:
                break
            keys = [key for key in keys if self._is_rule_applicable(key, position, state)]
            if not keys:
                break
        return set(keys)

    def _find_action_from_rules(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        use_text_for_last_user_input: bool,
    ) -> Tuple[Optional[Text], Optional[Text], bool]:
        if use_text_for_last_user_input and not any(
            self._index(table).mentions_text
            for table in self.lookup.values()
            if isinstance(table, dict)
        ):
            return None, None, False
        return super()._find_action_from_rules(tracker, domain, use_text_for_last_user_input)

    def format_tracker_states(self, states: List[Dict]) -> Text:
        """Nothing: it is only logged, at a level that is off, and costs more than predicting."""
        return ""
