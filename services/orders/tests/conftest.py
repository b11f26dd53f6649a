"""Fixtures of orders: its migrated database, fake neighbours, and a running server with real tokens."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from commis.orders.v1 import checkout_pb2_grpc, orders_pb2_grpc

from chassis.db import Sessions
from chassis.testing import database_fixtures, grpc_server
from orders.__main__ import servicers
from orders.attachments.blobs import DirectoryBlobs
from orders.infrastructure import Infrastructure
from orders.payments.online import Online
from orders.ports import Ports
from orders.shipping.store import ShippingMethods
from services.orders.tests.fakes import FakeCatalog, FakeCustomers, FakeLibrary
from services.orders.tests.provider import FakeProvider, Till
from services.orders.tests.shop import Shop

MIGRATIONS = Path(__file__).parents[1] / "migrations"
# A canned message is there from the start.
engine, sessions = database_fixtures("orders", MIGRATIONS, pool_size=40, keep=("canned_messages",))


class Clock:
    """A clock that tests may set; it stands still only when they do."""

    def __init__(self) -> None:
        self.fixed: datetime.datetime | None = None

    def __call__(self) -> datetime.datetime:
        return self.fixed or datetime.datetime.now(datetime.UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def customers() -> FakeCustomers:
    return FakeCustomers()


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog()


@pytest.fixture
def library() -> FakeLibrary:
    return FakeLibrary()


@pytest.fixture
def blobs(tmp_path: Path) -> DirectoryBlobs:
    made = DirectoryBlobs(tmp_path / "attachments")
    made.prepare()
    return made


@pytest.fixture
def infra(
    sessions: Sessions,
    customers: FakeCustomers,
    catalog: FakeCatalog,
    library: FakeLibrary,
    clock: Clock,
    blobs: DirectoryBlobs,
    provider: FakeProvider,
) -> Infrastructure:
    return Infrastructure(
        sessions=sessions,
        ports=Ports(customers, catalog, library),
        methods=ShippingMethods(sessions),
        blobs=blobs,
        zone=ZoneInfo("Europe/Brussels"),
        vendor_name="Boek & Zoon",
        claim_seconds=3.0,
        clock=clock,
        online=Online(provider, "https://shop.example/pay", ("https://shop.example",)),
    )


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
async def shop(
    infra: Infrastructure, customers: FakeCustomers, catalog: FakeCatalog, library: FakeLibrary
) -> AsyncIterator[Shop]:
    """A running server with terms and a shipping method, and one customer with a person and a rep."""
    async with grpc_server(servicers(infra), domain="orders.commis") as running:
        channel: Any = running.channel
        made = Shop(
            channel=channel,
            orders=orders_pb2_grpc.OrderServiceStub(channel),
            placements=orders_pb2_grpc.PlacementServiceStub(channel),
            methods=checkout_pb2_grpc.ShippingMethodServiceStub(channel),
            terms=checkout_pb2_grpc.TermsServiceStub(channel),
            infra=infra,
            customers=customers,
            catalog=catalog,
            library=library,
        )
        await made.open()
        yield made


@pytest.fixture
def till(shop: Shop, provider: FakeProvider) -> Till:
    return Till(shop, provider)
