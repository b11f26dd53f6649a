"""`python -m catalog serve|migrate|dead-letters|outbox|reconcile`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog import database, direct, services
from catalog.clients import CustomersClient, OrdersClient
from catalog.config import Settings
from catalog.imports.runner import ImportRunner
from catalog.pricing import consumers
from catalog.privacy.client import DataProtectionClient
from catalog.privacy.consumers import DataProtection
from catalog.reservations.consumers import ORDERS
from catalog.services import Needs
from catalog.token_client import TokenClient
from chassis import broker, client, db, server
from chassis.commands import Service, main
from chassis.consumer import Consumer, Subscription
from chassis.db import Sessions
from chassis.housekeeping import Housekeeping
from chassis.outward import ForeignHttp
from chassis.relay import Relay
from chassis.tokens import ServiceTokens, Verifier

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def subscriptions(settings: Settings, sessions: Sessions) -> Sequence[Subscription]:
    """Also for replays from the command line, so with a channel of their own."""
    channel = client.channel(settings.customers_target, settings)
    issuer = TokenClient(channel, settings.client_id, settings.client_secret.get_secret_value())
    asked = DataProtectionClient(channel, ServiceTokens(issuer.issue))
    conditions = consumers.subscription(settings.zone)
    return [ORDERS, conditions, *DataProtection(sessions, asked).subscriptions()]


async def run(settings: Settings) -> None:
    engine = db.engine(settings)
    hot = direct.planning_once(db.engine(settings))
    sessions = db.sessions(engine)
    nats = await broker.connect(settings)
    channel = client.channel(settings.customers_target, settings)
    issuer = TokenClient(channel, settings.client_id, settings.client_secret.get_secret_value())
    tokens = ServiceTokens(issuer.issue)
    orders = client.channel(settings.orders_target, settings) if settings.orders_target else None
    needs = Needs(
        settings=settings,
        engine=engine,
        hot=hot,
        sessions=sessions,
        customers=CustomersClient(channel, tokens),
        orders=OrdersClient(orders, tokens) if orders is not None else None,
    )
    quoter = services.quoter_of(settings)
    http = ForeignHttp(internal_allowed=settings.profile == "local")
    runner = ImportRunner(engine, sessions, quoter, settings.vendor_language, http)
    running = [Consumer(sessions, nats, subscription) for subscription in subscriptions(settings, sessions)]
    await server.serve(
        settings,
        servicers=services.servicers(needs, quoter, runner),
        verifier=Verifier(issuer.jwks, settings.issuer),
        engine=engine,
        nats=nats,
        background=[
            Relay(engine, nats, "catalog"),
            Housekeeping(sessions),
            *running,
            *services.background(needs, quoter, runner),
        ],
        ready={"database": lambda: _ping(engine)},
    )
    await hot.dispose()


async def _ping(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(sa.text("SELECT 1"))


SERVICE = Service(
    "catalog",
    Settings,
    serve=run,
    migrations=MIGRATIONS,
    metadata=database.complete(),
    subscriptions=subscriptions,
)

if __name__ == "__main__":
    main(SERVICE)
