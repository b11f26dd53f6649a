"""Which mails an event causes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from commis.customers.v1 import events_pb2 as customer_events
from commis.orders.v1 import events_pb2 as order_events
from commis.orders.v1.orders_pb2 import Order

from chassis import ids
from chassis.consumer import Permanent
from chassis.envelope import Meta
from notifications.mails.contents import AMENDED, Contents
from notifications.mails.drafting import About
from notifications.mails.notices import Notices
from notifications.mails.order_news import OrderNews
from notifications.mails.store import Draft
from notifications.ports import Orders
from notifications.wording.orders import persons_in

CUSTOMER_SUBJECTS = tuple(
    f"commis.customers.v1.{fact}"
    for fact in (
        "activation_requested",
        "password_reset_requested",
        "business_profile_requested",
        "business_request_message_added",
        "business_request_decided",
        "business_profile_removed",
        "known_person_registered",
        "member_invited",
        "erasure_done",
    )
)
ORDER_SUBJECTS = tuple(
    f"commis.orders.v1.{fact}"
    for fact in (
        "order_placed",
        "order_amended",
        "approval_requested",
        "approval_refused",
        "shipment_created",
        "order_message_written",
        "payment_link_requested",
    )
)


class Causes:
    """`drafts` raises Permanent for an event that makes no sense, ServiceError while a neighbour is away."""

    def __init__(self, orders: Orders, contents: Contents, notices: Notices, news: OrderNews) -> None:
        self._orders = orders
        self._contents = contents
        self._notices = notices
        self._news = news
        self._by_type: dict[type[Any], Callable[[Any, Meta], Awaitable[list[Draft]]]] = {
            order_events.OrderPlaced: self._order_placed,
            order_events.OrderAmended: self._order_amended,
            order_events.PaymentLinkRequested: self._payment_link_requested,
            order_events.ApprovalRequested: self._approval_requested,
            order_events.ApprovalRefused: self._approval_refused,
            order_events.ShipmentCreated: self._shipment_created,
            order_events.OrderMessageWritten: self._order_message_written,
            customer_events.ActivationRequested: self._activation_requested,
            customer_events.PasswordResetRequested: self._password_reset_requested,
            customer_events.BusinessProfileRequested: self._business_profile_requested,
            customer_events.BusinessRequestMessageAdded: self._business_request_message_added,
            customer_events.BusinessRequestDecided: self._business_request_decided,
            customer_events.BusinessProfileRemoved: self._business_profile_removed,
            customer_events.KnownPersonRegistered: self._known_person_registered,
            customer_events.MemberInvited: self._member_invited,
            customer_events.ErasureDone: self._erasure_done,
        }

    async def drafts(self, event: Any, meta: Meta) -> list[Draft]:
        return await self._by_type[type(event)](event, meta)

    async def _order_placed(self, event: order_events.OrderPlaced, meta: Meta) -> list[Draft]:
        order = await self._orders.get_order(_id(event.order_id))
        drafts = self._contents.of_order(meta.id, order)
        requester = order.approval.requested_by.id or order.parties.actor.id
        if order.parties.approver.id and order.parties.approver.id != requester:
            requester_id = _id(requester)
            about = _about(event, meta, order, requester_id)
            drafts += await self._notices.placed_by_approval(about, order, requester_id)
        return drafts

    async def _order_amended(self, event: order_events.OrderAmended, meta: Meta) -> list[Draft]:
        order = await self._orders.get_order(_id(event.order_id))
        return self._contents.of_order(meta.id, order, AMENDED)

    async def _payment_link_requested(
        self, event: order_events.PaymentLinkRequested, meta: Meta
    ) -> list[Draft]:
        link_id, account_id = _id(event.payment_link_id), _id(event.account_id)
        return await self._contents.of_payment_link(meta.id, link_id, account_id)

    async def _approval_requested(self, event: order_events.ApprovalRequested, meta: Meta) -> list[Draft]:
        order = await self._orders.get_order(_id(event.order_id))
        about = _about(event, meta, order)
        return await self._notices.approval_requested(about, order)

    async def _approval_refused(self, event: order_events.ApprovalRefused, meta: Meta) -> list[Draft]:
        requester_id = _id(event.requester_id)
        if not event.decided and event.attribution.actor.id == event.requester_id:
            return []  # ended by an own change: no news
        order = await self._orders.get_order(_id(event.order_id))
        about = _about(event, meta, order, requester_id)
        return await self._notices.approval_refused(about, order, requester_id, decided=event.decided)

    async def _shipment_created(self, event: order_events.ShipmentCreated, meta: Meta) -> list[Draft]:
        order = await self._orders.get_order(_id(event.order_id))
        return await self._news.shipped(_about(event, meta, order), order, _id(event.shipment_id))

    async def _order_message_written(
        self, event: order_events.OrderMessageWritten, meta: Meta
    ) -> list[Draft]:
        order = await self._orders.get_order(_id(event.order_id))
        return await self._news.written(_about(event, meta, order), order, _id(event.message_id))

    async def _activation_requested(
        self, event: customer_events.ActivationRequested, meta: Meta
    ) -> list[Draft]:
        return await self._credential(event, meta, "activation")

    async def _password_reset_requested(
        self, event: customer_events.PasswordResetRequested, meta: Meta
    ) -> list[Draft]:
        return await self._credential(event, meta, "password_reset")

    async def _credential(self, event: Any, meta: Meta, template: str) -> list[Draft]:
        request_id, person_id = _id(event.credential_request_id), ids.parse_id(event.person_id)
        return await self._contents.of_credential(meta.id, template, request_id, person_id)

    async def _business_profile_requested(
        self, event: customer_events.BusinessProfileRequested, meta: Meta
    ) -> list[Draft]:
        about = About(meta.id, _id(event.account_id))
        return await self._notices.business_requested(about, _id(event.business_request_id))

    async def _business_request_message_added(
        self, event: customer_events.BusinessRequestMessageAdded, meta: Meta
    ) -> list[Draft]:
        about = About(meta.id, _id(event.account_id))
        request_id, message_id = _id(event.business_request_id), _id(event.message_id)
        return await self._notices.business_message(
            about, request_id, message_id, from_customer=event.from_customer
        )

    async def _business_request_decided(
        self, event: customer_events.BusinessRequestDecided, meta: Meta
    ) -> list[Draft]:
        about = About(meta.id, _id(event.account_id))
        request_id = _id(event.business_request_id)
        return await self._notices.business_decided(about, request_id, approved=event.approved)

    async def _business_profile_removed(
        self, event: customer_events.BusinessProfileRemoved, meta: Meta
    ) -> list[Draft]:
        about = About(meta.id, _id(event.account_id))
        return await self._notices.receipt("profile_receipt", about, _id(event.receipt_id))

    async def _erasure_done(self, event: customer_events.ErasureDone, meta: Meta) -> list[Draft]:
        about = About(meta.id, _id(event.account_id))
        return await self._notices.receipt("erasure_receipt", about, _id(event.erasure_id))

    async def _known_person_registered(
        self, event: customer_events.KnownPersonRegistered, meta: Meta
    ) -> list[Draft]:
        person_id = _id(event.person_id)
        return await self._notices.known_registered(About(meta.id, person_id=person_id), person_id)

    async def _member_invited(self, event: customer_events.MemberInvited, meta: Meta) -> list[Draft]:
        if not event.known:
            return []
        person_id, account_id = _id(event.person_id), _id(event.account_id)
        about = About(meta.id, account_id, person_id)
        return await self._notices.invited(about, person_id, account_id)


def _about(event: Any, meta: Meta, order: Order, person_id: UUID | None = None) -> About:
    return About(meta.id, _id(event.account_id), person_id, _id(event.order_id), persons_in(order))


def _id(text: str) -> UUID:
    parsed = ids.parse_id(text)
    if parsed is None:
        raise Permanent(f"not an id: {text!r}")
    return parsed
