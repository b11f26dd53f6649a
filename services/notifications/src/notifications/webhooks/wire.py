"""Views to messages, and the fields of a subscription that a request may set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from commis.notifications.v1 import webhooks_pb2 as pb

from chassis import etag, fields
from chassis.errors import Violations
from chassis.outward import ForeignHttp
from notifications.webhooks import targets
from notifications.webhooks.domain import EVENT_TYPES, VENDOR, SubscriptionState
from notifications.webhooks.queries import DeliveryView, EventView, SubscriptionView

WRITABLE = ("target_address", "event_types", "state")
_READ_ONLY = frozenset(pb.WebhookSubscription.DESCRIPTOR.fields_by_name) - {*WRITABLE}
_SETTABLE = (SubscriptionState.ACTIVE.value, SubscriptionState.PAUSED.value)


async def target_address(v: Violations, sent: pb.WebhookSubscription, http: ForeignHttp) -> str:
    path = "subscription.target_address"
    address = fields.text(v, path, sent.target_address, required=True, max_length=targets.MAX_LENGTH)
    if address:
        await targets.check(v, path, address, http)
    return address


def event_types(v: Violations, sent: pb.WebhookSubscription) -> list[str]:
    """In their usual order, each once."""
    wanted = set(sent.event_types)
    for index, name in enumerate(sent.event_types):
        if name not in EVENT_TYPES:
            v.add(f"subscription.event_types[{index}]", f"must be one of {', '.join(EVENT_TYPES)}")
    return [name for name in EVENT_TYPES if name in wanted]


def state(v: Violations, sent: pb.WebhookSubscription) -> str:
    path = "subscription.state"
    name = fields.enum(v, path, sent.state, pb.WebhookSubscription.State).removeprefix("STATE_")
    if name and name not in _SETTABLE:
        v.add(path, "must be STATE_ACTIVE or STATE_PAUSED")
    return name


def changed_paths(v: Violations, request: pb.UpdateWebhookSubscriptionRequest) -> list[str]:
    """Without a mask: what is filled in (AIP-134); output-only paths are ignored."""
    sent, mask = request.subscription, list(request.update_mask.paths)
    if not mask:
        return [path for path in WRITABLE if getattr(sent, path)]
    if "*" in mask:
        return list(WRITABLE)
    for path in mask:
        if path not in WRITABLE and path not in _READ_ONLY:
            v.add("update_mask", f"has the unknown path {path[:60]!r}", "UNKNOWN_PATH")
    return [path for path in WRITABLE if path in mask]


async def changes(
    v: Violations, request: pb.UpdateWebhookSubscriptionRequest, http: ForeignHttp
) -> Mapping[str, Any]:
    """Column -> value of what the request changes."""
    found: dict[str, Any] = {}
    for path in changed_paths(v, request):
        if path == "target_address":
            found[path] = await target_address(v, request.subscription, http)
        elif path == "event_types":
            found[path] = event_types(v, request.subscription)
        else:
            found[path] = state(v, request.subscription)
    return found


def platform(owner_id: UUID) -> str:
    return "" if owner_id == VENDOR else str(owner_id)


def subscription(view: SubscriptionView) -> pb.WebhookSubscription:
    found = pb.WebhookSubscription(
        id=str(view.id),
        platform_id=platform(view.owner_id),
        target_address=view.target_address,
        event_types=view.event_types,
        state=pb.WebhookSubscription.State.Value(f"STATE_{view.state}"),
        last_error=view.last_error,
        etag=etag.format(view.version),
    )
    found.create_time.FromDatetime(view.create_time)
    if view.disable_time is not None:
        found.disable_time.FromDatetime(view.disable_time)
    return found


def delivery(view: DeliveryView) -> pb.WebhookDelivery:
    found = pb.WebhookDelivery(
        id=str(view.id),
        subscription_id=str(view.subscription_id),
        message_id=view.message_id,
        event_type=view.event_type,
        sequence=view.sequence,
        state=pb.WebhookDelivery.State.Value(f"STATE_{view.state}"),
        attempt_count=view.attempt_count,
        last_status=view.last_status,
        last_error=view.last_error,
    )
    found.create_time.FromDatetime(view.create_time)
    if view.next_attempt_time is not None:
        found.next_attempt_time.FromDatetime(view.next_attempt_time)
    if view.deliver_time is not None:
        found.deliver_time.FromDatetime(view.deliver_time)
    return found


def event(view: EventView) -> pb.WebhookEvent:
    found = pb.WebhookEvent(
        sequence=view.sequence,
        message_id=view.message_id,
        event_type=view.event_type,
        payload_json=view.payload,
    )
    found.occur_time.FromDatetime(view.occur_time)
    return found
