"""The suite as a library: start it, take parts of it down, ask where things are, stop it.

async with Suite(Path("data"), ports=Ports.free()) as suite:
    await suite.kill("orders")
    suite.env["orders"]["COMMIS_CRASH_AT"] = "..."
    await suite.start("orders")
"""

from __future__ import annotations

import asyncio
import collections
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from local import administrator, environment, exclusive, migrations
from local.broker import Nats
from local.database import Postgres
from local.http_probe import fetch, status_of
from local.ports import HOST, SERVICES, Ports
from local.problems import StartProblem, explain_exit, refuse_missing
from local.process import Process, Watchdog, side_by_side
from local.secrets_file import Secrets

READY_SECONDS = 90.0
GATEWAYS = ("gateway", "gateway2")
# Not part of Commis: what it talks with.
_BESIDE = ("mailbox", "careplatform", "payprovider")
Say = Callable[[str], None]


class Suite:
    """PostgreSQL, NATS, mail box, care platform, payment provider, services, gateway: a process each.

    ``data_dir`` keeps databases, streams, secrets and logs between two runs; one suite at a time may use it.
    ``services`` limits which services are started, ``gateways`` is how many gateways (the second is ``gateway2``).
    ``env`` holds variables per part that win over the suite's own; a change counts from the next start of it.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        ports: Ports | None = None,
        services: Iterable[str] = SERVICES,
        gateways: int = 1,
        say: Say = lambda _line: None,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.ports = ports or Ports.from_environment()
        self.services = tuple(services)
        self.env: dict[str, dict[str, str]] = collections.defaultdict(dict)
        self._gateways = GATEWAYS[:gateways]
        self._commis = (*self.services, *self._gateways)
        self._say = say
        self._watchdog = Watchdog()
        self._lock: TextIO | None = None
        self._processes: dict[str, Process] = {}

    @property
    def gateway_url(self) -> str:
        """The public API."""
        return f"http://{HOST}:{self.ports.gateway}"

    @property
    def mailbox_url(self) -> str:
        """The HTTP side of the mail box."""
        return f"http://{HOST}:{self.ports.mailbox}"

    @property
    def careplatform_url(self) -> str:
        """The care platform that hands its users over."""
        return f"http://{HOST}:{self.ports.careplatform}"

    @property
    def payprovider_url(self) -> str:
        """The payment provider that simulates Mollie."""
        return f"http://{HOST}:{self.ports.payprovider}"

    @property
    def nats_url(self) -> str:
        """The broker, with a user who may see everything."""
        return f"nats://operator:{self.secrets.nats['operator']}@{HOST}:{self.ports.nats}"

    @property
    def parts(self) -> tuple[str, ...]:
        """Everything this suite consists of, in the order in which it starts."""
        return ("postgres", "nats", *_BESIDE, *self._commis)

    def grpc_target(self, service: str) -> str:
        """Host and port of a service's gRPC server."""
        return f"{HOST}:{self.ports.of(service)}"

    def admin_url(self, service: str) -> str:
        """Where a service answers /livez, /readyz and /metrics."""
        return f"http://{HOST}:{self.ports.of(f'{service}_admin')}"

    def database_url(self, service: str) -> str:
        """The database of a service, as its owner."""
        return self._postgres.url(service)

    def logs(self, part: str) -> str:
        """Everything this part wrote since the data directory exists."""
        path = self._log(part)
        return path.read_text(errors="replace") if path.exists() else ""

    def pid(self, part: str) -> int | None:
        """The process number of a part; None while it does not run."""
        return self._processes[part].pid

    def running(self, part: str) -> bool:
        """Whether the process of this part runs."""
        return self._processes[part].running

    async def __aenter__(self) -> Self:
        try:
            await self.up()
        except BaseException:
            await self.down()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.down()

    async def up(self) -> None:
        """Start everything; StartProblem says in one sentence what is wrong."""
        refuse_missing([*self.services, *self._gateways[:1], "asyncpg"])
        self.data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        self._lock = exclusive.lock(self.data_dir)
        self.secrets = Secrets.load_or_create(self.data_dir / "secrets.json")
        self._prepare()
        self._postgres.refuse_other_version()
        self.ports.refuse_taken([name for name in GATEWAYS[1:] if name not in self._gateways])
        await self._watchdog.start()
        self._say("starting PostgreSQL, NATS, the mail box, the care platform and the payment provider")
        await side_by_side(*(self.start(part) for part in ("postgres", "nats", *_BESIDE)))
        await self._postgres.create_databases(self.services)
        described = (self.data_dir, self._environment, self._log, self._watchdog, self._say)
        await migrations.run(self.services, *described)
        if "customers" in self.services:
            password = self.secrets.admin_password
            await administrator.create(self.data_dir, password, self._environment("customers"))
        self._say("starting the services and the gateway")
        await side_by_side(*(self.start(part) for part in self._commis))
        await self._until_connected()

    async def down(self) -> None:
        """Stop everything that runs, the callers first; safe to call at any time."""
        for group in (GATEWAYS, self.services, (*_BESIDE, "nats"), ("postgres",)):
            known = [self._processes[part] for part in group if part in self._processes]
            await side_by_side(*(process.stop() for process in known))
        await self._watchdog.stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    async def start(self, part: str) -> None:
        """Start one part and wait until it is ready."""
        if part == "postgres":
            await self._postgres.start()
        elif part == "nats":
            await self._nats.start()
        else:
            await self._processes[part].start(self._environment(part))
            await self._until_ready(part)

    async def stop(self, part: str) -> None:
        """End one part as an operator would."""
        await self._processes[part].stop()

    async def kill(self, part: str) -> None:
        """End one part as a crash would (SIGKILL)."""
        await self._processes[part].kill()

    async def restart(self, part: str) -> None:
        """Stop one part, or what is left of it, and start it again."""
        await self.stop(part)
        await self.start(part)

    async def wait(self, part: str) -> int:
        """Wait until a part ended by itself; answers its status."""
        return await self._processes[part].wait()

    def _prepare(self) -> None:
        """Describe every process; none is started."""
        secrets, ports = self.secrets, self.ports
        data, log, watch = self.data_dir, self._log, self._watchdog
        self._postgres = Postgres(data / "postgres", ports.postgres, secrets, log("postgres"), watch)
        self._nats = Nats(data / "nats", ports.nats, ports.nats_monitor, secrets, log("nats"), watch)
        box = ["local.mailbox", "--smtp-port", str(ports.smtp), "--http-port", str(ports.mailbox)]
        care = [
            "local.careplatform",
            f"--http-port={ports.careplatform}",
            f"--gateway-url={self.gateway_url}",
        ]
        care.append(f"--key={data / 'careplatform.json'}")
        pay = ["local.payprovider", f"--http-port={ports.payprovider}"]
        commands = {"mailbox": box, "careplatform": care, "payprovider": pay} | {
            name: [name, "serve"] for name in self.services
        }
        commands |= {name: ["gateway", "serve"] for name in self._gateways}
        self._processes = {"postgres": self._postgres.process, "nats": self._nats.process}
        for part, arguments in commands.items():
            command = [sys.executable, "-m", *arguments]
            self._processes[part] = Process(part, command, self._log(part), self._watchdog)

    def _environment(self, part: str) -> dict[str, str]:
        if part in SERVICES:
            values = environment.of_service(
                part, self.ports, self.secrets, self._postgres, self._nats, self.data_dir
            )
        elif part in GATEWAYS:
            values = environment.of_gateway(part, self.ports, self.secrets, self._nats)
        else:
            values = dict(os.environ)
        return values | self.env[part]

    async def _until_ready(self, part: str) -> None:
        port = self.ports.of(f"{part}_admin" if part in SERVICES else part)
        path = "/stats" if part in _BESIDE else "/readyz"
        process = self._processes[part]
        deadline = asyncio.get_running_loop().time() + READY_SECONDS
        while await status_of(port, path) != 200:
            if not process.running:
                raise explain_exit(part, process.status, process.log)
            if asyncio.get_running_loop().time() > deadline:
                raise StartProblem(f"{part} is not ready after {READY_SECONDS:.0f} s: see {process.log}")
            await asyncio.sleep(0.05)

    async def _until_connected(self) -> None:
        """Wait until the gateways, which may have been up first, have found the services and the streams."""
        deadline = asyncio.get_running_loop().time() + 10
        missing = list(self._gateways)
        while missing and asyncio.get_running_loop().time() < deadline:
            _, body = await fetch(self.ports.of(missing[-1]), "/readyz")
            if any(state in body for state in (b'"transient_failure"', b'"connecting"', b'"feeds":"away"')):
                await asyncio.sleep(0.05)
            else:
                missing.pop()

    def _log(self, part: str) -> Path:
        return self.data_dir / "logs" / f"{part}.log"
