"""A second request is not lost while the first one takes several messages."""

from typing import Any

from bot.dialogue.open_wishes import Decided, open_wishes

HOURS = {"intent": "opening_hours", "text": "vocês abrem domingo?"}
RETURNS = {"intent": "faq", "text": "como devolvo?"}


def told(text: str, intent: str, **more: Any) -> Decided:
    return Decided(text, {"intent": intent, **more})


def waiting(*messages: Decided, intent: str = "code_ok") -> list[str]:
    return [wish.text for wish in open_wishes(messages, intent=intent)]


def test_it_waits_until_the_flow_is_over() -> None:
    first = told("cadê meu pedido e vocês abrem domingo?", "order_status", also=[HOURS])
    assert waiting(first, told("AUR-10023", "order_status")) == [HOURS["text"]]


def test_what_was_dealt_with_in_between_does_not_wait() -> None:
    first = told("…", "order_status", also=[HOURS, RETURNS])
    assert waiting(first, told("e domingo?", "opening_hours")) == [RETURNS["text"]]
    assert waiting(first, told("como devolvo?", "faq")) == [HOURS["text"]]
    assert waiting(first, told("tem frete grátis?", "faq")) == [HOURS["text"], RETURNS["text"]]
    assert waiting(first, intent="opening_hours") == [RETURNS["text"]]


def test_it_is_offered_again_only_once() -> None:
    first = told("…", "order_status", also=[HOURS])
    assert waiting(first, told("12345678", "code_ok", offered_again=True)) == []
