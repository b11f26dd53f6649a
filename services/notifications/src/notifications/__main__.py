"""Composition root: `python -m notifications serve|migrate|dead-letters|outbox|reconcile`."""

from __future__ import annotations

import email.utils
import zoneinfo
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from commis.notifications.v1 import feed_pb2_grpc, mails_pb2_grpc, webhooks_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncEngine

import chassis.housekeeping
from chassis import broker, client, db, server
from chassis.commands import Service, main
from chassis.consumer import Consumer, Subscription
from chassis.db import Sessions
from chassis.outward import ForeignHttp
from chassis.relay import Relay
from chassis.tokens import ServiceTokens, Verifier
from notifications.clients import GrpcCustomers, GrpcOrders, GrpcPlatforms, TokenIssuer
from notifications.config import Settings
from notifications.feeds import consumers as feeds
from notifications.feeds.clients import GrpcAccess
from notifications.feeds.rpc import FeedServicer
from notifications.housekeeping import Housekeeping
from notifications.link_client import GrpcPaymentLinks
from notifications.mails.causes import Causes
from notifications.mails.consumers import MailConsumer
from notifications.mails.contents import Contents
from notifications.mails.drafting import Vendor
from notifications.mails.notices import Notices
from notifications.mails.order_news import OrderNews
from notifications.mails.rpc import MailServicer
from notifications.mails.sender import Sender
from notifications.mails.smtp import Connection, Server
from notifications.privacy.client import DataProtectionClient
from notifications.privacy.consumers import DataProtection
from notifications.privacy.upkeep import Forgetting
from notifications.sheets.clients import GrpcSharedOrders
from notifications.sheets.consumers import SheetConsumer
from notifications.sheets.digests import Digests
from notifications.sheets.store import Pace
from notifications.sheets.writing import Writer
from notifications.tables import metadata
from notifications.vault import Vault
from notifications.webhooks.consumers import FeedConsumer
from notifications.webhooks.deliverer import AT_ONCE, Deliverer
from notifications.webhooks.rpc import WebhookServicer
from notifications.wording import catalogue

MIGRATIONS = Path(__file__).parents[2] / "migrations"


class Neighbours:
    """One channel to each, and one token of our own, for all that is asked of them."""

    def __init__(self, settings: Settings) -> None:
        self.to_customers = client.channel(settings.customers_target, settings)
        self.to_orders = client.channel(settings.orders_target, settings)
        secret = settings.client_secret.get_secret_value()
        self.issuer = TokenIssuer(self.to_customers, settings.client_id, secret)
        self.tokens = ServiceTokens(self.issuer.issue)
        self.customers = GrpcCustomers(self.to_customers, self.tokens)
        self.orders = GrpcOrders(self.to_orders, self.tokens)
        self.platforms = GrpcPlatforms(self.to_customers, self.tokens)
        self.access = GrpcAccess(self.to_customers, self.to_orders, self.tokens)


def _contents(settings: Settings, neighbours: Neighbours) -> Contents:
    return Contents(
        neighbours.customers,
        GrpcPaymentLinks(neighbours.to_orders, neighbours.tokens),
        sender=settings.sender,
        vendor=settings.signature,
        vendor_address=email.utils.parseaddr(settings.vendor_mail)[1],
        vendor_language=settings.vendor_language,
        zone=zoneinfo.ZoneInfo(settings.business_zone),
    )


def _vendor(settings: Settings) -> Vendor:
    address = email.utils.parseaddr(settings.vendor_mail)[1]
    return Vendor(settings.signature, address, settings.vendor_language)


def _writer(settings: Settings, neighbours: Neighbours) -> Writer:
    shared = GrpcSharedOrders(neighbours.to_orders, neighbours.tokens)
    return Writer(neighbours.orders, shared, neighbours.customers, _vendor(settings))


def _causes(settings: Settings, neighbours: Neighbours, contents: Contents) -> Causes:
    customers, orders, vendor = neighbours.customers, neighbours.orders, _vendor(settings)
    zone = zoneinfo.ZoneInfo(settings.business_zone)
    news = OrderNews(customers, orders, vendor, zone)
    return Causes(orders, contents, Notices(customers, vendor, zone), news)


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


def _pace(settings: Settings) -> Pace:
    return Pace(settings.digest_quiet_seconds, settings.digest_every_seconds)


def _protection(settings: Settings, neighbours: Neighbours, sessions: Sessions) -> DataProtection:
    asked = DataProtectionClient(neighbours.to_customers, neighbours.tokens)
    return DataProtection(sessions, asked, settings.erasure_settle_seconds)


def subscriptions(settings: Settings, sessions: Sessions) -> Sequence[Subscription]:
    """For replays from the command line: the serving process sends what they write."""
    neighbours = Neighbours(settings)
    mails = MailConsumer(_causes(settings, neighbours, _contents(settings, neighbours)), None)
    sheets = SheetConsumer(_writer(settings, neighbours), None, _pace(settings))
    protection = _protection(settings, neighbours, sessions)
    told = [*FeedConsumer(None).subscriptions(), *feeds.subscriptions()]
    return [*mails.subscriptions(), *sheets.subscriptions(), *told, *protection.subscriptions()]


async def _ping(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(sa.text("SELECT 1"))


def _servicers(mails: MailServicer, webhooks: WebhookServicer, feed: FeedServicer) -> list[server.Servicer]:
    return [
        (feed_pb2_grpc.add_FeedServiceServicer_to_server, feed, "commis.notifications.v1.FeedService"),
        (mails_pb2_grpc.add_MailServiceServicer_to_server, mails, "commis.notifications.v1.MailService"),
        (
            webhooks_pb2_grpc.add_WebhookServiceServicer_to_server,
            webhooks,
            "commis.notifications.v1.WebhookService",
        ),
    ]


async def serve(settings: Settings) -> None:
    catalogue.load_all()
    engine = db.engine(settings)
    sessions = db.sessions(engine)
    nats = await broker.connect(settings)
    neighbours = Neighbours(settings)
    contents = _contents(settings, neighbours)
    sender = _sender(settings, engine, contents)
    vault = Vault(settings.secret.get_secret_value())
    http = ForeignHttp(internal_allowed=settings.profile == "local", connections=AT_ONCE)
    deliverer = Deliverer(sessions, http, vault)
    writer, pace = _writer(settings, neighbours), _pace(settings)
    consumers = (
        MailConsumer(_causes(settings, neighbours, contents), sender),
        SheetConsumer(writer, sender, pace),
        FeedConsumer(deliverer.wake),
        _protection(settings, neighbours, sessions),
    )
    webhooks = WebhookServicer(sessions, vault, http, neighbours.platforms)
    feed = FeedServicer(sessions, neighbours.access)
    await server.serve(
        settings,
        servicers=_servicers(MailServicer(sessions), webhooks, feed),
        verifier=Verifier(neighbours.issuer.jwks, settings.issuer),
        engine=engine,
        nats=nats,
        background=[
            Relay(engine, nats, "notifications", replicas=settings.nats_replicas),
            chassis.housekeeping.Housekeeping(sessions),
            Housekeeping(sessions, mail_text_days=settings.mail_text_days),
            *(Consumer(sessions, nats, one) for consumer in consumers for one in consumer.subscriptions()),
            *(Consumer(sessions, nats, one) for one in feeds.subscriptions()),
            sender,
            deliverer,
            Digests(sessions, writer, sender, pace),
            Forgetting(sessions),
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
