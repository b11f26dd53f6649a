"""From an event on the broker to the mails: once each, however often the event comes."""

from __future__ import annotations

import asyncio
import datetime
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.customers.v1 import events_pb2 as customer_events
from commis.orders.v1 import events_pb2 as order_events
from google.protobuf.message import Message
from nats.aio.client import Client as NatsClient
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import broker, dead_letters, outbox, relay
from chassis.consumer import Consumer, Permanent
from chassis.db import Sessions
from chassis.ids import new_id
from chassis.relay import Relay
from notifications.mails.consumers import MailConsumer
from notifications.mails.sender import Sender
from services.notifications.tests.factories import (
    ACCOUNT_ID,
    VENDOR_MAIL,
    FakeCustomers,
    FakeOrders,
    a_link,
    an_order,
    causes,
    placed,
)
from services.notifications.tests.integration.conftest import all_in, eventually, rows, sending
from services.notifications.tests.mailserver import MailServer
from services.notifications.tests.noticefactories import REQUEST, an_order_to_approve, known_customers


class Pipeline:
    """Relay, broker, consumers and sender as a serving process has them."""

    def __init__(
        self, engine: AsyncEngine, sessions: Sessions, nats: NatsClient, mails: MailConsumer
    ) -> None:
        subscriptions = mails.subscriptions()
        self.tasks = [
            Relay(engine, nats, "notifications"),
            *(Consumer(sessions, nats, subscription) for subscription in subscriptions),
        ]
        self._running: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Pipeline:
        self._running = [asyncio.create_task(task.run()) for task in self.tasks]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self.tasks:
            await task.stop()
        await asyncio.gather(*self._running)


async def publish(sessions: Sessions, nats: NatsClient, subject: str, *events: Message) -> None:
    await broker.ensure_stream(nats.jetstream(), subject.split(".")[1])
    async with sessions.begin() as session:
        for event in events:
            outbox.add(session, event, subject=subject, aggregate_id=str(new_id()))


def mail_consumer(
    sender: Sender, orders: FakeOrders | None = None, customers: FakeCustomers | None = None
) -> MailConsumer:
    return MailConsumer(causes(orders, customers), sender)


@pytest.mark.spec("M-01", "M-02", "M-05")
async def test_an_order_is_confirmed_and_told_once(
    engine: AsyncEngine, sessions: Sessions, smtp: MailServer, nats_client: NatsClient
) -> None:
    orders = [an_order(id=str(new_id()), number=f"2026-{n}") for n in range(20)]
    async with sending(engine, smtp) as sender:
        mails = mail_consumer(sender, FakeOrders(*orders))
        await publish(
            sessions, nats_client, "commis.orders.v1.order_placed", *(placed(order) for order in orders)
        )
        async with Pipeline(engine, sessions, nats_client, mails):

            async def arrived() -> bool:
                return len(smtp.mails) >= 40

            await eventually(arrived)
            await nats_client.jetstream().purge_stream("COMMIS_ORDERS")
            # Everything comes once more, as after a lost stream.
            long_ago = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
            await nats_client.jetstream().delete_stream("COMMIS_ORDERS")
            await broker.ensure_stream(nats_client.jetstream(), "orders")
            assert await relay.reconcile(engine, long_ago) == 20
            await eventually(lambda: _published(sessions))
            await asyncio.sleep(1.5)
        await eventually(lambda: all_in(sessions, "SENT"))
    assert smtp.received() == {VENDOR_MAIL: 20, "marie@parc.example": 20}
    subjects = {str(mail["Subject"]) for to, mail in smtp.mails if to == VENDOR_MAIL}
    assert len(subjects) == 20


async def _published(sessions: Sessions) -> bool:
    async with sessions() as session:
        query = "SELECT count(*) FROM outbox WHERE publish_time IS NULL"
        return (await session.execute(sa.text(query))).scalar_one() == 0


@pytest.mark.spec("A-02", "A-20", "M-01")
async def test_activation_and_reset_are_mailed(
    engine: AsyncEngine, sessions: Sessions, smtp: MailServer, nats_client: NatsClient
) -> None:
    customers = FakeCustomers(a_link(language="it"))
    async with sending(engine, smtp, customers=customers) as sender:
        mails = mail_consumer(sender, customers=customers)
        for subject, event in (
            (
                "activation_requested",
                customer_events.ActivationRequested(credential_request_id=str(new_id())),
            ),
            (
                "password_reset_requested",
                customer_events.PasswordResetRequested(credential_request_id=str(new_id())),
            ),
        ):
            await publish(sessions, nats_client, f"commis.customers.v1.{subject}", event)
        async with Pipeline(engine, sessions, nats_client, mails):

            async def arrived() -> bool:
                return len(smtp.mails) == 2

            await eventually(arrived)
    assert {str(mail["Subject"]) for _, mail in smtp.mails} == {
        "Attivi il Suo account presso Boek & Zoon",
        "Reimposti la Sua password presso Boek & Zoon",
    }
    stored = "".join(row.text + row.html for row in await rows(sessions))
    assert "SECRET" not in stored
    assert "(link personale, non conservato)" in stored


