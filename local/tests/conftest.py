"""The supervisor is tested with stand-ins for the services: they lie in stubs/ and hide the real ones."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from local.ports import Ports

STUBS = Path(__file__).parent / "stubs"


def stub_environment(ports: Ports, **variables: str) -> dict[str, str]:
    """The environment of a suite of stand-ins on these ports."""
    chosen = {f"COMMIS_PORT_{name.upper()}": str(port) for name, port in dataclasses.asdict(ports).items()}
    return os.environ | {"PYTHONPATH": str(STUBS), "PYTHONUNBUFFERED": "1"} | chosen | variables


class Supervisor:
    """``python -m local run --empty`` as a process, and everything it started."""

    def __init__(self, data_dir: Path, ports: Ports, **variables: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local", "--data-dir", str(data_dir), "run", "--empty"],
            env=stub_environment(ports, **variables), cwd=data_dir.parent, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.pid = self._process.pid
        self.started: list[psutil.Process] = []

    def wait_until_ready(self) -> None:
        """Read what it says until it says where everything is; fails with all of it when it ends before."""
        said = ""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said += line
            if "Ctrl-C stops everything" in line:
                self.started = psutil.Process(self.pid).children(recursive=True)
                return
        raise AssertionError(said)

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def finish(self) -> tuple[int, str]:
        """Wait until it ended; answers its status and the rest of what it said."""
        said, _ = self._process.communicate(timeout=120)
        return self._process.returncode, said

    def left_behind(self) -> list[str]:
        """What it started and still runs after a generous wait."""
        _, alive = psutil.wait_procs(self.started, timeout=30)
        return [process.name() for process in alive]

    def clean_up(self) -> None:
        """End everything, whatever a failed test left."""
        for process in [*self.started, psutil.Process()]:
            if process.pid != os.getpid() and process.is_running():
                process.kill()
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()


@pytest.fixture
def ports() -> Ports:
    return Ports.free()


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def supervise(data_dir: Path, ports: Ports) -> Iterator[Callable[..., Supervisor]]:
    """Start a supervisor; all of them are ended after the test."""
    started: list[Supervisor] = []

    def start(**variables: str) -> Supervisor:
        started.append(Supervisor(data_dir, ports, **variables))
        return started[-1]

    yield start
    for supervisor in started:
        supervisor.clean_up()
