"""Pytest plugin of the suite: a real PostgreSQL and a real NATS per run, signed tokens, in-process servers.

Loaded by its entry point; a conftest only declares its database: `engine, sessions = database_fixtures(...)`.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import nats
import pytest
from nats.aio.client import Client as NatsClient

from chassis.testkit.databases import create_database, database_fixtures, empty
from chassis.testkit.grpc import TestServer, grpc_server
from chassis.testkit.issuer import (
    LocalIssuer,
    as_customer,
    as_rep,
    as_rep_for,
    as_service,
    as_staff,
    issuer,
)
from chassis.testkit.servers import NatsServer, PostgresServer, async_url

__all__ = [
    "LocalIssuer",
    "NatsServer",
    "PostgresServer",
    "TestServer",
    "as_customer",
    "as_rep",
    "as_rep_for",
    "as_service",
    "as_staff",
    "create_database",
    "database_fixtures",
    "empty",
    "grpc_server",
    "issuer",
]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Superuser URL: COMMIS_TEST_POSTGRES_URL, else an embedded server for this run."""
    given = os.environ.get("COMMIS_TEST_POSTGRES_URL", "")
    if given:
        yield async_url(given)
        return
    server = PostgresServer()
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="session")
def nats_server() -> Iterator[NatsServer]:
    """An embedded server that a test may kill and start again on the same port and directory."""
    server = NatsServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def nats_url(request: pytest.FixtureRequest) -> str:
    """COMMIS_TEST_NATS_URL, else the embedded server."""
    given = os.environ.get("COMMIS_TEST_NATS_URL", "")
    return given or str(request.getfixturevalue("nats_server").url)


@pytest.fixture
async def nats_client(nats_url: str) -> AsyncIterator[NatsClient]:
    """A connection to a broker without any stream."""

    async def ignore(_error: Exception) -> None:
        return None

    options: dict[str, Any] = {"reconnect_time_wait": 0.1, "max_reconnect_attempts": -1, "error_cb": ignore}
    client = await nats.connect(nats_url, **options)
    js = client.jetstream()
    for stream in await js.streams_info():
        await js.delete_stream(str(stream.config.name))
    yield client
    await client.close()
