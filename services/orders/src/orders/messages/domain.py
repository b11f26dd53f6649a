"""A message about an order."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from uuid import UUID

from chassis.errors import FailedPrecondition, NotFound
from orders.domain.parties import Party

MAX_LENGTH = 5000
MAX_MESSAGES = 1000  # of an order


class OrderMessageNotFound(NotFound):
    reason = "ORDER_MESSAGE_NOT_FOUND"

    def __init__(self, message_id: object) -> None:
        super().__init__(f"There is no message {message_id}.", order_message_id=message_id)


class TooManyMessages(FailedPrecondition):
    reason = "TOO_MANY_MESSAGES"

    def __init__(self, order_id: object) -> None:
        message = f"Order {order_id} has {MAX_MESSAGES} messages already."
        super().__init__(message, order_id=order_id, max_messages=MAX_MESSAGES)


@dataclass(frozen=True, slots=True)
class OrderMessage:
    """`from_customer`: to the vendor; else to the customer."""

    id: UUID
    order_id: UUID
    from_customer: bool
    author: Party
    text: str
    create_time: datetime.datetime
