"""The embedded NATS server with JetStream: one user per service that may publish its own subjects only."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sysconfig
from pathlib import Path

from local.http_probe import status_of
from local.ports import HOST, SERVICES
from local.problems import StartError, explain_exit
from local.process import Process, Watchdog
from local.secrets_file import Secrets

_START_SECONDS = 30.0


def program() -> Path:
    """The nats-server of this environment; StartError when it is missing."""
    path = Path(sysconfig.get_path("scripts")) / "nats-server"
    if not path.exists():
        raise StartError("The embedded NATS server is not installed: run `make setup`.")
    return path


class Nats:
    """A NATS server with its streams in ``directory``; a message is on disk before it is acknowledged."""

    def __init__(
        self, directory: Path, port: int, monitor_port: int, secrets: Secrets, log: Path, watchdog: Watchdog
    ) -> None:
        self._directory = directory
        self._port = port
        self._monitor_port = monitor_port
        self._secrets = secrets
        self._config = directory / "nats.conf"
        self.process = Process(
            "nats", [str(program()), "-c", str(self._config)], log, watchdog, death_signal=signal.SIGTERM
        )

    @property
    def url(self) -> str:
        """Where clients connect, without a user."""
        return f"nats://{HOST}:{self._port}"

    async def start(self) -> None:
        """Write the configuration, start the server, wait until JetStream answers."""
        self._directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(self._configuration())
        await self.process.start({"PATH": os.environ.get("PATH", "")})
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while await status_of(self._monitor_port, "/healthz?js-enabled-only=true") != 200:
            if not self.process.running or asyncio.get_running_loop().time() > deadline:
                raise explain_exit("nats", self.process.status, self.process.log)
            await asyncio.sleep(0.05)

    def _configuration(self) -> str:
        """The server's own format, in which JSON is valid too."""
        users = [
            {"user": name, "password": self._secrets.nats[name], "permissions": permissions(name)}
            for name in (*SERVICES, "gateway")
        ]
        users.append({"user": "inspector", "password": self._secrets.nats["inspector"]})
        return json.dumps(
            {
                "server_name": "commis-local",
                "host": HOST,
                "port": self._port,
                "http": f"{HOST}:{self._monitor_port}",
                "max_payload": 1_048_576,
                "jetstream": {
                    "store_dir": str(self._directory),
                    "sync_interval": "always",
                    "max_memory_store": 64 * 1024 * 1024,
                    "max_file_store": 8 * 1024 * 1024 * 1024,
                },
                "authorization": {"users": users},
            },
            indent=2,
        )


def permissions(name: str) -> dict[str, object]:
    """What this user may do: publish its own facts, keep its own stream, consume those of the others."""
    publish = [
        "$JS.API.INFO",
        "$JS.API.STREAM.INFO.*",
        "$JS.API.STREAM.NAMES",
        "$JS.API.CONSUMER.>",
        "$JS.ACK.>",
    ]
    publish += ["$JS.FC.>", "$JS.API.STREAM.MSG.GET.*", "$JS.API.DIRECT.GET.>"]
    if name in SERVICES:
        stream = f"COMMIS_{name.upper()}"
        publish += [f"commis.{name}.>", f"$JS.API.STREAM.CREATE.{stream}", f"$JS.API.STREAM.UPDATE.{stream}"]
    return {"publish": {"allow": publish}, "subscribe": {"allow": ["_INBOX.>"]}}
