"""The NATS connection, the streams, and publishing many messages with acknowledgements in flight."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import nats
from nats.aio.client import Client as NatsClient
from nats.aio.msg import Msg
from nats.errors import MaxPayloadError
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, StorageType, StreamConfig

from chassis.logs import log

if TYPE_CHECKING:
    from chassis.config import ServiceSettings

DEDUP_SECONDS = 120
KEEP_SECONDS = 7 * 24 * 3600
ACK_SECONDS = 5.0


async def connect(settings: ServiceSettings) -> NatsClient:
    """Reconnects for ever; a silent peer is noticed after 4 s (the default would be four minutes)."""

    async def on_error(error: Exception) -> None:
        log.warning("broker error", error=repr(error))

    options: dict[str, Any] = {}
    if settings.nats_user:
        options = {"user": settings.nats_user, "password": settings.nats_password.get_secret_value()}
    return await nats.connect(
        settings.nats_url.split(","),
        name=settings.service_name,
        error_cb=on_error,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.5,
        ping_interval=2,
        max_outstanding_pings=2,
        **options,
    )


def stream_name(owner: str) -> str:
    return f"COMMIS_{owner.upper()}"


async def ensure_stream(
    js: JetStreamContext, owner: str, *, replicas: int = 1, max_age: float = KEEP_SECONDS
) -> None:
    """Create or update the stream of one owning service: COMMIS_ORDERS <- commis.orders.>, on disk.

    The relay of the owner makes it, its consumers wait for it; PostgreSQL stays the truth (see relay.reconcile).
    """
    config = StreamConfig(
        name=stream_name(owner),
        subjects=[f"commis.{owner}.>"],
        storage=StorageType.FILE,
        num_replicas=replicas,
        discard=DiscardPolicy.OLD,
        duplicate_window=DEDUP_SECONDS,
        max_age=max_age,
        allow_direct=True,
    )
    await js.add_stream(config)


class RefusedMessage(Exception):
    """The broker will never take this message (too large, wrong subject): trying again is useless."""


class Publisher:
    """Sends a batch in order and collects the acknowledgements on one inbox of its own.

    nats-py's own publish waits for each acknowledgement, and its publish_async costs a future, a token and
    two callbacks per message.
    """

    def __init__(self, connection: NatsClient) -> None:
        self._nc = connection
        self._prefix = connection.new_inbox()
        self._subscription: Any = None
        self._batch = 0
        self._outcomes: list[Exception | None] = []
        self._missing: set[int] = set()
        self._complete = asyncio.Event()

    async def publish(self, messages: Sequence[tuple[str, bytes, dict[str, str]]]) -> list[Exception | None]:
        """One outcome per (subject, payload, headers): None when stored (or a known
        duplicate), RefusedMessage, or TimeoutError/ConnectionError when it is unknown and must be sent
        again with the same Nats-Msg-Id."""
        if self._subscription is None:
            self._subscription = await self._nc.subscribe(f"{self._prefix}.*", cb=self._on_ack)
        self._batch += 1
        self._outcomes = [TimeoutError("no acknowledgement")] * len(messages)
        self._missing = set(range(len(messages)))
        self._complete.clear()
        for index, (subject, payload, headers) in enumerate(messages):
            reply = f"{self._prefix}.{self._batch}-{index}"
            try:
                await self._nc.publish(subject, payload, reply=reply, headers=headers)
            except MaxPayloadError:
                self._settle(index, RefusedMessage("larger than the broker's max_payload"))
                for later in range(index + 1, len(messages)):
                    self._settle(later, ConnectionError("not sent, an earlier message was refused"))
                break
        try:
            async with asyncio.timeout(ACK_SECONDS):
                await self._complete.wait()
        except TimeoutError:
            log.warning("acknowledgements missing", missing=len(self._missing), batch=len(messages))
        return self._outcomes

    async def close(self) -> None:
        if self._subscription is not None and self._nc.is_connected:
            await self._subscription.unsubscribe()

    async def _on_ack(self, msg: Msg) -> None:
        batch, _, index = msg.subject[len(self._prefix) + 1 :].partition("-")
        if int(batch) == self._batch:
            self._settle(int(index), _outcome(msg))

    def _settle(self, index: int, outcome: Exception | None) -> None:
        if index in self._missing:
            self._missing.discard(index)
            self._outcomes[index] = outcome
            if not self._missing:
                self._complete.set()


def _outcome(msg: Msg) -> Exception | None:
    if msg.headers and msg.headers.get("Status"):
        return ConnectionError("no stream answers on this subject")
    if b'"error"' not in msg.data:
        return None
    error = json.loads(msg.data)["error"]
    text = f"{error.get('code')} {error.get('description')}"
    return ConnectionError(text) if error.get("code", 500) >= 500 else RefusedMessage(text)
