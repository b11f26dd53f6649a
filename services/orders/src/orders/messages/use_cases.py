"""Write and read messages."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commis.orders.v1 import events_pb2, messages_pb2

from chassis import outbox
from chassis.ids import new_id
from chassis.paging import Page
from orders.answers import Key
from orders.attribution import attribution
from orders.fulfilment.changing import Change, change_order
from orders.infrastructure import Infrastructure
from orders.messages import store
from orders.messages.domain import MAX_MESSAGES, OrderMessage, OrderMessageNotFound, TooManyMessages
from orders.sheets import listing


@dataclass(frozen=True, slots=True)
class WriteOrderMessage:
    order_id: UUID
    text: str
    key: Key | None = None


async def write_message(infra: Infrastructure, cmd: WriteOrderMessage) -> OrderMessage:
    """Kept, and told without its text; notifications fetches that and mails it to the other side.

    The stored answer names the message only, so that an erasure need not look for its text there.
    Raises OrderNotFound, TooManyMessages, RequestIdReused.
    """

    async def work(change: Change) -> messages_pb2.WriteOrderMessageResponse:
        order = change.order
        if await store.count(change.connection, order.id) >= MAX_MESSAGES:
            raise TooManyMessages(order.id)
        message = OrderMessage(
            new_id(), order.id, not change.caller.is_vendor, change.actor, cmd.text, change.now
        )
        await store.insert(change.connection, message)
        event = events_pb2.OrderMessageWritten(
            attribution=attribution(change.now, account_id=order.account_id, order_id=order.id),
            order_id=str(order.id),
            account_id=str(order.account_id),
            message_id=str(message.id),
            from_customer=message.from_customer,
        )
        subject = "commis.orders.v1.order_message_written"
        outbox.add(change.session, event, subject=subject, aggregate_id=str(order.id))
        named = messages_pb2.OrderMessage(id=str(message.id))
        return messages_pb2.WriteOrderMessageResponse(message=named)

    parse = messages_pb2.WriteOrderMessageResponse.FromString
    written = await change_order(infra, cmd.order_id, cmd.key, parse, work)
    return await get_message(infra, UUID(written.message.id))


async def get_message(infra: Infrastructure, message_id: UUID) -> OrderMessage:
    """Whoever may see it. Raises OrderMessageNotFound."""
    found = await store.find(infra.engine, message_id)
    if found is None:
        raise OrderMessageNotFound(message_id)
    return found


async def list_messages(infra: Infrastructure, order_id: UUID, page: Page) -> list[OrderMessage]:
    """Oldest first, one more than the page holds when there are more. Raises OrderNotFound."""
    await listing.get_order(infra, order_id)
    return await store.page_of(infra.engine, order_id, page)
