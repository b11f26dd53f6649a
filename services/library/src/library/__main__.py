"""Composition root of library: `python -m library serve|migrate|dead-letters|outbox|reconcile`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from commis.library.v1 import budgets_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import broker, client, db, server
from chassis.commands import Service, main
from chassis.consumer import Consumer, Subscription
from chassis.db import Sessions
from chassis.housekeeping import Housekeeping
from chassis.relay import Relay
from chassis.tokens import ServiceTokens, Verifier
from library.budgets.rpc import BudgetServicer
from library.clients import GrpcCustomers, GrpcOrders, TokenIssuer
from library.config import Settings
from library.holds import consumers
from library.holds.rpc import BudgetHoldServicer
from library.holds.sweeper import Sweeper
from library.privacy.client import DataProtectionClient
from library.privacy.consumers import DataProtection
from library.tables import metadata

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def subscriptions(settings: Settings, sessions: Sessions) -> Sequence[Subscription]:
    """Also for replays from the command line, so with a channel of their own."""
    channel = client.channel(settings.customers_target, settings)
    issuer = TokenIssuer(channel, settings.client_id, settings.client_secret.get_secret_value())
    asked = DataProtectionClient(channel, ServiceTokens(issuer.issue))
    return [consumers.SUBSCRIPTION, *DataProtection(sessions, asked).subscriptions()]


async def _ping(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(sa.text("SELECT 1"))


async def serve(settings: Settings) -> None:
    engine = db.engine(settings)
    sessions = db.sessions(engine)
    nats = await broker.connect(settings)
    to_customers = client.channel(settings.customers_target, settings)
    issuer = TokenIssuer(to_customers, settings.client_id, settings.client_secret.get_secret_value())
    tokens = ServiceTokens(issuer.issue)
    customers = GrpcCustomers(to_customers, tokens)
    orders = GrpcOrders(client.channel(settings.orders_target, settings), tokens)
    await server.serve(
        settings,
        servicers=[
            (
                budgets_pb2_grpc.add_BudgetServiceServicer_to_server,
                BudgetServicer(sessions, customers),
                "commis.library.v1.BudgetService",
            ),
            (
                budgets_pb2_grpc.add_BudgetHoldServiceServicer_to_server,
                BudgetHoldServicer(sessions, hold_seconds=settings.hold_seconds),
                "commis.library.v1.BudgetHoldService",
            ),
        ],
        verifier=Verifier(issuer.jwks, settings.issuer),
        engine=engine,
        nats=nats,
        background=[
            Relay(engine, nats, "library", replicas=settings.nats_replicas),
            Housekeeping(sessions),
            Sweeper(sessions, orders, settings.sweep_seconds),
            *(Consumer(sessions, nats, subscription) for subscription in subscriptions(settings, sessions)),
        ],
        ready={"database": lambda: _ping(engine)},
    )


SERVICE = Service(
    "library", Settings, serve=serve, migrations=MIGRATIONS, metadata=metadata, subscriptions=subscriptions
)

if __name__ == "__main__":
    main(SERVICE)
