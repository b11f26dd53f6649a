"""A shipment as its mail shows it, in the reader's language."""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from commis.orders.v1 import orders_pb2, shipments_pb2
from google.type import date_pb2

from notifications.wording import languages
from notifications.wording.catalogue import texts
from notifications.wording.orders import postal_rows


@dataclass(frozen=True, slots=True)
class GoodsView:
    """`when` is empty where nothing is known."""

    description: str
    sku: str
    quantity: str
    when: str = ""


def named_by(order: orders_pb2.Order, language: str, zone: zoneinfo.ZoneInfo) -> str:
    """What the customer knows the order by: its number, before that the own reference or its date."""
    if order.number or order.order_reference:
        return order.number or order.order_reference
    made = order.create_time.ToDatetime(tzinfo=datetime.UTC).astimezone(zone).date()
    return languages.date(language, made)


class ShipmentView:
    def __init__(
        self,
        order: orders_pb2.Order,
        shipment: shipments_pb2.Shipment,
        open_lines: Sequence[shipments_pb2.OpenLine],
        language: str,
        zone: zoneinfo.ZoneInfo,
    ) -> None:
        self._order = order
        self._shipment = shipment
        self._open = open_lines
        self._language = language
        self._zone = zone
        self._texts = texts(language)

    def values(self) -> Mapping[str, Any]:
        """Names used in the templates `shipment.*` and in the texts of their kind."""
        order, shipment = self._order, self._shipment
        placed = order.place_time.ToDatetime(tzinfo=datetime.UTC).astimezone(self._zone).date()
        return {
            "name": order.contact.name or order.parties.customer.display_name,
            "number": order.number,
            "date": languages.date(self._language, placed),
            "facts": [(self._texts[key], value) for key, value in self._facts() if value],
            "link": shipment.tracking_address,
            "lines": [
                GoodsView(line.description or line.sku, line.sku, self._number(line.quantity))
                for line in shipment.lines
            ],
            "to_come": list(self._to_come()),
            "delivery_address": postal_rows(order.delivery_address, self._language),
        }

    def _facts(self) -> Iterator[tuple[str, str]]:
        yield "label_number", self._order.number
        yield "label_order_reference", self._order.order_reference
        yield "label_carrier", self._shipment.carrier
        yield "label_tracking_number", self._shipment.tracking_number

    def _to_come(self) -> Iterator[GoodsView]:
        described = {line.id: line for line in self._order.lines}
        for each in self._open:
            line = described.get(each.line_id)
            if line is None:
                continue
            waits, when = each.backorder_quantity, self._when(each)
            for quantity, known in ((each.open_quantity - waits, ""), (waits, when)):
                if quantity > 0:
                    yield GoodsView(line.description or line.sku, line.sku, self._number(quantity), known)

    def _when(self, each: shipments_pb2.OpenLine) -> str:
        if not each.expected_date.year:
            return str(self._texts["shipment_waits"])
        return str(self._texts["shipment_expected"].format(date=self._date(each.expected_date)))

    def _date(self, pb: date_pb2.Date) -> str:
        return languages.date(self._language, datetime.date(pb.year, pb.month, pb.day))

    def _number(self, value: int) -> str:
        return languages.integer(self._language, value)
