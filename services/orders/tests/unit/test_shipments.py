"""What may leave of an order, and what canned texts are filled with; no I/O."""

from __future__ import annotations

import datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import InvalidFields
from chassis.ids import new_id
from orders.canned import domain as canned
from orders.domain import states
from orders.domain.model import Line, Quote
from orders.domain.states import FulfilmentState, IllegalMove, State, Verb
from orders.shipments import domain
from orders.shipments.domain import Leaving, Shipment, ShippedLine, TooManyShipments, Waiting, Wanted


def a_line(quantity: int, weight: int = 100) -> Line:
    quote = Quote(
        new_id(), new_id(), "SKU", "Thing", "EUR", False, Decimal(1), 1, Decimal(21), "S", weight, b"", b""
    )
    return Line(new_id(), 1, quantity, quote)


quantities = st.lists(st.integers(1, 50), min_size=1, max_size=6)


@pytest.mark.spec("O-32")
@given(quantities, st.data())
def test_whatever_is_asked_for_never_more_leaves_than_was_ordered(
    ordered: list[int], data: st.DataObject
) -> None:
    lines = [a_line(quantity) for quantity in ordered]
    shipped: dict[UUID, int] = {}
    waiting = {line.id: Waiting(data.draw(st.integers(0, 60))) for line in lines}
    for _ in range(8):
        known = domain.open_lines(lines, shipped, waiting)
        assert all(each.ready + each.backorder == each.open >= 0 for each in known)
        wanted = data.draw(
            st.lists(
                st.builds(
                    Wanted, st.sampled_from([*(line.id for line in lines), new_id()]), st.integers(1, 60)
                ),
                max_size=3,
            )
        )
        try:
            leaving = domain.choose(known, wanted)
        except InvalidFields:
            continue
        complete = domain.is_complete(known, leaving)
        for each in leaving:
            shipped[each.line.id] = shipped.get(each.line.id, 0) + each.quantity
        assert all(shipped.get(line.id, 0) <= line.quantity for line in lines)
        assert complete == all(shipped.get(line.id, 0) == line.quantity for line in lines)
    rest = domain.everything(domain.open_lines(lines, shipped, waiting))
    assert all(shipped.get(each.line.id, 0) + each.quantity == each.line.quantity for each in rest)


@pytest.mark.spec("O-32")
def test_a_shipment_weighs_what_its_lines_weigh() -> None:
    assert domain.weight_of([Leaving(a_line(9, 250), 3), Leaving(a_line(1, 10), 1)]) == 760


@pytest.mark.spec("O-32")
def test_an_order_has_so_many_shipments_that_they_fit_in_an_answer() -> None:
    now = datetime.datetime.now(datetime.UTC)
    lines = tuple(ShippedLine(new_id(), 1) for _ in range(100))
    one = Shipment(new_id(), new_id(), 1, 1, domain.Consignment(), lines, now)
    leaving = [Leaving(a_line(1), 1)]
    domain.check_room([one] * 99, leaving)
    for shipments in ([one] * 100, [one] * 99):
        with pytest.raises(TooManyShipments):
            domain.check_room(shipments, leaving * 101)


@pytest.mark.spec("O-31")
def test_only_what_is_open_ships_and_only_what_shipped_arrives() -> None:
    partly, wholly = FulfilmentState.PARTLY_SHIPPED, FulfilmentState.SHIPPED
    assert states.allowed_verbs(State.SHIPPED, partly) == (Verb.SHIP,)
    assert states.allowed_verbs(State.SHIPPED, wholly) == (Verb.DELIVER,)
    assert states.move(State.SHIPPED, Verb.SHIP, partly) is State.SHIPPED
    assert states.move(State.SHIPPED, Verb.DELIVER, wholly) is State.DELIVERED
    for verb, fulfilment in ((Verb.DELIVER, partly), (Verb.SHIP, wholly), (Verb.CANCEL, partly)):
        with pytest.raises(IllegalMove):
            states.move(State.SHIPPED, verb, fulfilment)


@pytest.mark.spec("O-41")
@given(st.text(), st.text())
def test_what_is_put_in_is_never_read_as_a_placeholder(before: str, name: str) -> None:
    values = dict.fromkeys(canned.PLACEHOLDERS, name)
    plain = before.replace("{", "(").replace("}", ")")
    assert canned.fill(plain + "{customer_name}|{total}", values) == f"{plain}{name}|{name}"
    assert list(canned.unknown_placeholders(plain)) == []


@pytest.mark.spec("O-41")
@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("{order_number} {total}", []),
        ("{Order_Number} { total} {}", ["Order_Number", " total", ""]),
        ("{{total}}", []),
        ("{total.__class__} {0} {total!r} {total:>9}", ["total.__class__", "0", "total!r", "total:>9"]),
        ("} {", []),
    ],
)
def test_only_known_names_in_braces_are_placeholders(text: str, unknown: list[str]) -> None:
    assert list(canned.unknown_placeholders(text)) == unknown
