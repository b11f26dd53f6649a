"""Mails about an order after it was placed: what left, and what was written."""

from __future__ import annotations

import zoneinfo
from dataclasses import replace
from uuid import UUID

from commis.common.v1 import common_pb2
from commis.orders.v1 import messages_pb2, orders_pb2

from chassis import ids
from notifications.mails.drafting import About, Vendor, draft
from notifications.mails.store import Draft
from notifications.ports import Customers, Orders, Recipient
from notifications.wording import languages
from notifications.wording.orders import named_facts
from notifications.wording.shipments import ShipmentView, named_by


class OrderNews:
    """Whoever cannot be written to gets nothing."""

    def __init__(self, customers: Customers, orders: Orders, vendor: Vendor, zone: zoneinfo.ZoneInfo) -> None:
        self._customers = customers
        self._orders = orders
        self._vendor = vendor
        self._zone = zone

    async def shipped(self, about: About, order: orders_pb2.Order, shipment_id: UUID) -> list[Draft]:
        """To where the confirmation went: what left, how to follow it, and what is still to come as it is now."""
        language = languages.known(order.language_code)
        if not order.contact.email:
            return []
        found = await self._orders.list_shipments(UUID(order.id))
        for shipment in found.shipments:
            if shipment.id == str(shipment_id):
                view = ShipmentView(order, shipment, found.open_lines, language, self._zone)
                return [draft("shipment", about, order.contact.email, language, view.values(), self._vendor)]
        return []

    async def written(self, about: About, order: orders_pb2.Order, message_id: UUID) -> list[Draft]:
        """To the other side: the account's address; or the vendor's, and the representative who placed the order."""
        message = await self._orders.find_message(message_id)
        if message is None or not message.text:
            return []
        author = message.author
        if author.kind == common_pb2.PARTY_KIND_PERSON and (person_id := ids.parse_id(author.id)):
            about = replace(about, named=tuple(sorted({*about.named, person_id})))
        if message.from_customer:
            readers = [Recipient(self._vendor.address, "", self._vendor.language), await self._rep(order)]
            kind = "order_answer"
        else:
            readers = [await self._customer(order)]
            kind = "order_message"
        return [
            self._message(kind, about, order, message, reader)
            for reader in {one.email: one for one in readers if one is not None and one.email}.values()
        ]

    async def _customer(self, order: orders_pb2.Order) -> Recipient:
        """The account's address; the order's contact for somebody who has none, such as a resident."""
        known = await self._customers.find_holder(UUID(order.parties.customer.id))
        if known is not None:
            return known
        return Recipient(order.contact.email, order.contact.name, order.language_code)

    async def _rep(self, order: orders_pb2.Order) -> Recipient | None:
        actor = order.parties.actor
        rep_id = ids.parse_id(actor.id) if actor.kind == common_pb2.PARTY_KIND_REP else None
        if rep_id is None:
            return None
        return await self._customers.find_representative(rep_id, UUID(order.parties.customer.id))

    def _message(
        self,
        kind: str,
        about: About,
        order: orders_pb2.Order,
        message: messages_pb2.OrderMessage,
        reader: Recipient,
    ) -> Draft:
        language = languages.known(reader.language)
        named = named_by(order, language, self._zone)
        values = {
            "name": reader.display_name,
            "order": named,
            "author": message.author.display_name or order.parties.customer.display_name,
            "customer": order.parties.customer.display_name,
            "facts": named_facts(order, language),
            "quote": message.text.splitlines(),
        }
        return draft(kind, about, reader.email, language, values, self._vendor)
