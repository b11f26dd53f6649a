"""Composition root of orders: `python -m orders serve|migrate|dead-letters|outbox|reconcile`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from commis.orders.v1 import (
    attachments_pb2_grpc,
    checkout_pb2_grpc,
    entry_pb2_grpc,
    messages_pb2_grpc,
    orders_pb2_grpc,
    payments_pb2_grpc,
    shared_orders_pb2_grpc,
    shipments_pb2_grpc,
)
from grpc.aio import Channel
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import broker, client, db, server
from chassis.commands import Service, main
from chassis.consumer import Consumer, Subscription
from chassis.db import Sessions
from chassis.housekeeping import Housekeeping
from chassis.relay import Relay
from chassis.tokens import ServiceTokens, Verifier
from orders.approval import consumers as approval_consumers
from orders.attachments.blobs import DirectoryBlobs
from orders.attachments.rpc import AttachmentServicer
from orders.attachments.sweeping import Sweeper
from orders.batches.proposing import SharedOrders
from orders.batches.rpc import OrderBatchServicer
from orders.budget_client import LibraryClient
from orders.canned.rpc import CannedMessageServicer
from orders.clients import CatalogClient, CustomersClient
from orders.config import Settings
from orders.entry.rpc import QuickEntryServicer
from orders.exports.rpc import OrderExportServicer
from orders.infrastructure import Infrastructure, utc_now
from orders.messages.rpc import OrderMessageServicer
from orders.payments import composing
from orders.payments.rpc import PaymentServicer
from orders.placing.rpc import PlacementServicer
from orders.ports import Ports
from orders.privacy.client import DataProtectionClient
from orders.privacy.consumers import DataProtection
from orders.privacy.retention import Retention
from orders.rpc import OrderServicer
from orders.shared.reminding import Reminders
from orders.shared.rpc import SharedOrderServicer
from orders.shipments.consumers import BACKORDERS
from orders.shipments.rpc import ShipmentServicer
from orders.shipping.rpc import ShippingMethodServicer
from orders.shipping.store import ShippingMethods
from orders.statistics.rep_rpc import RepresentativeStatisticsServicer
from orders.statistics.rpc import AssistedStatisticsServicer
from orders.tables import metadata
from orders.terms.rpc import TermsServicer
from orders.token_client import TokenClient

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def servicers(infra: Infrastructure) -> list[server.Servicer]:
    """Every service of orders with its name."""
    return [
        _named(orders_pb2_grpc, "OrderService", OrderServicer(infra)),
        _named(orders_pb2_grpc, "AssistedStatisticsService", AssistedStatisticsServicer(infra)),
        _named(orders_pb2_grpc, "PlacementService", PlacementServicer(infra)),
        _named(checkout_pb2_grpc, "ShippingMethodService", ShippingMethodServicer(infra)),
        _named(checkout_pb2_grpc, "TermsService", TermsServicer(infra)),
        _named(payments_pb2_grpc, "PaymentService", PaymentServicer(infra)),
        _named(shared_orders_pb2_grpc, "SharedOrderService", SharedOrderServicer(infra)),
        _named(attachments_pb2_grpc, "AttachmentService", AttachmentServicer(infra)),
        _named(shipments_pb2_grpc, "ShipmentService", ShipmentServicer(infra)),
        _named(messages_pb2_grpc, "OrderMessageService", OrderMessageServicer(infra)),
        _named(messages_pb2_grpc, "CannedMessageService", CannedMessageServicer(infra)),
        _named(entry_pb2_grpc, "QuickEntryService", QuickEntryServicer(infra)),
        _named(entry_pb2_grpc, "OrderBatchService", OrderBatchServicer(infra, SharedOrders(infra))),
        _named(entry_pb2_grpc, "OrderExportService", OrderExportServicer(infra)),
        _named(entry_pb2_grpc, "RepresentativeStatisticsService", RepresentativeStatisticsServicer(infra)),
    ]


def _named(generated: ModuleType, name: str, servicer: object) -> server.Servicer:
    """By the generated module of its contract."""
    return getattr(generated, f"add_{name}Servicer_to_server"), servicer, f"commis.orders.v1.{name}"


def subscriptions(settings: Settings, sessions: Sessions) -> list[Subscription]:
    """Also for replays from the command line, so with a channel of their own."""
    customers = client.channel(settings.customers_target, settings)
    issuer = TokenClient(customers, settings.client_id, settings.client_secret.get_secret_value())
    asked = DataProtectionClient(customers, ServiceTokens(issuer.issue))
    blobs = DirectoryBlobs(settings.attachments_directory)
    protection = DataProtection(sessions, blobs, asked, settings.erasure_settle_seconds)
    return [approval_consumers.subscription(utc_now), BACKORDERS, *protection.subscriptions()]


async def _ping(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(sa.text("SELECT 1"))


def _ports(settings: Settings, customers: Channel, tokens: ServiceTokens) -> Ports:
    return Ports(
        customers=CustomersClient(customers, tokens),
        catalog=CatalogClient(client.channel(settings.catalog_target, settings), tokens),
        library=LibraryClient(client.channel(settings.library_target, settings), tokens),
    )


async def serve(settings: Settings) -> None:
    blobs = DirectoryBlobs(settings.attachments_directory)
    blobs.prepare()
    engine = db.engine(settings)
    sessions = db.sessions(engine)
    nats = await broker.connect(settings)
    customers = client.channel(settings.customers_target, settings)
    issuer = TokenClient(customers, settings.client_id, settings.client_secret.get_secret_value())
    infra = Infrastructure(
        sessions=sessions,
        ports=_ports(settings, customers, ServiceTokens(issuer.issue)),
        methods=ShippingMethods(sessions),
        blobs=blobs,
        zone=ZoneInfo(settings.business_zone),
        currency=settings.currency,
        vendor_name=settings.vendor_name,
        claim_seconds=settings.claim_seconds,
        placing_slots=asyncio.Semaphore(settings.placing_slots),
        online=composing.online(settings),
    )
    await server.serve(
        settings,
        servicers=servicers(infra),
        verifier=Verifier(issuer.jwks, settings.issuer),
        engine=engine,
        nats=nats,
        background=[
            Relay(engine, nats, "orders", replicas=settings.nats_replicas),
            Housekeeping(sessions),
            *(Consumer(sessions, nats, each) for each in subscriptions(settings, sessions)),
            Retention(sessions),
            Reminders(infra),
            Sweeper(sessions, blobs),
            *composing.followers(infra),
        ],
        ready={"database": lambda: _ping(engine)},
    )


SERVICE = Service(
    "orders", Settings, serve=serve, migrations=MIGRATIONS, metadata=metadata, subscriptions=subscriptions
)

if __name__ == "__main__":
    main(SERVICE)
