"""What may stand in a mail's headers, and when a mail is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.kit.errors import Invalid
from bot.mail.message import Mail, build_message, check_address, check_subject, next_try

NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)


def mail(**changes: str) -> Mail:
    return Mail(
        id="0190",
        to=changes.get("to", "ana@example.com"),
        subject=changes.get("subject", "Olá"),
        text="Olá, Ana",
        html="<p>Olá, Ana</p>",
        created_at=NOW,
        expires_at=NOW + timedelta(hours=1),
    )


@pytest.mark.parametrize(
    "address",
    [
        "ana@example.com\nBcc: all@example.com",
        "ana@example.com\r\nSubject: x",
        "ana@example.com, bruno@example.com",
        "Ana <ana@example.com>",
        "ana@example.com\x00",
        "ana example.com",
        "@example.com",
        "a" * 250 + "@example.com",
        "",
    ],
)
def test_an_address_can_smuggle_in_no_header(address: str) -> None:
    with pytest.raises(Invalid):
        check_address(address)
    with pytest.raises(Invalid):
        build_message(mail(to=address), sender="Loja <a@b.example>")


@pytest.mark.parametrize("subject", ["a\nBcc: x@example.com", "a\u2028b", "", "   ", "x" * 300])
def test_a_subject_is_one_line(subject: str) -> None:
    with pytest.raises(Invalid):
        check_subject(subject)


def test_a_mail_has_both_parts_and_an_id_of_its_own() -> None:
    message = build_message(mail(), sender="Loja Aurora <support@aurora.example>")
    assert message["Message-ID"] == "<0190@aurora.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "text/plain",
        "text/html",
    ]


def test_waiting_doubles_up_to_an_hour_and_ends() -> None:
    waits = [
        next_try(n, now=NOW, expires_at=NOW + timedelta(days=1), jitter=0) for n in range(1, 12)
    ]
    seconds = [(due - NOW).total_seconds() if due else None for due in waits]
    assert seconds == [15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert next_try(1, now=NOW, expires_at=NOW + timedelta(seconds=10), jitter=0) is None
    late = next_try(2, now=NOW, expires_at=NOW + timedelta(days=1), jitter=1)
    assert late == NOW + timedelta(seconds=37.5)
