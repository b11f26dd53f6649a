"""Prices between catalog's messages and our quotes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from commis.catalog.v1 import pricing_pb2

from chassis import money
from orders.domain.model import PricingCustomer, Quote
from orders.ports import QuotedLine, Refusal, WantedLine


def customer_to_proto(customer: PricingCustomer) -> pricing_pb2.PricingCustomer:
    return pricing_pb2.PricingCustomer(
        account_id=str(customer.account_id),
        groups=customer.groups,
        region_code=customer.region_code,
        postal_code=customer.postal_code,
        buyer_class=customer.buyer_class,
        business=customer.business,
        vat_number=customer.vat_number,
    )


def lines_to_proto(lines: Sequence[WantedLine]) -> list[pricing_pb2.QuoteLine]:
    return [
        pricing_pb2.QuoteLine(
            line_id=line.line_id,
            variant_id=str(line.variant_id) if line.variant_id is not None else "",
            sku=line.sku,
            quantity=line.quantity,
            negotiated_unit_price=None
            if line.negotiated is None
            else money.price_to_proto(line.negotiated, line.currency),
        )
        for line in lines
    ]


@lru_cache(maxsize=8_192)
def _read(price: bytes) -> tuple[Decimal, str, int, Decimal]:
    """Unit price, currency, total in minor units and tax rate; what is popular costs the same again and again."""
    found = pricing_pb2.LinePrice.FromString(price)
    unit_price, currency = money.price_from_proto(found.unit_price)
    rate = Decimal(found.tax_rate_percent.value or "0")
    return unit_price, currency, money.from_proto(found.total).minor, rate


def _quote(line: pricing_pb2.QuotedLine) -> Quote:
    price, kept = line.price, line.price.SerializeToString()
    unit_price, currency, total, tax_rate = _read(kept)
    return Quote(
        variant_id=UUID(line.variant_id),
        product_id=UUID(line.product_id),
        sku=line.sku,
        description=line.description,
        currency=currency,
        tax_inclusive=price.tax_inclusive,
        unit_price=unit_price,
        total=total,
        tax_rate=tax_rate,
        tax_category=price.tax_category,
        weight_grams=price.weight_grams,
        price=kept,
        availability=line.availability.SerializeToString(),
    )


def quoted(line: pricing_pb2.QuotedLine) -> QuotedLine:
    refusal = None
    if line.HasField("refusal"):
        refusal = Refusal(line.refusal.reason, _reason_text(line.refusal))
    return QuotedLine(line.line_id, _quote(line) if line.HasField("price") else None, refusal)


_STOCKED = frozenset(
    (
        pricing_pb2.Availability.STATE_AVAILABLE,
        pricing_pb2.Availability.STATE_PARTLY,
        pricing_pb2.Availability.STATE_UNAVAILABLE,
    )
)


def quoted_lines(lines: Sequence[pricing_pb2.QuotedLine]) -> list[QuotedLine]:
    """Quotes hold nothing and so refuse no shortage; here lines beyond what is available get that refusal, several
    lines of one variant together."""
    wanted: dict[str, int] = {}
    for line in lines:
        wanted[line.variant_id] = wanted.get(line.variant_id, 0) + line.quantity
    answers = []
    for line in lines:
        answer = quoted(line)
        stock = line.availability
        if (
            answer.refusal is None
            and stock.state in _STOCKED
            and wanted[line.variant_id] > stock.available_quantity
        ):
            short = pricing_pb2.LineRefusal(
                reason="STOCK_SHORTAGE",
                available_quantity=stock.available_quantity,
                expected_date=stock.expected_date if stock.HasField("expected_date") else None,
            )
            answer = QuotedLine(answer.line_id, answer.quote, Refusal(short.reason, _reason_text(short)))
        answers.append(answer)
    return answers


def _reason_text(refusal: pricing_pb2.LineRefusal) -> str:
    """What is available and when the rest could come is part of the answer to a shortage."""
    if refusal.reason != "STOCK_SHORTAGE":
        return refusal.description or refusal.reason
    text = f"{refusal.description or 'Not enough in stock.'} Available: {refusal.available_quantity}."
    expected = refusal.expected_date
    if expected.year:
        text += f" Expected: {expected.year:04}-{expected.month:02}-{expected.day:02}."
    return text
