"""A terminal on a data folder of its own."""

from pathlib import Path

import pytest

from tests.cli.terminal import Terminal


@pytest.fixture
def frontline(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "var")
