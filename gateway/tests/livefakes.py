"""A shared order and an account's feed as their services would answer, and two gateways on a real broker."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
from commis.customers.v1 import sessions_pb2
from commis.notifications.v1 import feed_pb2
from commis.orders.v1 import shared_orders_pb2 as pb
from nats.aio.client import Client as NatsClient
from websockets.asyncio.client import ClientConnection, connect

from chassis import broker
from chassis.context import Principal
from chassis.errors import Kind
from chassis.ids import new_id
from chassis.testing import issuer

from .fakes import Services, refusal
from .test_server import serving

STREAMS = ("orders", "notifications", "customers")


@dataclass
class Backend:
    """What the services know. `refused`: RPC -> what it answers instead."""

    services: Services
    nats: NatsClient
    order_id: str = field(default_factory=lambda: str(new_id()))
    account_id: str = field(default_factory=lambda: str(new_id()))
    session_id: str = field(default_factory=lambda: str(new_id()))
    side: int = pb.SIDE_VENDOR
    revision: int = 3
    entries: list[int] = field(default_factory=list)
    refused: dict[str, Any] = field(default_factory=dict)
    ticket: str = "one-time"
    held: dict[str, int] = field(default_factory=dict)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> None:
        self.services.default = self.answer

    def token(self, *, lifetime: float = 600, person: str = "") -> str:
        who = Principal(
            self.account_id,
            "ACCOUNT",
            actor_id=person or str(new_id()),
            actor_kind="PERSON",
            session_id=self.session_id,
        )
        return issuer.token(who, lifetime=lifetime)

    def hold(self, rpc: str, *, after: int) -> None:
        """What comes after that number is not answered before `go_on`."""
        self.held[rpc] = after

    async def answer(self, method: Any) -> Any:
        request = self.services.last.request
        if self.held.get(method.name) == getattr(request, "after_sequence", 0):
            await self.go_on.wait()
        if method.name in self.refused:
            return self.refused[method.name]
        match method.name:
            case "GetJwks":
                return sessions_pb2.GetJwksResponse(jwks_json=json.dumps(await issuer.jwks()))
            case "RedeemFeedTicket" if request.ticket == self.ticket:
                return sessions_pb2.RedeemFeedTicketResponse(access_token=self.token())
            case "RedeemFeedTicket":
                return refusal(Kind.UNAUTHENTICATED, "TICKET_NOT_VALID")
            case "GetSession":
                party = {"kind": "PARTY_KIND_PERSON", "id": "7", "display_name": "Lies Peeters"}
                return sessions_pb2.GetSessionResponse(session={"actor": party})
            case "GetSharedOrder":
                sheet = {"order_id": self.order_id, "revision": self.revision, "side": self.side}
                return pb.GetSharedOrderResponse(shared_order=sheet)
            case "ListSheetChanges":
                numbers = range(request.after_sequence + 1, self.revision + 1)[: request.page_size]
                return pb.ListSheetChangesResponse(changes=[change(number) for number in numbers])
            case "ListFeedEntries":
                return self._entries(request)
        raise AssertionError(f"nobody scripted {method.name}")

    def _entries(self, request: Any) -> feed_pb2.ListFeedEntriesResponse:
        newest = self.entries[-1] if self.entries else 0
        if not request.HasField("after_sequence"):
            return feed_pb2.ListFeedEntriesResponse(last_sequence=newest)
        left = [number for number in self.entries if number > request.after_sequence]
        page = left[:2]
        shown = [feed_pb2.FeedEntry(sequence=number, type="order.placed") for number in page]
        last = page[-1] if page else request.after_sequence
        return feed_pb2.ListFeedEntriesResponse(entries=shown, last_sequence=last, more=len(left) > 2)

    async def happen(self, count: int = 1, *, publish: bool = True, **more: Any) -> None:
        """A change of so many log entries: committed, and published unless that is still to come."""
        first, self.revision = self.revision + 1, self.revision + count
        if publish:
            await self.publish(first, self.revision, **more)

    async def publish(self, first: int, revision: int, **more: Any) -> None:
        line = {"id": str(new_id()), "line_reference": "vendor's"}
        both = {"vendor_lines": [line], "customer_lines": [line | {"line_reference": "customer's"}]}
        listed = [change(number) for number in range(first, revision + 1)]
        event = pb.SheetChanged(order_id=self.order_id, revision=revision, changes=listed, **(both | more))
        await self.tell(f"commis.orders.v1.sheets.{self.order_id}", event)

    async def tell(self, subject: str, event: Any) -> None:
        await self.nats.jetstream().publish(subject, event.SerializeToString())


def change(number: int) -> pb.SheetChange:
    return pb.SheetChange(sequence=number, kind="proposed", to_value=str(number))


@contextlib.asynccontextmanager
async def gateways(settings: Any, count: int, nats_url: str, **changed: Any) -> AsyncIterator[list[Any]]:
    """[(its address, its server)], all of them with their feeds ready."""
    async with contextlib.AsyncExitStack() as stack:
        found = []
        for _ in range(count):
            host, port, made = await stack.enter_async_context(
                serving(settings, nats_url=nats_url, **changed)
            )
            found.append((f"{host}:{port}", made))
        for address, _ in found:
            await feeds_ready(address)
        yield found


async def feeds_ready(address: str, state: str = "ready") -> None:
    async with httpx.AsyncClient() as http, asyncio.timeout(20):
        while (await http.get(f"http://{address}/readyz")).json()["feeds"] != state:
            await asyncio.sleep(0.05)


class Client:
    """One WebSocket; heartbeats and presence are kept apart from what is numbered."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.presence: list[Any] = []

    async def next(self, kind: str = "") -> Any:
        """The next message that is neither a heartbeat nor, unless asked for, presence."""
        async with asyncio.timeout(15):
            while True:
                said = orjson.loads(await self.socket.recv())
                if said["type"] == "presence":
                    self.presence = said["viewers"]
                if said["type"] == kind or (not kind and said["type"] not in {"heartbeat", "presence"}):
                    return said

    async def numbers(self, up_to: int) -> list[int]:
        """Of all changes or entries until that one."""
        found: list[int] = []
        while not found or found[-1] < up_to:
            said = await self.next()
            found += [one["sequence"] for one in said["changes"]] if "changes" in said else [said["sequence"]]
        return found

    async def closed(self) -> int:
        """The code it was closed with."""
        async with asyncio.timeout(15):
            await self.socket.wait_closed()
        return self.socket.close_code or 0


@contextlib.asynccontextmanager
async def following(address: str, path: str, token: str = "", **options: Any) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with connect(f"ws://{address}{path}", additional_headers=headers, **options) as socket:
        yield Client(socket)


async def make_streams(connection: NatsClient) -> None:
    for owner in STREAMS:
        await broker.ensure_stream(connection.jetstream(), owner)
