"""Totals against a second implementation that is slow and obvious."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import InvalidFields
from orders.domain.totals import apportion, compute, goods_amount

RATES = (Decimal(0), Decimal(6), Decimal("5.5"), Decimal(12), Decimal(21), Decimal("22.0000"))


@dataclass
class L:
    unit_price: Decimal
    quantity: int
    discount: Decimal
    tax_rate: Decimal
    tax_category: str = "S"
    weight_grams: int = 100

    @property
    def total(self) -> int:
        exact = (self.unit_price * self.quantity - self.discount) * 100
        return int(exact.to_integral_value(rounding=ROUND_HALF_UP))


class Yen(L):
    @property
    def total(self) -> int:
        return int(self.unit_price * self.quantity)


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2)) if value >= 0 else -floor(-value + Fraction(1, 2))


def slow_shares(amount: int, weights: list[int]) -> list[int]:
    """One unit after the other to whoever is furthest below the exact share."""
    if not any(weights):
        weights = [1] * len(weights)
    exact = [Fraction(amount * weight, sum(weights)) for weight in weights]
    given_out = [floor(share) for share in exact]
    while sum(given_out) < amount:
        short = [
            share - out if out == floor(share) else Fraction(-1)
            for share, out in zip(exact, given_out, strict=True)
        ]
        given_out[short.index(max(short))] += 1
    return given_out


def slow(lines: list[L], gross: bool, shipping: int, shipping_gross: bool) -> dict[str, object]:
    rates = sorted({(line.tax_rate, line.tax_category) for line in lines}, key=lambda k: (-k[0], k[1]))
    goods = [
        sum(line.total for line in lines if (line.tax_rate, line.tax_category) == rate) for rate in rates
    ]
    shares = slow_shares(shipping, goods)
    shown, taxes = 0, []
    for (rate, category), amount, part in zip(rates, goods, shares, strict=True):
        factor = 1 + Fraction(rate) / 100
        share = part
        if gross and not shipping_gross:
            share = part + half_up(part * (factor - 1))
        elif shipping_gross and not gross:
            share = half_up(part / factor)
        shown += share
        basis = amount + share
        taxable = half_up(basis / factor) if gross else basis
        tax = basis - taxable if gross else half_up(taxable * (factor - 1))
        taxes.append((rate, category, taxable, tax))
    return {
        "shipping": shown,
        "taxes": taxes,
        "net": sum(each[2] for each in taxes),
        "tax": sum(each[3] for each in taxes),
    }


lines_strategy = st.lists(
    st.builds(
        L,
        unit_price=st.integers(0, 10_000_000).map(lambda n: Decimal(n).scaleb(-4)),
        quantity=st.integers(1, 50),
        discount=st.just(Decimal(0)),
        tax_rate=st.sampled_from(RATES),
        tax_category=st.sampled_from(("S", "Z")),
    ),
    min_size=1,
    max_size=8,
)


@pytest.mark.spec("O-03")
@given(lines_strategy, st.booleans(), st.integers(0, 100_000), st.booleans())
def test_totals_equal_the_slow_ones(lines: list[L], gross: bool, shipping: int, shipping_gross: bool) -> None:
    fast = compute(
        lines, currency="EUR", tax_inclusive=gross, shipping=shipping, shipping_inclusive=shipping_gross
    )
    expected = slow(lines, gross, shipping, shipping_gross)
    assert fast.shipping == expected["shipping"]
    assert [(each.rate, each.category, each.taxable, each.tax) for each in fast.taxes] == expected["taxes"]
    assert (fast.net, fast.tax, fast.total) == (
        expected["net"],
        expected["tax"],
        expected["net"] + expected["tax"],  # type: ignore[operator]
    )
    paid = sum(line.total for line in lines) + fast.shipping
    assert fast.total == (paid if gross else paid + fast.tax)
    assert fast.goods - fast.discount == sum(line.total for line in lines)


@given(lines_strategy, st.booleans(), st.integers(0, 100_000))
def test_the_order_of_lines_never_matters(lines: list[L], gross: bool, shipping: int) -> None:
    one = compute(lines, currency="EUR", tax_inclusive=gross, shipping=shipping)
    other = compute(lines[::-1], currency="EUR", tax_inclusive=gross, shipping=shipping)
    assert one == other


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**9), min_size=1, max_size=6))
def test_apportioning_loses_no_cent_and_is_off_by_less_than_one(amount: int, weights: list[int]) -> None:
    parts = apportion(amount, weights)
    assert sum(parts) == amount
    total = sum(weights) or len(weights)
    shares = [Fraction(amount * (weight if sum(weights) else 1), total) for weight in weights]
    assert all(abs(part - share) < 1 for part, share in zip(parts, shares, strict=True))


@pytest.mark.spec("O-03")
def test_tax_is_rounded_once_per_rate_and_not_per_line() -> None:
    # Three lines of 0.33 at 21 %: 0.0693 each would be 0.07 x 3 = 0.21 per line; on the total 0.99 it is 0.2079.
    lines = [L(Decimal("0.13"), 1, Decimal(0), Decimal(21)) for _ in range(3)]
    # Per line 0.0273 -> 0.03 x 3 = 0.09; once on 0.39 it is 0.0819.
    totals = compute(lines, currency="EUR", tax_inclusive=False)
    assert (totals.net, totals.tax) == (39, 8)


def test_a_consumer_pays_what_was_shown() -> None:
    lines = [L(Decimal("19.99"), 1, Decimal(0), Decimal(21)), L(Decimal("10.00"), 1, Decimal(0), Decimal(6))]
    totals = compute(lines, currency="EUR", tax_inclusive=True, shipping=500, shipping_inclusive=True)
    assert totals.total == 1999 + 1000 + 500
    assert totals.net + totals.tax == totals.total
    assert [(each.rate, each.taxable + each.tax) for each in totals.taxes] == [
        (Decimal(21), 1999 + 333),
        (Decimal(6), 1000 + 167),
    ]


def test_discounts_show_between_goods_and_lines() -> None:
    totals = compute(
        [L(Decimal("19.9555"), 3, Decimal("5.9867"), Decimal(21))], currency="EUR", tax_inclusive=False
    )
    assert (totals.goods, totals.discount, totals.net) == (5987, 599, 5388)


def test_currencies_have_their_own_exponent() -> None:
    totals = compute([Yen(Decimal(1250), 2, Decimal(0), Decimal(10))], currency="JPY", tax_inclusive=False)
    assert (totals.goods, totals.discount, totals.tax, totals.total) == (2500, 0, 250, 2750)


def test_goods_with_and_without_tax() -> None:
    lines = [L(Decimal("10.00"), 1, Decimal(0), Decimal(21)), L(Decimal("10.00"), 1, Decimal(0), Decimal(6))]
    assert goods_amount(lines, tax_inclusive=False, with_tax=True) == 1210 + 1060
    assert goods_amount(lines, tax_inclusive=False, with_tax=False) == 2000
    assert goods_amount(lines, tax_inclusive=True, with_tax=False) == 826 + 943


def test_an_order_has_a_limit() -> None:
    with pytest.raises(InvalidFields):
        compute([L(Decimal(10**9), 100_000, Decimal(0), Decimal(21))], currency="EUR", tax_inclusive=False)


def test_free_goods_carry_the_shipping_in_equal_parts() -> None:
    lines = [L(Decimal(0), 1, Decimal(0), Decimal(21)), L(Decimal(0), 1, Decimal(0), Decimal(6))]
    totals = compute(lines, currency="EUR", tax_inclusive=False, shipping=501)
    assert [(each.rate, each.taxable) for each in totals.taxes] == [(Decimal(21), 251), (Decimal(6), 250)]
