"""Prices on which vendor and customer agreed: a table of cases, and the slow implementation once more."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.legal_caps.domain import LegalCap
from catalog.pricing.domain import Agreed, Buyer, FixedPrice, GridRow, Item, Price, PricedLine, PriceList
from catalog.pricing.negotiated import Unsold, price_agreed
from catalog.tax.rates import Tax

from .test_price import (
    ACCOUNT,
    BOOK,
    CHILD,
    DAY,
    GROSS,
    NET,
    PARENT,
    PRODUCT,
    PUBLIC,
    PUBLIC_NET,
    SHOP,
    STANDARD,
    VARIANT,
    YEN,
    a_cap,
    a_price,
    a_row,
    caps_of,
    dates,
    law,
    prices_of,
    rounded,
    rows_of,
    slow_floor,
    slow_listed,
    slow_lowest,
    slow_price,
)


def agreed(
    unit: str | Decimal,
    prices: Sequence[Price] = (),
    quantity: int = 1,
    *,
    currency: str = "EUR",
    lists: Sequence[PriceList] = (NET, GROSS),
    grid: Sequence[GridRow] = (),
    inclusive: bool = False,
    tax: Tax = STANDARD,
    fixed: FixedPrice | None = None,
) -> PricedLine | Unsold:
    buyer = Buyer(ACCOUNT, frozenset(("shops",)), inclusive, tuple(lists), DAY)
    item = Item(VARIANT, PRODUCT, "linde", {PARENT: 1, CHILD: 2}, tax, prices, grid, fixed)
    return price_agreed(buyer, item, quantity, Agreed(Decimal(unit), currency))


def sold(line: PricedLine | Unsold) -> PricedLine:
    assert isinstance(line, PricedLine), line
    return line


def refused(line: PricedLine | Unsold) -> Unsold:
    assert isinstance(line, Unsold), line
    return line


@pytest.mark.spec("N-08", "C-14")
def test_neither_ladder_nor_grid_changes_what_was_agreed() -> None:
    found = a_price(GROSS, (1, "10"), (3, "9.99"))
    line = sold(agreed("12.3456", [found], 3, grid=[a_row("50")]))
    assert (line.unit_price, line.discount_percent, line.discount) == (Decimal("12.3456"), 0, 0)
    assert (line.total, line.unit_net, line.unit_gross) == (3704, Decimal("12.3456"), Decimal("14.9382"))
    assert [tuple(step) for step in line.trace] == [
        (
            "NEGOTIATED",
            str(found.id),
            "Agreed, instead of the unit price from 3 in price list GROSS",
            Decimal("8.2562"),
            Decimal("12.3456"),
        ),
        ("ROUNDING", "", "Line total to the minor unit, once", Decimal("37.0368"), Decimal("37.04")),
    ]


@pytest.mark.spec("N-08", "C-13", "C-17")
@pytest.mark.parametrize(
    ("unit", "quantity", "inclusive", "tax", "currency", "total", "net", "gross"),
    [
        ("10", 3, False, STANDARD, "EUR", 3000, "10", "12.1"),
        ("12.1", 3, True, STANDARD, "EUR", 3630, "10", "12.1"),
        ("0", 5, False, STANDARD, "EUR", 0, "0", "0"),
        ("0.0049", 1, False, STANDARD, "EUR", 0, "0.0049", "0.0059"),
        ("0.005", 1, False, STANDARD, "EUR", 1, "0.005", "0.0061"),
        ("100.5", 1, False, STANDARD, "JPY", 101, "100.5", "121.605"),
        ("10", 1, False, Tax(Decimal(0), "K", Decimal(21)), "EUR", 1000, "10", "10"),
        ("99999999.9999", 1_000_000, False, Tax(Decimal(0), "Z", Decimal(0)), "EUR", 9999999999990000,
         "99999999.9999", "99999999.9999"),
    ],
)  # fmt: skip
def test_what_no_list_prices_is_sold_at_what_was_agreed(
    unit: str, quantity: int, inclusive: bool, tax: Tax, currency: str, total: int, net: str, gross: str
) -> None:
    line = sold(agreed(unit, [], quantity, currency=currency, inclusive=inclusive, tax=tax))
    assert (line.total, line.currency, line.tax) == (total, currency, tax)
    assert (line.unit_net, line.unit_gross) == (Decimal(net), Decimal(gross))
    step = line.trace[0]
    assert (step.kind, step.reference_id, step.before, step.after) == (
        "NEGOTIATED", "", Decimal(unit), Decimal(unit)
    )  # fmt: skip


@pytest.mark.spec("N-08")
def test_one_currency_per_price() -> None:
    answer = refused(agreed("10", [a_price(NET, (1, "10"))], currency="JPY"))
    assert (answer.reason, answer.floor) == ("CURRENCY_MISMATCH", None)
    assert "NET is in EUR" in answer.description
    ended = a_price(NET, (1, "10"), end="2026-02-01")
    assert sold(agreed("10", [ended], currency="JPY")).total == 10


@pytest.mark.spec("N-08", "C-16")
@pytest.mark.parametrize(
    ("listed", "public", "unit", "quantity", "floor"),
    [
        ("20", None, "16", 1, None),  # exactly what the law allows
        ("20", None, "15.9999", 1, "16"),
        ("20", None, "15", 10, None),  # 25 % from ten
        ("20", None, "14.9999", 10, "15"),
        ("20", "21.2", "15.99", 1, "16"),  # 21.20 with 6 % is 20
        ("10", "21.2", "15.99", 1, "16"),  # the publisher's price counts, not the list
        (None, "21.2", "15.99", 1, "16"),
        (None, "21.2", "16", 1, None),
        ("9.9999", None, "7.9999", 1, "8"),
        ("19.99", None, "15.992", 1, "15.995"),  # of the law, but its total would be 15.99
        ("19.99", None, "15.9949", 1, "15.995"),
        ("19.99", None, "15.995", 1, None),
        ("19.99", None, "15.992", 3, None),  # 47.976 is 47.98
        ("20", None, "25", 1, None),
    ],
)
def test_the_law_is_above_agreements(
    listed: str | None, public: str | None, unit: str, quantity: int, floor: str | None
) -> None:
    prices = [a_price(NET, (1, listed))] if listed else []
    prices += [a_price(PUBLIC, (1, public))] if public else []
    answer = agreed(unit, prices, quantity, tax=BOOK, fixed=law(a_cap("20"), a_cap("25", 10)))
    if floor is None:
        line = sold(answer)
        assert line.unit_price == Decimal(unit)
        assert line.legal_cap is not None
    else:
        below = refused(answer)
        assert (below.reason, below.floor) == ("BELOW_LEGAL_FLOOR", Decimal(floor))
        assert f"at least {floor} EUR" in below.description


@pytest.mark.spec("N-08", "C-16")
def test_a_fixed_price_that_nobody_knows_cannot_be_negotiated() -> None:
    fixed = law(a_cap("20", 10))
    dollars = agreed("1", [a_price(PUBLIC, (1, "20"))], 10, currency="USD", tax=BOOK, fixed=fixed)
    assert refused(dollars).reason == "NO_PRICE"
    assert refused(agreed("1", [], 10, tax=BOOK, fixed=fixed)).reason == "NO_PRICE"
    shop = agreed(
        "1", [a_price(SHOP, (1, "21.2"))], 10, tax=BOOK, fixed=fixed
    )  # a default list, not the buyer's
    assert (refused(shop).reason, refused(shop).floor) == ("BELOW_LEGAL_FLOOR", Decimal(16))
    assert sold(agreed("1", [], 9, tax=BOOK, fixed=fixed)).total == 900  # the rule begins at ten
    assert sold(agreed("1", [], 9, tax=BOOK, fixed=law(a_cap("20"), published="2024"))).total == 900


units = st.integers(0, 200_000).map(lambda scaled: Decimal(scaled).scaleb(-4))


@pytest.mark.spec("N-08", "C-10", "C-11", "C-13", "C-16", "C-17")
@settings(max_examples=400, deadline=None)
@given(
    prices_of(),
    st.permutations([NET, GROSS, YEN]),
    st.lists(rows_of(), max_size=3),
    st.integers(1, 40),
    st.booleans(),
    st.sampled_from([STANDARD, Tax(Decimal("5.5"), "S", Decimal(6)), Tax(Decimal(0), "K", Decimal(21))]),
    st.lists(caps_of(), max_size=4),
    dates,
    units,
    st.sampled_from(["EUR", "JPY"]),
)
def test_agrees_with_the_slow_implementation(
    prices: list[Price],
    lists: list[PriceList],
    grid: list[GridRow],
    quantity: int,
    inclusive: bool,
    tax: Tax,
    caps: list[LegalCap],
    published: str,
    unit: Decimal,
    currency: str,
) -> None:
    fixed = law(*caps, published=published)
    answer = agreed(
        unit, prices, quantity, currency=currency, lists=lists, grid=grid, inclusive=inclusive, tax=tax,
        fixed=fixed,
    )  # fmt: skip
    expected = slow_agreed(prices, lists, quantity, inclusive, tax, caps, published, unit, currency)
    if isinstance(answer, Unsold):
        told = answer.reason, None if answer.floor is None else Fraction(answer.floor)
        assert told == expected
        return
    floor = None if answer.legal_cap is None else Fraction(answer.legal_cap.floor)
    assert (answer.trace[0].before, answer.total, floor) == expected
    assert (answer.unit_price, answer.currency, answer.discount) == (unit, currency, 0)


def slow_agreed(
    prices: Sequence[Price],
    lists: Sequence[PriceList],
    quantity: int,
    inclusive: bool,
    tax: Tax,
    caps: Sequence[LegalCap],
    published: str,
    unit: Decimal,
    currency: str,
) -> tuple[object, ...]:
    """As the specification reads: (list price that is replaced, total, floor), or (reason, floor) of a refusal."""
    listed = slow_price(prices, lists, (), quantity, inclusive, tax, (), published)
    of_one = slow_listed(prices, lists, currency, inclusive, tax)
    if listed is not None and listed[0] != currency:
        return "CURRENCY_MISMATCH", None
    public = prices if currency == "EUR" else ()
    known = [
        found
        for found in public
        if found.list_id in (PUBLIC.id, PUBLIC_NET.id)
        and found.valid_from <= DAY
        and (found.valid_to or datetime.date.max) > DAY
    ]
    floor = slow_floor(caps, published, public, quantity, inclusive, of_one or Fraction(0), Fraction(6, 100))
    if floor is not None and of_one is None and not known:
        return "NO_PRICE", None
    places = {"EUR": 2, "JPY": 0}[currency]
    if floor is not None and unit < (lowest := slow_lowest(floor, quantity, places)):
        return "BELOW_LEGAL_FLOOR", lowest
    total = int(rounded(Fraction(unit) * quantity, places).scaleb(places))
    return (listed[1] if listed is not None else unit), total, floor
