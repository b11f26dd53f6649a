"""What an order costs with a shipping method: joins totals and shipping."""

from __future__ import annotations

from collections.abc import Sequence

from orders.domain import totals
from orders.domain.model import Address, Line
from orders.domain.totals import Totals
from orders.shipping.domain import ShippingMethod


def shipping_price(
    method: ShippingMethod, lines: Sequence[Line], delivery: Address, *, currency: str, tax_inclusive: bool
) -> int | None:
    """In the method's own basis (with or without tax); None when it does not serve this order."""
    return method.price(
        region_code=delivery.region_code,
        postal_code=delivery.postal_code,
        weight=sum(line.weight_grams * line.quantity for line in lines),
        amount=totals.goods_amount(lines, tax_inclusive=tax_inclusive, with_tax=method.tax_inclusive),
        currency=currency if lines else "",
    )


def totals_of(
    lines: Sequence[Line],
    delivery: Address,
    method: ShippingMethod | None,
    *,
    currency: str,
    tax_inclusive: bool,
) -> Totals:
    """Without a method, or with one that does not serve this order, shipping counts nothing (yet)."""
    price = None
    if method is not None and lines:
        price = shipping_price(method, lines, delivery, currency=currency, tax_inclusive=tax_inclusive)
    return totals.compute(
        lines,
        currency=currency,
        tax_inclusive=tax_inclusive,
        shipping=price or 0,
        shipping_inclusive=method.tax_inclusive if method is not None else False,
    )
