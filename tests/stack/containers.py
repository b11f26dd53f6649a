"""The installation of docker-compose.yml in real containers, by testcontainers."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Awaitable, Mapping
from contextlib import suppress

import docker
import httpx
from docker.errors import APIError
from docker.models.containers import Container
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from tests.stack import compose, engine, ports
from tests.stack.engine import LABEL
from tests.stack.interface import PARTS, SERVICES, StackProblem

READY_SECONDS = 90.0
_GRPC = dict(zip(SERVICES, range(50051, 50056), strict=True))
_JOBS = {name: f"{name}-migrate" for name in SERVICES}
# What stands for others, and its port.
_BESIDE = {"mailbox": 8025, "careplatform": 8026, "payprovider": 8027}
# Which ports a test reaches, inside the containers; outside they are free ones that stay the same.
_INSIDE = {"postgres": (5432,), "nats": (4222, 8222), "gateway": (8080,)} | {
    **{name: (port,) for name, port in _BESIDE.items()},
    **{name: (port, port + 1000) for name, port in _GRPC.items()},
}
_READY = {"nats": (8222, "/healthz"), "gateway": (8080, "/readyz")} | {
    **{name: (port, "/stats") for name, port in _BESIDE.items()},
    **{name: (port + 1000, "/readyz") for name, port in _GRPC.items()},
}
_HALF_A_SECOND = 500_000_000  # in nanoseconds, as the engine wants it


class ContainerStack:
    """A `Stack` of containers in a network of their own; everything is removed at the end."""

    kind = "containers"

    def __init__(self, env: Mapping[str, Mapping[str, str]]) -> None:
        self._own = {part: dict(env.get(part, {})) for part in PARTS}
        self._env = {part: dict(own) for part, own in self._own.items()}
        self._values = compose.local_values() | engine.image_names()
        self._services = compose.services(self._values)
        self._ports = ports.free((part, port) for part, inside in _INSIDE.items() for port in inside)
        self._containers: dict[str, Container] = {}
        self._images: dict[str, str] = {}
        self._earlier_logs: dict[str, str] = {}
        self._labels = {LABEL: f"{os.getpid()}-{secrets.token_hex(4)}"}

    async def up(self) -> None:
        """Build what is missing, start everything, make the first administrator."""
        await asyncio.to_thread(self._prepare)
        await _all(*(self._start(part) for part in ("postgres", "nats", *_BESIDE)))
        # One after the other: there are two processors, and each of them would use both.
        for service in SERVICES:
            await asyncio.to_thread(self._run_job, _JOBS[service], service)
        await asyncio.to_thread(self._run_job, "administrator", "customers")
        await _all(*(self._start(part) for part in SERVICES))
        # Last, so that its first request does not find a channel that still waits to connect again.
        await self._start("gateway")

    async def down(self) -> None:
        """Remove containers, volumes and network; safe at any time."""
        if hasattr(self, "_client"):
            await asyncio.to_thread(engine.remove, self._client, lambda owner: owner == self._labels[LABEL])
            self._client.close()

    @property
    def gateway_url(self) -> str:
        return f"http://{self._address('gateway', 8080)}"

    @property
    def mailbox_url(self) -> str:
        return f"http://{self._address('mailbox', 8025)}"

    @property
    def careplatform_url(self) -> str:
        return f"http://{self._address('careplatform', 8026)}"

    @property
    def payprovider_url(self) -> str:
        return f"http://{self._address('payprovider', 8027)}"

    @property
    def careplatform_inside(self) -> str:
        return "http://careplatform:8026"

    @property
    def nats_url(self) -> str:
        return f"nats://operator:{self._values['NATS_OPERATOR_PASSWORD']}@{self._address('nats', 4222)}"

    @property
    def admin_email(self) -> str:
        return self._values["ADMIN_EMAIL"]

    @property
    def admin_password(self) -> str:
        return self._values["ADMIN_PASSWORD"]

    def database_url(self, service: str) -> str:
        password = self._values[f"{service.upper()}_DATABASE_PASSWORD"]
        return f"postgresql://{service}:{password}@{self._address('postgres', 5432)}/{service}"

    def grpc_target(self, service: str) -> str:
        return self._address(service, _GRPC[service])

    def admin_url(self, service: str) -> str:
        return f"http://{self._address(service, _GRPC[service] + 1000)}"

    def client_secret(self, service: str) -> str:
        return self._values[f"{service.upper()}_CLIENT_SECRET"]

    def logs(self, part: str) -> str:
        now = self._containers[part].logs().decode(errors="replace") if part in self._containers else ""
        return self._earlier_logs.get(part, "") + now

    def running(self, part: str) -> bool:
        if part not in self._containers:
            return False
        self._containers[part].reload()
        return self._containers[part].status in {"running", "paused"}

    async def start(self, part: str, *, env: Mapping[str, str] | None = None) -> None:
        wanted = self._env[part] if env is None else self._own[part] | dict(env)
        if wanted != self._env[part]:
            self._env[part] = wanted
            await asyncio.to_thread(self._discard, part)
        await self._start(part)

    async def stop(self, part: str) -> None:
        await asyncio.to_thread(self._containers[part].stop, timeout=30)

    async def kill(self, part: str) -> None:
        with suppress(APIError):  # it ended by itself
            await asyncio.to_thread(self._containers[part].kill)
        await asyncio.to_thread(self._containers[part].wait)

    async def restart(self, part: str, *, env: Mapping[str, str] | None = None) -> None:
        await self.stop(part)
        await self.start(part, env=env)

    async def pause(self, part: str) -> None:
        await asyncio.to_thread(self._containers[part].pause)

    async def resume(self, part: str) -> None:
        await asyncio.to_thread(self._containers[part].unpause)

    async def wait(self, part: str, *, seconds: float = 60) -> int:
        deadline = time.monotonic() + seconds
        while await asyncio.to_thread(self.running, part):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{part} still runs after {seconds} seconds")
            await asyncio.sleep(0.1)
        return int(self._containers[part].attrs["State"]["ExitCode"])

    async def crash_at(self, part: str, point: str) -> None:
        await self.restart(part, env={"COMMIS_CRASH_AT": point})

    def _address(self, part: str, port: int) -> str:
        return f"127.0.0.1:{self._ports[part, port]}"

    def _prepare(self) -> None:
        self._client = docker.from_env(timeout=120)
        # The reaper is an image of a registry; without it, what a killed run left is removed by the next one.
        testcontainers_config.ryuk_disabled = True
        engine.remove_leftovers(self._client)
        for service in (*SERVICES, "gateway", "local"):
            self._images[service] = engine.build(self._client, service)
        self._network = Network(docker_network_kw={"labels": self._labels}).create()
        for part in ("postgres", "nats", "orders"):
            self._client.volumes.create(f"{self._network.name}-{part}", labels=self._labels)

    async def _start(self, part: str) -> None:
        await asyncio.to_thread(self._launch, part)
        deadline = time.monotonic() + READY_SECONDS
        while not await self._is_ready(part):
            if not await asyncio.to_thread(self.running, part):
                raise StackProblem(f"{part} ended before it was ready:\n{self.logs(part)[-3000:]}")
            if time.monotonic() > deadline:
                raise StackProblem(f"{part} was not ready in time:\n{self.logs(part)[-3000:]}")
            await asyncio.sleep(0.1)

    def _launch(self, part: str) -> None:
        if part in self._containers:
            self._containers[part].start()
        else:
            self._containers[part] = self._create(part, part, self._env[part])

    async def _is_ready(self, part: str) -> bool:
        if part == "postgres":
            await asyncio.to_thread(self._containers[part].reload)
            state = self._containers[part].attrs["State"]
            return bool(state["Health"]["Status"] == "healthy")
        port, path = _READY[part]
        with suppress(httpx.HTTPError):
            async with httpx.AsyncClient(timeout=2) as client:
                return (await client.get(f"http://{self._address(part, port)}{path}")).status_code == 200
        return False

    def _create(self, name: str, part: str, env: Mapping[str, str]) -> Container:
        """A running container of this service of docker-compose.yml."""
        service = self._services[name]
        options = compose.limits(service) | {"labels": self._labels}
        if part == "postgres":
            options["healthcheck"] = {"test": service["healthcheck"]["test"], "interval": _HALF_A_SECOND}
        image = self._images.get("local" if part in _BESIDE else part) or service["image"]
        container = DockerContainer(image, network=self._network, network_aliases=[name], **options)
        container.with_command(service["command"])
        container.tmpfs = dict.fromkeys(service.get("tmpfs", ()), "")
        container.with_envs(**service.get("environment", {}) | dict(env))
        for source, mount in compose.binds(service).items():
            container.with_volume_mapping(source, mount["bind"], mount["mode"])
        for volume, target in compose.named_volumes(service).items():
            container.with_volume_mapping(f"{self._network.name}-{volume}", target, "rw")
        if name == part:
            # Only this machine may connect, which `with_bind_ports` cannot say.
            container.ports = {str(p): ("127.0.0.1", self._ports[part, p]) for p in _INSIDE[part]}  # type: ignore[misc]
        container.start()
        return container.get_wrapped_container()

    def _run_job(self, name: str, part: str) -> None:
        container = self._create(name, part, {})
        try:
            status = container.wait(timeout=300)["StatusCode"]
            if status != 0:
                raise StackProblem(f"{name} ended with {status}:\n{container.logs().decode()[-3000:]}")
        finally:
            container.remove(force=True, v=True)

    def _discard(self, part: str) -> None:
        """Forget a container whose environment is to change; its logs and its named volume stay."""
        if container := self._containers.pop(part, None):
            before = self._earlier_logs.get(part, "")
            self._earlier_logs[part] = before + container.logs().decode(errors="replace")
            container.remove(force=True, v=True)


async def _all(*steps: Awaitable[None]) -> None:
    """Run the steps side by side and let all of them end, since a thread cannot be cut short; then raise."""
    for result in await asyncio.gather(*steps, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
