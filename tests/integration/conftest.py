"""One running stack and one small world for all tests of this folder; each test uses SKUs of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.stack import Stack, start_stack
from tests.world import World, build


@pytest.fixture(scope="package")
async def stack() -> AsyncIterator[Stack]:
    env = {
        "gateway": {"GATEWAY_RATE_LIMIT_PER_MINUTE": "1000000"},
        # Nothing of a test is on its way for longer.
        "orders": {
            "ORDERS_ERASURE_SETTLE_SECONDS": "2",
            "ORDERS_PAYMENT_RETURN_URLS": "https://shops.example",
        },
        "notifications": {
            "NOTIFICATIONS_ERASURE_SETTLE_SECONDS": "2",
            # Nobody types for longer in a test.
            "NOTIFICATIONS_DIGEST_QUIET_SECONDS": "1",
            "NOTIFICATIONS_DIGEST_EVERY_SECONDS": "5",
        },
    }
    async with start_stack(env) as running:
        yield running


@pytest.fixture(scope="package")
async def world(stack: Stack) -> AsyncIterator[World]:
    made = await build(stack.gateway_url, stack.mailbox_url, (stack.admin_email, stack.admin_password))
    yield made
    await made.mailbox.close()
    await made.api.close()
