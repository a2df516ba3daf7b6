"""Questions: the knowledge base answers, asks back, or does not know."""

from collections.abc import Sequence

from actions.action import (
    Button,
    Done,
    FrontlineAction,
    Result,
    article_button,
    button,
    markdown,
    person_button,
    say,
)
from actions.context import ActionCall
from actions.flows import MAX_INVALID, code_hint, useless_answer
from actions.hand_off import hand_off
from actions.phrases import lost_mailbox
from bot.dialogue.routing import FALLBACK, has_article, is_foreign
from handoff.ticket import Reason
from knowledge_base.presentation import Presentation
from knowledge_base.ranking import Decision
from knowledge_base.search import Answer, Hit
from knowledge_base.text import is_readable

MAX_CHOICES = 3
MAX_RUNNERS_UP = 2
SURE_ANSWER = 0.85
"""From this confidence on an answer stands alone; below it the articles next to it are offered too."""
LIKELY = 0.35
"""From this probability on a flow the model did not dare to start is offered as a button."""
_FLOWS = frozenset({"order_status", "reset_password", "opening_hours", "ticket_status"})
NEXT_TO_IT = 0.12
"""Articles that far behind the answer in score may be the ones that were meant."""
WORTH_SHOWING = 0.3
"""Articles whose meaning is farther than this help nobody who was not understood."""
ASKED_BACK = 0.3
"""What asking which article is meant counts as, in failed attempts."""


class AnswerQuestion(FrontlineAction):
    """Searches the articles; asks to rephrase once, then a person takes over."""

    action_name = "action_answer_question"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        answer = await _search(self, call)
        likely = [name for name, probability in call.ranking if probability >= LIKELY]
        flow = next((button(f"label_{name}", name) for name in likely if name in _FLOWS), None)
        leaning = call.ranking[0][0] if call.ranking else ""
        match answer.decision:
            case Decision.ANSWER:
                sure = answer.confidence >= SURE_ANSWER
                best = answer.hits[0].score
                close = [hit for hit in answer.choices[1:] if best - hit.score <= NEXT_TO_IT]
                others = [
                    article_button(hit.title, hit.article_id)
                    for hit in (() if sure else close[:MAX_RUNNERS_UP])
                ]
                return await _show(self, call, answer.hits[0], [*([flow] if flow else []), *others])
            case _ if call.word("purpose") is not None and (
                call.intent == FALLBACK or lost_mailbox(call.text)
            ):
                # Words that nobody is sure about, while a code is awaited, are most likely about it.
                return await code_hint(self, call)
            case Decision.CLARIFY if is_foreign(call.intent, leaning, answer):
                return _out_of_scope()
            case Decision.CLARIFY:
                return await _clarify(self, call, answer, flow)
            case Decision.HANDOFF:
                return await _not_understood(self, call, answer.hits, flow)


class ChooseArticle(FrontlineAction):
    """Shows the article whose button was pressed."""

    action_name = "action_choose_article"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        article_id = call.entities.get("article_id") or call.word("article_id")
        hit = await self.services.knowledge.get_published(article_id) if article_id else None
        if hit is None:
            return _gone()
        return await _show(self, call, hit)


class NoneOfThese(FrontlineAction):
    """None of the articles that were offered was meant: asks for other words, once."""

    action_name = "action_none_of_these"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        if call.number("failed_attempts") >= 1:
            return await hand_off(self.services, call, Reason.NOT_UNDERSTOOD)
        reply = say("utter_ask_rephrase", person_button())
        return Done(Result.NOT_FOUND, (reply,), {"failed_attempts": 1.0})


class Helped(FrontlineAction):
    """The answer was right."""

    action_name = "action_helped"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        return Done(Result.OK, (say("utter_helped"),))


class NotHelped(FrontlineAction):
    """The answer was no help: a person takes over, with the article in the pack."""

    action_name = "action_not_helped"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        return await hand_off(self.services, call, Reason.NOT_HELPED)


class OutOfScope(FrontlineAction):
    """Not the shop's business: says what is. What nobody can read counts as a failed attempt."""

    action_name = "action_out_of_scope"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        if not is_readable(self.services.turns.of(call.turn_id).question or call.text):
            return await _not_understood(self, call, ())
        if call.active_loop is None:
            return await _beside_the_shop(self, call)
        # A form that hears nothing but other matters must come to an end too.
        count = call.number("invalid_attempts") + 1
        if count >= MAX_INVALID:
            return await hand_off(self.services, call, Reason.INVALID_DATA)
        return _out_of_scope(invalid_attempts=count)


