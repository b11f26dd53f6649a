"""One ordered consumer of a stream: every message once and in order, or word that some were lost.

An ephemeral push consumer that acknowledges nothing and is made anew, where it stopped, whenever a number is missing,
the server is silent, or the connection was lost (what nats-py's own ordered consumer does not notice in all cases).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import nats.errors
from nats.aio.client import Client as NatsClient
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from chassis.logs import log

_HEARTBEAT = 5.0
_SILENT = 2.5 * _HEARTBEAT
_RETRY_SECONDS = 1.0
Receive = Callable[[str, bytes, dict[str, str]], None]


class Reader:
    """`receive(subject, data, headers)` for each message; `lost` when messages between two of them cannot be had."""

    def __init__(
        self, stream: str, subjects: Sequence[str], receive: Receive, lost: Callable[[], None]
    ) -> None:
        self._stream = stream
        self._subjects = list(subjects)
        self._receive = receive
        self._lost = lost
        self._subscription: Any = None
        self._created: Any = None
        self._next = 0
        self._numbered = 0
        self._heard = 0.0
        self._broken = asyncio.Event()
        self.attached = False

    async def run(self, connection: NatsClient) -> None:
        """Until cancelled. With another connection than the last time it goes on where it stopped."""
        self.attached, self._subscription = False, None
        reconnects = connection.stats["reconnects"]
        task = asyncio.current_task()
        while task is not None and not task.cancelling():  # which asyncio.wait_for of Python 3.11 may swallow
            try:
                if not connection.is_connected:
                    self.attached = False
                elif (
                    not self.attached
                    or self._broken.is_set()
                    or connection.stats["reconnects"] != reconnects
                    or time.monotonic() - self._heard > _SILENT
                ):
                    reconnects = connection.stats["reconnects"]
                    await self._attach(connection)
            except NotFoundError:
                self.attached = False
            except Exception as error:
                self.attached = False
                log.warning("feed reader not ready", stream=self._stream, error=repr(error))
            try:
                async with asyncio.timeout(_RETRY_SECONDS):
                    await self._broken.wait()
                await asyncio.sleep(0.05)
            except TimeoutError:
                continue

    async def _attach(self, connection: NatsClient) -> None:
        """From the message after the last one, or, when that is not there any more, from now on. Raises NotFoundError
        while the owner has not made the stream yet."""
        js = connection.jetstream()
        info = await js.stream_info(self._stream)
        state, first_time = info.state, self._created is None
        same = info.created == self._created and state.first_seq <= self._next <= state.last_seq + 1
        start = self._next if same else state.last_seq + 1
        ended, self._subscription = self._subscription, None
        if ended is not None:
            with contextlib.suppress(nats.errors.Error):  # it may be gone with what broke the line
                await ended.unsubscribe()
        inbox = connection.new_inbox()
        self._subscription = await connection.subscribe(inbox, cb=self._on_message)
        self._numbered, self._heard = 0, time.monotonic()
        self._broken.clear()
        await js.add_consumer(
            self._stream,
            ConsumerConfig(
                deliver_subject=inbox,
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=start,
                filter_subjects=self._subjects,
                ack_policy=AckPolicy.NONE,
                max_deliver=1,
                idle_heartbeat=_HEARTBEAT,
                flow_control=True,
                mem_storage=True,
                num_replicas=1,
                inactive_threshold=30,
            ),
        )
        self._created, self._next = info.created, max(start, self._next if same else start)
        self.attached = True
        if not same and not first_time:
            self._lost()

    async def _on_message(self, msg: Msg) -> None:
        self._heard = time.monotonic()
        if self._broken.is_set():
            return
        headers: dict[str, str] = msg.headers or {}
        if "Status" in headers:
            await self._on_status(msg, headers)
            return
        tokens = msg.reply.split(".")
        at = 5 if len(tokens) == 9 else 7  # with a domain two more tokens stand before the numbers
        stored, numbered = int(tokens[at]), int(tokens[at + 1])
        if numbered != self._numbered + 1:
            self._broken.set()
            return
        self._numbered, self._next = numbered, stored + 1
        try:
            self._receive(msg.subject, msg.data, headers)
        except Exception as error:
            log.error("message of a feed not understood", subject=msg.subject, exc_info=error)

    async def _on_status(self, msg: Msg, headers: dict[str, str]) -> None:
        """Heartbeats tell the last number sent; flow control wants an answer."""
        if headers["Status"] != "100":
            self._broken.set()
            return
        stalled = headers.get("Nats-Consumer-Stalled", "")
        if msg.reply or stalled:
            await msg._client.publish(msg.reply or stalled)
        if int(headers.get("Nats-Last-Consumer", self._numbered)) != self._numbered:
            self._broken.set()
