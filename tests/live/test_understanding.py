"""What the shipped bot understands of messages it was never trained on may not drop."""

from pathlib import Path

import pytest

from tests.system import ROOT, System

HELD_OUT = ROOT / "nlu" / "heldout"


async def test_the_recorded_floors_hold(system: System, tmp_path: Path) -> None:
    if "FRONTLINE_DATABASE_URL" in system.environ:
        pytest.skip("understanding does not depend on the store")
    files = [str(path) for path in sorted(HELD_OUT.glob("*.jsonl"))]
    page = tmp_path / "report.html"
    code, out, err = await system.command(
        "eval", *files, "--floors", str(HELD_OUT / "floors.toml"), "--html", str(page)
    )
    # The output holds every figure beside its floor and the worst mistakes.
    assert code == 0, out + err
    assert page.stat().st_size > 10_000
