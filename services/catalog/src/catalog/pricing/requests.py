"""Requests about prices, checked and turned into arguments."""

from __future__ import annotations

from collections.abc import Sequence

from commis.catalog.v1 import pricing_pb2

from catalog.pricing.quote import Customer, Line
from chassis import fields
from chassis.errors import Violations

MAX_LINES = 2000  # as many as an order may have: its reservation cannot be split
MAX_QUANTITY = 1_000_000


def lines(v: Violations, sent: Sequence[pricing_pb2.QuoteLine]) -> tuple[Line, ...]:
    """At most 2000 lines; each names a variant by id or SKU and a quantity from 1 to a million."""
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
            )
        )
    return tuple(parsed)


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
