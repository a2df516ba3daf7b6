"""Files of messages are read strictly, and every line that can't be used is named."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.evaluation.cases import BadCases, parse_cases, read_cases, units
from bot.kit.errors import SetupError


def lines(*rows: Any) -> str:
    return "\n".join(
        row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows
    )


def test_messages_and_dialogues_are_read() -> None:
    cases = parse_cases(
        lines(
            {"text": "oi", "locale": "pt-BR", "expect": "smalltalk", "source": "mine"},
            "",
            {"dialogue": [{"say": "hi", "expect": ["smalltalk", "faq"]}], "locale": "en-GB"},
            {"text": "pix\u2028?", "expect": "faq", "article": "pix"},
        )
    )
    assert [(c.line, c.text, c.locale, c.expect, c.dialogue) for c in cases] == [
        (1, "oi", "pt-BR", ("smalltalk",), None),
        (3, "hi", "en", ("smalltalk", "faq"), 3),
        (4, "pix\u2028?", None, ("faq",), None),
    ]
    assert cases[2].articles == ("pix",)


def test_several_files_are_one_set(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text(
            "\ufeff" + lines({"dialogue": [{"say": "oi", "expect": "smalltalk"}] * 2})
        )
    cases = read_cases([tmp_path / "a.jsonl", tmp_path / "b.jsonl"])
    assert [case.place for case in cases] == ["a.jsonl:1", "a.jsonl:1", "b.jsonl:1", "b.jsonl:1"]
    assert [len(unit) for unit in units(cases)] == [2, 2]


def test_turns_stay_together_and_messages_alone() -> None:
    message = {"text": "oi", "expect": "smalltalk"}
    dialogue = {"dialogue": [{"say": "oi", "expect": "smalltalk"}] * 2}
    cases = parse_cases(lines(message, message, dialogue, dialogue, message))
    assert [len(unit) for unit in units(cases)] == [1, 1, 2, 2, 1]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("not json", "no JSON"),
        ("[" * 100_000, ""),
        ("[]", "not an object"),
        ({"text": "oi"}, '"expect" is missing'),
        ({"text": "oi", "expect": []}, '"expect" is missing'),
        ({"text": "oi", "expect": [1]}, '"expect" must be'),
        ({"text": "oi", "expect": {"faq": 1}}, '"expect" must be'),
        ({"text": 5, "expect": "faq"}, '"text" must be a text'),
        ({"text": "oi", "expect": "greeting"}, "none of the routes reset_password"),
        ({"text": "oi", "expect": "faq", "locale": "fr"}, "the locale 'fr' is none of pt-BR"),
        ({"text": "oi", "expect": "faq", "locale": 3}, "the locale 3 is none of pt-BR"),
        ({"dialogue": []}, "a list of turns"),
        ({"dialogue": "oi"}, "a list of turns"),
        (
            {"dialogue": [{"say": "oi", "expect": "faq"}, {"text": "oi", "expect": "faq"}]},
            'turn 2: "say" must be a text',
        ),
        ({"dialogue": ["oi"]}, "turn 1: not an object"),
    ],
)
def test_a_bad_line_is_named_with_its_reason(line: Any, why: str) -> None:
    with pytest.raises(BadCases) as caught:
        parse_cases(lines({"text": "oi", "expect": "smalltalk"}, line), file="mine.jsonl")
    assert caught.value.problems[0].startswith("mine.jsonl:2: ")
    assert why in caught.value.problems[0]


def test_every_bad_line_of_every_file_is_named(tmp_path: Path) -> None:
    good, bad = {"text": "oi", "expect": "smalltalk"}, {"text": "oi"}
    (tmp_path / "a.jsonl").write_text(lines(good, bad, "{"))
    (tmp_path / "b.jsonl").write_text(lines(bad, good))
    with pytest.raises(BadCases) as caught:
        read_cases([tmp_path / "a.jsonl", tmp_path / "b.jsonl"])
    assert [problem.split(": ")[0] for problem in caught.value.problems] == [
        "a.jsonl:2",
        "a.jsonl:3",
        "b.jsonl:1",
    ]
    assert str(caught.value).startswith("3 lines can't be used")


def test_a_file_that_is_missing_or_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n \n")
    (tmp_path / "latin.jsonl").write_bytes(b'{"text": "ol\xe1"}')
    for name, why in {"none": "Can't read", "latin": "as UTF-8", "empty": "no messages"}.items():
        with pytest.raises(SetupError, match=why):
            read_cases([tmp_path / f"{name}.jsonl"])