@pytest.mark.spec("M-01", "M-02", "O-24", "A-04")
async def test_every_cause_is_mailed_once(
    engine: AsyncEngine, sessions: Sessions, smtp: MailServer, nats_client: NatsClient
) -> None:
    """Of each stream one cause that came with business accounts; both twice."""
    customers = known_customers("it")
    order = an_order_to_approve()
    asked = order_events.ApprovalRequested(order_id=order.id, account_id=str(ACCOUNT_ID))
    wanted = customer_events.BusinessProfileRequested(
        business_request_id=str(REQUEST), account_id=str(ACCOUNT_ID)
    )
    async with sending(engine, smtp, customers=customers) as sender:
        mails = mail_consumer(sender, FakeOrders(order), customers)
        await publish(sessions, nats_client, "commis.orders.v1.approval_requested", asked)
        await publish(sessions, nats_client, "commis.customers.v1.business_profile_requested", wanted)
        async with Pipeline(engine, sessions, nats_client, mails):

            async def arrived() -> bool:
                return len(smtp.mails) == 2

            await eventually(arrived)
            async with sessions.begin() as session:
                await session.execute(sa.text("UPDATE outbox SET publish_time = NULL"))
            for stream in ("COMMIS_ORDERS", "COMMIS_CUSTOMERS"):
                await nats_client.jetstream().purge_stream(stream)
            await eventually(lambda: _published(sessions))
            await asyncio.sleep(1)
        await eventually(lambda: all_in(sessions, "SENT"))
    assert smtp.received() == {VENDOR_MAIL: 1, "marie@parc.example": 1}


@pytest.mark.spec("M-01", "M-02", "N-09")
async def test_an_amended_order_is_confirmed_as_it_is_now(
    engine: AsyncEngine, sessions: Sessions, smtp: MailServer, nats_client: NatsClient
) -> None:
    order = an_order("en")
    amended = order_events.OrderAmended(order_id=order.id, account_id=str(ACCOUNT_ID))
    async with sending(engine, smtp) as sender:
        mails = mail_consumer(sender, FakeOrders(order))
        await publish(sessions, nats_client, "commis.orders.v1.order_amended", amended)
        async with Pipeline(engine, sessions, nats_client, mails):

            async def arrived() -> bool:
                return len(smtp.mails) == 2

            await eventually(arrived)
        await eventually(lambda: all_in(sessions, "SENT"))
    assert smtp.received() == {VENDOR_MAIL: 1, "marie@parc.example": 1}
    written = {row.template: row for row in await rows(sessions)}
    assert set(written) == {"order_changed", "changed_order"}
    assert written["order_changed"].subject == "Your order 2026-000123 was changed"
    assert "€14,157.95" in written["order_changed"].text


@pytest.mark.spec("M-05")
async def test_an_event_that_makes_no_sense_is_set_aside_and_replayed(
    engine: AsyncEngine, sessions: Sessions, smtp: MailServer, nats_client: NatsClient
) -> None:
    orders = FakeOrders()
    order = an_order()
    async with sending(engine, smtp) as sender:
        mails = mail_consumer(sender, orders)
        broken = customer_events.ActivationRequested(credential_request_id="no id")
        await publish(sessions, nats_client, "commis.orders.v1.order_placed", placed(order))
        await publish(sessions, nats_client, "commis.customers.v1.activation_requested", broken)

        async def set_aside() -> bool:
            return len(await dead_letters.waiting(sessions, 10)) == 2

        async with Pipeline(engine, sessions, nats_client, mails):
            await eventually(set_aside)
        letters = await dead_letters.waiting(sessions, 10)
        assert len(letters) == 2
        orders.orders[UUID(order.id)] = order
        by_hand = MailConsumer(causes(orders), None).subscriptions()
        outcomes = []
        for letter in letters:
            try:
                outcomes.append(await dead_letters.replay(sessions, by_hand, letter["id"]))
            except Permanent:
                outcomes.append(False)
        assert sorted(outcomes) == [False, True]
        await eventually(lambda: all_in(sessions, "SENT"))
    assert smtp.received() == {VENDOR_MAIL: 1, "marie@parc.example": 1}
