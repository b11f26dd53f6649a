"""Who looks at a sheet now, and at which of its lines: known in memory only, told from gateway to gateway.

Each gateway says, per sheet, whom it has there: when that changes, when another one asks, and every now and then, so
that what a gateway said that died is forgotten. Nothing of it is stored or numbered.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson

from chassis.ids import new_id
from gateway.live.line import Line

SUBJECT = "commis.gateway.presence."
REPEAT_SECONDS = 15.0
FORGET_SECONDS = 40.0
# Changes within this time are told together.
GATHER_SECONDS = 0.1
SHOWN = 50
_LINE = re.compile(r"header|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
Publish = Callable[[str, bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Viewer:
    """`id` is of this one line; `kind` and `name` are of who acts, `line_id` is where it looks, or empty."""

    id: str
    side: str
    kind: str
    name: str
    line_id: str = ""

    def shown(self) -> dict[str, str | None]:
        return {
            "viewer": self.id,
            "side": self.side,
            "kind": self.kind,
            "name": self.name,
            "line_id": self.line_id or None,
        }


def is_line(value: str) -> bool:
    """Whether it can be a line of a sheet, or its header."""
    return _LINE.fullmatch(value) is not None


class Presence:
    """`show(sheet_id, message)` hands the list to the lines of this process."""

    def __init__(
        self,
        publish: Publish,
        show: Callable[[str, list[Any]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._publish = publish
        self._show = show
        self._clock = clock
        self._own = str(new_id())
        self._here: dict[str, dict[Line, Viewer]] = {}
        self._there: dict[str, dict[str, tuple[float, list[Any]]]] = {}
        self._changed: dict[str, bool] = {}
        self._gathering: asyncio.TimerHandle | None = None
        self._sending: set[asyncio.Task[None]] = set()

    def join(self, sheet_id: str, line: Line, viewer: Viewer) -> None:
        first = sheet_id not in self._here
        self._here.setdefault(sheet_id, {})[line] = viewer
        self._tell(sheet_id, ask=first)

    def move(self, sheet_id: str, line: Line, line_id: str) -> None:
        viewer = self._here.get(sheet_id, {}).get(line)
        if viewer is not None and viewer.line_id != line_id:
            self._here[sheet_id][line] = replace(viewer, line_id=line_id)
            self._tell(sheet_id)

    def leave(self, sheet_id: str, line: Line) -> None:
        here = self._here.get(sheet_id)
        if here is None or here.pop(line, None) is None:
            return
        self._tell(sheet_id)
        if not here:
            del self._here[sheet_id]
            self._there.pop(sheet_id, None)

    def receive(self, subject: str, data: bytes) -> None:
        """What a gateway said, this one too. Raises ValueError for what no gateway says."""
        sheet_id = subject.removeprefix(SUBJECT)
        if sheet_id not in self._here:
            return
        said = orjson.loads(data)
        if said["gateway"] == self._own:
            return
        there = self._there.setdefault(sheet_id, {})
        before = there.get(said["gateway"], (0.0, []))[1]
        there[said["gateway"]] = (self._clock(), said["viewers"])
        if not said["viewers"]:
            del there[said["gateway"]]
        if said["ask"]:
            self._tell(sheet_id)
        elif before != said["viewers"]:
            self._show(sheet_id, self.viewers(sheet_id))

    def viewers(self, sheet_id: str) -> list[Any]:
        """Those here and elsewhere, at most SHOWN."""
        found = [viewer.shown() for viewer in self._here.get(sheet_id, {}).values()]
        for _heard, viewers in self._there.get(sheet_id, {}).values():
            found += viewers
        return found[:SHOWN]

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(REPEAT_SECONDS)
            self.repeat()

    def repeat(self) -> None:
        """Say again who is here, and forget what was not said again."""
        oldest = self._clock() - FORGET_SECONDS
        for sheet_id, there in list(self._there.items()):
            silent = [gateway for gateway, (heard, _) in there.items() if heard < oldest]
            for gateway in silent:
                del there[gateway]
            if silent:
                self._show(sheet_id, self.viewers(sheet_id))
        for sheet_id in self._here:
            self._send(sheet_id, ask=False)

    def _tell(self, sheet_id: str, *, ask: bool = False) -> None:
        self._changed[sheet_id] = self._changed.get(sheet_id, False) or ask
        if self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._flush)

    def _flush(self) -> None:
        changed, self._changed, self._gathering = self._changed, {}, None
        for sheet_id, ask in changed.items():
            if sheet_id in self._here:
                self._show(sheet_id, self.viewers(sheet_id))
            self._send(sheet_id, ask=ask)

    def _send(self, sheet_id: str, *, ask: bool) -> None:
        viewers = [viewer.shown() for viewer in self._here.get(sheet_id, {}).values()][:SHOWN]
        data = orjson.dumps({"gateway": self._own, "viewers": viewers, "ask": ask})
        task = asyncio.ensure_future(self._publish(SUBJECT + sheet_id, data))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
