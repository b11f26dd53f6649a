"""An order as its mails show it: every amount and date already written in the reader's language."""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from commis.common.v1 import common_pb2
from commis.orders.v1 import orders_pb2
from google.type import date_pb2, money_pb2

from notifications.wording import languages
from notifications.wording.catalogue import texts


def persons_in(order: orders_pb2.Order) -> tuple[UUID, ...]:
    """Whose names a mail about it may show, by id."""
    acted = (order.parties.actor, order.parties.approver, order.terms_acceptance.accepted_by)
    asked = (order.approval.requested_by, order.approval.decided_by)
    persons = {one.id for one in (*acted, *asked) if one.kind == common_pb2.PARTY_KIND_PERSON and one.id}
    return tuple(UUID(person) for person in sorted(persons))


def postal_rows(address: common_pb2.Address, language: str) -> list[str]:
    """As it stands on an envelope, with the country by its name."""
    city = f"{address.postal_code} {address.city}".strip()
    if address.administrative_area:
        city = f"{city} ({address.administrative_area})"
    country = languages.country(language, address.region_code)
    rows = [address.company, address.recipient, *address.street_lines, city, country, address.phone]
    return list(dict.fromkeys(row for row in rows if row))


def named_facts(order: orders_pb2.Order, language: str) -> list[tuple[str, str]]:
    """By which a reader knows an order again."""
    text = texts(language)
    facts = (
        (text["label_number"], order.number),
        (text["label_customer"], order.parties.customer.display_name),
        (text["label_order_reference"], order.order_reference),
    )
    return [(label, value) for label, value in facts if value]


@dataclass(frozen=True, slots=True)
class LineView:
    position: int
    description: str
    details: Sequence[str]
    quantity: str
    unit_price: str
    total: str


class OrderView:
    """Builds the values of both order templates for one language; what they share is built once."""

    def __init__(self, order: orders_pb2.Order, language: str, zone: zoneinfo.ZoneInfo) -> None:
        self._order = order
        self._language = language
        self._zone = zone
        self._texts = texts(language)
        self._shared: dict[str, Any] | None = None

    def values(self, *, to_customer: bool, vendor: str) -> Mapping[str, Any]:
        """Names used in the templates `order.*` and in the texts of their kinds."""
        if self._shared is None:
            self._shared = self._common()
        return {
            **self._shared,
            "to_customer": to_customer,
            "vendor": vendor,
            "facts": list(self._facts(to_customer)),
        }

    def _common(self) -> dict[str, Any]:
        order, totals = self._order, self._order.totals
        unit = "table_unit_price_gross" if totals.tax_inclusive else "table_unit_price_net"
        return {
            "number": order.number,
            "date": self._day(order.place_time),
            "customer": order.parties.customer.display_name,
            "name": order.contact.name or order.parties.customer.display_name,
            "unit_price_label": self._texts[unit],
            "lines": [self._line(line) for line in order.lines],
            "totals": list(self._totals()),
            "total": self._money(totals.total),
            "delivery_address": postal_rows(order.delivery_address, self._language),
            "billing_address": postal_rows(order.billing_address, self._language),
        }

    def _facts(self, to_customer: bool) -> Iterator[tuple[str, str]]:
        order, text = self._order, self._texts
        parties = order.parties
        named = [
            ("label_number", order.number),
            ("label_date", self._day(order.place_time)),
            ("label_ordered_by", parties.actor.display_name),
            ("label_customer", parties.customer.display_name),
            ("label_community", parties.community_name),
            ("label_payer", parties.payer.display_name if parties.payer.id != parties.customer.id else ""),
        ]
        if not to_customer:
            channel = common_pb2.Channel.Name(parties.channel).removeprefix("CHANNEL_")
            named += [
                ("label_channel", text["channel"].get(channel, "")),
                ("label_rep", parties.rep_code),
            ]
        method = orders_pb2.PaymentMethod.Name(order.payment_method).removeprefix("PAYMENT_METHOD_")
        contact = order.contact
        named += [
            ("label_order_reference", order.order_reference),
            ("label_cost_centre", order.cost_centre),
            ("label_requested_date", self._date(order.requested_delivery_date)),
            ("label_contact", ", ".join(filter(None, (contact.name, contact.email, contact.phone)))),
            ("label_shipping_method", order.shipping_method),
            ("label_payment_method", text["payment"].get(method, method)),
            ("label_terms", self._terms()),
            ("label_note", order.note),
        ]
        return ((text[key], value) for key, value in named if value)

    def _line(self, line: orders_pb2.OrderLine) -> LineView:
        text, price = self._texts, line.price
        discount = ""
        if price.discount.units or price.discount.nanos:
            discount = self._money(price.discount, -1)
            if price.discount_percent.value:
                discount += f" ({self._percent(price.discount_percent.value)})"
        named = [
            ("line_sku", line.sku),
            ("line_reference", line.line_reference),
            ("line_cost_centre", line.cost_centre),
            ("line_requested_date", self._date(line.requested_delivery_date)),
            ("line_budget", line.budget_code),
            ("line_note", line.note),
            ("line_discount", discount),
            ("line_tax", self._percent(price.tax_rate_percent.value or "0")),
        ]
        return LineView(
            position=line.position,
            description=line.description or line.sku,
            details=[f"{text[key]}{text['colon']}{value}" for key, value in named if value],
            quantity=languages.integer(self._language, line.quantity),
            unit_price=self._money(price.unit_price),
            total=self._money(price.total),
        )

    def _totals(self) -> Iterator[tuple[str, str]]:
        text, totals = self._texts, self._order.totals
        yield text["total_goods"], self._money(totals.goods)
        if totals.discount.units or totals.discount.nanos:
            yield text["total_discount"], self._money(totals.discount, -1)
        yield text["total_shipping"], self._money(totals.shipping)
        yield text["total_net"], self._money(totals.net)
        for tax in totals.taxes:
            rate, taxable = self._percent(tax.rate_percent.value or "0"), self._money(tax.taxable)
            yield text["total_tax"].format(rate=rate, taxable=taxable), self._money(tax.tax)

    def _terms(self) -> str:
        terms = self._order.terms_acceptance
        if not terms.terms_version:
            return ""
        return str(
            self._texts["terms_accepted"].format(
                version=terms.terms_version,
                date=self._day(terms.accept_time),
                by=terms.accepted_by.display_name or self._order.parties.actor.display_name,
            )
        )

    def _money(self, pb: money_pb2.Money, sign: int = 1) -> str:
        currency = pb.currency_code or self._order.currency_code
        value = Decimal(pb.units) + Decimal(pb.nanos).scaleb(-9)
        return languages.amount(self._language, sign * value, currency)

    def _percent(self, written: str) -> str:
        return languages.percent(self._language, Decimal(written))

    def _day(self, pb: Any) -> str:
        instant = pb.ToDatetime(tzinfo=datetime.UTC)
        return languages.date(self._language, instant.astimezone(self._zone).date())

    def _date(self, pb: date_pb2.Date) -> str:
        return languages.date(self._language, datetime.date(pb.year, pb.month, pb.day)) if pb.year else ""
