"""The embedded NATS server with JetStream, with the users and permissions of deploy/nats/nats.conf."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sysconfig
from pathlib import Path

from local.http_probe import status_of
from local.ports import HOST
from local.problems import StartProblem, explain_exit
from local.process import Process, Watchdog
from local.secrets_file import Secrets

_START_SECONDS = 30.0
_TEMPLATE = Path(__file__).resolve().parents[3] / "deploy" / "nats" / "nats.conf"


def program() -> Path:
    """The nats-server of this environment; StartProblem when it is missing."""
    path = Path(sysconfig.get_path("scripts")) / "nats-server"
    if not path.exists():
        raise StartProblem("The embedded NATS server is not installed: run `make setup`.")
    return path


class Nats:
    """A NATS server with its streams in ``directory``; a message is on disk before it is acknowledged."""

    def __init__(
        self, directory: Path, port: int, monitor_port: int, secrets: Secrets, log: Path, watchdog: Watchdog
    ) -> None:
        self._directory = directory
        self._port = port
        self._monitor_port = monitor_port
        self._passwords = secrets.nats
        self._config = directory / "nats.conf"
        command = [str(program()), "-c", str(self._config)]
        self.process = Process("nats", command, log, watchdog, death_signal=signal.SIGTERM)

    @property
    def url(self) -> str:
        """Where clients connect, without a user."""
        return f"nats://{HOST}:{self._port}"

    async def start(self) -> None:
        """Write the configuration, start the server, wait until JetStream answers."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._config.write_text(self._configuration())
        passwords = {f"NATS_{name.upper()}_PASSWORD": value for name, value in self._passwords.items()}
        await self.process.start({"PATH": os.environ.get("PATH", "")} | passwords)
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while await status_of(self._monitor_port, "/healthz?js-enabled-only=true") != 200:
            if not self.process.running or asyncio.get_running_loop().time() > deadline:
                raise explain_exit("nats", self.process.status, self.process.log)
            await asyncio.sleep(0.05)

    def _configuration(self) -> str:
        """The configuration of the containers with this machine's addresses, so that no right differs."""
        if not _TEMPLATE.exists():
            raise StartProblem(
                f"{_TEMPLATE} is missing: the suite runs from a whole checkout of the repository."
            )
        text = _TEMPLATE.read_text()
        for name, value in (
            ("listen", f"{HOST}:{self._port}"),
            ("http", f"{HOST}:{self._monitor_port}"),
            ("store_dir", f'"{self._directory}"'),
        ):
            text, count = re.subn(rf"^(\s*{name}:).*$", f"\\g<1> {value}", text, flags=re.M)
            if count != 1:
                raise StartProblem(f"{_TEMPLATE} must set {name} exactly once.")
        return text
