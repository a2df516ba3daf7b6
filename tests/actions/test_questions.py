"""Questions: answered, asked back, not understood once, and then a person."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from actions.webhook import ACTIONS, routes
from bot.conversations.conversation import Author, Owner
from bot.kit.web import mount
from handoff.ticket import Reason
from knowledge_base.presentation import Neighbour, Presentation
from knowledge_base.ranking import Decision
from tests.actions.world import REFUNDS, RETURNS, World, articles, hit, make_runner


async def test_an_answer_asks_whether_it_helped(world: World) -> None:
    world.knowledge.next = articles(Decision.ANSWER, RETURNS)
    message = await world.write("como devolvo?")
    record = world.services.turns.begin(
        message.id, vector=np.zeros(512, np.float32), question="como devolvo?"
    )
    said = await world.call("action_answer_question", turn_id=message.id, failed_attempts=1.0)
    assert said.replies[0] == {"markdown": "Você tem **30 dias**."}
    assert said.keys == ["markdown", "utter_did_it_help"]
    assert said.intents == ["helped", "not_helped"]
    assert (said.result, said.slots["failed_attempts"]) == ("ok", 0.0)
    assert world.knowledge.asked == [("como devolvo?", "pt-BR", True)], "encoded once"
    assert record.article is not None
    assert (record.article["key"], record.article["revision"]) == ("returns", 3)
    assert record.results == {"action_answer_question": "ok"}


async def test_what_was_found_before_rasa_was_asked_is_not_searched_again(world: World) -> None:
    message = await world.write("como devolvo?")
    known = articles(Decision.ANSWER, RETURNS)
    record = world.services.turns.begin(
        message.id, vector=None, question="como devolvo?", known=known, known_locale="pt-BR"
    )
    said = await world.call("action_answer_question", turn_id=message.id)
    assert said.replies[0] == {"markdown": "Você tem **30 dias**."}
    assert world.knowledge.asked == []
    assert record.answer is known


async def test_an_answer_within_a_form_asks_nothing_more(world: World) -> None:
    world.knowledge.next = articles(Decision.ANSWER, RETURNS)
    said = await world.call("action_answer_question", active_loop="order_form")
    assert said.keys == ["markdown"]


async def test_an_answer_in_another_language_is_announced(world: World) -> None:
    world.knowledge.next = articles(Decision.ANSWER, hit("x", "X", locale="en"))
    said = await world.call("action_answer_question")
    assert said.keys[:2] == ["utter_answer_in_en", "markdown"]


async def test_what_could_be_several_things_is_asked(world: World) -> None:
    world.knowledge.next = articles(Decision.CLARIFY, RETURNS, REFUNDS)
    said = await world.call("action_answer_question")
    assert (said.result, said.keys) == ("clarify", ["utter_clarify"])
    choices = said.replies[0]["choices"]
    assert choices[0] == {
        "label": "Como devolver",
        "intent": "choose_article",
        "entities": {"article_id": "id-returns"},
    }
    assert said.intents == ["choose_article", "choose_article", "deny", "human"]


async def test_it_asks_to_rephrase_once_and_then_calls_a_person(world: World) -> None:
    world.knowledge.next = articles(Decision.HANDOFF, RETURNS, REFUNDS, RETURNS, REFUNDS)
    first = await world.call("action_answer_question", "blorp")
    assert (first.result, first.keys) == ("not_found", ["utter_ask_rephrase_nearest"])
    assert first.intents == ["choose_article"] * 3 + ["human"]
    second = await world.call("action_answer_question", "blorp blorp")
    assert (second.result, second.replies) == ("handoff", [])
    ticket = await world.ticket()
    assert ticket is not None
    assert ticket.reason is Reason.NOT_UNDERSTOOD
    last = (await world.messages())[-1]
    assert last.author is Author.SYSTEM
    assert ticket.number in last.text


async def test_an_answer_in_between_starts_counting_again(world: World) -> None:
    await world.call("action_answer_question", "blorp")
    world.knowledge.next = articles(Decision.ANSWER, RETURNS)
    await world.call("action_answer_question")
    world.knowledge.next = articles(Decision.HANDOFF)
    said = await world.call("action_answer_question", "blorp")
    assert (said.result, said.keys) == ("not_found", ["utter_ask_rephrase"])


async def test_a_chosen_article_is_shown(world: World) -> None:
    world.knowledge.published["id-returns"] = RETURNS
    said = await world.call("action_choose_article", entities={"article_id": "id-returns"})
    assert said.keys == ["markdown", "utter_did_it_help"]
    gone = await world.call("action_choose_article", entities={"article_id": "id-gone"})
    assert (gone.result, gone.keys) == ("not_found", ["utter_article_gone"])


async def test_helped_and_not_helped(world: World) -> None:
    assert (await world.call("action_helped")).keys == ["utter_helped"]
    assert (await world.call("action_out_of_scope")).intents == ["capabilities", "human"]
    said = await world.call("action_not_helped", "não ajudou")
    assert said.result == "handoff"
    ticket = await world.ticket()
    assert ticket is not None
    assert ticket.reason is Reason.NOT_HELPED
    assert (await world.conversation()).owner is Owner.QUEUE


async def test_an_article_that_answers_beats_out_of_scope(world: World) -> None:
    world.knowledge.next = replace(articles(Decision.ANSWER, RETURNS), confidence=0.95)
    said = await world.call("action_out_of_scope", "posso devolver?")
    assert (said.result, said.keys) == ("ok", ["markdown", "utter_did_it_help"])
    world.knowledge.next = articles(Decision.HANDOFF, RETURNS)
    said = await world.call("action_out_of_scope", "qual a capital da França?")
    assert (said.result, said.keys) == ("ok", ["utter_out_of_scope"])


async def test_while_a_code_is_awaited_doubtful_words_are_about_the_code(world: World) -> None:
    world.knowledge.next = articles(Decision.CLARIFY, RETURNS, REFUNDS)
    said = await world.call(
        "action_answer_question", "gffgh", intent="nlu_fallback", purpose="order"
    )
    assert said.keys == ["utter_code_hint"]
    asked = await world.call("action_answer_question", "como devolvo?", purpose="order")
    assert asked.keys == ["utter_clarify"], "a question is still a question"


async def test_none_of_the_articles_asks_for_other_words_once(world: World) -> None:
    said = await world.call("action_none_of_these", "otro tema", failed_attempts=0.3)
    assert (said.result, said.keys, said.intents) == (
        "not_found",
        ["utter_ask_rephrase"],
        ["human"],
    )
    assert (await world.call("action_none_of_these", "otro tema")).result == "handoff"


class Shelf:
    """Presents every answer with all that can stand below one, or not at all."""

    def __init__(self, shown: Presentation | None) -> None:
        self.shown = shown
        self.asked: list[tuple[str, int, str, str]] = []

    async def present(
        self, article_id: str, revision: int, *, locale: str, channel: str
    ) -> Presentation | None:
        self.asked.append((article_id, revision, locale, channel))
        return self.shown


@asynccontextmanager
async def presenting(world: World, shown: Presentation | None) -> AsyncIterator[Shelf]:
    shelf = Shelf(shown)
    world.services = replace(world.services, presenter=shelf)
    app = web.Application()
    app[ACTIONS] = make_runner(world)
    mount(app, [routes])
    async with TestClient(TestServer(app)) as client:
        world.client = client
        yield shelf


async def test_what_stands_below_an_answer_becomes_buttons(world: World) -> None:
    world.knowledge.next = articles(Decision.ANSWER, RETURNS)
    refunds = Neighbour("id-refunds", "Reembolso")
    shown = Presentation("Curta.", ("order_status", "human"), (refunds,))
    async with presenting(world, shown) as shelf:
        said = await world.call("action_answer_question")
    assert said.replies[0] == {"markdown": "Curta."}
    assert said.intents == ["helped", "not_helped", "order_status", "human", "choose_article"]
    assert shelf.asked == [("id-returns", 3, "pt-BR", "web")]


async def test_an_article_hidden_a_moment_ago_is_not_shown(world: World) -> None:
    world.knowledge.next = articles(Decision.ANSWER, RETURNS)
    async with presenting(world, None):
        said = await world.call("action_answer_question")
    assert (said.result, said.keys) == ("not_found", ["utter_article_gone"])
