"""A representative with orders that were taken offline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from commis.orders.v1 import entry_pb2 as pb
from commis.orders.v1 import entry_pb2_grpc, orders_pb2

from chassis.ids import new_id
from chassis.testing import as_rep, grpc_server
from orders.batches.domain import OfflineOrder, Short
from orders.batches.ports import Proposals
from orders.batches.rpc import OrderBatchServicer
from orders.domain.model import Order
from services.orders.tests.shop import Shop, eur, terms_hash

ANSWER = pb.UploadOrdersResponse
PLACED, ALREADY = ANSWER.OUTCOME_PLACED, ANSWER.OUTCOME_ALREADY_PLACED
ATTENTION, REFUSED, AGAIN = ANSWER.OUTCOME_NEEDS_ATTENTION, ANSWER.OUTCOME_REFUSED, ANSWER.OUTCOME_TRY_AGAIN


@dataclass
class FakeProposals:
    """Moves the order on, once, as the shared order does."""

    shop: Shop
    sent: dict[UUID, tuple[Mapping[UUID, Short], str]] = field(default_factory=dict)
    fail: Exception | None = None

    async def propose(
        self, given: OfflineOrder, order: Order, short: Mapping[UUID, Short], message: str
    ) -> None:
        await asyncio.sleep(0)
        async with self.shop.infra.engine.begin() as connection:
            await connection.execute(
                sa.text("UPDATE orders SET state = 'NEGOTIATING' WHERE id = :id"), {"id": order.id}
            )
        if self.fail is not None:
            raise self.fail
        self.sent.setdefault(order.id, (short, message))


@dataclass
class Batch:
    shop: Shop
    stub: Any
    proposals: FakeProposals

    @property
    def who(self) -> Any:
        return as_rep(self.shop.rep)

    def order(self, *lines: tuple[str, int, str], **fields: Any) -> pb.OfflineOrder:
        """Of (sku, quantity, price that was shown or nothing)."""
        made = [
            pb.OfflineLine(
                line=orders_pb2.LineInput(sku=sku, quantity=quantity),
                shown_unit_price=eur(shown) if shown else None,
            )
            for sku, quantity, shown in lines
        ]
        given: dict[str, Any] = {
            "order_id": str(new_id()),
            "account_id": str(self.shop.account),
            "lines": made,
            "shipping_method": "STANDARD",
            "payment_method": orders_pb2.PAYMENT_METHOD_BANK_TRANSFER,
            "terms_version": "2026-01",
            "terms_hash": terms_hash("nl"),
        }
        return pb.OfflineOrder(**(given | fields))

    async def upload(
        self, *orders: pb.OfflineOrder, who: Any = None, timeout: float = 30.0
    ) -> list[pb.UploadOrdersResponse]:
        call = self.stub.UploadOrders(
            pb.UploadOrdersRequest(orders=orders), metadata=who or self.who, timeout=timeout
        )
        return [answer async for answer in call]

    async def one(self, order: pb.OfflineOrder, who: Any = None) -> pb.UploadOrdersResponse:
        (answer,) = await self.upload(order, who=who)
        return answer


def reasons(answer: pb.UploadOrdersResponse) -> set[tuple[str, str]]:
    return {(each.field, each.reason) for each in answer.reasons}


@asynccontextmanager
async def open_batch(shop: Shop, real: Proposals | None = None) -> AsyncIterator[Batch]:
    """`real`: shared orders; else they are only counted."""
    proposals = FakeProposals(shop)
    served = (
        entry_pb2_grpc.add_OrderBatchServiceServicer_to_server,
        OrderBatchServicer(shop.infra, real or proposals),
        "commis.orders.v1.OrderBatchService",
    )
    async with grpc_server([served], domain="orders.commis") as running:
        channel: Any = running.channel
        yield Batch(shop, entry_pb2_grpc.OrderBatchServiceStub(channel), proposals)
