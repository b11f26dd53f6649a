"""Both sides of a shared order over gRPC: each acts on what it saw last."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from commis.orders.v1 import shared_orders_pb2 as pb
from commis.orders.v1 import shared_orders_pb2_grpc
from google.type import date_pb2

from chassis.ids import new_id
from services.orders.tests.shop import Shop, eur, terms_hash

GREY, YELLOW, RED, GREEN = (
    getattr(pb.SheetStatus, f"COLOUR_{name}") for name in ("GREY", "YELLOW", "RED", "GREEN")
)
VENDOR, CUSTOMER = pb.SIDE_VENDOR, pb.SIDE_CUSTOMER
TERMS = {"terms_version": "2026-01", "terms_hash": terms_hash("nl")}


@dataclass
class Desk:
    """One participant with its token, and the sheet as it saw it last."""

    stub: Any
    who: Any
    seen: pb.SharedOrder = field(default_factory=pb.SharedOrder)

    async def call(self, method: str, request: Any) -> pb.SharedOrder:
        answer = await getattr(self.stub, method)(request, metadata=self.who, timeout=60)
        self.seen = answer.shared_order
        return self.seen

    async def look(self, order_id: str = "", revision: int = 0) -> pb.SharedOrder:
        wanted = pb.GetSharedOrderRequest(order_id=order_id or self.seen.order_id, revision=revision)
        if revision:
            return (await self.stub.GetSharedOrder(wanted, metadata=self.who)).shared_order
        return await self.call("GetSharedOrder", wanted)

    def _about(self, **given: Any) -> dict[str, Any]:
        fixed = {"order_id": self.seen.order_id, "revision": self.seen.revision, "request_id": str(new_id())}
        return fixed | given

    async def start(self, order: Any, **given: Any) -> pb.SharedOrder:
        request = pb.StartSharedOrderRequest(order_id=order.id, etag=order.etag, **given)
        return await self.call("StartSharedOrder", request)

    async def propose(self, *lines: pb.LineProposal, **given: Any) -> pb.SharedOrder:
        return await self.call(
            "ProposeChanges", pb.ProposeChangesRequest(**self._about(lines=lines, **given))
        )

    async def change(self, index: int = 0, **given: Any) -> pb.SharedOrder:
        """Of the line that was seen there; `price` in euro."""
        if "price" in given:
            given["unit_price"] = eur(given.pop("price"))
        return await self.propose(pb.LineProposal(line_id=self.seen.lines[index].id, **given))

    async def add(self, sku: str, quantity: int) -> pb.SharedOrder:
        return await self.propose(pb.LineProposal(sku=sku, quantity=quantity))

    async def send(self, **given: Any) -> pb.SharedOrder:
        given = self._about(**given)
        del given["revision"]
        return await self.call("SendSharedOrder", pb.SendSharedOrderRequest(**given))

    async def accept(self, *ids: str, **given: Any) -> pb.SharedOrder:
        """The terms that were seen, all of them when none is named."""
        hashes = {line.id: line.current.hash for line in self.seen.lines} | {"header": self.seen.header.hash}
        named = [pb.AcceptedTerms(line_id=each, hash=hashes[each]) for each in ids]
        whole = {} if ids else {"hash": self.seen.hash}
        return await self.call(
            "AcceptChanges", pb.AcceptChangesRequest(**self._about(terms=named, **whole, **given))
        )

    async def withdraw(self, *ids: str) -> pb.SharedOrder:
        return await self.call("WithdrawChanges", pb.WithdrawChangesRequest(**self._about(line_ids=ids)))

    async def decline(self, *ids: str, reason: str = "") -> pb.SharedOrder:
        request = pb.DeclineChangesRequest(**self._about(line_ids=ids, reason=reason))
        return await self.call("DeclineChanges", request)

    async def end(self, reason: str = "") -> pb.SharedOrder:
        request = pb.EndSharedOrderRequest(
            order_id=self.seen.order_id, request_id=str(new_id()), reason=reason
        )
        return await self.call("EndSharedOrder", request)

    async def log(self, **given: Any) -> list[pb.SheetChange]:
        request = pb.ListSheetChangesRequest(order_id=self.seen.order_id, **given)
        return list((await self.stub.ListSheetChanges(request, metadata=self.who)).changes)


@dataclass
class Table:
    """`vendor` is staff; `rep` and `customer` are those of the shop."""

    shop: Shop
    vendor: Desk
    rep: Desk
    customer: Desk

    async def look(self, order_id: str = "") -> None:
        for desk in (self.vendor, self.customer):
            await desk.look(order_id or self.vendor.seen.order_id or self.customer.seen.order_id)


def a_table(shop: Shop) -> Table:
    stub = shared_orders_pb2_grpc.SharedOrderServiceStub(shop.channel)
    return Table(shop, *(Desk(stub, who) for who in (shop.staff, shop.as_rep, shop.customer)))


async def a_sent_table(shop: Shop, *lines: tuple[str, int]) -> Table:
    """Sent by the customer; both have looked."""
    table = a_table(shop)
    sheet = await shop.sheet(*(lines or (("A", 5), ("B", 2))))
    await table.customer.start(sheet, send=True)
    await table.look()
    return table


def day(text: str) -> date_pb2.Date:
    year, month, number = map(int, text.split("-"))
    return date_pb2.Date(year=year, month=month, day=number)
