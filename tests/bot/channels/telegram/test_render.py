"""Markdown becomes HTML that Telegram takes, in parts that Telegram takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram.render import Button, render, utf16_units
from tests.fakes.bot_api import _visible


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("Olá", "Olá"),
        (
            "**bold**, *em*, _em_ and `co<de>`",
            "<b>bold</b>, <i>em</i>, <i>em</i> and <code>co&lt;de&gt;</code>",
        ),
        ("**bold _both_**", "<b>bold <i>both</i></b>"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("<script>x</script> <b>no</b>", "&lt;script&gt;x&lt;/script&gt; &lt;b&gt;no&lt;/b&gt;"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("one\ntwo\n\n\n\nthree", "one\ntwo\n\nthree"),
        ("# Title\ntext", "<b>Title</b>\n\ntext"),
        ("- a\n- b\n  1. c\n  2. d\n\nend", "• a\n• b\n   1. c\n   2. d\n\nend"),
        ("3. c\n4. d", "3. c\n4. d"),
        ("```\nif a < b:\n    pass\n```", "<pre>if a &lt; b:\n    pass</pre>"),
        (
            "[Track](https://a.example/?x=1&y=2) it",
            '<a href="https://a.example/?x=1&amp;y=2">Track</a> it',
        ),
        ("[mail](mailto:a@example.com)", '<a href="mailto:a@example.com">mail</a>'),
        ("[here](/reset)", "here (/reset)"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("https://a.example/_token_/x*y*z", "https://a.example/_token_/x*y*z"),
        ("(see https://a.example/_x_)", "(see https://a.example/_x_)"),
        ("\\*not em\\*", "*not em*"),
        ("> quote &amp; more", "&gt; quote &amp;amp; more"),
        ("    four spaces", "four spaces"),
        ("-\n\nnext", "• \n\nnext"),
        ("", "…"),
        ("   \n ", "…"),
    ],
)
def test_markdown(markdown: str, expected: str) -> None:
    parts = render(markdown)
    assert [part.html for part in parts] == [expected]


def test_buttons_stand_under_the_last_part_and_long_names_are_cut() -> None:
    parts = render(
        "word " * 2_000,
        choices=[
            {"id": "c1", "label": "Yes", "intent": "affirm"},
            {"id": "c2", "label": "A very long question " * 5},
            {"id": "x" * 65, "label": "Too long an id"},
        ],
    )
    assert [len(part.buttons) for part in parts] == [0, 0, 2]
    assert parts[-1].buttons[0] == Button("Yes", "c1")
    assert len(parts[-1].buttons[1].label) <= 60
    assert parts[-1].plain.endswith("• Too long an id")


def test_parts_end_between_paragraphs_lines_or_words() -> None:
    assert [p.plain for p in render("aaaa aaaa\n\nbbbb bbbb", limit=12)] == [
        "aaaa aaaa",
        "bbbb bbbb",
    ]
    assert [p.plain for p in render("aaaa\nbbbb\ncccc", limit=10)] == ["aaaa\nbbbb", "cccc"]
    assert [p.plain for p in render("aaa bbb ccc", limit=8)] == ["aaa bbb", "ccc"]
    assert [p.plain for p in render("a" * 25, limit=10)] == ["a" * 10, "a" * 10, "a" * 5]


def test_tags_are_closed_and_opened_again_at_a_cut() -> None:
    parts = render("**aaa [bbb ccc](https://a.example/) ddd**", limit=8)
    assert [part.html for part in parts] == [
        '<b>aaa <a href="https://a.example/">bbb</a></b>',
        '<b><a href="https://a.example/">ccc</a> ddd</b>',
    ]


def test_an_emoji_is_never_cut_in_two() -> None:
    family = "👩‍👩‍👧"
    parts = render(family * 20, limit=21)
    assert {part.plain for part in parts} == {family * 2}
    thumbs = "👍🏽"
    assert {part.plain for part in render(thumbs * 20, limit=10)} == {thumbs * 2}


@given(
    st.text(st.sampled_from("ab *_`[]()#-1.\n\\<>&!:/😀\u0301https"), max_size=400),
    st.integers(12, 60),
)
def test_whatever_is_written_telegram_can_read_it(text: str, limit: int) -> None:
    for part in render(text, limit=limit):
        visible = _visible(part.html)  # raises when tags are wrong
        assert visible == part.plain
        assert visible.strip()
        assert utf16_units(visible) <= limit


@given(st.text(max_size=300))
def test_any_text_at_all_is_rendered(text: str) -> None:
    assert render(text, author_name="Rui <x>")[0].html.startswith("<b>Rui &lt;x&gt;</b>")
