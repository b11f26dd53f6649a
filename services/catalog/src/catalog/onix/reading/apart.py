"""The reader in a process of its own, for large messages: reading takes more CPU than all the rest of an import, and
the loop that answers customers must not wait for it. That process has no secrets, files or connections: pieces go
in by its standard input, records come out by its standard output, and it ends when either is closed.
"""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO

from catalog.imports.domain import Finding, ReaderDied, Record, Unreadable
from catalog.onix.reading.reader import OnixReader

_LENGTH = 4


@dataclass(slots=True)
class Answer:
    """What became of one piece; `unreadable` says why there will be no more."""

    records: list[Record] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    unreadable: str = ""
    cut_off: str = ""


class ReaderApart:
    """Has the results of OnixReader. Raises ReaderDied when the process ends before its time."""

    header_line = 0
    share = None

    def __init__(self, *, done: int, language: str, country: str) -> None:
        self._arguments = (str(done), language, country)
        self._process: Process | None = None
        self._cut_off = ""
        self._asked = 0
        self.findings: list[Finding] = []

    async def feed(self, piece: bytes, *, last: bool = False) -> AsyncIterator[Record]:
        """The records of the piece before, while this one is being read. Raises Unreadable, ReaderDied."""
        process = self._process or await self._start()
        assert process.stdin is not None
        # Not drained before the answer is read: both sides would wait for the other to read.
        process.stdin.write(len(piece).to_bytes(_LENGTH, "big") + piece)
        self._asked += 1
        while self._asked > (0 if last else 1):
            answer = await self._answer(process)
            self._asked -= 1
            if answer.unreadable:
                raise Unreadable(answer.unreadable)
            self.findings, self._cut_off = answer.findings, answer.cut_off
            for record in answer.records:
                yield record

    async def finish(self) -> None:
        """Raises Unreadable for a message that was cut off."""
        if self._cut_off:
            raise Unreadable(self._cut_off)

    async def close(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _answer(self, process: Process) -> Answer:
        assert process.stdout is not None
        try:
            size = int.from_bytes(await process.stdout.readexactly(_LENGTH), "big")
            content = await process.stdout.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise ReaderDied(await process.wait()) from None
        answer: Answer = pickle.loads(content)  # noqa: S301 - of our own process
        return answer

    async def _start(self) -> Process:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", f"from {__name__} import main; main()", *self._arguments, stdin=PIPE, stdout=PIPE,
            env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )  # fmt: skip
        return self._process


def _serve(reader: OnixReader, source: BinaryIO, target: BinaryIO) -> None:
    while len(head := source.read(_LENGTH)) == _LENGTH:
        size = int.from_bytes(head, "big")
        piece = source.read(size)
        if len(piece) < size:
            return
        answer = Answer()
        try:
            answer.records = list(reader.feed(piece, last=not size))
            answer.findings = reader.findings
        except Unreadable as error:
            answer.unreadable = str(error)
        if not size and not answer.unreadable:
            try:
                reader.finish()
            except Unreadable as error:
                answer.cut_off = str(error)
        content = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
        target.write(len(content).to_bytes(_LENGTH, "big") + content)
        target.flush()


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us is told, and closes our input
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)  # elements are many and hold no cycles
    done, language, country = sys.argv[1:]
    reader = OnixReader(done=int(done), language=language, country=country)
    with suppress(BrokenPipeError):
        _serve(reader, sys.stdin.buffer, sys.stdout.buffer)
