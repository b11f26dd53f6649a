"""What people are called who look at something, as customers' session tells it: asked once per session and minute."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from commis.customers.v1.sessions_pb2 import GetSessionRequest

from gateway.live import calls, messages
from gateway.live.calls import Calls
from gateway.live.line import Caller

KEEP_SECONDS = 60.0
MAX_NAMES = 4096


@dataclass(frozen=True, slots=True)
class Name:
    """`kind` of who acts, e.g. PERSON, REP; empty when the contract has a newer one."""

    kind: str
    name: str


class Names:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[float, Name]] = {}

    async def of(self, caller: Caller, ask: Calls) -> Name:
        """Raises Problem."""
        key, now = (caller.session_id, caller.name), self._clock()
        known = self._known.get(key)
        if known is not None and known[0] > now:
            return known[1]
        said = (await ask.first(calls.GET_SESSION, GetSessionRequest())).session
        party = said.actor if said.HasField("actor") else said.subject
        found = Name(messages.kind_name(party.kind) or "", party.display_name)
        if len(self._known) >= MAX_NAMES:
            del self._known[next(iter(self._known))]
        self._known[key] = (now + KEEP_SECONDS, found)
        return found
