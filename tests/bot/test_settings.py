"""Settings that make no sense stop the start with a message naming every one of them."""

import stat
from pathlib import Path

import pytest

from bot.kit.errors import SetupError
from bot.settings import read_settings


def test_defaults_work_without_any_setting(tmp_path: Path) -> None:
    settings = read_settings({}, data_dir=tmp_path, dotenv=None)
    assert settings.database_url == f"sqlite:///{tmp_path / 'frontline.db'}"
    assert settings.default_locale == "pt-BR"
    assert settings.telegram_mode == "polling"
    assert not settings.secure_cookies


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(SetupError) as caught:
        read_settings(
            {
                "FRONTLINE_DEFAULT_LOCALE": "fr",
                "FRONTLINE_TELEGRAM_TOKN": "1:a",
                "FRONTLINE_TIMEZONE": "Brasilia",
                "FRONTLINE_WIDGET_IDENTITY": "required",
                "FRONTLINE_DATABASE_URL": "mysql://x",
                "FRONTLINE_PUBLIC_URL": "example.com",
            },
            data_dir=tmp_path,
            dotenv=None,
        )
    text = str(caught.value)
    for name in (
        "FRONTLINE_DEFAULT_LOCALE",
        "FRONTLINE_TELEGRAM_TOKN: unknown setting, did you mean FRONTLINE_TELEGRAM_TOKEN?",
        "FRONTLINE_TIMEZONE",
        "FRONTLINE_WIDGET_IDENTITY_KEYS",
        "FRONTLINE_DATABASE_URL",
        "FRONTLINE_PUBLIC_URL",
    ):
        assert name in text


def test_the_environment_wins_over_dotenv(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(
        'FRONTLINE_DEFAULT_LOCALE="es"\n# note\nexport FRONTLINE_MAIL_FROM=a@b.example\n'
    )
    settings = read_settings({"FRONTLINE_DEFAULT_LOCALE": "en"}, data_dir=tmp_path, dotenv=dotenv)
    assert (settings.default_locale, settings.mail_from) == ("en", "a@b.example")


def test_a_secret_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    first = read_settings({}, data_dir=tmp_path, dotenv=None).secret_key
    assert read_settings({}, data_dir=tmp_path, dotenv=None).secret_key == first
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


def test_secrets_never_print(tmp_path: Path) -> None:
    settings = read_settings(
        {
            "FRONTLINE_TELEGRAM_TOKEN": "12345:very-secret-token",
            "FRONTLINE_DATABASE_URL": "postgresql+asyncpg://u:hidden@h/n",
        },
        data_dir=tmp_path,
        dotenv=None,
    )
    assert "very-secret" not in repr(settings)
    assert "hidden" not in repr(settings)
