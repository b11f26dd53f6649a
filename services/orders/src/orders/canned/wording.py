"""Dates and amounts in canned texts, as babel (CLDR) writes them in each language."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from functools import cache

from babel import Locale, dates, numbers

from chassis.money import Money
from orders.domain.model import Order
from orders.infrastructure import Infrastructure


@cache
def _locale(language: str) -> Locale:
    """English as Europe writes it: the day before the month."""
    return Locale("en", "GB") if language == "en" else Locale(language)


def values_of(infra: Infrastructure, order: Order, language: str) -> Mapping[str, str]:
    """Every placeholder. Of a sheet the customer's reference stands for the number it does not have yet."""
    locale = _locale(language)
    ordered = (order.place_time or order.create_time).astimezone(infra.zone).date()
    total = Money(order.totals.total, order.currency)
    customer = order.parties.customer.name
    return {
        "order_number": order.number or order.header.order_reference,
        "customer_name": customer,
        "order_date": _date(ordered, locale),
        "today": _date(infra.today(), locale),
        "contact_name": order.header.contact.name or customer,
        "total": str(numbers.format_currency(total.decimal, total.currency, locale=locale)),
        "vendor_name": infra.vendor_name,
    }


def _date(day: datetime.date, locale: Locale) -> str:
    return dates.format_date(day, "long", locale=locale)
