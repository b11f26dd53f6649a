"""The pricing function: a table of cases, and a slow and obvious second implementation to compare with."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.legal_caps.domain import LegalCap
from catalog.legal_caps.readings import in_force, latest_first_day, readings
from catalog.pricing.domain import Buyer, FixedPrice, GridRow, Item, Price, PricedLine, PriceList
from catalog.pricing.price import price_line
from catalog.tax.rates import Tax

DAY = datetime.date(2026, 11, 21)
ACCOUNT, OTHER = UUID(int=1), UUID(int=2)
VARIANT, PRODUCT, PARENT, CHILD = UUID(int=11), UUID(int=12), UUID(int=13), UUID(int=14)
NET = PriceList(UUID(int=101), "NET", "EUR", False)
GROSS = PriceList(UUID(int=102), "GROSS", "EUR", True)
YEN = PriceList(UUID(int=103), "YEN", "JPY", False)
PUBLIC = PriceList(UUID(int=104), "PUBLIC", "EUR", True)
PUBLIC_NET = PriceList(UUID(int=105), "PUBLIC-NET", "EUR", False)
SHOP = PriceList(UUID(int=106), "SHOP", "EUR", True)  # a default list
STANDARD = Tax(Decimal(21), "S", Decimal(21))
_ids = iter(range(1000, 10**9))


def a_price(
    price_list: PriceList, *ladder: tuple[int, str], begin: str = "2026-01-01", end: str | None = None
) -> Price:
    return Price(
        UUID(int=next(_ids)),
        price_list.id,
        datetime.date.fromisoformat(begin),
        datetime.date.fromisoformat(end) if end else None,
        tuple((quantity, Decimal(amount)) for quantity, amount in ladder),
    )


def a_row(
    percent: str, quantity: int = 1, begin: str = "2026-01-01", end: str | None = None, **who: object
) -> GridRow:
    return GridRow(
        UUID(int=next(_ids)),
        Decimal(percent),
        quantity,
        datetime.date.fromisoformat(begin),
        datetime.date.fromisoformat(end) if end else None,
        **who,  # type: ignore[arg-type]
    )


def a_cap(percent: str, quantity: int = 1, **fields: object) -> LegalCap:
    begin, jurisdiction = datetime.date(2017, 7, 1), "BE-VLG"
    values = {"languages": frozenset(), "forms": (), "months": 6} | fields
    return LegalCap(
        id=UUID(int=next(_ids)),
        jurisdiction=jurisdiction,
        buyer_class="PUBLIC_LIBRARY",
        min_quantity=quantity,
        max_discount_percent=Decimal(percent),
        valid_from=begin,
        valid_to=None,
        **values,  # type: ignore[arg-type]
    )


def law(*caps: LegalCap, published: str = "2026-10-01", assumed: Sequence[str] = ()) -> FixedPrice:
    found = in_force(readings(caps, (("BE-VLG",),), "nl", "BC"), latest_first_day(published), DAY)
    return FixedPrice(found, published, (PUBLIC, PUBLIC_NET), Decimal(6), tuple(assumed), (SHOP,))


def price(
    prices: Sequence[Price],
    quantity: int = 1,
    *,
    lists: Sequence[PriceList] = (NET, GROSS),
    grid: Sequence[GridRow] = (),
    inclusive: bool = False,
    tax: Tax = STANDARD,
    groups: Sequence[str] = ("shops",),
    day: datetime.date = DAY,
    fixed: FixedPrice | None = None,
) -> PricedLine | None:
    buyer = Buyer(ACCOUNT, frozenset(groups), inclusive, tuple(lists), day)
    item = Item(VARIANT, PRODUCT, "linde", {PARENT: 1, CHILD: 2}, tax, prices, grid, fixed)
    return price_line(buyer, item, quantity)


def sure(line: PricedLine | None) -> PricedLine:
    assert line is not None
    return line


@pytest.mark.spec("C-10")
def test_the_first_list_with_a_valid_price_wins_with_its_whole_ladder() -> None:
    first = a_price(NET, (1, "10"), end="2026-06-01")
    second = a_price(GROSS, (1, "20"), (5, "1"))
    cheap = a_price(YEN, (1, "1"))
    assert sure(price([first, second, cheap], 5, day=datetime.date(2026, 5, 31))).total == 5000
    later = sure(price([first, second, cheap], 5))
    assert (later.trace[0].reference_id, later.unit_price) == (str(GROSS.id), Decimal("0.8264"))
    assert price([cheap]) is None
    assert price([first], day=datetime.date(2026, 6, 1)) is None


@pytest.mark.spec("C-11")
@pytest.mark.parametrize(("quantity", "unit"), [(1, "10"), (9, "10"), (10, "8"), (99, "8"), (100, "7.5")])
def test_the_highest_step_that_is_reached(quantity: int, unit: str) -> None:
    assert sure(price([a_price(NET, (1, "10"), (10, "8"), (100, "7.5"))], quantity)).unit_price == Decimal(
        unit
    )


@pytest.mark.spec("C-12")
@pytest.mark.parametrize(
    ("rows", "percent"),
    [
        ([a_row("5"), a_row("3", group="shops")], "3"),
        ([a_row("50", group="shops", variant_id=VARIANT), a_row("1", account_id=ACCOUNT)], "1"),
        ([a_row("5", account_id=OTHER), a_row("5", group="others"), a_row("5", variant_id=OTHER)], "0"),
        ([a_row("5", product_id=PRODUCT), a_row("1", variant_id=VARIANT)], "1"),
        ([a_row("5", category_id=CHILD), a_row("1", product_id=PRODUCT)], "1"),
        ([a_row("5", category_id=PARENT), a_row("1", category_id=CHILD)], "1"),
        ([a_row("5", brand="linde"), a_row("1", category_id=PARENT)], "1"),
        ([a_row("5"), a_row("1", brand="linde")], "1"),
        ([a_row("5", brand="linde"), a_row("7", brand="linde")], "7"),
        ([a_row("5", 10), a_row("7", 11), a_row("3")], "5"),
        ([a_row("5", begin="2026-11-22"), a_row("6", end="2026-11-21"), a_row("7", end="2026-11-22")], "7"),
    ],
)
def test_the_most_specific_row_of_the_grid(rows: list[GridRow], percent: str) -> None:
    line = sure(price([a_price(NET, (1, "10"))], 10, grid=rows))
    assert line.discount_percent == Decimal(percent)
    assert [step.kind for step in line.trace].count("GRID") == (percent != "0")


@pytest.mark.spec("C-13")
@pytest.mark.parametrize(
    ("price_list", "inclusive", "tax", "unit", "net", "gross"),
    [
        (NET, False, STANDARD, "100", "100", "121"),
        (NET, True, STANDARD, "121", "100", "121"),
        (GROSS, False, STANDARD, "82.6446", "82.6446", "100.0000"),
        (GROSS, True, STANDARD, "100", "82.6446", "100"),
        (GROSS, True, Tax(Decimal(20), "S", Decimal(21)), "100", "83.3333", "100"),
        (GROSS, False, Tax(Decimal(0), "K", Decimal(21)), "82.6446", "82.6446", "82.6446"),
        (GROSS, True, Tax(Decimal(0), "G", Decimal(21)), "82.6446", "82.6446", "82.6446"),
        (NET, True, Tax(Decimal(0), "Z", Decimal(0)), "100", "100", "100"),
    ],
)
def test_lists_of_the_other_basis_are_converted(
    price_list: PriceList, inclusive: bool, tax: Tax, unit: str, net: str, gross: str
) -> None:
    line = sure(price([a_price(price_list, (1, "100"))], inclusive=inclusive, tax=tax))
    assert (line.unit_price, line.unit_net, line.unit_gross) == (Decimal(unit), Decimal(net), Decimal(gross))
    converted = [step for step in line.trace if step.kind == "TAX_CONVERSION"]
    assert bool(converted) == (line.unit_price != 100 or price_list.tax_inclusive != inclusive)


@pytest.mark.spec("C-14")
def test_the_trace_tells_every_step() -> None:
    row = a_row("12.5", group="shops", brand="linde")
    found = a_price(GROSS, (1, "10"), (3, "9.99"))
    line = sure(price([found], 3, grid=[row]))
    assert [(step.kind, step.reference_id, step.before, step.after) for step in line.trace] == [
        ("PRICE_LIST", str(GROSS.id), Decimal("10"), Decimal("10")),
        ("LADDER", str(found.id), Decimal("10"), Decimal("9.99")),
        ("TAX_CONVERSION", "", Decimal("9.99"), Decimal("8.2562")),
        ("GRID", str(row.id), Decimal("8.2562"), Decimal("7.2242")),
        ("ROUNDING", "", Decimal("21.672525"), Decimal("21.67")),
    ]
    assert line.trace[3].description == "12.5 % from 1 for group shops on brand linde"
    assert (line.total, line.discount) == (2167, 310)


@pytest.mark.spec("C-17")
@pytest.mark.parametrize(
    ("unit", "quantity", "percent", "price_list", "total", "discount"),
    [
        ("0.05", 1, "10", NET, 5, 0),  # 0.045 away from zero
        ("13.9563", 9, None, NET, 12561, 0),
        ("9.99", 3, "10", NET, 2697, 300),
        ("0.0049", 1, None, NET, 0, 0),
        ("0.005", 1, None, NET, 1, 0),
        ("100.5", 1, "0.5", YEN, 100, 1),
        ("99999999.9999", 1_000_000, "0.0001", NET, 9999989999990000, 10000000000),
    ],
)
def test_totals_are_rounded_once(
    unit: str, quantity: int, percent: str | None, price_list: PriceList, total: int, discount: int
) -> None:
    rows = [a_row(percent)] if percent else []
    line = sure(price([a_price(price_list, (1, unit))], quantity, lists=[price_list], grid=rows))
    assert (line.total, line.discount) == (total, discount)


BOOK = Tax(Decimal(6), "S", Decimal(6))


@pytest.mark.spec("C-16")
@pytest.mark.parametrize(
    ("listed", "public", "percent", "quantity", "unit", "told", "total"),
    [
        ("20", None, None, 1, "20", "0", 2000),  # nothing to raise
        ("20", None, "15", 1, "20", "15", 1700),  # less than the law allows
        ("20", None, "20", 1, "20", "20", 1600),
        ("20", None, "30", 1, "20", "20", 1600),  # raised
        ("20", None, "100", 3, "20", "20", 4800),
        ("20", None, "50", 10, "20", "25", 15000),  # the ladder allows more from 10
        ("20", "21.2", "30", 1, "20", "20", 1600),  # 21.20 with 6 % is 20
        ("20", "26.5", "30", 1, "20", "0", 2000),  # a higher publisher's price
        ("18", "26.5", "30", 1, "20.0000", "0", 2000),  # the list itself lies below the floor
        ("9.9999", None, "30", 1, "9.9999", "19.9991", 800),  # 7.99992 is 8 rounded up
        ("0", None, "30", 1, "0", "30", 0),
    ],
)
def test_nobody_goes_below_the_law(
    listed: str, public: str | None, percent: str | None, quantity: int, unit: str, told: str, total: int
) -> None:
    prices = [a_price(NET, (1, listed)), *([a_price(PUBLIC, (1, public))] if public else [])]
    fixed = law(a_cap("20"), a_cap("25", 10))
    rows = [a_row(percent)] if percent else []
    line = sure(price(prices, quantity, grid=rows, tax=BOOK, fixed=fixed))
    assert (line.unit_price, line.discount_percent, line.total) == (Decimal(unit), Decimal(told), total)
    assert line.legal_cap is not None
    assert line.legal_cap.publisher_price == Decimal(public or listed)


@pytest.mark.spec("C-16")
def test_a_cheaper_list_of_one_s_own_is_no_way_around_the_law() -> None:
    cheap, shop, old = (
        a_price(NET, (1, "10")),
        a_price(SHOP, (1, "21.2"), (5, "1")),
        a_price(GROSS, (1, "15")),
    )
    line = sure(price([cheap, shop, old], 5, tax=BOOK, fixed=law(cap := a_cap("20"))))
    assert line.unit_price == Decimal(16)
    assert line.legal_cap == (cap, "2026-10-01", Decimal(20), Decimal(16), SHOP.id)
    assert line.trace[-1].description.endswith("off the price 20 in list SHOP; no publisher's price is known")
    known = a_price(PUBLIC_NET, (1, "12"))
    line = sure(price([cheap, shop, old, known], 5, tax=BOOK, fixed=law(cap)))
    assert (line.unit_price, line.legal_cap) == (
        10, (cap, "2026-10-01", Decimal("12.72"), Decimal("9.6"), PUBLIC_NET.id),
    )  # fmt: skip
    yen = a_price(YEN, (1, "9999"))
    line = sure(price([cheap, yen], 5, lists=[NET, YEN], tax=BOOK, fixed=law(cap)))
    assert line.legal_cap == (cap, "2026-10-01", Decimal(10), Decimal(8), NET.id)


@pytest.mark.spec("C-16", "C-17")
@pytest.mark.parametrize(
    ("listed", "percent", "quantity", "unit", "left", "total", "discount"),
    [
        ("19.99", "30", 1, "19.99", "15.992", 1600, 399),  # 15.992 would be 15.99
        ("19.99", "30", 2, "19.99", "15.992", 3199, 799),  # 31.984
        (
            "19.99",
            "20",
            1,
            "19.99",
            "15.992",
            1600,
            399,
        ),  # less discount than the law allows, but not once rounded
        ("19.99", "19.99", 1, "19.99", "15.994", 1600, 399),
        ("19.99", "19.9", 1, "19.99", "16.012", 1601, 398),
    ],
)
def test_no_total_is_rounded_below_the_law(
    listed: str, percent: str, quantity: int, unit: str, left: str, total: int, discount: int
) -> None:
    found = [a_price(NET, (1, listed))]
    line = sure(price(found, quantity, grid=[a_row(percent)], tax=BOOK, fixed=law(a_cap("20"))))
    assert (line.unit_price, line.total, line.discount) == (Decimal(unit), total, discount)
    assert line.unit_net == Decimal(left)
    assert line.trace[-1].kind == "ROUNDING"
    assert line.trace[-1].after == Decimal(total).scaleb(-2)


@pytest.mark.spec("C-16", "C-17")
@pytest.mark.parametrize(
    ("listed", "public", "quantity", "unit", "total"),
    [
        ("10", "24.99", 1, "19.995", 2000),  # 19.992, which would be 19.99
        ("10", "24.99", 3, "19.992", 5998),  # 59.976
        ("19.994", "24.99", 1, "19.995", 2000),  # above the floor, but not once rounded
        ("10", "24.9901", 1_000, "19.9921", 1999210),  # 19.99208 is 19.9921
        ("0", "0.0001", 1, "0.005", 1),
    ],
)
def test_a_unit_price_is_raised_until_it_comes_to_the_lowest_total(
    listed: str, public: str, quantity: int, unit: str, total: int
) -> None:
    found = [a_price(GROSS, (1, listed)), a_price(PUBLIC, (1, public))]
    line = sure(price(found, quantity, inclusive=True, tax=BOOK, fixed=law(a_cap("20"))))
    assert (line.unit_price, line.discount_percent, line.discount) == (Decimal(unit), 0, 0)
    assert line.total == total


@pytest.mark.spec("C-16")
def test_consumers_have_the_floor_with_tax_and_ladders_do_not_lower_it() -> None:
    found = [a_price(NET, (1, "10"), (5, "2")), a_price(PUBLIC_NET, (1, "10"), (5, "1"))]
    line = sure(price(found, 5, inclusive=True, tax=BOOK, fixed=law(a_cap("10"))))
    assert (line.unit_price, line.unit_gross, line.total) == (Decimal("9.54"), Decimal("9.54"), 4770)
    without = sure(price(found[:1], 5, inclusive=True, tax=BOOK, fixed=law(a_cap("10"))))
    assert without.unit_price == Decimal("9.54")  # of the price for one, not of the fifth


@pytest.mark.spec("C-14", "C-16")
def test_the_proof_and_the_step_of_the_trace() -> None:
    cap, public = a_cap("20"), a_price(PUBLIC, (1, "12.5"))
    prices = [a_price(GROSS, (1, "12.5")), public]
    fixed = law(cap)
    line = sure(price(prices, inclusive=True, tax=BOOK, grid=[a_row("30")], fixed=fixed))
    step = next(step for step in line.trace if step.kind == "LEGAL_CAP")
    assert (step.reference_id, step.before, step.after) == (str(cap.id), Decimal("8.75"), Decimal("10"))
    assert step.description == (
        "Fixed book price in BE-VLG: at most 20 % for PUBLIC_LIBRARY off the publisher's price 12.5 with VAT"
    )
    assert line.trace.index(step) == len(line.trace) - 1
    assert line.legal_cap == (cap, "2026-10-01", Decimal("12.5"), Decimal("10"), PUBLIC.id)
    unchanged = sure(price(prices, inclusive=True, tax=BOOK, grid=[a_row("20")], fixed=fixed))
    assert "LEGAL_CAP" not in [step.kind for step in unchanged.trace]
    assert unchanged.legal_cap == line.legal_cap
    unsure = sure(
        price(prices, inclusive=True, tax=BOOK, fixed=law(cap, published="", assumed=["date unknown"]))
    )
    assert unsure.trace[-1].description.endswith("with VAT; date unknown")
    assert unsure.trace[-1].before == unsure.trace[-1].after == Decimal("12.5")
    assert (
        sure(price(prices[:1], inclusive=True, tax=BOOK, fixed=fixed))
        .trace[-1]
        .description.endswith("off the price 12.5 in list GROSS; no publisher's price is known")
    )


@pytest.mark.spec("C-16")
def test_a_buyer_in_another_member_state_has_the_floor_without_the_tax_that_he_is_not_charged() -> None:
    found = [a_price(NET, (1, "10")), a_price(PUBLIC, (1, "10.6"))]
    line = sure(price(found, tax=Tax(Decimal(0), "K", Decimal(6)), grid=[a_row("50")], fixed=law(a_cap("9"))))
    assert (line.unit_price, line.unit_net, line.total) == (Decimal(10), Decimal("9.1"), 910)


@pytest.mark.spec("C-16")
def test_free_titles_and_unreached_quantities_have_neither_floor_nor_proof() -> None:
    over = law(a_cap("20"), published="2026-05-21")
    assert over.readings == ()
    for fixed in (None, over, law(a_cap("20", 10))):
        line = sure(price([a_price(NET, (1, "10"))], tax=BOOK, grid=[a_row("30")], fixed=fixed))
        assert (line.total, line.legal_cap) == (700, None)


amounts = st.integers(0, 10**6).map(lambda minor: Decimal(minor).scaleb(-4))
days = st.integers(-3, 3).map(lambda offset: DAY + datetime.timedelta(days=offset))
validity = st.tuples(days, st.none() | st.integers(1, 4)).map(
    lambda pair: (pair[0], None if pair[1] is None else pair[0] + datetime.timedelta(days=pair[1]))
)
ladders = st.lists(st.tuples(st.integers(2, 30), amounts), max_size=3, unique_by=lambda step: step[0])


@st.composite
def prices_of(draw: st.DrawFn) -> list[Price]:
    found = []
    for price_list in draw(
        st.lists(st.sampled_from([NET, GROSS, YEN, PUBLIC, PUBLIC_NET, SHOP]), unique=True)
    ):
        begin, end = draw(validity)
        steps = ((1, draw(amounts)), *sorted(draw(ladders)))
        found.append(Price(UUID(int=next(_ids)), price_list.id, begin, end, steps))
    return found


who = st.sampled_from(
    [{}, {"account_id": ACCOUNT}, {"account_id": OTHER}, {"group": "shops"}, {"group": "x"}]
)
what = st.sampled_from(
    [{}, {"variant_id": VARIANT}, {"product_id": PRODUCT}, {"category_id": PARENT}, {"category_id": CHILD},
     {"brand": "linde"}, {"brand": "x"}, {"variant_id": OTHER}]
)  # fmt: skip


@st.composite
def rows_of(draw: st.DrawFn) -> GridRow:
    begin, end = draw(validity)
    percent = Decimal(draw(st.integers(1, 10**6))).scaleb(-4)
    return GridRow(
        UUID(int=next(_ids)), percent, draw(st.integers(1, 30)), begin, end, **draw(who), **draw(what)
    )


@st.composite
def caps_of(draw: st.DrawFn) -> LegalCap:
    return a_cap(
        str(Decimal(draw(st.integers(0, 10**6))).scaleb(-4)),
        draw(st.integers(1, 30)),
        months=draw(st.sampled_from([0, 6, 24])),
        languages=draw(st.sampled_from([frozenset(), frozenset({"nl"}), frozenset({"fr"})])),
        forms=draw(st.sampled_from([(), ("B",), ("BC", "E"), ("E",)])),
    )


def slow_floor(
    caps: Sequence[LegalCap],
    published: str,
    prices: Sequence[Price],
    quantity: int,
    inclusive: bool,
    listed: Fraction,
    rate: Fraction,
) -> Fraction | None:
    """As the specification reads: the lowest unit price of a Dutch paperback; None without a rule."""
    latest = {"": DAY, "2024": datetime.date(2024, 12, 31), "2026-05": datetime.date(2026, 5, 31)}
    start = latest.get(published) or datetime.date.fromisoformat(published)
    allowed = []
    for cap in caps:
        month = start.year * 12 + start.month - 1 + cap.months
        over = (DAY.year * 12 + DAY.month - 1, DAY.day) >= (month, start.day)
        if published and cap.months and over:
            continue
        spoken = not cap.languages or "nl" in cap.languages
        formed = not cap.forms or any("BC"[: len(form)] == form for form in cap.forms)
        if spoken and formed and cap.min_quantity <= quantity:
            allowed.append(Fraction(cap.max_discount_percent))
    if not allowed:
        return None
    part = 1 - max(allowed) / 100
    public = [
        Fraction(found.ladder[0][1]) * (1 if found.list_id == PUBLIC.id else 1 + rate)
        for found in prices
        if found.list_id in (PUBLIC.id, PUBLIC_NET.id)
        and found.valid_from <= DAY
        and (found.valid_to or datetime.date.max) > DAY
    ]
    exact = (max(public) / (1 if inclusive else 1 + rate) if public else listed) * part
    return Fraction(-(-exact.numerator * 10**4 // exact.denominator), 10**4)


def slow_price(
    prices: Sequence[Price],
    lists: Sequence[PriceList],
    grid: Sequence[GridRow],
    quantity: int,
    inclusive: bool,
    tax: Tax,
    caps: Sequence[LegalCap],
    published: str,
) -> tuple[str, Decimal, Decimal, int, Fraction | None] | None:
    """As the specification reads, with fractions: (currency, unit price, percentage, total in minor units, floor)."""
    candidates = [
        (lists.index(price_list), price, price_list)
        for price in prices
        for price_list in lists
        if price.list_id == price_list.id
        and price.valid_from <= DAY
        and (price.valid_to or datetime.date.max) > DAY
    ]
    if not candidates:
        return None
    _, chosen, price_list = min(candidates, key=lambda found: found[0])
    reached = max(step for step in chosen.ladder if step[0] <= quantity)[1]
    unit = slow_based(reached, price_list, inclusive, tax)
    listed = slow_listed(prices, lists, price_list.currency, inclusive, tax)
    assert listed is not None
    best = []
    for row in grid:
        customer = ["", "shops", ACCOUNT].index(row.account_id or row.group or "") if (
            row.account_id or row.group or "") in ("", "shops", ACCOUNT) else None  # fmt: skip
        order = [None, "linde", PARENT, CHILD, PRODUCT, VARIANT]
        product = row.variant_id or row.product_id or row.category_id or row.brand
        valid = (
            row.valid_from <= DAY
            and (row.valid_to or datetime.date.max) > DAY
            and row.min_quantity <= quantity
        )
        if customer is not None and product in order and valid:
            best.append((customer, order.index(product), row.percent))
    percent = max(best)[2] if best else Decimal(0)
    left = unit * (1 - Fraction(percent) / 100)
    public = [found for found in prices if price_list.currency == "EUR"]
    floor = slow_floor(caps, published, public, quantity, inclusive, listed, Fraction(6, 100))
    if floor is not None and left < floor:
        left, unit = floor, max(unit, floor)
        percent = Decimal(int((unit - floor) / unit * 10**6)).scaleb(-4)
    places = {"EUR": 2, "JPY": 0}[price_list.currency]
    total = int(rounded(left * quantity, places).scaleb(places))
    if floor is not None and total < floor * quantity * 10**places:
        total = math.ceil(floor * quantity * 10**places)
        if rounded(unit * quantity, places).scaleb(places) < total:
            unit, percent = slow_lowest(floor, quantity, places), Decimal(0)
            total = int(rounded(unit * quantity, places).scaleb(places))
    return price_list.currency, rounded(unit, 4), percent, total, floor


def slow_based(amount: Decimal, price_list: PriceList, inclusive: bool, tax: Tax) -> Fraction:
    factor = Fraction(1)
    if price_list.tax_inclusive and not inclusive:
        factor = 1 / (1 + Fraction(tax.home_rate) / 100)
    if inclusive and not price_list.tax_inclusive:
        factor = 1 + Fraction(tax.rate) / 100
    return Fraction(rounded(Fraction(amount) * factor, 4))


def slow_listed(
    prices: Sequence[Price],
    lists: Sequence[PriceList],
    currency: str,
    inclusive: bool,
    tax: Tax,
) -> Fraction | None:
    """The highest price for one in the lists of the buyer and the default list."""
    return max(
        (
            slow_based(min(price.ladder)[1], price_list, inclusive, tax)
            for price in prices
            for price_list in (*lists, SHOP)
            if price.list_id == price_list.id
            and price_list.currency == currency
            and price.valid_from <= DAY
            and (price.valid_to or datetime.date.max) > DAY
        ),
        default=None,
    )


def slow_lowest(floor: Fraction, quantity: int, places: int) -> Fraction:
    """The lowest unit price that comes to the floor when the total is rounded."""
    enough = (Fraction(math.ceil(floor * quantity * 10**places)) - Fraction(1, 2)) / 10**places / quantity
    return max(floor, Fraction(math.ceil(enough * 10**4), 10**4))


def rounded(value: Fraction, places: int) -> Decimal:
    scaled = value * 10**places
    whole = scaled.numerator // scaled.denominator
    if scaled - whole >= Fraction(1, 2):
        whole += 1
    return Decimal(whole).scaleb(-places)


dates = st.sampled_from(
    [
        "",
        "2024",
        "2026-05",
        "2026-05-21",
        "2026-05-22",
        "2024-11-21",
        "2024-11-22",
        "2025-12-31",
        "2027-01-01",
    ]
)


@pytest.mark.spec("C-10", "C-11", "C-12", "C-13", "C-16", "C-17")
@settings(max_examples=400, deadline=None)
@given(
    prices_of(),
    st.permutations([NET, GROSS, YEN]),
    st.lists(rows_of(), max_size=6),
    st.integers(1, 40),
    st.booleans(),
    st.sampled_from([STANDARD, Tax(Decimal("5.5"), "S", Decimal(6)), Tax(Decimal(0), "K", Decimal(21))]),
    st.lists(caps_of(), max_size=4),
    dates,
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
) -> None:
    fixed = law(*caps, published=published)
    line = price(prices, quantity, lists=lists, grid=grid, inclusive=inclusive, tax=tax, fixed=fixed)
    expected = slow_price(prices, lists, grid, quantity, inclusive, tax, caps, published)
    if line is None:
        assert expected is None
        return
    floor = None if line.legal_cap is None else Fraction(line.legal_cap.floor)
    assert (line.currency, line.unit_price, line.discount_percent, line.total, floor) == expected
    if floor is not None:
        basis = Fraction(line.unit_gross if inclusive else line.unit_net)
        assert basis >= floor
        assert line.unit_price >= line.legal_cap.floor  # type: ignore[union-attr]
    places = {"EUR": 2, "JPY": 0}[line.currency]
    if floor is not None:
        assert Fraction(line.total, 10**places) >= floor * quantity
        assert line.discount >= 0
    again = line.unit_price * quantity - Decimal(line.discount).scaleb(-places)
    assert again.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP).scaleb(places) == line.total
