"""Fault tests run on the embedded parts: they need exact control over every process of the suite.

Holds and claims are made short, so that "undone by itself" can be waited for.
"""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local.ports import Ports
from local.suite import Suite
from tests.world import World, build

SHORT = {
    "orders": {"ORDERS_CLAIM_SECONDS": "4"},
    "catalog": {"CATALOG_HOLD_SECONDS": "6", "CATALOG_SWEEP_SECONDS": "1"},
    "library": {"LIBRARY_HOLD_SECONDS": "6", "LIBRARY_SWEEP_SECONDS": "1"},
    "gateway": {"GATEWAY_RATE_LIMIT_PER_MINUTE": "1000000"},
    "gateway2": {"GATEWAY_RATE_LIMIT_PER_MINUTE": "1000000"},
}


@pytest.fixture(scope="package")
async def suite() -> AsyncIterator[Suite]:
    with tempfile.TemporaryDirectory(prefix="commis-faults-") as folder:
        running = Suite(Path(folder), ports=Ports.free(), gateways=2)
        for part, variables in SHORT.items():
            running.env[part].update(variables)
        async with running:
            yield running


@pytest.fixture(scope="package")
async def world(suite: Suite) -> AsyncIterator[World]:
    admin = ("admin@commis.example", suite.secrets.admin_password)
    made = await build(suite.gateway_url, suite.mailbox_url, admin, variants=30, stock=100_000, accounts=2)
    yield made
    await made.mailbox.close()
    await made.api.close()
