"""Events that cause mails: what they say is fetched before the transaction, the mails are written in it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from commis.customers.v1 import events_pb2 as customer_events
from commis.orders.v1 import events_pb2 as order_events
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import db, ids
from chassis.consumer import Permanent, Subscription
from chassis.envelope import Meta
from notifications.mails import store
from notifications.mails.contents import Contents
from notifications.mails.sender import Sender
from notifications.mails.store import Draft
from notifications.ports import Orders

DURABLE = "notifications-mails"
# Nobody sees that a mail came a quarter of a second later; together they cost a third less.
LINGER_SECONDS = 0.25
Cause = (
    customer_events.ActivationRequested | customer_events.PasswordResetRequested | order_events.OrderPlaced
)


class MailConsumer:
    """`sender` gets what was written at once; without one (a replay) a serving process finds it."""

    def __init__(self, orders: Orders, contents: Contents, sender: Sender | None) -> None:
        self._orders = orders
        self._contents = contents
        self._sender = sender

    async def prepare(self, event: Cause, meta: Meta) -> list[Draft]:
        if isinstance(event, order_events.OrderPlaced):
            order = await self._orders.get_order(_id(event.order_id))
            return self._contents.of_order(meta.id, order)
        request_id, person_id = _id(event.credential_request_id), ids.parse_id(event.person_id)
        if isinstance(event, customer_events.ActivationRequested):
            return await self._contents.of_credential(meta.id, "activation", request_id, person_id)
        return await self._contents.of_credential(meta.id, "password_reset", request_id, person_id)

    async def write(self, session: AsyncSession, batch: Sequence[tuple[Cause, Meta, list[Draft]]]) -> None:
        drafts = [draft for _event, _meta, listed in batch for draft in listed]
        if not drafts:
            return
        lease = self._sender.lease if self._sender is not None else 0
        mails = await store.add(session, drafts, lease=lease)
        if self._sender is not None and lease:
            sender = self._sender
            db.after_commit(session, lambda: sender.accept(mails))

    def subscriptions(self) -> list[Subscription]:
        return [
            self._subscription("COMMIS_ORDERS", "commis.orders.v1.order_placed"),
            self._subscription(
                "COMMIS_CUSTOMERS",
                "commis.customers.v1.activation_requested",
                "commis.customers.v1.password_reset_requested",
            ),
        ]

    def _subscription(self, stream: str, *subjects: str) -> Subscription:
        return Subscription(
            stream=stream,
            durable=DURABLE,
            subjects=subjects,
            workers=1,  # several would take events one by one that one takes together
            linger=LINGER_SECONDS,
            prepare=self.prepare,  # type: ignore[arg-type]  # its subjects bring these events only
            handle_many=self.write,
        )


def _id(text: str) -> UUID:
    parsed = ids.parse_id(text)
    if parsed is None:
        raise Permanent(f"not an id: {text!r}")
    return parsed
