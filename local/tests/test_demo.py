"""The demonstration with the real services: loaded, ordered, confirmed; and again without loading twice."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.ports import Ports


@pytest.mark.timeout(600)
def test_the_demonstration_places_and_confirms_an_order_and_loads_only_once(tmp_path: Path) -> None:
    ports = {
        f"COMMIS_PORT_{name.upper()}": str(port) for name, port in dataclasses.asdict(Ports.free()).items()
    }
    command = [sys.executable, "-m", "local", "--data-dir", str(tmp_path / "data"), "demo"]

    first, second = (
        subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | ports)
        for _ in range(2)
    )

    assert first.returncode == 0, first.stdout + first.stderr
    assert "is placed and confirmed" in first.stdout
    for run in (first, second):
        assert "The assisted order is placed, confirmed and known to the platform." in run.stdout
        assert "PENDING_APPROVAL" in run.stdout
        assert "Young readers" in run.stdout
    assert "repaired: line" in first.stdout
    assert "refused: line" in first.stdout
    assert second.returncode == 0, second.stdout + second.stderr
    assert second.stdout.count("imported before") == 5
    assert "0 set through the links" in second.stdout
