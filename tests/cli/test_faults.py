"""Wrong settings, taken ports, full disks, missing programs: one clear message, no traceback."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.kit.errors import SetupError
from bot.rasa import environment
from tests.cli.terminal import ROOT, Terminal
from tests.parts import PASSWORD

BROKEN = {
    "FRONTLINE_REDIS_URI": ("redis://x", "did you mean FRONTLINE_REDIS_URL?"),
    "FRONTLINE_NONSENSE": ("1", "unknown setting"),
    "FRONTLINE_DATABASE_URL": ("mysql://x", "must start with"),
    "FRONTLINE_PUBLIC_URL": ("example.com", "http(s)://HOST"),
    "FRONTLINE_TELEGRAM_MODE": ("pigeon", "neither polling nor webhook"),
    "FRONTLINE_TELEGRAM_TOKEN": ("nonsense-token", "does not look like"),
    "FRONTLINE_DEFAULT_LOCALE": ("xx", "none of"),
    "FRONTLINE_TIMEZONE": ("Mars/Olympus", "no IANA time zone"),
    "FRONTLINE_WIDGET_ORIGINS": ("www.aurora.example", "no origin"),
    "FRONTLINE_WIDGET_IDENTITY": ("required", "WIDGET_IDENTITY_KEYS"),
    "FRONTLINE_SECRET_KEY": ("too short", "at least 32 characters"),
    "FRONTLINE_RASA_HOSTS": ("0", "1 to 99"),
    "FRONTLINE_LOG_LEVEL": ("LOUD", "none of DEBUG"),
    "FRONTLINE_SMTP_URL": ("mail.example.com", "must start with"),
}


def test_every_wrong_setting_is_named_at_once(frontline: Terminal) -> None:
    environ = {name: value for name, (value, _) in BROKEN.items()}
    for command in (("staff", "list"), ("up",), ("doctor",)):
        result = (frontline(*command, environ=environ)).fails_with("These settings")
        for name, (_, words) in BROKEN.items():
            assert name in result.err
            assert words in result.err
        # Secrets are not repeated.
        assert "nonsense-token" not in result.err
        assert "too short" not in result.err
    assert not frontline.data_dir.exists()


def test_a_wrong_line_in_dotenv_is_named(frontline: Terminal, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FRONTLINE_TIMEZONE=Mars\njust words\n")
    result = frontline.process(
        "staff", "list", prefix=("env", "-C", str(tmp_path), f"PYTHONPATH={Path.cwd()}")
    )
    result.fails_with("FRONTLINE_TIMEZONE", "line 2")


def test_a_port_in_use(frontline: Terminal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for command in ("up", "serve"):
            (frontline(command, "--port", port)).fails_with(f"Port {port}", "--port")


def test_another_gateway_on_the_same_folder(frontline: Terminal) -> None:
    from bot.cli.lock import only_one

    with only_one(frontline.data_dir):
        (frontline("up", "--port", "18999")).fails_with("Another Frontline", "--data-dir")


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A disk of its own under `folder`, where the machine lets us make one."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs root and mount")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk(frontline: Terminal) -> None:
    with small_disk(frontline.data_dir, "8m"):
        (frontline("migrate")).works()
        with contextlib.suppress(OSError), (frontline.data_dir / "filler").open("wb") as file:
            while True:
                file.write(b"x" * 4_096)
                file.flush()
        add = (
            "staff", "add", "--email", "a@aurora.example", "--name", "A", "--role", "admin",
            "--password-stdin",
        )  # fmt: skip
        (frontline(*add, stdin=PASSWORD)).fails_with("disk is full")
        (frontline("up", "--port", "18998")).fails_with("disk is full")
        (frontline("backup", str(frontline.data_dir / "b.tar.gz"))).fails_with("disk is full")
        assert not list(frontline.data_dir.glob("*b*.tar.gz"))
        (frontline.data_dir / "filler").unlink()
        (frontline(*add, stdin=PASSWORD)).works()


def test_a_limit_on_file_size(frontline: Terminal) -> None:
    result = frontline.process(
        "migrate",
        prefix=("prlimit", "--fsize=65536") if shutil.which("prlimit") else ("env",),
    )
    if shutil.which("prlimit"):
        result.fails_with("disk is full")


def test_a_data_folder_that_cannot_be_written(frontline: Terminal, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    inside_a_file = {"FRONTLINE_DATA_DIR": str(tmp_path / "file" / "var")}
    for command in (("staff", "list"), ("up",), ("doctor",), ("kb", "ask", "x")):
        (frontline(*command, environ=inside_a_file)).fails_with("data folder")


def test_a_read_only_data_folder(frontline: Terminal) -> None:
    with small_disk(frontline.data_dir, "8m"):
        (frontline("migrate")).works()
        subprocess.run(["mount", "-o", "remount,ro", str(frontline.data_dir)], check=True)
        add = (
            "staff", "add", "--email", "a@aurora.example", "--name", "A", "--role", "admin",
            "--password-stdin",
        )  # fmt: skip
        (frontline(*add, stdin=PASSWORD)).fails_with("can't be")
        (frontline("up", "--port", "18997")).fails_with()


def test_a_store_that_is_no_database(frontline: Terminal) -> None:
    frontline.data_dir.mkdir()
    (frontline.data_dir / "frontline.db").write_bytes(b"this is no database" * 1_000)
    (frontline("staff", "list")).fails_with("store")
    (frontline("up", "--port", "18996")).fails_with("store")


def test_a_damaged_secret_key(frontline: Terminal) -> None:
    frontline.data_dir.mkdir()
    (frontline.data_dir / "secret.key").write_text("x")
    (frontline("staff", "list")).fails_with("secret.key is damaged")


def test_the_secret_key_is_for_its_owner_only(frontline: Terminal) -> None:
    (frontline("migrate")).works()
    assert (frontline.data_dir / "secret.key").stat().st_mode & 0o777 == 0o600


def test_databases_that_cannot_be_reached(frontline: Terminal) -> None:
    postgres = {"FRONTLINE_DATABASE_URL": "postgresql+asyncpg://u:hunter22secret@127.0.0.1:1/x"}
    result = (frontline("staff", "list", environ=postgres)).fails_with("store")
    assert "hunter22secret" not in result.err


def test_backup_is_for_the_embedded_store(frontline: Terminal, tmp_path: Path) -> None:
    postgres = {"FRONTLINE_DATABASE_URL": "postgresql+asyncpg://u@127.0.0.1:1/x"}
    (frontline("backup", str(tmp_path / "b"), environ=postgres)).fails_with("pg_dump")


# --------------------------------------------------------------------------- no Python 3.10

WITHOUT_PYTHON = """
import sys
from pathlib import Path
from bot.rasa import environment
environment.VENV = Path(sys.argv.pop(1))
environment.STAMP = environment.VENV / "stamp"
import bot.cli.up as up
up.is_ready = environment.is_ready
from bot.__main__ import main
sys.argv[0] = "frontline"
main()
"""


def test_a_configured_python_that_is_none(frontline: Terminal, tmp_path: Path) -> None:
    for command in (("up", "--port", "18995"), ("train",)):
        result = frontline.process(
            *command,
            environ={"FRONTLINE_RASA_PYTHON": "/bin/false"},
            python=("-c", WITHOUT_PYTHON, str(tmp_path / "venv")),
        )
        result.fails_with("FRONTLINE_RASA_PYTHON=/bin/false", "3.10")


def test_no_python_anywhere_and_uv_cannot_help(frontline: Terminal, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    uv = tools / "uv"
    uv.write_text("#!/bin/sh\nexit 2\n")
    uv.chmod(0o755)
    (tmp_path / "home").mkdir()
    result = frontline.process(
        "up",
        "--port",
        "18994",
        environ={
            "PATH": str(tools),
            "UV": str(uv),
            "PYENV_ROOT": str(tmp_path / "none"),
            "HOME": str(tmp_path / "home"),
        },
        python=("-c", WITHOUT_PYTHON, str(tmp_path / "venv")),
    )
    result.fails_with("Rasa needs Python 3.10 and none was found", "FRONTLINE_RASA_PYTHON")


async def test_uv_says_yes_and_prints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def quiet(_: list[str]) -> tuple[int, str]:
        return 0, ""

    monkeypatch.setattr(environment, "candidates", lambda _: iter(()))
    monkeypatch.setattr(environment, "_run", quiet)
    monkeypatch.setattr(environment, "find_uv", lambda: "uv")
    with pytest.raises(SetupError, match=r"Python 3\.10"):
        await environment.find_python(None, progress=lambda _: None)


async def test_a_broken_shim_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shims, pyenv = tmp_path / "shims", tmp_path / "pyenv"
    good = pyenv / "versions" / "3.10.13" / "bin" / "python3.10"
    shims.mkdir()
    good.parent.mkdir(parents=True)
    (shims / "python3.10").write_text("#!/bin/sh\necho 'pyenv: not installed' >&2; exit 127\n")
    good.write_text("#!/bin/sh\necho True\n")
    for path in (shims / "python3.10", good):
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shims}{os.pathsep}/usr/bin:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(pyenv))
    found = await environment.find_python(None, progress=lambda _: None)
    assert found == str(good)


def test_ctrl_c_ends_without_a_traceback(frontline: Terminal) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "serve", "--port", "18993"],
        cwd=ROOT,
        env=frontline.clean_environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    seen = b""
    for line in process.stderr:
        seen += line
        if b"Ctrl-C stops" in line:
            process.send_signal(signal.SIGINT)
            break
    out, rest = process.communicate(timeout=30)
    assert b"Traceback" not in seen + rest
    assert out == b""
    assert process.returncode in {0, 130}
