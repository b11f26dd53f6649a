"""Events that cause mails: what they say is fetched before the transaction, the mails are written in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.consumer import Subscription
from chassis.envelope import Meta
from notifications.mails.causes import CUSTOMER_SUBJECTS, ORDER_SUBJECTS, Causes
from notifications.mails.sender import Sender, hand_over
from notifications.mails.store import Draft

DURABLE = "notifications-mails"
# Nobody sees that a mail came a quarter of a second later; together they cost a third less.
LINGER_SECONDS = 0.25


class MailConsumer:
    """`sender` gets what was written at once; without one (a replay) a serving process finds it."""

    def __init__(self, causes: Causes, sender: Sender | None) -> None:
        self._causes = causes
        self._sender = sender

    async def write(self, session: AsyncSession, batch: Sequence[tuple[Any, Meta, list[Draft]]]) -> None:
        drafts = [draft for _event, _meta, listed in batch for draft in listed]
        await hand_over(session, drafts, self._sender)

    def subscriptions(self) -> list[Subscription]:
        return [
            self._subscription("COMMIS_ORDERS", ORDER_SUBJECTS),
            self._subscription("COMMIS_CUSTOMERS", CUSTOMER_SUBJECTS),
        ]

    def _subscription(self, stream: str, subjects: tuple[str, ...]) -> Subscription:
        return Subscription(
            stream=stream,
            durable=DURABLE,
            subjects=subjects,
            workers=1,  # several would take events one by one that one takes together
            linger=LINGER_SECONDS,
            prepare=self._causes.drafts,
            handle_many=self.write,
        )
