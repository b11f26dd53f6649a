"""From the outbox over a real broker into the audit; and what events must never hold."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from commis.customers.v1 import accounts_pb2 as pb

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


@pytest.mark.spec("A-23")
async def test_no_event_of_a_business_holds_what_was_written_or_who_it_was(world: Any) -> None:
    profile = pb.BusinessProfile(
        company_name="Zeldzame Boeken", vat_number="BE0403170701", department="Kwartel"
    )
    visitor = pb.RequestBusinessProfileRequest(
        first_name="Zeldzame", last_name="Voornaam", email="zeldzaam@shops.example", language_code="nl",
        phone="+32 2 555 77 99", profile=profile, message="Kwartel graag",
    )  # fmt: skip
    for _ in range(2):
        await world.call("BusinessProfileService", "RequestBusinessProfile", visitor, ())
    listed = await world.call(
        "BusinessProfileService", "ListBusinessRequests", pb.ListBusinessRequestsRequest()
    )
    (asked,) = listed.business_requests
    ask = pb.AskBusinessRequestRequest(business_request_id=asked.id, message="Kwartel?")
    await world.call("BusinessProfileService", "AskBusinessRequest", ask)
    approve = pb.ApproveBusinessRequestRequest(business_request_id=asked.id)
    await world.call("BusinessProfileService", "ApproveBusinessRequest", approve)
    person = await world.invite(asked.account_id, "zeldzaam2@shops.example")
    demote = pb.UpdateMemberRequest(account_id=asked.account_id, person=pb.Person(id=person.id, role=1))
    await world.call("MembershipService", "UpdateMember", demote)
    remove = pb.RemoveBusinessProfileRequest(account_id=asked.account_id)
    await world.call("BusinessProfileService", "RemoveBusinessProfile", remove)
    async with world.sessions() as session:
        rows = (
            await session.execute(sa.text("SELECT subject, payload, headers::text AS headers FROM outbox"))
        ).all()
    told = {row.subject.rpartition(".")[2] for row in rows}
    assert told >= {
        "account_created", "activation_requested", "business_profile_requested", "known_person_registered",
        "business_request_message_added", "business_request_decided", "member_invited", "member_updated",
        "member_removed", "business_profile_removed",
    }  # fmt: skip
    held = b"".join(row.payload + row.headers.encode() for row in rows).lower()
    for secret in ("zeldza", "voornaam", "kwartel", "be0403170701", "555 77", "claes"):
        assert secret.encode() not in held
