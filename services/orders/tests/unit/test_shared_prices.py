"""Prices on a sheet: negotiated ones, those of the lists, substitutes and taxes."""

from decimal import Decimal

import pytest

from chassis.errors import InvalidFields
from orders.shared.domain import answering
from orders.shared.domain.errors import FieldChanged
from orders.shared.domain.items import HEADER, Colour
from orders.shared.domain.proposing import HeaderWish
from orders.shared.domain.sheet import Sheet
from orders.shared.domain.terms import Mark, Side
from services.orders.tests.unit.negotiation import (
    BUYER,
    FRANCE,
    VENDOR,
    PriceNeed,
    a_table,
    an_agreed_table,
    quote,
)


def colours(sheet: Sheet) -> tuple[Colour, Colour]:
    return sheet.colour(Side.VENDOR), sheet.colour(Side.CUSTOMER)


@pytest.mark.spec("N-08")
def test_a_negotiated_price_stays_whatever_the_quantity_and_the_lists_say() -> None:
    table = an_agreed_table(("A", 5))
    table.change(VENDOR, table.line(), price=Decimal("7.5"))
    table.refresh()
    table.accept(BUYER)
    table.refresh()
    table.change(BUYER, table.line(), quantity=20)
    assert table.line().current.price.unit_price == Decimal("7.5")
    table.refresh()
    table.change(BUYER, table.line(), list_price=True)
    assert table.line().current.price.unit_price == Decimal("9")


@pytest.mark.spec("N-08")
def test_a_price_of_the_lists_that_moved_comes_back_as_a_proposal_of_the_vendor() -> None:
    table = an_agreed_table(("A", 5))
    line = table.line()
    dearer = quote(PriceNeed("A", 5, Decimal("11"), "BE 1000"))
    table.look(VENDOR)
    (moved,) = table.run(VENDOR, lambda s, c, p: answering.move_prices(s, c, {next(iter(s.lines)): dearer}))
    assert (moved.kind, moved.before, moved.after) == ("price_moved", "10 EUR list", "11 EUR list")
    assert table.line().base == line.base, "what was agreed stays until the customer accepts"
    assert colours(table.sheet) == (Colour.YELLOW, Colour.RED)
    table.refresh()
    table.accept(BUYER)
    assert table.sheet.agreed


@pytest.mark.spec("N-03")
def test_marks_are_the_vendors_and_a_substitute_is_named() -> None:
    table = an_agreed_table(("A", 5))
    with pytest.raises(InvalidFields) as refused:
        table.change(BUYER, table.line(), mark=Mark.SHORT)
    assert refused.value.violations[0].reason == "NOT_ALLOWED"
    with pytest.raises(InvalidFields) as refused:
        table.change(VENDOR, table.line(), mark=Mark.SUBSTITUTED)
    assert refused.value.violations[0].field == "lines[0].variant_id"
    done = table.change(VENDOR, table.line(), mark=Mark.SUBSTITUTED, article="B")
    assert [(change.field, change.before, change.after) for change in done] == [
        ("variant", "A", "B"),
        ("unit_price", "10 EUR list", "19.95 EUR list"),
        ("mark", "NONE", "SUBSTITUTED"),
    ]


@pytest.mark.spec("N-03")
def test_another_country_is_taxed_anew_and_everything_touched_needs_agreement() -> None:
    table = an_agreed_table(("A", 5))
    done = table.propose(BUYER, header=HeaderWish({"delivery_address": FRANCE}))
    assert [(change.item == HEADER, change.kind, change.field) for change in done] == [
        (True, "proposed", "delivery_address"),
        (False, "price_moved", "unit_price"),
    ]
    assert "tax 20 %" in done[1].after
    table.refresh()
    table.decline(VENDOR, HEADER)
    assert table.sheet.agreed


@pytest.mark.spec("N-07", "N-08")
@pytest.mark.parametrize("looked", [True, False])
def test_another_destination_accepts_no_price_that_the_other_side_proposed(looked: bool) -> None:
    """Its tax follows; whose offer it is does not."""
    table = an_agreed_table(("A", 5))
    table.change(VENDOR, table.line(), price=Decimal("9.5"))
    if looked:
        table.look(BUYER)
    table.propose(BUYER, header=HeaderWish({"delivery_address": FRANCE}))
    assert (table.line().offering("unit_price"), table.line().current.price.tax_rate) == (Side.VENDOR, 20)
    table.refresh()
    table.accept(VENDOR, table.line().key)
    assert not table.line().settled
    table.refresh()
    table.decline(BUYER, table.line().key)
    assert table.line().current.price.unit_price == Decimal("10")


@pytest.mark.spec("N-08")
def test_another_destination_does_not_make_the_other_sides_price_the_offer() -> None:
    table = a_table(("A", 5), by=BUYER)
    table.send(BUYER)
    table.refresh()
    table.change(VENDOR, table.line(), price=Decimal("9.5"))
    table.refresh()
    table.propose(BUYER, header=HeaderWish({"delivery_address": FRANCE}))
    table.refresh()
    table.decline(BUYER, table.line().key)
    price = table.line().current.price
    assert (price.unit_price, price.negotiated, price.tax_rate) == (Decimal("10"), False, 20)


@pytest.mark.spec("N-07", "N-12")
def test_changing_it_twice_is_not_seeing_what_came_between() -> None:
    """The first change prices the line for a destination that its maker had not seen; the second binds nobody to it."""
    table = an_agreed_table(("A", 5))
    table.propose(BUYER, header=HeaderWish({"delivery_address": FRANCE}))
    table.change(VENDOR, table.line(), quantity=10)
    table.change(VENDOR, table.line(), quantity=12)
    assert (table.line().current.price.tax_rate, table.line().consented(Side.VENDOR)) == (20, False)
    with pytest.raises(FieldChanged) as told:
        table.change(VENDOR, table.line(), price=Decimal("9.5"))
    assert [each.field for each in told.value.violations] == ["lines[0].unit_price"]
    table.refresh()
    table.accept(BUYER, table.line().key)
    assert not table.line().settled
    table.accept(VENDOR, table.line().key)
    assert table.line().settled
