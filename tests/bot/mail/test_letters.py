"""What the mails say."""

import pytest

from bot.kit.locales import LOCALES, Texts
from bot.mail.letters import Letters


@pytest.fixture(scope="module")
def letters() -> Letters:
    return Letters(Texts(), "Loja Aurora")


@pytest.mark.parametrize("locale", LOCALES)
def test_codes_are_easy_to_read_and_copy(letters: Letters, locale: str) -> None:
    letter = letters.order_code(locale, code="12345678", number="AUR-10023", minutes=10)
    for part in (letter.text, letter.html):
        assert "1234 5678" in part
        assert "AUR-10023" in part
        assert "10" in part
        assert "Loja Aurora" in part
    assert "12345678" not in letter.subject
    assert f'lang="{locale}"' in letter.html


def test_each_language_has_its_own_words(letters: Letters) -> None:
    subjects = {letters.reset_code(one, code="12345678", minutes=10).subject for one in LOCALES}
    assert len(subjects) == 3
    notices = {letters.password_changed(one, when="hoje").text for one in LOCALES}
    assert len(notices) == 3


def test_what_comes_from_outside_is_escaped(letters: Letters) -> None:
    letter = letters.order_code("en", code="12345678", number="<b>AUR</b>", minutes=10)
    assert "<b>AUR</b>" not in letter.html
    assert "&lt;b&gt;" in letter.html
