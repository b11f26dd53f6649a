"""Composition root: `python -m notifications serve|migrate|dead-letters|outbox|reconcile`."""

from __future__ import annotations

import email.utils
import zoneinfo
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from commis.notifications.v1 import mails_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import broker, client, db, server
from chassis.commands import Service, main
from chassis.consumer import Consumer, Subscription
from chassis.db import Sessions
from chassis.housekeeping import Housekeeping
from chassis.relay import Relay
from chassis.tokens import ServiceTokens, Verifier
from notifications.clients import GrpcCustomers, GrpcOrders, TokenIssuer
from notifications.config import Settings
from notifications.mails.consumers import MailConsumer
from notifications.mails.contents import Contents
from notifications.mails.rpc import MailServicer
from notifications.mails.sender import Sender
from notifications.mails.smtp import Connection, Server
from notifications.ports import Customers
from notifications.tables import metadata
from notifications.wording import catalogue

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def _contents(settings: Settings, customers: Customers) -> Contents:
    return Contents(
        customers,
        sender=settings.sender,
        vendor=settings.signature,
        vendor_address=email.utils.parseaddr(settings.vendor_mail)[1],
        vendor_language=settings.vendor_language,
        zone=zoneinfo.ZoneInfo(settings.business_zone),
    )


def _sender(settings: Settings, engine: AsyncEngine, contents: Contents) -> Sender:
    smtp = Server(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_user,
        settings.smtp_password.get_secret_value(),
        settings.smtp_tls,
    )
    return Sender(
        engine,
        contents,
        lambda: Connection(smtp),
        address=settings.sender[1],
        workers=settings.smtp_connections,
    )


def _clients(settings: Settings) -> tuple[TokenIssuer, GrpcCustomers, GrpcOrders]:
    to_customers = client.channel(settings.customers_target, settings)
    issuer = TokenIssuer(to_customers, settings.client_id, settings.client_secret.get_secret_value())
    tokens = ServiceTokens(issuer.issue)
    orders = GrpcOrders(client.channel(settings.orders_target, settings), tokens)
    return issuer, GrpcCustomers(to_customers, tokens), orders


def subscriptions(settings: Settings, _sessions: Sessions) -> Sequence[Subscription]:
    """For replays from the command line: the serving process sends what they write."""
    _issuer, customers, orders = _clients(settings)
    return MailConsumer(orders, _contents(settings, customers), None).subscriptions()


async def _ping(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(sa.text("SELECT 1"))


async def serve(settings: Settings) -> None:
    catalogue.load_all()
    engine = db.engine(settings)
    sessions = db.sessions(engine)
    nats = await broker.connect(settings)
    issuer, customers, orders = _clients(settings)
    contents = _contents(settings, customers)
    sender = _sender(settings, engine, contents)
    consumer = MailConsumer(orders, contents, sender)
    await server.serve(
        settings,
        servicers=[
            (
                mails_pb2_grpc.add_MailServiceServicer_to_server,
                MailServicer(sessions),
                "commis.notifications.v1.MailService",
            )
        ],
        verifier=Verifier(issuer.jwks, settings.issuer),
        engine=engine,
        nats=nats,
        background=[
            Relay(engine, nats, "notifications", replicas=settings.nats_replicas),
            Housekeeping(sessions),
            *(Consumer(sessions, nats, subscription) for subscription in consumer.subscriptions()),
            sender,
        ],
        ready={"database": lambda: _ping(engine)},
    )


SERVICE = Service(
    "notifications",
    Settings,
    serve=serve,
    migrations=MIGRATIONS,
    metadata=metadata,
    subscriptions=subscriptions,
)

if __name__ == "__main__":
    main(SERVICE)
