"""The suite as a library: parts come and go, and each may do no more than its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import nats
import pytest

from local.ports import Ports
from local.suite import Suite

from .conftest import STUBS


@pytest.fixture(scope="module")
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    directory: Path = tmp_path_factory.mktemp("suite")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(STUBS))
        patch.syspath_prepend(STUBS)
        async with Suite(directory, ports=Ports.free()) as running:
            yield running


async def test_a_killed_part_starts_again_on_the_same_address(suite: Suite) -> None:
    before = suite.pid("orders")

    await suite.kill("orders")
    assert not suite.running("orders")
    await suite.start("orders")

    assert suite.pid("orders") != before
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{suite.admin_url('orders')}/readyz")).status_code == 200


async def test_variables_of_a_part_count_from_its_next_start(suite: Suite) -> None:
    suite.env["library"]["STUB_SAYS"] = "as it was told"

    await suite.restart("library")

    assert "as it was told" in suite.logs("library")


async def test_postgresql_keeps_what_was_committed_before_it_was_killed(suite: Suite) -> None:
    connection = await asyncpg.connect(suite.database_url("orders"))
    await connection.execute("CREATE TABLE kept (value int); INSERT INTO kept VALUES (1)")

    await suite.kill("postgres")
    await suite.start("postgres")

    again = await asyncpg.connect(suite.database_url("orders"))
    assert await again.fetchval("SELECT value FROM kept") == 1
    await again.close()


async def test_a_service_cannot_read_the_database_of_another(suite: Suite) -> None:
    own = suite.database_url("orders")
    foreign = own.rpartition("/")[0] + "/customers"

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(foreign)


async def test_a_service_publishes_its_own_subjects_only(suite: Suite) -> None:
    listener = await nats.connect(suite.nats_url)
    heard = await listener.subscribe("commis.>")
    await listener.flush()
    password = suite.secrets.nats["orders"]
    orders = await nats.connect(f"nats://orders:{password}@127.0.0.1:{suite.ports.nats}")

    await orders.publish("commis.customers.v1.account_created", b"")
    await orders.publish("commis.orders.v1.order_placed", b"")

    # The server keeps the order of one connection: a foreign fact that was let through would come first.
    assert (await heard.next_msg(timeout=30)).subject == "commis.orders.v1.order_placed"
    await orders.close()
    await listener.close()


async def test_streams_outlive_a_killed_broker(suite: Suite) -> None:
    connection = await nats.connect(suite.nats_url)
    await connection.jetstream().add_stream(name="KEPT", subjects=["kept.>"])
    await connection.jetstream().publish("kept.one", b"1")
    await connection.close()

    await suite.kill("nats")
    await suite.start("nats")

    again = await nats.connect(suite.nats_url)
    assert (await again.jetstream().stream_info("KEPT")).state.messages == 1
    await again.close()
