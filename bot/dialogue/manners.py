"""How a turn's replies are put to the customer: no question twice, nothing forgotten, no parrot.

Rules and actions decide what is said; here a form's repeated question becomes a short reminder, an
awaited code is mentioned again after an interruption, a second request in the same message is
offered, and the same small sentence is not said twice in a row. Pure but for what was said last.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.dialogue.rasa_wire import RasaChoice, RasaReply, TurnAnswer, Wish

_QUESTIONS = frozenset({"utter_ask_order_number", "utter_ask_email"})
_SAID_IT_ALL = frozenset(
    {
        "utter_invalid_order_number",
        "utter_invalid_order_number_again",
        "utter_invalid_email",
        "utter_invalid_email_again",
    }
)
"""Texts that already ask for what the form asks next."""
_ABOUT_CODES = frozenset(
    {
        "action_start_order_check",
        "action_start_password_reset",
        "action_resend_code",
        "action_code_problem",
        "action_cancel_flow",
        "action_request_human",
        "action_not_helped",
        "action_code_hint",
        "action_take_back",
        "utter_code_expired",
        "utter_goodbye",
        "utter_no_hurry",
    }
)
_VARIED = frozenset(
    {
        "utter_abuse",
        "utter_bot_challenge",
        "utter_capabilities",
        "utter_chitchat",
        "utter_goodbye",
        "utter_greet",
        "utter_nothing_to_confirm",
        "utter_nothing_to_deny",
        "utter_out_of_scope",
        "utter_thanks_reply",
        "utter_what_else",
    }
)
"""Texts with a second wording, under the key with `_again`."""
MAX_SAME_ANSWER = 1
"""Given more often in a row, an answer comes with a person: who asks again was not helped by it."""
_POLITE = frozenset({"utter_goodbye", "utter_thanks_reply"})
"""Their second wording offers no person: nothing is wrong."""
QUESTION = "question"
"""Of a button: what is asked by pressing it, where that is more than its label."""
_REMEMBERED = 5_000
"""Conversations whose last sentence is known."""


@dataclass(frozen=True, slots=True)
class _Said:
    turn_id: str
    key: str
    times: int


class Manners:
    """Knows what each conversation heard last; forgetting it costs a repeated sentence."""

    def __init__(self) -> None:
        self._said: OrderedDict[str, _Said] = OrderedDict()

    def polish(
        self, conversation: str, answer: TurnAnswer, *, awaits_code: bool = True
    ) -> TurnAnswer:
        """Return the answer as the customer should hear it; running a turn again changes nothing.

        Args:
            conversation: the session that the answer belongs to.
            answer: what rules and actions want said.
            awaits_code: whether a mailed code can still be typed.
        """
        replies = list(answer.replies)
        if not replies:
            return answer
        key = replies[0].say or replies[0].markdown or ""
        times = self._heard(conversation, answer.turn_id, key)
        if replies[0].markdown and times > MAX_SAME_ANSWER:
            replies = [
                replies[0],
                _with_person(RasaReply("utter_already_answered", None, {}, ())),
                *(reply for reply in replies[1:] if reply.say in _QUESTIONS),
            ]
        if key in _VARIED and times % 2 == 0:
            again = replace(replies[0], say=f"{key}_again")
            replies[0] = again if key in _POLITE else _with_person(again)
        replies = remind(replies, answer, awaits_code=awaits_code)
        replies = offer(replies, answer)
        return replace(answer, replies=tuple(replies))

    def _heard(self, conversation: str, turn_id: str, key: str) -> int:
        last = self._said.pop(conversation, None)
        if last is not None and last.key == key:
            times = last.times if last.turn_id == turn_id else last.times + 1
        else:
            times = 1
        self._said[conversation] = _Said(turn_id, key, times)
        if len(self._said) > _REMEMBERED:
            self._said.popitem(last=False)
        return times


def remind(
    replies: Sequence[RasaReply], answer: TurnAnswer, *, awaits_code: bool = True
) -> list[RasaReply]:
    """Shorten a form's question that comes after something else; mention an awaited code."""
    done = list(replies)
    if len(done) > 1 and done[-1].say in _QUESTIONS:
        if done[0].say == "utter_no_hurry" or any(reply.say in _SAID_IT_ALL for reply in done[:-1]):
            done.pop()
        else:
            done[-1] = replace(done[-1], say=f"{done[-1].say}_again")
        return done
    if (
        awaits_code
        and answer.slots.get("purpose")
        and answer.active_loop is None
        and _ABOUT_CODES.isdisjoint(answer.actions)
        and not any(reply.choices for reply in done)
    ):
        done.append(
            RasaReply(
                "utter_code_reminder",
                None,
                {},
                (
                    RasaChoice("label_resend_code", None, "resend_code", {}),
                    RasaChoice("label_cancel", None, "cancel", {}),
                ),
            )
        )
    return done


def offer(replies: Sequence[RasaReply], answer: TurnAnswer) -> list[RasaReply]:
    """Offer what else the message asked for, as buttons; they replace "did it help?"."""
    if answer.parse is None or not answer.parse.also:
        return list(replies)
    done = [reply for reply in replies if reply.say != "utter_did_it_help"]
    choices = tuple(_wish(wish) for wish in answer.parse.also)
    done.append(RasaReply("utter_also", None, {}, choices))
    return done


def still_open(wishes: Sequence[Wish]) -> RasaReply:
    """Return the offer of what was asked for earlier, beside something else."""
    return RasaReply("utter_also_still", None, {}, tuple(_wish(wish) for wish in wishes[:3]))


def _wish(wish: Wish) -> RasaChoice:
    entities = {"order_number": wish.order_number} if wish.order_number else {}
    if wish.intent == "faq":
        # The label may be cut; what is looked up is what was asked.
        return RasaChoice(None, wish.text, "faq", {**entities, QUESTION: wish.text})
    return RasaChoice(f"label_{wish.intent}", None, wish.intent, entities)


def _with_person(reply: RasaReply) -> RasaReply:
    if any(choice.intent == "human" for choice in reply.choices):
        return reply
    person = RasaChoice("utter_talk_to_person", None, "human", {})
    return replace(reply, choices=(*reply.choices, person))
