"""What everybody installs is pinned, hash-checked, and free of registry addresses."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"^([A-Za-z0-9_.\-]+)==([^\s;\\]+)")


def pins(path: Path) -> set[tuple[str, str]]:
    found = set()
    for line in path.read_text().splitlines():
        match = PIN.match(line)
        if match:
            found.add((match[1].lower(), match[2]))
    return found


@pytest.mark.parametrize("name", ["requirements.txt", "nlu/requirements.txt"])
def test_every_pin_has_a_hash_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text)
    pinned = [block for block in blocks if PIN.match(block)]
    assert len(pinned) > 50
    # A package without any file for our platforms has nothing to hash.
    assert all("--hash=sha256:" in block or "sys_platform != 'linux'" in block for block in pinned)


def test_uv_run_resolves_to_what_requirements_txt_pins() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    constraints = set()
    for line in project["tool"]["uv"]["constraint-dependencies"]:
        match = PIN.match(line)
        assert match, line
        constraints.add((match[1].lower(), match[2]))
    assert constraints == pins(ROOT / "requirements.txt")


def test_what_is_installed_is_what_is_pinned() -> None:
    from importlib.metadata import distributions

    wanted: dict[str, set[str]] = {}
    for name, version in pins(ROOT / "requirements.txt"):
        wanted.setdefault(re.sub(r"[-_.]+", "-", name), set()).add(version)
    for distribution in distributions():
        name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"].lower())
        if name in wanted:
            assert distribution.version in wanted[name], name
