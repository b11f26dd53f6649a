"""`python -m catalog serve|migrate|dead-letters|outbox|reconcile`."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from commis.customers.v1 import sessions_pb2, sessions_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog import database, services
from catalog.clients import CustomersClient, OrdersClient
from catalog.config import Settings
from catalog.imports.runner import ImportRunner
from catalog.reservations.consumers import ORDERS
from catalog.services import Needs
from chassis import broker, client, db, server
from chassis.commands import Service, main
from chassis.consumer import Consumer, Subscription
from chassis.db import Sessions
from chassis.housekeeping import Housekeeping
from chassis.relay import Relay
from chassis.tokens import ServiceTokens, Verifier

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def subscriptions(settings: Settings, sessions: Sessions) -> Sequence[Subscription]:
    return [ORDERS]


async def run(settings: Settings) -> None:
    engine = db.engine(settings)
    sessions = db.sessions(engine)
    nats = await broker.connect(settings)
    channel = client.channel(settings.customers_target, settings)
    stub = sessions_pb2_grpc.TokenServiceStub(channel)

    async def fetch_jwks() -> dict[str, Any]:
        answer = await stub.GetJwks(sessions_pb2.GetJwksRequest(), timeout=3)
        keys: dict[str, Any] = json.loads(answer.jwks_json)
        return keys

    async def issue() -> tuple[str, float]:
        request = sessions_pb2.IssueServiceTokenRequest(
            client_id=settings.client_id, client_secret=settings.client_secret.get_secret_value()
        )
        answer = await client.call(stub.IssueServiceToken, request, forward=False)
        lasts = answer.expire_time.ToDatetime(datetime.UTC) - datetime.datetime.now(datetime.UTC)
        return answer.access_token, lasts.total_seconds()

    tokens = ServiceTokens(issue)
    orders = client.channel(settings.orders_target, settings) if settings.orders_target else None
    needs = Needs(
        settings=settings,
        engine=engine,
        sessions=sessions,
        customers=CustomersClient(channel, tokens),
        orders=OrdersClient(orders, tokens) if orders is not None else None,
    )
    quoter = services.quoter_of(settings)
    runner = ImportRunner(engine, sessions, quoter, settings.vendor_language)
    consumers = [
        Consumer(sessions, nats, subscription, replicas=settings.nats_replicas)
        for subscription in subscriptions(settings, sessions)
    ]
    await server.serve(
        settings,
        servicers=services.servicers(needs, quoter, runner),
        verifier=Verifier(fetch_jwks, settings.issuer),
        engine=engine,
        nats=nats,
        background=[
            Relay(engine, nats, "catalog"),
            Housekeeping(sessions),
            *consumers,
            *services.background(needs, quoter, runner),
        ],
        ready={"database": lambda: _ping(engine)},
    )


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
