"""Facts of customers that end requests for approval."""

import asyncio

import pytest
from commis.common.v1 import common_pb2
from commis.customers.v1 import events_pb2
from commis.orders.v1 import events_pb2 as facts
from commis.orders.v1 import orders_pb2 as pb
from nats.aio.client import Client as NatsClient

from chassis import broker, context, outbox
from chassis.consumer import Consumer
from chassis.context import Request
from chassis.ids import new_id
from chassis.relay import Relay
from chassis.testing import as_customer
from orders.approval import consumers
from orders.infrastructure import utc_now
from services.orders.tests.rpc.test_approval import DRAFT, PENDING, PLACED, Firm
from services.orders.tests.shop import Shop


@pytest.fixture
def firm(shop: Shop) -> Firm:
    return Firm(shop)


def removed_by(admin: object, account: object) -> common_pb2.Attribution:
    actor = common_pb2.Party(kind=common_pb2.PARTY_KIND_PERSON, id=str(admin))
    return common_pb2.Attribution(actor=actor, account_id=str(account), channel=common_pb2.CHANNEL_STOREFRONT)


async def handle(shop: Shop, event: object) -> None:
    handler = consumers.subscription(utc_now).handler
    assert handler is not None
    with context.bind(Request("event")):
        async with shop.infra.sessions.begin() as session:
            await handler(session, event, None)


@pytest.mark.spec("A-07", "O-24")
async def test_a_removed_business_profile_sends_waiting_orders_back_once(shop: Shop, firm: Firm) -> None:
    waiting = [await firm.asked(), await firm.asked()]
    approved = await firm.approve(await firm.asked())
    other = Firm(Shop(**{**vars(shop), "account": shop.customers.add(), "person": new_id()}))
    untouched = await other.asked()
    event = events_pb2.BusinessProfileRemoved(
        attribution=removed_by(firm.admin, shop.account), account_id=str(shop.account)
    )
    for _ in range(2):
        await handle(shop, event)
    for order in waiting:
        now = await shop.get(order.id, firm.as_user)
        assert (now.state, now.approval.reason) == (DRAFT, "the business profile was removed")
        entry = (await shop.history(order.id))[-1]
        assert (entry.action, entry.actor.id) == ("approval_ended", str(firm.admin))
    assert (await shop.get(approved.id)).state == PLACED
    assert (await shop.get(untouched.id, other.as_user)).state == PENDING
    assert await firm.ended() == [(str(firm.user), False)] * 2
    (first, _) = await shop.events("approval_refused")
    told = facts.ApprovalRefused.FromString(first).attribution
    assert (told.actor.id, told.account_id, told.order_id) == (
        str(firm.admin),
        str(shop.account),
        waiting[0].id,
    )


@pytest.mark.spec("A-06", "O-24")
async def test_what_a_removed_member_asked_for_is_asked_no_more(shop: Shop, firm: Firm) -> None:
    mine = await firm.asked()
    colleague = as_customer(new_id(), shop.account, "USER")
    theirs = await shop.place((await shop.sheet(("A", 1), who=colleague)).id, colleague)
    event = events_pb2.MemberRemoved(
        attribution=removed_by(firm.admin, shop.account),
        account_id=str(shop.account),
        person_id=str(firm.user),
    )
    await handle(shop, event)
    assert (await shop.get(mine.id)).state == DRAFT
    assert (await shop.get(theirs.id)).state == PENDING


@pytest.mark.spec("A-07", "O-24")
async def test_the_fact_arrives_over_the_broker(shop: Shop, firm: Firm, nats_client: NatsClient) -> None:
    waiting = await firm.asked()
    relay = Relay(shop.infra.engine, nats_client, "customers")
    consumer = Consumer(shop.infra.sessions, nats_client, consumers.subscription(utc_now))
    await broker.ensure_stream(nats_client.jetstream(), "customers")
    tasks = [asyncio.create_task(part.run()) for part in (relay, consumer)]
    async with shop.infra.sessions.begin() as session:
        outbox.add(
            session,
            events_pb2.BusinessProfileRemoved(
                attribution=removed_by(firm.admin, shop.account), account_id=str(shop.account)
            ),
            subject="commis.customers.v1.business_profile_removed",
            aggregate_id=str(shop.account),
        )
    async with asyncio.timeout(20):
        while (await shop.get(waiting.id)).state != pb.Order.STATE_DRAFT:
            await asyncio.sleep(0.05)
    await consumer.stop()
    await relay.stop()
    await asyncio.gather(*tasks)
