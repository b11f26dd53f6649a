"""Workbooks are read in a process of their own: whatever a file was made for, it cannot take more memory and CPU than
that process may have, and nobody else waits for it. The process has no secrets, files or connections: the workbook goes
in by its standard input, the rows come out by its standard output.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
import traceback
from asyncio.subprocess import PIPE, Process
from contextlib import suppress

from chassis.errors import InvalidFields, ResourceExhausted
from chassis.logs import log
from orders import access
from orders.entry import workbooks
from orders.entry.given import Record, unreadable

AT_ONCE = 2  # in each replica
# The largest workbooks that have no more rows than may be take a third of both.
CPU_SECONDS, MEMORY = 8, 256 * 1024**2
_REFUSED = "refused"
# How a process ends that was given too much to read: nothing else is the workbook's doing.
_OUT_OF_MEMORY = 3
_TOO_MUCH = {_OUT_OF_MEMORY} | {
    -number for number in (signal.SIGXCPU, signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS)
}
_LAST_WORDS = 4 * 1024  # bytes of what it told in the end


class WorkbooksBusy(ResourceExhausted):
    reason = "WORKBOOKS_BUSY"

    def __init__(self) -> None:
        super().__init__("A workbook of yours is still being read; try again later.", retry_after=2.0)


class ReaderFailed(Exception):
    """The process did not do what it should, whatever the workbook."""

    def __init__(self, status: int, told: str) -> None:
        super().__init__(f"the process that reads a workbook ended with status {status}: {told}")


class WorkbookReader:
    """Has the results of `workbooks.records`. Of more than two at once the others wait; a caller has one, which
    is read or waits, so that nobody keeps the others from theirs."""

    def __init__(self, cpu_seconds: int = CPU_SECONDS, memory: int = MEMORY) -> None:
        self._limits = (str(cpu_seconds), str(memory))
        self._free = asyncio.Semaphore(AT_ONCE)
        self._callers: set[tuple[str, str]] = set()

    async def records(self, content: bytes) -> list[Record]:
        """Raises InvalidFields, also for a workbook that takes more than it may; WorkbooksBusy, ReaderFailed."""
        caller = access.caller().owner
        if caller in self._callers:
            raise WorkbooksBusy
        self._callers.add(caller)
        try:
            async with self._free:
                return _records(await self._read(content))
        finally:
            self._callers.remove(caller)

    async def _read(self, content: bytes) -> bytes:
        process = await self._start()
        try:
            answer, told = await process.communicate(content)
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            raise _failure(process.returncode, told[-_LAST_WORDS:].decode(errors="replace"))
        return answer

    async def _start(self) -> Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-W", "ignore", "-c", f"from {__name__} import main; main()", *self._limits,
            stdin=PIPE, stdout=PIPE, stderr=PIPE,
            env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )  # fmt: skip


def _failure(status: int, told: str) -> Exception:
    if status not in _TOO_MUCH:
        return ReaderFailed(status, told)
    log.warning("workbook not read", status=status, told=told)
    return unreadable("the workbook takes too much to read; save the rows alone, or as CSV")


def _records(answer: bytes) -> list[Record]:
    found = json.loads(answer)
    if isinstance(found, dict):
        raise unreadable(*found[_REFUSED])
    return [Record(number, tuple(cells)) for number, cells in found]


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us is told, and ends us
    cpu_seconds, memory = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    with suppress(ValueError, OSError):  # not every system on which people develop knows this limit
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    try:
        answer = _answer(sys.stdin.buffer.read())
        with suppress(BrokenPipeError):
            sys.stdout.write(answer)
            sys.stdout.flush()
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)  # there may be none left to end in good order
    except Exception as error:  # its message is left out: it may hold what the workbook holds
        sys.stderr.writelines((*traceback.format_tb(error.__traceback__), type(error).__qualname__))
        sys.exit(1)


def _answer(content: bytes) -> str:
    answer: object
    try:
        answer = workbooks.records(content)
    except InvalidFields as refusal:
        [violation] = refusal.violations
        answer = {_REFUSED: (violation.description, violation.reason)}
    return json.dumps(answer)
