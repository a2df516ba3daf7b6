"""`frontline eval` measures messages and whole dialogues without a gateway, and says what is wrong with a file."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import Terminal


def write(file: Path, *rows: Any) -> str:
    file.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows))
    return str(file)


def test_files_and_options_that_make_no_sense(frontline: Terminal, tmp_path: Path) -> None:
    good = write(tmp_path / "good.jsonl", {"text": "oi", "expect": "smalltalk"})
    bad = write(tmp_path / "bad.jsonl", {"text": "oi"}, "{", {"text": "oi", "expect": "smalltalk"})
    frontline("eval", good, bad).fails_with("2 lines can't be used", "bad.jsonl:1:", "bad.jsonl:2:")
    for arguments, said in (
        ([str(tmp_path / "none.jsonl")], "Can't read"),
        ([good, "--perturb", "caps,emoji"], "not 'emoji'"),
        ([good, "--html", str(tmp_path / "none" / "x.html")], "There is no folder"),
        ([good, "--floors", bad], "no TOML"),
    ):
        frontline("eval", *arguments).fails_with(said)


@pytest.mark.rasa
def test_messages_and_dialogues_are_measured_without_a_gateway(
    frontline: Terminal, tmp_path: Path
) -> None:
    file = write(
        tmp_path / "mine.jsonl",
        {"text": "esqueci minha senha", "locale": "pt-BR", "expect": "reset_password"},
        {"text": "I want to talk to a person", "locale": "en", "expect": "human"},
        {
            "dialogue": [
                {"say": "I forgot my password", "expect": "reset_password"},
                # An address is no question here: it answers what the form has asked for.
                {"say": "nobody@example.com", "expect": "reset_password"},
                {"say": "let me talk to a person", "expect": "human"},
            ],
            "locale": "en",
        },
    )
    floors = tmp_path / "floors.toml"
    floors.write_text("[en]\naccuracy = 0.9\n[loss]\ncaps = 0.0\n")
    page = tmp_path / "report.html"
    options = ("--json", "--html", str(page), "--floors", str(floors), "--min", "1")
    told = frontline.process("eval", file, *options, seconds=150).works()
    report = json.loads(told.out)
    assert report["messages"] == 5
    assert report["accuracy"] == 1.0
    assert report["dialogues"] == {"count": 1, "right": 1.0}
    assert report["perturbations"]["caps"]["loss"] == 0.0
    assert "of 10 messages" in told.err
    assert "talk to a person" not in page.read_text()  # nothing went wrong
    assert "100.0 %" in page.read_text()
    mails = tmp_path / "var" / "mail"
    assert not mails.exists() or not list(mails.iterdir())

    floors.write_text("[en]\naccuracy = 0.9\ncore_recall = 0.9\narticle_first = 0.5\n")
    below = frontline.process("eval", file, "--floors", str(floors), seconds=150)
    assert below.code == 1
    assert "BELOW" in below.out
    assert "en article_first is not measured" in below.err
