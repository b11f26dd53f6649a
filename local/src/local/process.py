"""One process of the suite: its own process group, its own log file, no way to outlive the supervisor."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_HERE = Path(__file__).parent
_LOG_LIMIT = 32 * 1024 * 1024


class Watchdog:
    """The process that ends all others when the supervisor was killed."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, in its own session so that no signal of the terminal reaches it."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", str(_HERE / "watchdog.py"),
            stdin=asyncio.subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def add(self, pid: int, death_signal: signal.Signals) -> None:
        """Watch over the group of this process."""
        self._write(f"+ {pid} {death_signal.name}\n")

    def remove(self, pid: int) -> None:
        """The process ended; its number may be given to a stranger from now on."""
        self._write(f"- {pid}\n")

    async def stop(self) -> None:
        """End it; it does nothing when nothing is left to watch."""
        if self._process is None or self._process.stdin is None:
            return
        self._process.stdin.close()
        await self._process.wait()
        self._process = None

    def _write(self, line: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(line.encode())


class Process:
    """A child process that may be started again after it ended.

    ``stop_signal`` asks for a clean end, ``death_signal`` is what it gets when the supervisor was killed,
    ``user`` is whom to run as when the supervisor is root. A thread that starts processes must live as long
    as they do: Linux sends the death signal when that thread ends.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        watchdog: Watchdog,
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
        death_signal: signal.Signals = signal.SIGKILL,
        user: str = "",
    ) -> None:
        self.name = name
        self.log = log
        self._command = list(command)
        self._watchdog = watchdog
        self._stop_signal = stop_signal
        self._death_signal = death_signal
        self._user = user
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Its process number, which is also its group; None while it does not run."""
        return self._process.pid if self._process is not None and self.running else None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    @property
    def status(self) -> int | None:
        """How it ended; None while it runs or was never started."""
        return self._process.returncode if self._process is not None else None

    async def start(self, environment: Mapping[str, str]) -> None:
        """Start it with exactly this environment."""
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        guard = [sys.executable, "-I", "-S", str(_HERE / "guard.py")]
        guard += [str(os.getpid()), self._death_signal.name, self._user or "-"]
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *guard, *self._command,
                stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=asyncio.subprocess.STDOUT,
                env=dict(environment), start_new_session=True,
            )  # fmt: skip
        self._watchdog.add(self._process.pid, self._death_signal)

    async def wait(self) -> int:
        """Wait until it ended; answers its status."""
        if self._process is None:
            return 0
        status = await self._process.wait()
        self._kill_group()
        self._watchdog.remove(self._process.pid)
        return status

    async def stop(self, grace: float = 20.0) -> None:
        """Ask it to end, and kill its whole group when it has not ended after ``grace`` seconds."""
        if self._process is None:
            return
        if self.running:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, self._stop_signal)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), grace)
        await self.kill()

    async def kill(self) -> None:
        """End it and everything it started at once, as a crash would (SIGKILL)."""
        if self._process is not None:
            self._kill_group()
            await self.wait()

    def _kill_group(self) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


async def side_by_side(*steps: Awaitable[None]) -> None:
    """Run the steps side by side; when one fails, the others end before the failure is raised."""
    tasks = [asyncio.ensure_future(step) for step in steps]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
