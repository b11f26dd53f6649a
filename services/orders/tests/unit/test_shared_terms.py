"""Negotiating line by line: what binds whom, what each side sees, and what a stale view may do."""

import datetime
from decimal import Decimal

import pytest

from chassis.errors import InvalidFields
from orders.shared.domain.errors import FieldChanged, OfferExpired, TermsMoved
from orders.shared.domain.items import Colour
from orders.shared.domain.sheet import Sheet
from orders.shared.domain.terms import Side
from services.orders.tests.unit.negotiation import (
    BUYER,
    COLLEAGUE,
    REP,
    VENDOR,
    a_table,
    an_agreed_table,
)


def colours(sheet: Sheet) -> tuple[Colour, Colour]:
    return sheet.colour(Side.VENDOR), sheet.colour(Side.CUSTOMER)


@pytest.mark.spec("N-04", "N-05", "N-07")
def test_from_grey_to_green() -> None:
    table = a_table()
    assert colours(table.sheet) == (Colour.GREY, Colour.GREY)
    table.send(VENDOR, message="as discussed")
    assert colours(table.sheet) == (Colour.YELLOW, Colour.RED)
    assert table.sheet.waiting_for is Side.CUSTOMER
    table.refresh()
    line = table.line()
    table.accept(BUYER, line.key)
    assert table.sheet.item_colour(table.line(), Side.CUSTOMER) is Colour.GREEN
    assert not table.sheet.agreed
    table.refresh()
    table.accept(BUYER)
    assert colours(table.sheet) == (Colour.GREEN, Colour.GREEN)
    assert table.sheet.agreed
    assert [change.kind for change in table.log if change.item == line.key] == [
        "line_added",
        "accepted",
        "agreed",
    ]


@pytest.mark.spec("N-03", "N-07")
def test_a_counter_is_for_the_other_side_to_accept() -> None:
    table = an_agreed_table(("A", 5))
    table.change(BUYER, table.line(), price=Decimal("8"))
    assert colours(table.sheet) == (Colour.RED, Colour.YELLOW)
    table.refresh()
    (countered,) = table.change(VENDOR, table.line(), price=Decimal("9"))
    assert (countered.kind, countered.before, countered.after) == (
        "countered",
        "8 EUR negotiated",
        "9 EUR negotiated",
    )
    assert colours(table.sheet) == (Colour.YELLOW, Colour.RED)
    table.refresh()
    table.accept(BUYER, table.line().key)
    assert table.sheet.agreed
    assert table.line().base.quote.total == 4500


@pytest.mark.spec("N-07")
def test_naming_a_date_is_no_acceptance_of_a_price() -> None:
    table = an_agreed_table(("A", 5))
    table.change(VENDOR, table.line(), price=Decimal("12"))
    table.refresh()
    table.change(BUYER, table.line(), delivery_date=datetime.date(2026, 12, 1))
    table.refresh()
    table.accept(VENDOR)
    line = table.line()
    assert not line.settled
    assert table.sheet.field_colour(line, "unit_price", Side.CUSTOMER) is Colour.RED
    assert table.sheet.field_colour(line, "delivery_date", Side.CUSTOMER) is Colour.YELLOW
    table.refresh()
    table.accept(BUYER)
    assert table.sheet.agreed


@pytest.mark.spec("N-07", "N-12")
def test_nobody_is_bound_by_a_change_of_one_who_had_not_seen_the_rest() -> None:
    table = an_agreed_table(("A", 5))
    table.change(COLLEAGUE, table.line(), quantity=6)
    table.change(BUYER, table.line(), delivery_date=datetime.date(2026, 12, 1))  # has not seen the six
    table.look(VENDOR)
    table.accept(VENDOR)
    assert not table.line().settled
    table.look(BUYER)
    table.accept(BUYER)
    assert table.line().settled


@pytest.mark.spec("N-07", "N-12")
def test_crossing_changes_of_both_sides_bind_neither() -> None:
    table = an_agreed_table(("A", 5))
    table.change(BUYER, table.line(), quantity=8)
    table.change(VENDOR, table.line(), delivery_date=datetime.date(2026, 12, 1))
    assert not any(table.line().consented(side) for side in Side)
    table.refresh()
    table.change(BUYER, table.line(), quantity=9)  # seen now, and yet no acceptance of the date
    assert not any(table.line().consented(side) for side in Side)


