"""The installation of `make run` without containers: every part is a process of this machine."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path

from local.ports import Ports
from local.problems import StartProblem
from local.secrets_file import ADMIN_EMAIL
from local.suite import Suite
from tests.stack.interface import StackProblem


class EmbeddedStack:
    """A `Stack` of processes with a data directory of its own, deleted at the end."""

    kind = "embedded"

    def __init__(self, env: Mapping[str, Mapping[str, str]]) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="commis-tests-", ignore_cleanup_errors=True)
        self._suite = Suite(Path(self._directory.name), ports=Ports.free())
        self._own = {part: dict(variables) for part, variables in env.items()}
        self._suite.env.update({part: dict(variables) for part, variables in self._own.items()})

    async def up(self) -> None:
        """Start everything, make the first administrator."""
        try:
            await self._suite.up()
        except StartProblem as problem:
            raise StackProblem(str(problem)) from problem

    async def down(self) -> None:
        """Stop everything and delete the data."""
        await self._suite.down()
        self._directory.cleanup()

    @property
    def gateway_url(self) -> str:
        return self._suite.gateway_url

    @property
    def mailbox_url(self) -> str:
        return self._suite.mailbox_url

    @property
    def careplatform_url(self) -> str:
        return self._suite.careplatform_url

    @property
    def careplatform_inside(self) -> str:
        return self._suite.careplatform_url

    @property
    def payprovider_url(self) -> str:
        return self._suite.payprovider_url

    @property
    def nats_url(self) -> str:
        return self._suite.nats_url

    @property
    def admin_email(self) -> str:
        return ADMIN_EMAIL

    @property
    def admin_password(self) -> str:
        return self._suite.secrets.admin_password

    def database_url(self, service: str) -> str:
        return self._suite.database_url(service)

    def grpc_target(self, service: str) -> str:
        return self._suite.grpc_target(service)

    def admin_url(self, service: str) -> str:
        return self._suite.admin_url(service)

    def client_secret(self, service: str) -> str:
        return self._suite.secrets.clients[service]

    def logs(self, part: str) -> str:
        return self._suite.logs(part)

    def running(self, part: str) -> bool:
        return self._suite.running(part)

    async def start(self, part: str, *, env: Mapping[str, str] | None = None) -> None:
        if env is not None:
            self._suite.env[part] = self._own.get(part, {}) | dict(env)
        try:
            await self._suite.start(part)
        except StartProblem as problem:
            raise StackProblem(f"{problem}\n{self.logs(part)[-3000:]}") from problem

    async def stop(self, part: str) -> None:
        await self._suite.stop(part)

    async def kill(self, part: str) -> None:
        await self._suite.kill(part)

    async def restart(self, part: str, *, env: Mapping[str, str] | None = None) -> None:
        await self.stop(part)
        await self.start(part, env=env)

    async def pause(self, part: str) -> None:
        self._signal(part, signal.SIGSTOP)

    async def resume(self, part: str) -> None:
        self._signal(part, signal.SIGCONT)

    async def wait(self, part: str, *, seconds: float = 60) -> int:
        return await asyncio.wait_for(self._suite.wait(part), seconds)

    async def crash_at(self, part: str, point: str) -> None:
        await self.restart(part, env={"COMMIS_CRASH_AT": point})

    def _signal(self, part: str, number: signal.Signals) -> None:
        pid = self._suite.pid(part)
        if pid is None:
            raise StackProblem(f"{part} does not run")
        os.killpg(pid, number)
