"""Keeps a queue filled from a JetStream consumer with pull requests of its own.

nats-py's fetch(n) stalls (nats.py issue 986) and fetch(1) costs a request per message. This asks for many at
once and counts what is outstanding; the server's heartbeats tell when a request got lost.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from nats.aio.client import Client as NatsClient
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from chassis.logs import log

ACK_WAIT = 20  # after a crash, this long until another process gets the messages
HEARTBEAT = 5
PULL = 100


class Puller:
    """`queue` holds what arrived and nobody took yet; `arrived` is set whenever something is put there."""

    def __init__(self, nats: NatsClient, stream: str, durable: str, subjects: Sequence[str]) -> None:
        self.queue: deque[Msg] = deque()
        self.arrived = asyncio.Event()
        self.stopping = asyncio.Event()
        self._nc = nats
        self._stream = stream
        self._durable = durable
        self._subjects = list(subjects)
        self._inbox = ""
        self._subscription: Any = None
        self._outstanding = 0
        self._heard = 0.0
        self._reconnects = -1
        self._lost = True

    def stop(self) -> None:
        self.stopping.set()
        self.arrived.set()

    async def run(self) -> None:
        """Once a second: (re)create what is missing, and ask again when requests got lost on the way."""
        self._inbox = self._nc.new_inbox()
        self._subscription = await self._nc.subscribe(self._inbox, cb=self._receive)
        while not self.stopping.is_set():
            try:
                if self._nc.is_connected:
                    await self._check()
                    await self.pull()
            except NotFoundError:
                log.info("waiting for the stream", consumer=self._durable, stream=self._stream)
            except Exception as error:
                log.warning("consumer not ready", consumer=self._durable, error=repr(error))
            try:
                async with asyncio.timeout(1):
                    await self.stopping.wait()
            except TimeoutError:
                continue

    async def hand_back(self) -> None:
        """What was received and not applied goes back at once, so that another replica need not wait."""
        if self._subscription is not None and self._nc.is_connected:
            await self._subscription.unsubscribe()
            for msg in self.queue:
                await msg.nak()
        self._subscription = None
        self.queue.clear()

    async def pull(self) -> None:
        """Ask for as many messages as there is room for, if that is worth a request."""
        wanted = PULL - self._outstanding - len(self.queue)
        if self._lost or self.stopping.is_set() or wanted < (PULL // 4 if self._outstanding else 1):
            return
        self._outstanding += wanted
        request = {"batch": wanted, "expires": 30_000_000_000, "idle_heartbeat": HEARTBEAT * 1_000_000_000}
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._durable}"
        await self._nc.publish(subject, json.dumps(request).encode(), reply=self._inbox)

    async def _receive(self, msg: Msg) -> None:
        self._heard = time.monotonic()
        status = msg.headers.get("Status") if msg.headers else None
        if status is None:
            self._outstanding = max(0, self._outstanding - 1)
            self.queue.append(msg)
            self.arrived.set()
            if self._outstanding < PULL // 2:
                await self.pull()
        elif status != "100":  # 408 expired, 409 consumer changed, 503 nobody there; 100 is a heartbeat
            headers = msg.headers or {}
            pending = headers.get("Nats-Pending-Messages")
            self._outstanding = max(0, self._outstanding - int(pending)) if pending else 0
            if status == "503" or "Deleted" in headers.get("Description", ""):
                self._lost = True  # next second, so that a server that refuses is not asked in a loop
            elif status == "408":
                await self.pull()

    async def _check(self) -> None:
        reconnects = self._nc.stats["reconnects"]
        silent = time.monotonic() - self._heard > 2.5 * HEARTBEAT
        if reconnects != self._reconnects or silent:
            self._reconnects, self._outstanding, self._heard = reconnects, 0, time.monotonic()
            self._lost = True
        if self._lost:
            await self._ensure()
            self._lost = False

    async def _ensure(self) -> None:
        # The stream is its owner's to make, whose relay does it first thing; the broker refuses it to others.
        config = ConsumerConfig(
            durable_name=self._durable,
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT,
            max_deliver=-1,  # the server would drop silently; the consumer counts and sets aside itself
            max_ack_pending=1000,
            filter_subjects=self._subjects,
        )
        await self._nc.jetstream().add_consumer(self._stream, config)
