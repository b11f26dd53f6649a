"""From the outbox over a real broker into the audit; and what events must never hold."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from chassis import broker
from chassis.consumer import Consumer
from chassis.relay import Relay
from customers.audit import check, consumers


@pytest.mark.spec("A-23")
async def test_own_events_reach_the_audit_over_the_broker(
    world: Any, engine: Any, sessions: Any, vault: Any, keyring: Any, nats_client: Any
) -> None:
    account = await world.account()
    await broker.ensure_stream(nats_client.jetstream(), "customers")
    own = consumers.subscriptions(vault, keyring)[0]
    tasks = [Relay(engine, nats_client, "customers"), Consumer(sessions, nats_client, own)]
    running = [asyncio.create_task(task.run()) for task in tasks]
    try:
        async with asyncio.timeout(20):
            while (await check.check(sessions, vault)).sequence < 2:
                await asyncio.sleep(0.05)
    finally:
        for task in tasks:
            await task.stop()
        await asyncio.gather(*running)
    rows = await world.scalar(
        "SELECT string_agg(action || ' ' || account_id, ',' ORDER BY sequence) FROM audit_entries"
    )
    assert rows == (
        f"commis.customers.v1.account_created {account.id},"
        f"commis.customers.v1.activation_requested {account.id}"
    )


@pytest.mark.spec("A-23")
async def test_no_event_holds_personal_data_or_a_secret(world: Any) -> None:
    account = await world.business("zeldzaam@shops.example", first_name="Zeldzame", last_name="Voornaam")
    token = await world.link_token("zeldzaam@shops.example")
    await world.set_password(token)
    rep, as_rep = await world.rep_session(account.id)
    await world.open_session(account.id, as_rep)
    async with world.sessions() as session:
        rows = (await session.execute(sa.text("SELECT payload, headers::text AS headers FROM outbox"))).all()
    assert len(rows) >= 7
    held = b"".join(row.payload + row.headers.encode() for row in rows).lower()
    for secret in (
        "zeldza",
        "voornaam",
        "linde",
        "kerkstraat",
        "be0403170701",
        "robin",
        world.password,
        token,
    ):
        assert secret.lower().encode() not in held
    assert rep.id.encode() in held
