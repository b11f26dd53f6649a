"""Totals of an order: pure, in minor units; the only place where tax and shipping are computed.

Tax is computed once per rate on the document's taxable total (EN 16931 BR-CO-17 and BR-CO-14; per-line rounding is
not allowed on Belgian structured invoices since 2026-01-01), half rounded away from zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from chassis.errors import FieldViolation, InvalidFields
from chassis.money import exponent, round_half_up

# Well inside bigint, so that sums of totals in reports cannot overflow either.
MAX_TOTAL = 10**15


class PricedLine(Protocol):
    """`total` in minor units, net or gross as the order's price basis says; weight in grams per unit."""

    @property
    def quantity(self) -> int: ...
    @property
    def unit_price(self) -> Decimal: ...
    @property
    def total(self) -> int: ...
    @property
    def tax_rate(self) -> Decimal: ...
    @property
    def tax_category(self) -> str: ...
    @property
    def weight_grams(self) -> int: ...


@dataclass(frozen=True, slots=True)
class TaxTotal:
    rate: Decimal
    category: str
    taxable: int
    tax: int


@dataclass(frozen=True, slots=True)
class Totals:
    """`goods`, `discount` and `shipping` include tax when the order's prices do; `net` and `total` say it
    themselves."""

    goods: int = 0
    discount: int = 0
    shipping: int = 0
    taxes: tuple[TaxTotal, ...] = ()
    tax: int = 0
    total: int = 0
    net: int = 0
    weight_grams: int = 0


def apportion(amount: int, weights: Sequence[int]) -> list[int]:
    """`amount` (not negative) split in proportion to `weights`, to the unit, by largest remainder; the earlier part
    wins a tie. All weights zero: equal parts."""
    total = sum(weights)
    if total == 0:
        weights, total = [1] * len(weights), len(weights)
    parts = [amount * weight // total for weight in weights]
    rest = amount - sum(parts)
    if rest:
        by_remainder = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
        for i in by_remainder[:rest]:
            parts[i] += 1
    return parts


def _rounded_ratio(numerator: int, denominator: int) -> int:
    """Half away from zero."""
    half = (2 * abs(numerator) + denominator) // (2 * denominator)
    return half if numerator >= 0 else -half


def _scaled(rate: Decimal) -> tuple[int, int]:
    """The rate in percent as the fraction it multiplies by: 21 -> 2100000/10000000 without loss."""
    numerator, denominator = rate.as_integer_ratio()
    return numerator, denominator * 100


def tax_on(taxable: int, rate: Decimal) -> int:
    """round(taxable x rate)."""
    numerator, denominator = _scaled(rate)
    return _rounded_ratio(taxable * numerator, denominator)


def taxable_in(gross: int, rate: Decimal) -> int:
    """The amount without tax of an amount that includes it: round(gross / (1 + rate)). The tax is the rest, so that
    what a consumer was shown is what is paid."""
    numerator, denominator = _scaled(rate)
    return _rounded_ratio(gross * denominator, denominator + numerator)


def goods_by_rate(lines: Iterable[PricedLine]) -> dict[tuple[Decimal, str], int]:
    """Line totals per (rate, category), highest rate first, so that the order of lines never matters."""
    sums: dict[tuple[Decimal, str], int] = {}
    for line in lines:
        key = (line.tax_rate, line.tax_category)
        sums[key] = sums.get(key, 0) + line.total
    if len(sums) == 1:
        return sums
    return dict(sorted(sums.items(), key=lambda item: (-item[0][0], item[0][1])))


def goods_amount(lines: Iterable[PricedLine], *, tax_inclusive: bool, with_tax: bool) -> int:
    """The goods' total with or without tax, whatever the basis of the prices."""
    amount = 0
    for (rate, _), total in goods_by_rate(lines).items():
        if tax_inclusive == with_tax:
            amount += total
        elif with_tax:
            amount += total + tax_on(total, rate)
        else:
            amount += taxable_in(total, rate)
    return amount


def _shipping_parts(
    groups: dict[tuple[Decimal, str], int], shipping: int, *, shipping_inclusive: bool, tax_inclusive: bool
) -> list[int]:
    """Shipping follows the goods' rates in proportion; each part is brought to the goods' price basis."""
    parts = apportion(shipping, list(groups.values()))
    if shipping_inclusive == tax_inclusive:
        return parts
    if tax_inclusive:
        return [part + tax_on(part, rate) for part, (rate, _) in zip(parts, groups, strict=True)]
    return [taxable_in(part, rate) for part, (rate, _) in zip(parts, groups, strict=True)]


def compute(
    lines: Sequence[PricedLine],
    *,
    currency: str,
    tax_inclusive: bool,
    shipping: int = 0,
    shipping_inclusive: bool = False,
) -> Totals:
    """Raises InvalidFields when an amount is beyond 10^15 minor units. Without lines everything is zero."""
    if not lines:
        return Totals()
    places = exponent(currency)
    goods = sum(round_half_up(line.unit_price * line.quantity, places) for line in lines)
    groups = goods_by_rate(lines)
    parts = _shipping_parts(
        groups, shipping, shipping_inclusive=shipping_inclusive, tax_inclusive=tax_inclusive
    )
    taxes = []
    for ((rate, category), amount), part in zip(groups.items(), parts, strict=True):
        basis = amount + part
        taxable = taxable_in(basis, rate) if tax_inclusive else basis
        tax = basis - taxable if tax_inclusive else tax_on(taxable, rate)
        taxes.append(TaxTotal(rate, category, taxable, tax))
    net = sum(each.taxable for each in taxes)
    tax = sum(each.tax for each in taxes)
    if goods > MAX_TOTAL or net + tax > MAX_TOTAL:
        raise InvalidFields(
            [FieldViolation("lines", "amount to more than an order can hold", "OUT_OF_RANGE")]
        )
    return Totals(
        goods=goods,
        discount=goods - sum(line.total for line in lines),
        shipping=sum(parts),
        taxes=tuple(taxes),
        tax=tax,
        total=net + tax,
        net=net,
        weight_grams=sum(line.weight_grams * line.quantity for line in lines),
    )