@pytest.mark.spec("N-07")
def test_accepting_what_moved_tells_the_difference_and_accepts_nothing() -> None:
    table = a_table()
    table.send(VENDOR)
    table.look(BUYER)
    table.change(VENDOR, table.line(), quantity=7)
    with pytest.raises(TermsMoved) as refused:
        table.accept(BUYER)
    told = {violation.field: violation.description for violation in refused.value.violations}
    assert told == {f"{table.line().key}.quantity": "is now 7"}
    assert table.line().consents.keys() == {Side.VENDOR}
    other = table.line(1)
    table.accept(BUYER, other.key)  # the line that did not move
    assert table.line(1).settled


@pytest.mark.spec("N-12")
def test_of_the_same_field_the_later_one_is_told_and_nothing_of_it_is_done() -> None:
    table = an_agreed_table()
    first, second = table.line(), table.line(1)
    table.change(VENDOR, first, quantity=7)
    table.change(BUYER, first, delivery_date=datetime.date(2026, 12, 1))
    with pytest.raises(FieldChanged) as refused:
        table.change(COLLEAGUE, first, quantity=8, delivery_date=datetime.date(2026, 12, 2))
    told = {violation.field: violation.description for violation in refused.value.violations}
    assert told == {"lines[0].quantity": "is now 7", "lines[0].delivery_date": "is now 2026-12-01"}
    table.change(COLLEAGUE, second, quantity=8)
    table.change(VENDOR, first, quantity=9)  # who follows up on what is theirs needs no new look
    assert table.line().current.quantity == 9


@pytest.mark.spec("N-03", "N-13")
def test_declining_goes_back_to_what_was_agreed_and_a_new_line_goes() -> None:
    table = an_agreed_table()
    table.change(VENDOR, table.line(), quantity=20)  # at another price of the lists
    added = table.add(VENDOR, "C", 3)
    table.refresh()
    done = table.decline(BUYER, reason="too many")
    assert [(change.kind, change.field, change.text) for change in done] == [
        ("declined", "quantity", "too many"),
        ("declined", "unit_price", "too many"),
        ("declined", "", "too many"),
    ]
    assert added not in table.sheet.lines
    assert table.sheet.agreed
    assert table.line().current.quote.total == 5000


@pytest.mark.spec("N-13")
def test_withdrawing_takes_back_the_own_offers_alone() -> None:
    table = an_agreed_table(("A", 5))
    table.change(VENDOR, table.line(), price=Decimal("12"))
    table.refresh()
    table.change(BUYER, table.line(), quantity=6)
    table.refresh()
    table.withdraw(BUYER)
    assert table.line().offers_of(Side.VENDOR) == ["unit_price"]
    table.refresh()
    table.withdraw(REP)
    assert table.sheet.agreed
    (proposed, withdrawn) = (
        table.change(VENDOR, table.line(), quantity=7),
        table.change(VENDOR, table.line(), quantity=5),
    )
    assert (proposed[0].kind, withdrawn[0].kind) == ("proposed", "withdrawn")


@pytest.mark.spec("N-13")
def test_an_offer_that_ended_is_not_accepted_and_only_its_side_prolongs_it() -> None:
    table = a_table()
    last = datetime.date(2026, 11, 30)
    table.send(VENDOR, expire=last)
    table.refresh()
    with pytest.raises(OfferExpired):
        table.accept(BUYER, today=last + datetime.timedelta(days=1))
    with pytest.raises(InvalidFields):
        table.send(BUYER, expire=datetime.date(2026, 12, 31))
    table.send(VENDOR, expire=datetime.date(2026, 12, 31))
    table.refresh()
    table.accept(BUYER, today=last + datetime.timedelta(days=1))
    assert table.sheet.agreed


@pytest.mark.spec("N-09")
def test_after_green_a_change_reopens_its_line_alone() -> None:
    table = an_agreed_table()
    table.change(BUYER, table.line(), quantity=6)
    assert [item.settled for item in table.sheet.items()] == [True, False, True]
    assert not table.sheet.agreed
    table.refresh()
    table.accept(VENDOR, table.line().key)
    assert table.sheet.agreed


@pytest.mark.spec("N-03", "N-07")
def test_a_line_that_both_want_removed_goes() -> None:
    table = an_agreed_table()
    line = table.line()
    table.change(VENDOR, line, removed=True)
    table.refresh()
    table.accept(BUYER, line.key)
    assert [item.key for item in table.sheet.lines.values()] != [line.key]
    assert len(table.sheet.lines) == 1
    assert table.sheet.agreed
