"""What each command prints where, and with which exit code."""

import json
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal, stored_rows
from tests.parts import PASSWORD

COMMANDS = {
    "up",
    "serve",
    "migrate",
    "train",
    "doctor",
    "staff",
    "token",
    "kb",
    "chat",
    "explain",
} | {"transcript", "contact", "backup", "restore"}
OPTIONS = {
    "up": "--host --port --data-dir --no-demo --no-telegram",
    "staff add": "--email --name --role --level --password-stdin --data-dir",
    "token create": "--staff --name --data-dir",
    "kb import": "--dry-run --data-dir",
    "kb ask": "--locale --explain --data-dir",
    "chat": "--locale --data-dir",
    "explain": "--locale --json --data-dir",
    "transcript": "--format --verify --data-dir",
    "contact erase": "--yes --data-dir",
    "restore": "--force --data-dir",
}


def add(email: str, role: str = "agent", name: str = "Ana") -> tuple[str, ...]:
    return (
        "staff", "add", "--email", email, "--name", name, "--role", role, "--password-stdin",
    )  # fmt: skip


def test_the_table_of_commands_is_whole() -> None:
    from typer.main import get_command
    from typer.testing import CliRunner

    from bot.cli.root import app

    assert set(get_command(app).commands) >= COMMANDS  # type: ignore[attr-defined]
    for command, options in OPTIONS.items():
        shown = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200"})
        assert shown.exit_code == 0
        for option in options.split():
            assert option in shown.output, (command, option)


def test_accounts_and_tokens(frontline: Terminal) -> None:
    made = (frontline(*add("ana@aurora.example", "admin"), stdin=PASSWORD + "\n")).works()
    assert made.out.split()[1:] == ["ana@aurora.example"]
    assert PASSWORD not in made.out + made.err
    (frontline(*add("bo@aurora.example"), stdin=PASSWORD)).works()
    again, weak, role, email, silent = (
        frontline(*add("ANA@aurora.example"), stdin=PASSWORD),
        frontline(*add("c@aurora.example"), stdin="short\n"),
        frontline(*add("c@aurora.example", "king"), stdin=PASSWORD),
        frontline(*add("no address"), stdin=PASSWORD),
        frontline(*add("c@aurora.example")[:-1]),
    )
    again.fails_with("already")
    weak.fails_with("10 characters")
    role.fails_with("agent, supervisor")
    email.fails_with("no e-mail address")
    silent.fails_with("--password-stdin")

    token = (frontline("token", "create", "--staff", "bo@aurora.example")).works()
    word = token.out.split()[-1]
    assert token.out == word + "\n"
    assert word.startswith("flt_")
    assert "not shown again" in token.err
    assert word not in str(stored_rows(frontline.data_dir))

    (frontline("token", "create", "--staff", "no@aurora.example")).fails_with("no active")
    (frontline("staff", "disable", "ana@aurora.example")).fails_with("last admin")
    # As a process of its own: nothing but the result on standard output.
    disabled = frontline.process("staff", "disable", "bo@aurora.example").works()
    assert (disabled.out, disabled.err) == ("disabled bo@aurora.example\n", "")
    (frontline("staff", "disable", "bo@aurora.example")).fails_with("no such active")
    listed = (frontline("staff", "list")).works()
    lines = {line.split()[1]: line for line in listed.out.splitlines()}
    assert " active " in lines["ana@aurora.example"]
    assert " disabled " in lines["bo@aurora.example"]
    assert listed.err == ""


def test_articles_in_out_and_asked(frontline: Terminal, tmp_path: Path) -> None:
    article = {
        "key": "pix",
        "locale": "pt-BR",
        "title": "Como pago com Pix?",
        "phrasings": ["o código pix expirou"],
        "answer": "Leia o **QR code**.",
        "state": "published",
    }
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps([article]), encoding="utf-8")
    bad.write_text(json.dumps([article, {"key": "x"}]), encoding="utf-8")
    dry = (frontline("kb", "import", str(good), "--dry-run")).works()
    assert "1 created" in dry.out
    assert (frontline("kb", "ask", "como pago com pix?")).works().out.startswith("handoff")
    broken = frontline("kb", "import", str(bad))
    assert broken.code == 1
    assert "nothing was imported" in broken.err
    assert "bad.json item 2" in broken.out
    (frontline("kb", "import", str(tmp_path / "none.csv"))).fails_with("none.csv")
    (frontline("kb", "import", str(good))).works()
    asked = (frontline("kb", "ask", "como pago com pix?", "--locale", "pt-BR")).works()
    assert asked.out.splitlines()[0] == "answer"
    assert "Leia o **QR code**." in asked.out
    (frontline("kb", "export", str(tmp_path / "out"))).works()
    assert "1 unchanged" in (frontline("kb", "import", str(tmp_path / "out"))).works().out


def test_schema_doctor_and_what_is_not_there(frontline: Terminal) -> None:
    first = (frontline("migrate")).works()
    assert first.out.startswith("empty -> ")
    table, transcript, chat = (
        frontline("doctor"),
        frontline("transcript", "FL-1"),
        frontline("chat"),
    )
    for word in (
        "database",
        "Rasa",
        "model",
        "pages",
        "mail",
        "Telegram",
        "gateway",
        "data folder",
    ):
        assert word in table.out
    assert table.code == (1 if "broken" in table.out else 0)
    transcript.fails_with("no such conversation")
    chat.fails_with("frontline up")


def test_doctor_says_what_is_broken(frontline: Terminal) -> None:
    result = frontline(
        "doctor",
        environ={
            "FRONTLINE_REDIS_URL": "redis://127.0.0.1:1/0",
            "FRONTLINE_SMTP_URL": "smtp://127.0.0.1:1",
            "FRONTLINE_TELEGRAM_TOKEN": "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "FRONTLINE_TELEGRAM_API_URL": "http://127.0.0.1:1",
        },
    )
    assert result.code == 1
    assert result.out.count("broken") == 3
    assert "AAAAAAAAAAAA" not in result.out + result.err
    assert "Traceback" not in result.err


@pytest.mark.rasa
def test_a_message_is_explained_without_a_gateway(frontline: Terminal) -> None:
    result = (frontline.process("explain", "onde está meu pedido?", "--json", seconds=150)).works()
    decision = json.loads(result.out)
    assert decision["route"] == "order_status"
    assert {"intent", "confidence", "candidates", "locale", "reasons"} <= set(decision)
    assert "starting Rasa" in result.err