async def _search(action: FrontlineAction, call: ActionCall) -> Answer:
    """Return what the knowledge base says about the message; it is asked once a turn."""
    record = action.services.turns.of(call.turn_id)
    answer: Answer
    if record.known is not None and record.known_locale == call.locale:
        answer = record.known
    else:
        answer = await action.services.knowledge.ask(
            record.question or call.text, locale=call.locale, vector=record.vector
        )
    record.answer = answer
    return answer


async def _beside_the_shop(action: FrontlineAction, call: ActionCall) -> Done:
    """Say what is the shop's business, unless an article answers after all."""
    answer = await _search(action, call)
    if not has_article(answer):
        return _out_of_scope()
    if answer.decision is Decision.ANSWER:
        return await _show(action, call, answer.hits[0])
    return await _clarify(action, call, answer, None)


def _out_of_scope(**slots: float) -> Done:
    capabilities = button("label_capabilities", "capabilities")
    return Done(Result.OK, (say("utter_out_of_scope", capabilities, person_button()),), slots)


async def _not_understood(
    action: FrontlineAction, call: ActionCall, near: Sequence[Hit], flow: Button | None = None
) -> Done:
    """Ask to put it in other words, once; the second time in a row a person takes over."""
    if call.active_loop is not None and not is_readable(call.text):
        return await useless_answer(action, call)
    if call.word("purpose") is not None and not is_readable(call.text):
        return await code_hint(action, call)
    if call.number("failed_attempts") >= 1:
        return await hand_off(action.services, call, Reason.NOT_UNDERSTOOD)
    near = [hit for hit in near if hit.dense >= WORTH_SHOWING]
    articles = [article_button(hit.title, hit.article_id) for hit in near[:MAX_CHOICES]]
    nearest = [flow, *articles[: MAX_CHOICES - 1]] if flow else articles
    key = "utter_ask_rephrase_nearest" if nearest else "utter_ask_rephrase"
    return Done(Result.NOT_FOUND, (say(key, *nearest, person_button()),), {"failed_attempts": 1.0})


def _gone() -> Done:
    return Done(Result.NOT_FOUND, (say("utter_article_gone", person_button()),))


async def _show(
    action: FrontlineAction, call: ActionCall, hit: Hit, others: Sequence[Button] = ()
) -> Done:
    shown = Presentation(hit.answer)
    if action.services.presenter is not None:
        found = await action.services.presenter.present(
            hit.article_id, hit.revision, locale=call.locale, channel=call.channel
        )
        if found is None:  # archived or made internal since the index was read
            return _gone()
        shown = found
    action.services.turns.of(call.turn_id).article = {
        "article_id": hit.article_id,
        "key": hit.key,
        "title": hit.title,
        "locale": hit.locale,
        "revision": hit.revision,
        "score": hit.score,
    }
    offers = [
        person_button() if flow == "human" else button(f"label_{flow}", flow)
        for flow in shown.flows
    ]
    offers += [article_button(one.title, one.article_id) for one in shown.neighbours]
    offers += [other for other in others if other not in offers]
    replies = [markdown(shown.answer)]
    if hit.locale != call.locale:
        replies.insert(0, say(f"utter_answer_in_{hit.locale}"))
    if call.active_loop is None and call.word("purpose") is None:
        # In the middle of a form, or of a code that is awaited, its own question comes next.
        replies.append(
            say(
                "utter_did_it_help",
                button("utter_yes_helped", "helped"),
                button("utter_no_helped", "not_helped"),
                *offers,
            )
        )
    return Done(Result.OK, tuple(replies), {"failed_attempts": 0.0})


async def _clarify(
    action: FrontlineAction, call: ActionCall, answer: Answer, flow: Button | None
) -> Done:
    attempts = call.number("failed_attempts")
    if 2 * ASKED_BACK <= attempts < 1 or attempts > 1:
        # Asked twice already, or once since it had to be put in other words.
        return await hand_off(action.services, call, Reason.NOT_UNDERSTOOD)
    hits = (answer.choices or answer.hits)[:MAX_CHOICES]
    articles = [article_button(hit.title, hit.article_id) for hit in hits]
    buttons = [flow, *articles[: MAX_CHOICES - 1]] if flow else articles
    return Done(
        Result.CLARIFY,
        (
            say(
                "utter_clarify",
                *buttons,
                button("utter_something_else", "deny"),
                person_button(),
            ),
        ),
        {"failed_attempts": attempts + ASKED_BACK},
    )
