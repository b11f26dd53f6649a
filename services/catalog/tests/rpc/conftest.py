"""The whole service in-process, with customers and orders played by ten-line classes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import grpc
import pytest
from commis.catalog.v1 import (
    exports_pb2_grpc,
    imports_pb2_grpc,
    legal_caps_pb2_grpc,
    onix_pb2_grpc,
    pricing_pb2_grpc,
    products_pb2_grpc,
    selections_pb2_grpc,
    stock_pb2_grpc,
)
from grpc_status import rpc_status
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog import services
from catalog.accounts import AccountNotFound
from catalog.config import Settings
from catalog.imports.runner import ImportRunner
from catalog.ports import Placement
from catalog.pricing.quote import Customer
from catalog.services import Needs
from chassis.db import Sessions
from chassis.testing import as_rep_for, as_service, as_staff, grpc_server

STAFF = as_staff("CATALOGUE")
ORDERS = as_service("catalog.reserve")
__all__ = ["ORDERS", "STAFF", "as_rep_for"]


@dataclass
class FakeCustomers:
    """Knows the accounts it was told of; counts how often it was asked."""

    known: dict[UUID, Customer] = field(default_factory=dict)
    asked: int = 0

    async def ordering_context(self, account_id: UUID) -> Customer:
        self.asked += 1
        if account_id not in self.known:
            raise AccountNotFound(account_id)
        return self.known[account_id]


class NoOrders:
    async def placements(self, order_ids: Sequence[UUID]) -> Sequence[Placement]:
        return []


@dataclass
class Catalog:
    """Stubs of all services, and what a test may look behind."""

    channel: grpc.aio.Channel
    customers: FakeCustomers
    runner: ImportRunner
    sessions: Sessions

    def __post_init__(self) -> None:
        self.products = products_pb2_grpc.ProductServiceStub(self.channel)
        self.search = products_pb2_grpc.SearchServiceStub(self.channel)
        self.pricing = pricing_pb2_grpc.PricingServiceStub(self.channel)
        self.lists = pricing_pb2_grpc.PriceListServiceStub(self.channel)
        self.grid = pricing_pb2_grpc.DiscountGridServiceStub(self.channel)
        self.selections = selections_pb2_grpc.SelectionServiceStub(self.channel)
        self.caps = legal_caps_pb2_grpc.LegalCapServiceStub(self.channel)
        self.stock = stock_pb2_grpc.StockServiceStub(self.channel)
        self.reservations = stock_pb2_grpc.ReservationServiceStub(self.channel)
        self.imports = imports_pb2_grpc.ImportServiceStub(self.channel)
        self.exports = exports_pb2_grpc.ExportServiceStub(self.channel)
        self.onix = onix_pb2_grpc.OnixMappingServiceStub(self.channel)


@dataclass
class Refusal:
    code: str
    reason: str
    fields: set[str]
    metadata: dict[str, str]


async def refusal(call: Any) -> Refusal:
    """Awaits a call that must fail, and what it failed with."""
    from google.rpc import error_details_pb2

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    status = rpc_status.from_call(caught.value)
    reason, metadata, fields = "", {}, set()
    for detail in status.details if status is not None else ():
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            info = error_details_pb2.ErrorInfo()
            detail.Unpack(info)
            reason, metadata = info.reason, dict(info.metadata)
        if detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            bad = error_details_pb2.BadRequest()
            detail.Unpack(bad)
            fields = {violation.field for violation in bad.field_violations}
    return Refusal(caught.value.code().name, reason, fields, metadata)


def settings() -> Settings:
    return Settings(database_url="postgresql+asyncpg://x", customers_target="x")  # type: ignore[arg-type]


@pytest.fixture
async def catalog(engine: AsyncEngine, sessions: Sessions) -> AsyncIterator[Catalog]:
    customers = FakeCustomers()
    found = settings()
    needs = Needs(found, engine, engine, sessions, customers, NoOrders())
    quoter = services.quoter_of(found)
    runner = ImportRunner(engine, sessions, quoter, "en")
    async with grpc_server(services.servicers(needs, quoter, runner), domain="catalog.commis") as running:
        yield Catalog(running.channel, customers, runner, sessions)
