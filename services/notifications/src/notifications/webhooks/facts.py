"""From events of orders to what is told about them: ids, states and amounts, no names, no products."""

from __future__ import annotations

import datetime
import json
import uuid
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from commis.orders.v1 import events_pb2 as pb

from chassis import ids, money
from chassis.consumer import Permanent
from chassis.envelope import Meta
from notifications.order_facts import ORDER_FACTS
from notifications.webhooks.domain import VENDOR

OrderEvent = (
    pb.OrderPlaced
    | pb.OrderAmended
    | pb.OrderProcessed
    | pb.OrderShipped
    | pb.OrderDelivered
    | pb.OrderClosed
    | pb.OrderCancelled
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One event for one owner, before it has its number."""

    owner_id: UUID
    message_id: str
    event_type: str
    occur_time: datetime.datetime
    data: dict[str, Any]

    def payload(self, sequence: int) -> str:
        """The JSON body: the same bytes at every attempt."""
        body = {
            "type": self.event_type,
            "timestamp": _iso(self.occur_time),
            "data": {"sequence": sequence, **self.data},
        }
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def platform_of(event: OrderEvent) -> UUID | None:
    """The care platform the order came from. Raises Permanent."""
    text = event.assistance.platform_id
    if not text:
        return None
    found = ids.parse_id(text)
    if found is None or found == VENDOR:
        raise Permanent(f"not the id of a platform: {text!r}")
    return found


def fact(event: OrderEvent, meta: Meta, owner_id: UUID) -> Fact:
    """The message id follows from the event, so that it stays the same even when the event is read anew into a
    database that was restored."""
    event_type, state = ORDER_FACTS[type(event)]
    data: dict[str, Any] = {"order_id": event.order_id, "number": event.number, "state": state}
    assistance = event.assistance
    if owner_id == VENDOR:
        data["account_id"] = event.account_id
        if assistance.platform_id:
            data |= {"platform_id": assistance.platform_id, "community_id": assistance.community_id}
    if assistance.platform_id:
        data |= {
            "community_external_id": assistance.community_external_id,
            "client_external_id": assistance.client_external_id,
            "care_worker_subject": assistance.care_worker_subject,
        }
    if event.total.currency_code:
        total = money.from_proto(event.total)
        data["total"] = {"amount": str(total.decimal), "currency": total.currency}
    return Fact(
        owner_id=owner_id,
        message_id=f"msg_{uuid.uuid5(owner_id, str(meta.id)).hex}",
        event_type=event_type,
        occur_time=_occurred(event, meta),
        data=data,
    )


def _occurred(event: OrderEvent, meta: Meta) -> datetime.datetime:
    if event.attribution.HasField("occur_time"):
        return event.attribution.occur_time.ToDatetime(tzinfo=datetime.UTC)
    return meta.time


def _iso(instant: datetime.datetime) -> str:
    return instant.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
