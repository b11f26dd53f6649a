"""Requests about prices, checked and turned into arguments."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from commis.catalog.v1 import pricing_pb2
from google.type import money_pb2

from catalog.pricing.domain import Agreed
from catalog.pricing.quote import Customer, Line
from chassis import fields, money
from chassis.errors import Violations

MAX_LINES = 2000  # as many as an order may have: its reservation cannot be split
MAX_QUANTITY = 1_000_000
MAX_PRICE = Decimal("99999999.9999")


def lines(v: Violations, sent: Sequence[pricing_pb2.QuoteLine], *, may_agree: bool) -> tuple[Line, ...]:
    """At most 2000 lines; each names a variant by id or SKU and a quantity from 1 to a million. `may_agree`: the caller
    vouches that vendor and customer agreed on the prices it sends."""
    if not 1 <= len(sent) <= MAX_LINES:
        v.add("lines", f"must have 1 to {MAX_LINES} lines", "OUT_OF_RANGE")
        return ()
    parsed = []
    for number, line in enumerate(sent):
        path = f"lines[{number}]"
        if bool(line.variant_id) == bool(line.sku):
            v.add(path, "needs exactly one of variant_id and sku", "REQUIRED")
        variant_id = fields.identifier(v, f"{path}.variant_id", line.variant_id, required=False)
        parsed.append(
            Line(
                line_id=fields.text(v, f"{path}.line_id", line.line_id, max_length=100),
                variant_id=variant_id,
                sku="" if variant_id is not None else fields.text(v, f"{path}.sku", line.sku, max_length=100),
                quantity=fields.integer(
                    v, f"{path}.quantity", line.quantity, minimum=1, maximum=MAX_QUANTITY
                ),
                agreed=_agreed(v, f"{path}.negotiated_unit_price", line.negotiated_unit_price, may_agree)
                if line.HasField("negotiated_unit_price")
                else None,
            )
        )
    return tuple(parsed)


def _agreed(v: Violations, path: str, sent: money_pb2.Money, may_agree: bool) -> Agreed | None:
    if not may_agree:
        v.add(path, "is only for services", "NOT_ALLOWED")
        return None
    try:
        price, currency = money.price_from_proto(sent)
    except ValueError as error:
        v.add(path, str(error))
        return None
    if not 0 <= price <= MAX_PRICE:
        v.add(path, f"must be between 0 and {MAX_PRICE}", "OUT_OF_RANGE")
    return Agreed(price, currency)


def customer(v: Violations, sent: pricing_pb2.PricingCustomer) -> Customer:
    """The facts a calling service has from customers."""
    region = sent.region_code and fields.country(v, "customer.region_code", sent.region_code)
    if len(sent.groups) > 100:
        v.add("customer.groups", "must have at most 100 groups", "TOO_LONG")
    return Customer(
        account_id=fields.identifier(v, "customer.account_id", sent.account_id),
        groups=tuple(fields.text(v, "customer.groups", group, max_length=100) for group in sent.groups[:100]),
        region_code=region,
        postal_code=fields.text(v, "customer.postal_code", sent.postal_code, max_length=20),
        buyer_class=fields.text(v, "customer.buyer_class", sent.buyer_class, max_length=40),
        business=sent.business,
        vat_number=fields.text(v, "customer.vat_number", sent.vat_number, max_length=40),
    )


def language(v: Violations, sent: str) -> str:
    return fields.language(v, "language_code", sent) if sent else "en"
