"""Many shared orders, made and changed over gRPC: what is measured is not how HTTP makes them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Self

import grpc
from commis.orders.v1 import orders_pb2, orders_pb2_grpc, shared_orders_pb2_grpc
from commis.orders.v1 import shared_orders_pb2 as pb

from local.suite import Suite
from tests.cast import as_customer
from tests.world import World, activate, build

ACCOUNTS = 16
_AT_ONCE = 8


@dataclass
class Sheet:
    """`turn`: one change of a sheet at a time, each on top of the last."""

    order_id: str
    line_id: str
    revision: int
    vendor_token: str
    customer_token: str
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Sheets:
    def __init__(self, world: World, channel: grpc.aio.Channel) -> None:
        self.world = world
        self.sheets: list[Sheet] = []
        self._channel = channel
        self._orders = orders_pb2_grpc.OrderServiceStub(channel)
        self._shared = shared_orders_pb2_grpc.SharedOrderServiceStub(channel)

    @classmethod
    async def make(cls, suite: Suite, count: int) -> Self:
        """So many sheets of ACCOUNTS accounts, each started and sent by the representative."""
        admin = ("admin@commis.example", suite.secrets.admin_password)
        world = await build(
            suite.gateway_url, suite.mailbox_url, admin, variants=300, stock=10**7, accounts=ACCOUNTS
        )
        made = cls(world, grpc.aio.insecure_channel(suite.grpc_target("orders")))
        tokens = []
        for account in world.accounts:
            await activate(world.api, world.mailbox, account["email"])
            customer = await as_customer(world, account["email"])
            tokens.append((account["id"], (await world.ordering(account)).token, customer.token))
        turn = asyncio.Semaphore(_AT_ONCE)

        async def one(number: int) -> None:
            async with turn:
                made.sheets.append(await made.start(number, *tokens[number % len(tokens)]))

        await asyncio.gather(*map(one, range(count)))
        return made

    async def start(self, number: int, account_id: str, vendor: str, customer: str) -> Sheet:
        """A sheet of three lines that the representative sent, with the tokens of both sides."""
        metadata = _bearer(vendor)
        skus = [self.world.skus[(3 * number + at) % len(self.world.skus)] for at in range(3)]
        created = await self._orders.CreateOrder(
            orders_pb2.CreateOrderRequest(
                account_id=account_id, lines=[{"sku": sku, "quantity": 1} for sku in skus]
            ),
            metadata=metadata,
        )
        answer = await self._shared.StartSharedOrder(
            pb.StartSharedOrderRequest(order_id=created.order.id, send=True), metadata=metadata
        )
        sheet = answer.shared_order
        return Sheet(sheet.order_id, sheet.lines[0].id, sheet.revision, vendor, customer)

    async def change(self, sheet: Sheet, quantity: int) -> int:
        """The vendor's side proposes a quantity; the revision after it."""
        proposal: dict[str, Any] = {"line_id": sheet.line_id, "quantity": quantity}
        request = pb.ProposeChangesRequest(order_id=sheet.order_id, revision=sheet.revision, lines=[proposal])
        answer = await self._shared.ProposeChanges(request, metadata=_bearer(sheet.vendor_token))
        sheet.revision = answer.shared_order.revision
        return sheet.revision

    async def close(self) -> None:
        await self._channel.close()
        await self.world.mailbox.close()
        await self.world.api.close()


def _bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)
