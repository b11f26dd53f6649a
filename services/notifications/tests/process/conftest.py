"""A real notifications process with the settings of a test."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.notifications.tests.factories import VENDOR_MAIL

SECRET = "a secret of at least thirty-two characters"


_started: list[asyncio.subprocess.Process] = []


@pytest.fixture(autouse=True)
async def leave_nothing_running() -> AsyncIterator[None]:
    """A process that outlived a failed test would take the next test's work."""
    yield
    for process in _started:
        if process.returncode is None:
            process.kill()
            await process.wait()
    _started.clear()


class Service:
    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._environment = environment
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, crash_at: str = "") -> None:
        environment = os.environ | self._environment | {"COMMIS_CRASH_AT": crash_at}
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "notifications", "serve", env=environment, stdout=log, stderr=log
            )
        _started.append(self._process)

    async def wait(self) -> int:
        assert self._process is not None
        return await asyncio.wait_for(self._process.wait(), 30)

    async def stop(self) -> int:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        return await self.wait()


@pytest.fixture
def settings(engine: AsyncEngine, nats_url: str) -> dict[str, str]:
    values = {
        "PROFILE": "local",
        "DATABASE_URL": engine.url.render_as_string(hide_password=False),
        "NATS_URL": nats_url,
        "GRPC_PORT": "0",
        "ADMIN_PORT": "0",
        "CLIENT_SECRET": "secret",
        "SECRET": SECRET,
        "SMTP_HOST": "127.0.0.1",
        "SMTP_TLS": "none",
        "MAIL_FROM": "Boek & Zoon <orders@vendor.example>",
        "VENDOR_MAIL": VENDOR_MAIL,
        "DRAIN_SECONDS": "0",
    }
    return {f"NOTIFICATIONS_{name}": value for name, value in values.items()}
