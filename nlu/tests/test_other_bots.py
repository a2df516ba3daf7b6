"""The component knows nothing of this shop: other people's intents, many of them, few examples."""

from __future__ import annotations

from itertools import product
from typing import Dict, List, Sequence, Tuple

import numpy as np
import pytest

from components import encoder, training
from components.model import Model

# 7 acts on 11 things are 77 intents of a bank and a telephone company, each told in 10 ways.
_ACTS: Dict[str, Tuple[Sequence[str], Sequence[str]]] = {
    "open": (
        ["I want to open {}", "open {}", "how do I get {}", "I would like to apply for {}", "sign me up for {}",
         "can I start {} today", "set up {} for me", "I need {}", "what do I need to open {}",
         "please create {} for me"],
        ["help me get started with {}", "I'm interested in opening {}", "is it possible to open {} online"],
    ),
    "close": (
        ["I want to close {}", "cancel {}", "terminate {}", "I no longer need {}", "get rid of {}",
         "how do I cancel {}", "please shut down {}", "end {} as of today", "stop {} for good",
         "what do I do to close {}"],
        ["I'd like to cancel {} permanently", "could you close {} please", "I don't want {} any more"],
    ),
    "price": (
        ["how much is {}", "what does {} cost", "price of {}", "what are the fees for {}", "is {} free",
         "monthly charge for {}", "how expensive is {}", "do I pay anything for {}", "cost of {} per year",
         "tell me the price of {}"],
        ["what would I be charged for {}", "how much do you charge for {}", "fees of {}"],
    ),
    "lost": (
        ["I lost {}", "{} was stolen", "somebody took {}", "I can't find {} anywhere", "{} is missing",
         "I left {} on the bus", "report {} as lost", "{} disappeared from my bag", "thieves took {}",
         "I misplaced {}"],
        ["I think {} got stolen", "I have lost {}, what now", "someone stole {} yesterday"],
    ),
    "broken": (
        ["{} does not work", "{} stopped working", "{} is broken", "there is an error with {}", "{} is out of order",
         "I get an error message with {}", "{} keeps failing", "trouble with {}", "{} is faulty",
         "something is wrong with {}"],
        ["{} isn't working any more", "I have a problem with {}, it fails", "why does {} not work"],
    ),
    "limit": (
        ["what is the limit of {}", "raise the limit of {}", "maximum for {}", "increase the limit on {}",
         "how high is the limit for {}", "I need a higher limit on {}", "change the limit of {}",
         "is there a limit for {}", "lower the limit of {}", "the limit on {} is too low"],
        ["can you increase my limit on {}", "what's the maximum limit for {}", "set another limit for {}"],
    ),
    "arrival": (
        ["when does {} arrive", "has {} been sent", "{} has not come yet", "how long until I receive {}",
         "still waiting for {}", "where is {} that I ordered", "delivery of {}", "when will I have {}",
         "track the delivery of {}", "{} should have come last week"],
        ["I am still waiting on {}", "when will {} be delivered", "{} hasn't arrived"],
    ),
}  # fmt: skip
_THINGS = (
    "a credit card", "a savings account", "the mobile app", "a travel insurance", "a SIM card", "the internet router",
    "a student loan", "a cheque book", "the card reader", "a gift voucher", "the television box",
)  # fmt: skip
_FAR_AWAY = (
    "what is the capital of Peru", "tell me a joke about cats", "how do I bake bread", "who painted the Mona Lisa",
    "will it rain tomorrow", "play some jazz", "translate dog into French", "what is seven times eight",
    "remind me to water the plants", "how tall is the Eiffel tower", "my dog does not eat", "recipe for apple pie",
    "quem ganhou o jogo ontem", "qué tiempo hace en Madrid", "conta uma história", "receta de tortilla",
)  # fmt: skip


def _examples(which: int) -> Tuple[List[str], List[str]]:
    pairs = [
        (pattern.format(thing), f"{act}/{thing}")
        for (act, patterns), thing in product(_ACTS.items(), _THINGS)
        for pattern in patterns[which]
    ]
    return training.prepare([text for text, _ in pairs]), [name for _, name in pairs]


@pytest.fixture(scope="module")
def model() -> Model:
    texts, names = _examples(0)
    assert len(set(names)) == 77
    assert len(texts) == 770
    return training.fit(texts, names, encoder.encode(texts), training.Settings())


def test_seventy_seven_intents_with_ten_examples_each(model: Model) -> None:
    texts, names = _examples(1)
    decisions = [
        model.decide(text, text, vector, []) for text, vector in zip(texts, encoder.encode(texts))
    ]
    right = [decision.raw_intent == name for decision, name in zip(decisions, names)]
    kept = [decision.intent == name for decision, name in zip(decisions, names)]
    assert np.mean(right) > 0.95
    # What it knows it also says: the limits follow from the data, not from this shop.
    assert np.mean(kept) > 0.9


def test_what_is_far_away_is_told_apart_without_examples_of_it(model: Model) -> None:
    texts, _ = _examples(1)
    far = training.prepare(_FAR_AWAY)

    def familiarity(some: List[str]) -> List[float]:
        return [
            model.scope(model.logits(text, vector), vector)
            for text, vector in zip(some, encoder.encode(some))
        ]

    near, strange = np.array(familiarity(texts)), np.array(familiarity(far))
    # AUROC: how often a stranger looks stranger than one of ours.
    assert np.mean(near[:, None] > strange[None, :]) > 0.97
    decisions = [
        model.decide(text, text, vector, []) for text, vector in zip(far, encoder.encode(far))
    ]
    assert np.mean([decision.fallback for decision in decisions]) > 0.8


def test_two_intents_are_enough() -> None:
    texts = training.prepare(["yes", "yes please", "of course", "no", "no thanks", "never"])
    names = ["affirm"] * 3 + ["deny"] * 3
    model = training.fit(texts, names, encoder.encode(texts), training.Settings())
    [vector] = encoder.encode(["yes please do"])
    assert model.decide("yes please do", "yes please do", vector, []).raw_intent == "affirm"


def test_one_example_of_an_intent_is_no_reason_to_fail() -> None:
    texts = training.prepare(["hi", "hello", "hey", "bye", "goodbye", "see you", "menu"])
    names = ["greet"] * 3 + ["goodbye"] * 3 + ["menu"]
    model = training.fit(texts, names, encoder.encode(texts), training.Settings())
    assert set(model.labels) == {"greet", "goodbye", "menu"}
