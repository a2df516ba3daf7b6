"""What may be saved as a text of the bot, and why not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hours.wording import shipped_texts
from bot.kit.locales import LOCALES, Texts
from bot.services import show_on_telegram
from bot.wording.text import Form, TextSpec, check, fill, make_spec, variables_of

TEXTS = Texts(more=shipped_texts())
SHIPPED = {locale: TEXTS.shipped(locale) for locale in LOCALES}


def spec(key: str) -> TextSpec:
    return make_spec(key, [SHIPPED[locale][key] for locale in LOCALES])


def codes(key: str, text: str, *, locale: str = "en", channel: str = "any") -> list[str]:
    found = check(
        text,
        spec(key),
        locale=locale,
        channel=channel,
        telegram_units=lambda shown: show_on_telegram(shown).units,
    )
    return [problem.code for problem in found]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_shipped_text_could_be_saved(locale: str) -> None:
    bad = {key: codes(key, text, locale=locale) for key, text in SHIPPED[locale].items()}
    assert {key: found for key, found in bad.items() if found} == {}


def test_every_language_has_every_text() -> None:
    assert len({frozenset(SHIPPED[locale]) for locale in LOCALES}) == 1


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("utter_greet", "", ["empty"]),
        ("utter_greet", " \u200b\n", ["empty"]),
        ("utter_greet", "Hi {name}!", ["unknown_variable"]),
        ("utter_handoff", "Your ticket is {number}.", ["missing_variable"]),
        ("utter_handoff", "{number} in {queue}, level {level}.", []),
        ("utter_handoff", "{number} in {queue}, {Level}.", ["braces"]),
        ("utter_code_failed", "Wrong code.", ["missing_variable"]),
        ("utter_code_failed", "Wrong, {tries left.", ["braces"]),
        ("utter_code_failed", "Wrong, {tries!r} left.", ["braces"]),
        ("utter_code_failed", "Wrong, {tries.__class__} left.", ["braces"]),
        ("utter_code_failed", "Wrong, {tries[0]} left.", ["braces"]),
        ("utter_code_failed", "Wrong, {} left: {tries}.", ["braces"]),
        ("utter_code_failed", "Wrong, {0} left: {tries}.", ["braces"]),
        ("utter_code_failed", "Wrong, {tries} left {{really}}.", []),
        ("utter_greet", "Hello **there", ["markdown"]),
        ("utter_greet", "Hello `there", ["markdown"]),
        ("utter_greet", "```\ncode", ["markdown"]),
        ("utter_greet", "[here](https://example.com", ["markdown"]),
        ("utter_greet", "[here](https://example.com/a_(b))", []),
        ("utter_greet", "[here](javascript:alert(1))", ["link"]),
        ("utter_greet", "Hello <b>there</b>", ["html"]),
        ("utter_greet", "**Hello** *there* `x` 2 * 3 = 6 \\** and a_b", []),
        ("utter_reset_link", "Go [here]({link}) within {minutes} minutes.", []),
        ("label_cancel", "Stop\nit", ["lines"]),
        ("label_cancel", "x" * 61, ["too_long"]),
        ("telegram_command_help", "x" * 257, ["too_long"]),
        ("mail_reset_code_subject", "one\ntwo", ["lines"]),
        ("hours_day_open", "{when}: {spans}", []),
        ("hours_day_open", "{when}", ["missing_variable"]),
        ("utter_greet", "x" * 4_097, ["too_long_for_telegram"]),
        ("utter_greet", "😀" * 2_049, ["too_long_for_telegram"]),
        ("utter_greet", "**" + "x" * 4_094 + "**", []),
        ("utter_greet", "x" * 8_001, ["too_long"]),
    ],
)
def test_what_is_refused(key: str, text: str, expected: list[str]) -> None:
    assert codes(key, text) == expected


def test_a_long_text_may_be_for_the_web_only() -> None:
    assert codes("utter_greet", "x" * 5_000, channel="web") == []
    assert codes("utter_greet", "x" * 5_000, channel="telegram") == ["too_long_for_telegram"]


def test_every_variable_has_a_sample_in_every_language() -> None:
    for locale in LOCALES:
        for key, text in SHIPPED[locale].items():
            shown = fill(text, spec(key), locale)
            assert "{" not in shown, key
            missing = [v.name for v in spec(key).variables if f"[{v.name}]" in shown]
            assert missing == [], key


def test_places_have_their_form() -> None:
    assert spec("utter_talk_to_person").form is Form.LABEL
    assert spec("utter_talk_to_person").channels == ("any", "web", "telegram")
    assert spec("mail_order_code_subject").form is Form.SUBJECT
    assert spec("mail_order_code_subject").channels == ("any",)


@given(st.text(alphabet="{}ab*`[]()! \n", max_size=40))
def test_no_text_breaks_the_check_and_what_passes_can_be_said(text: str) -> None:
    if codes("utter_greet", text) == []:
        assert variables_of(text) == []
        assert isinstance(text.format_map({}), str)
