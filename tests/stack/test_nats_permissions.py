"""deploy/nats/nats.conf keeps every service to its own name. Tried on a real server with that very file."""

import asyncio
import contextlib
import os
import subprocess
import sysconfig
from collections.abc import AsyncIterator

import nats
import pytest
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, StreamConfig

from tests.stack import SERVICES, ports
from tests.stack.engine import ROOT


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A server of the production settings, moved to free ports and a directory of its own."""
    directory = tmp_path_factory.mktemp("nats")
    chosen = ports.free([("client", 4222), ("http", 8222)])
    text = (ROOT / "deploy/nats/nats.conf").read_text()
    for name, port in chosen:
        text = text.replace(f"0.0.0.0:{port}", f"127.0.0.1:{chosen[name, port]}")
    (directory / "nats.conf").write_text(text.replace("/data", str(directory)))
    users = (*SERVICES, "gateway", "operator")
    passwords = {f"NATS_{user.upper()}_PASSWORD": f"password-of-{user}" for user in users}
    command = [f"{sysconfig.get_path('scripts')}/nats-server", "-c", str(directory / "nats.conf")]
    process = subprocess.Popen(command, env=os.environ | passwords)
    try:
        yield f"nats://127.0.0.1:{chosen['client', 4222]}"
    finally:
        process.terminate()
        process.wait(timeout=10)


@contextlib.asynccontextmanager
async def signed_in(url: str, user: str) -> AsyncIterator[Client]:
    """A connection as this user."""
    client = await nats.connect(
        url, user=user, password=f"password-of-{user}", max_reconnect_attempts=20, reconnect_time_wait=0.25
    )
    yield client
    await client.close()


async def _answered(client: Client) -> None:
    """The server has read everything this connection wrote. `flush` does not tell: its PING may overtake."""
    inbox = client.new_inbox()
    own = await client.subscribe(inbox)
    await client.publish(inbox)
    await own.next_msg()


async def arrives(server: str, sender: Client, subject: str) -> bool:
    """Whether the server lets through what this connection publishes there: waits for the message or the refusal."""
    refusal = f'permissions violation for publish to "{subject.lower()}"'
    async with signed_in(server, "operator") as witness, asyncio.timeout(10):
        seen = await witness.subscribe(subject)
        await _answered(witness)
        await sender.publish(subject, b"{}")
        while not seen.pending_msgs:
            if refusal in str(sender.last_error).lower():
                return False
            await asyncio.sleep(0.01)
        return True


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_publishes_in_its_own_name_only(server: str, service: str) -> None:
    own = f"COMMIS_{service.upper()}"
    async with signed_in(server, service) as client:
        stream = client.jetstream()
        await stream.add_stream(StreamConfig(name=own, subjects=[f"commis.{service}.>"]))
        assert (await stream.publish(f"commis.{service}.v1.happened", b"1")).stream == own
        for other in SERVICES:
            assert await arrives(server, client, f"commis.{other}.v1.happened") == (other == service)


async def test_a_service_reads_what_another_published(server: str) -> None:
    async with signed_in(server, "catalog") as owner, signed_in(server, "orders") as reader:
        await owner.jetstream().add_stream(StreamConfig(name="COMMIS_CATALOG", subjects=["commis.catalog.>"]))
        await owner.jetstream().publish("commis.catalog.v1.happened", b"news")
        consumer = await reader.jetstream().pull_subscribe("commis.catalog.>", durable="orders-catalog")
        (message,) = await consumer.fetch(1, timeout=5)
        assert message.subject == "commis.catalog.v1.happened"
        await message.ack_sync()
        assert (await consumer.consumer_info()).num_ack_pending == 0


async def test_nobody_destroys_what_another_keeps(server: str) -> None:
    async with signed_in(server, "orders") as client:
        for subject in (
            "$JS.API.STREAM.CREATE.COMMIS_CATALOG",
            "$JS.API.STREAM.UPDATE.COMMIS_CATALOG",
            "$JS.API.STREAM.DELETE.COMMIS_CATALOG",
            "$JS.API.STREAM.PURGE.COMMIS_CATALOG",
            "$JS.API.STREAM.MSG.DELETE.COMMIS_CATALOG",
            "$JS.API.CONSUMER.DELETE.COMMIS_CATALOG.library-catalog",
        ):
            assert not await arrives(server, client, subject), subject


async def test_gateways_tell_each_other_who_is_looking_and_nobody_else(server: str) -> None:
    async with signed_in(server, "gateway") as one, signed_in(server, "gateway") as other:
        told = await other.subscribe("commis.gateway.presence.*")
        async with asyncio.timeout(10):
            while not told.pending_msgs:
                await one.publish("commis.gateway.presence.7", b"here")
                await asyncio.sleep(0.05)
        assert (await told.next_msg()).data == b"here"
    async with signed_in(server, "orders") as stranger:
        assert not await arrives(server, stranger, "commis.gateway.presence.7")


async def test_the_gateway_reads_and_publishes_nothing(server: str) -> None:
    async with signed_in(server, "orders") as owner, signed_in(server, "gateway") as reader:
        await owner.jetstream().add_stream(StreamConfig(name="COMMIS_ORDERS", subjects=["commis.orders.>"]))
        await owner.jetstream().publish("commis.orders.v1.sheets.7", b"changed")
        inbox = reader.new_inbox()
        feed = await reader.subscribe(inbox)
        wanted = ConsumerConfig(
            deliver_subject=inbox, filter_subject="commis.orders.v1.sheets.7", ack_policy=AckPolicy.NONE
        )
        await reader.jetstream().add_consumer("COMMIS_ORDERS", wanted)
        assert (await feed.next_msg(timeout=5)).data == b"changed"
        for service in SERVICES:
            assert not await arrives(server, reader, f"commis.{service}.v1.happened")
        for subject in (
            "$JS.API.CONSUMER.DELETE.COMMIS_ORDERS.notifications-sheets",
            "$JS.API.CONSUMER.DURABLE.CREATE.COMMIS_ORDERS.notifications-sheets",
            "$JS.API.CONSUMER.CREATE.COMMIS_ORDERS.notifications-sheets",
            "$JS.API.CONSUMER.MSG.NEXT.COMMIS_ORDERS.notifications-sheets",
        ):
            assert not await arrives(server, reader, subject), subject


async def test_nobody_comes_in_without_a_name(server: str) -> None:
    async with signed_in(server, "orders"):
        with pytest.raises(nats.errors.Error, match="Authorization Violation"):
            await nats.connect(server, allow_reconnect=False)
