"""Shipments and messages from the broker to the mails: once each, however often their events come."""

from __future__ import annotations

import asyncio
import datetime

import pytest
from commis.orders.v1 import events_pb2
from nats.aio.client import Client as NatsClient
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import broker, relay
from chassis.db import Sessions
from notifications.mails.consumers import MailConsumer
from services.notifications.tests.factories import ACCOUNT_ID, VENDOR_MAIL, FakeOrders, causes
from services.notifications.tests.integration.conftest import all_in, eventually, rows, sending
from services.notifications.tests.integration.test_consumers import Pipeline, publish
from services.notifications.tests.mailserver import MailServer
from services.notifications.tests.newsfactories import (
    MESSAGE,
    SHIPMENT,
    a_message,
    a_shipment,
    a_shipped_order,
    known_customers,
)


@pytest.mark.spec("M-01", "M-02", "O-32", "O-40")
async def test_news_of_an_order_are_mailed_once_per_cause(
    engine: AsyncEngine, sessions: Sessions, smtp: MailServer, nats_client: NatsClient
) -> None:
    order = a_shipped_order("en")
    orders = FakeOrders(order)
    orders.shipments = a_shipment(order)
    orders.messages[MESSAGE] = a_message(from_customer=True)
    named = {"order_id": order.id, "account_id": str(ACCOUNT_ID)}
    async with sending(engine, smtp) as sender:
        mails = MailConsumer(causes(orders, known_customers("en")), sender)
        shipped = events_pb2.ShipmentCreated(shipment_id=str(SHIPMENT), **named)
        await publish(sessions, nats_client, "commis.orders.v1.shipment_created", shipped)
        written = events_pb2.OrderMessageWritten(message_id=str(MESSAGE), **named)
        await publish(sessions, nats_client, "commis.orders.v1.order_message_written", written)
        async with Pipeline(engine, sessions, nats_client, mails):

            async def arrived() -> bool:
                return len(smtp.mails) >= 3

            await eventually(arrived)
            # Everything comes once more, as after a lost stream.
            await nats_client.jetstream().delete_stream("COMMIS_ORDERS")
            await broker.ensure_stream(nats_client.jetstream(), "orders")
            assert await relay.reconcile(engine, datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)) == 2
            await asyncio.sleep(1.5)
        await eventually(lambda: all_in(sessions, "SENT"))
    assert smtp.received() == {"marie@parc.example": 1, VENDOR_MAIL: 1, "jan@reps.example": 1}
    assert sorted(row.template for row in await rows(sessions)) == [
        "order_answer",
        "order_answer",
        "shipment",
    ]
