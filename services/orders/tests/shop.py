"""What tests do all day: open a shop, fill a sheet, place it; and read what lies in the database."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import grpc
import pytest
import sqlalchemy as sa
from commis.common.v1 import common_pb2
from commis.orders.v1 import checkout_pb2, orders_pb2, orders_pb2_grpc
from google.type import money_pb2

from chassis import status
from chassis.errors import ServiceError
from chassis.ids import new_id
from chassis.testing import as_customer, as_rep_for, as_staff
from orders.infrastructure import Infrastructure
from services.orders.tests.fakes import FakeCatalog, FakeCustomers, FakeLibrary

TERMS = {"en": "Goods stay ours until paid.", "nl": "Eigendomsvoorbehoud."}


@dataclass
class Shop:
    channel: Any
    orders: orders_pb2_grpc.OrderServiceStub
    placements: orders_pb2_grpc.PlacementServiceStub
    methods: Any
    terms: Any
    infra: Infrastructure
    customers: FakeCustomers
    catalog: FakeCatalog
    library: FakeLibrary
    account: UUID = field(default_factory=new_id)
    person: UUID = field(default_factory=new_id)
    rep: UUID = field(default_factory=new_id)
    staff: Any = field(default_factory=lambda: as_staff("ADMIN"))
    customer: Any = ()
    as_rep: Any = ()

    async def open(self) -> None:
        self.customers.add(self.account)
        self.customers.reps[self.account].add(str(self.rep))
        self.customer = as_customer(self.person, self.account)
        self.as_rep = as_rep_for(self.rep, self.account)
        for sku, price in (("A", "19.95"), ("B", "20.95"), ("C", "5.00")):
            self.catalog.add(sku, price)
        await self.terms.PublishTerms(
            checkout_pb2.PublishTermsRequest(version="2026-01", text=common_pb2.LocalizedText(texts=TERMS)),
            metadata=self.staff,
        )
        await self.methods.CreateShippingMethod(
            checkout_pb2.CreateShippingMethodRequest(shipping_method=a_method()), metadata=self.staff
        )

    async def sheet(self, *lines: tuple[str, int], who: Any = None, **fields: Any) -> orders_pb2.Order:
        """A complete draft of (sku, quantity) lines."""
        given: dict[str, Any] = {
            "shipping_method": "STANDARD",
            "payment_method": orders_pb2.PAYMENT_METHOD_BANK_TRANSFER,
            "lines": [orders_pb2.LineInput(sku=sku, quantity=quantity) for sku, quantity in lines],
        }
        request = orders_pb2.CreateOrderRequest(**(given | fields))
        return (await self.orders.CreateOrder(request, metadata=who or self.customer)).order

    async def place(self, order_id: str, who: Any = None, **fields: Any) -> orders_pb2.Order:
        given: dict[str, Any] = {
            "request_id": str(new_id()),
            "order_id": order_id,
            "terms_version": "2026-01",
            "terms_hash": terms_hash("nl"),
        }
        request = orders_pb2.PlaceOrderRequest(**(given | fields))
        return (await self.orders.PlaceOrder(request, metadata=who or self.customer)).order

    async def placed(self, *lines: tuple[str, int]) -> orders_pb2.Order:
        return await self.place((await self.sheet(*lines)).id)

    async def get(self, order_id: str, who: Any = None) -> orders_pb2.Order:
        """As other RPCs answer it, which do not tell what came beside the order; unless something did."""
        request = orders_pb2.GetOrderRequest(order_id=order_id)
        order = (await self.orders.GetOrder(request, metadata=who or self.customer)).order
        if not order.activity.ListFields():
            order.ClearField("activity")
        return order

    async def history(self, order_id: str) -> list[orders_pb2.HistoryEntry]:
        request = orders_pb2.ListOrderHistoryRequest(order_id=order_id)
        return list((await self.orders.ListOrderHistory(request, metadata=self.customer)).entries)

    async def rows(self, statement: str, **given: Any) -> list[Any]:
        async with self.infra.sessions() as session:
            return list((await session.execute(sa.text(statement), given)).all())

    async def events(self, fact: str) -> list[bytes]:
        found = await self.rows(
            "SELECT payload FROM outbox WHERE subject = :subject ORDER BY position",
            subject=f"commis.orders.v1.{fact}",
        )
        return [row.payload for row in found]


def terms_hash(language: str) -> str:
    return hashlib.sha256(TERMS[language].encode()).hexdigest()


def eur(text: str) -> money_pb2.Money:
    units, _, cents = text.partition(".")
    return money_pb2.Money(currency_code="EUR", units=int(units), nanos=int((cents or "0").ljust(9, "0")))


def a_method(code: str = "STANDARD", price: str = "6.50", **fields: Any) -> checkout_pb2.ShippingMethod:
    zone = checkout_pb2.ShippingZone(
        region_codes=["BE", "FR"],
        bands=[checkout_pb2.ShippingBand(max_weight_grams=50_000, price=eur(price))],
    )
    given: dict[str, Any] = {
        "code": code,
        "name": common_pb2.LocalizedText(texts={"en": "Standard delivery", "nl": "Standaard levering"}),
        "currency_code": "EUR",
        "active": True,
        "zones": [zone],
    }
    return checkout_pb2.ShippingMethod(**(given | fields))


def a_pick_up(
    region_code: str = "BE", postal_code: str = "1000", **fields: Any
) -> checkout_pb2.ShippingMethod:
    place = {"pick_up_region_code": region_code, "pick_up_postal_code": postal_code}
    return a_method("PICK-UP", pick_up=True, zones=[], **(place | fields))


def amount(pb: money_pb2.Money) -> str:
    return f"{pb.units}.{pb.nanos // 10_000_000:02}"


@asynccontextmanager
async def refused(reason: str) -> AsyncIterator[list[ServiceError]]:
    """Expects an RPC to be refused with this reason; the error is in the list afterwards."""
    caught: list[ServiceError] = []
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        yield caught
    error = status.from_rpc_error(raised.value, "orders")
    caught.append(error)
    assert error.reason == reason, (error.reason, error.message, error.violations)


def found(errors: list[ServiceError]) -> set[tuple[str, str]]:
    """(field, reason) of every violation."""
    return {(violation.field, violation.reason) for violation in errors[0].violations}
