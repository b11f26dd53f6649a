"""Priced lines as they go over the wire."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from functools import lru_cache

from commis.catalog.v1 import pricing_pb2
from google.type import date_pb2, decimal_pb2, money_pb2

from catalog.pricing.domain import CapProof, PricedLine
from catalog.pricing.quote import QuotedLine, Refusal
from catalog.stock.availability import Availability
from chassis.money import Money, price_to_proto, to_proto

_KINDS = {name.removeprefix("KIND_"): number for name, number in pricing_pb2.PriceTraceStep.Kind.items()}
_STATES = {name.removeprefix("STATE_"): number for name, number in pricing_pb2.Availability.State.items()}
LANGUAGE_FALLBACK = ("en", "fr", "nl", "it")


def localized(texts: dict[str, str], language: str) -> str:
    """The text in this language, else in the first of en, fr, nl, it that has one."""
    return texts.get(language) or next((texts[code] for code in LANGUAGE_FALLBACK if texts.get(code)), "")


def date_to_proto(value: datetime.date | None) -> date_pb2.Date | None:
    return None if value is None else date_pb2.Date(year=value.year, month=value.month, day=value.day)


@lru_cache(maxsize=16_384)
def decimal_to_proto(value: Decimal) -> decimal_pb2.Decimal:
    """Without trailing zeros and never in scientific notation. Shared: not to be changed."""
    return decimal_pb2.Decimal(value=f"{value.normalize():f}")


# Amounts repeat over lines and views; a message that was made once is copied faster than made anew.
_unit_price = lru_cache(maxsize=16_384)(price_to_proto)


@lru_cache(maxsize=16_384)
def _amount(minor: int, currency: str) -> money_pb2.Money:
    return to_proto(Money(minor, currency))


def quoted_to_proto(quoted: QuotedLine, language: str) -> pricing_pb2.QuotedLine:
    built = pricing_pb2.QuotedLine(line_id=quoted.line.line_id, quantity=quoted.line.quantity)
    variant = quoted.variant
    if variant is None:
        built.variant_id = str(quoted.line.variant_id or "")
        built.sku = quoted.line.sku
    else:
        built.variant_id, built.product_id, built.sku = str(variant.id), str(variant.product_id), variant.sku
        built.description = description(
            json.loads(variant.names), json.loads(variant.options), variant.sku, language
        )
    if quoted.price is not None and variant is not None:
        fill_price(built.price, quoted.price, variant.weight_grams)
    if quoted.availability is not None:
        fill_availability(built.availability, quoted.availability)
    if quoted.refusal is not None:
        built.refusal.CopyFrom(refusal_to_proto(quoted.refusal))
    return built


def description(names: dict[str, str], options: list[list[str]], sku: str, language: str) -> str:
    """The product's name with the options of the variant, e.g. `Chaz Kangeroo Hoodie, XS, Black`."""
    return ", ".join((localized(names, language) or sku, *(value for _name, value in options)))


def fill_price(built: pricing_pb2.LinePrice, price: PricedLine, weight_grams: int) -> None:
    built.MergeFrom(price_to_line(price, weight_grams))


@lru_cache(maxsize=8_192)
def price_to_line(price: PricedLine, weight_grams: int) -> pricing_pb2.LinePrice:
    """Shared, as what is popular costs the same again and again: not to be changed."""
    currency = price.currency
    return pricing_pb2.LinePrice(
        currency_code=currency,
        tax_inclusive=price.tax_inclusive,
        unit_price=_unit_price(price.unit_price, currency),
        discount_percent=decimal_to_proto(price.discount_percent),
        discount=_amount(price.discount, currency),
        total=_amount(price.total, currency),
        unit_net=_unit_price(price.unit_net, currency),
        unit_gross=_unit_price(price.unit_gross, currency),
        tax_rate_percent=decimal_to_proto(price.tax.rate),
        tax_category=price.tax.category,
        trace=[
            pricing_pb2.PriceTraceStep(
                kind=_KINDS[step.kind],
                reference_id=step.reference_id,
                description=step.description,
                before=decimal_to_proto(step.before),
                after=decimal_to_proto(step.after),
            )
            for step in price.trace
        ],
        weight_grams=weight_grams,
        legal_cap=None if price.legal_cap is None else _proof(price.legal_cap, currency),
    )


def _proof(proof: CapProof, currency: str) -> pricing_pb2.LegalCapProof:
    return pricing_pb2.LegalCapProof(
        legal_cap_id=str(proof.cap.id),
        jurisdiction=proof.cap.jurisdiction,
        buyer_class=proof.cap.buyer_class,
        publication_date=proof.publication_date,
        publisher_price=_unit_price(proof.publisher_price, currency),
        max_discount_percent=decimal_to_proto(proof.cap.max_discount_percent),
        floor=_unit_price(proof.floor, currency),
        price_list_id=str(proof.list_id),
    )


def fill_availability(built: pricing_pb2.Availability, availability: Availability) -> None:
    built.state = _STATES[availability.state]
    built.available_quantity = availability.available
    expected = date_to_proto(availability.expected_date)
    if expected is not None:
        built.expected_date.CopyFrom(expected)


def refusal_to_proto(refusal: Refusal) -> pricing_pb2.LineRefusal:
    return pricing_pb2.LineRefusal(
        reason=refusal.reason,
        description=refusal.description,
        available_quantity=refusal.available,
        expected_date=date_to_proto(refusal.expected_date),
        floor=None if refusal.floor is None else price_to_proto(refusal.floor, refusal.currency),
    )
