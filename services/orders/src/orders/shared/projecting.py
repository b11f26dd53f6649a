"""The order that a sheet would be placed as: its lines and main fields at the current terms, and what they cost."""

from __future__ import annotations

from dataclasses import replace

from orders.domain.model import Header, Line, Order
from orders.domain.states import State
from orders.domain.totals import goods_by_rate
from orders.infrastructure import Infrastructure
from orders.shared.domain.items import HeaderItem, LineItem
from orders.shared.domain.sheet import Sheet
from orders.shared.domain.terms import HeaderTerms, PaymentChoice
from orders.sheets.editing import retotal

LINE_REFERENCES = ("line_reference", "cost_centre", "note", "budget_code")
HEADER_REFERENCES = ("contact", "order_reference", "cost_centre", "note")


def line_of(item: LineItem, placed: Line | None = None) -> Line:
    """`placed`: as the order was placed with it, or asked approval for. Its quote stays where the terms are those:
    its trace and availability are those of then, the sheet's those of when it was agreed."""
    terms = item.current
    return Line(
        id=item.id,
        position=item.position,
        quantity=terms.quantity,
        quote=terms.quote if placed is None or not _same(item, placed) else placed.quote,
        requested_delivery_date=terms.delivery_date,
        negotiated=terms.asked is not None,
        **{name: item.references.get(name, "") for name in LINE_REFERENCES},
    )


def _same(item: LineItem, placed: Line) -> bool:
    terms, quote = item.current, placed.quote
    asked = placed.quantity == terms.quantity and quote.variant_id == terms.quote.variant_id
    return asked and quote.same_price(terms.quote)


def lines_of(order: Order, sheet: Sheet) -> list[Line]:
    """A line that is to go is none of them."""
    settled = order.place_time is not None or order.state is State.PENDING_APPROVAL
    placed = {line.id: line for line in order.lines} if settled else {}
    return [line_of(item, placed.get(item.id)) for item in sheet.lines.values() if not item.current.removed]


def header_of(item: HeaderItem, header: Header) -> Header:
    terms, choice = item.current, item.current.payment_method
    return replace(
        header,
        delivery=terms.delivery_address,
        billing=terms.billing_address,
        shipping_method=terms.shipping_method,
        payment_method=choice.method,
        payment_actor=choice.actor_kind if choice.method is not None else None,
        **item.references,
    )


def terms_of(header: Header) -> HeaderTerms:
    choice = PaymentChoice(header.payment_method, header.payment_actor)
    return HeaderTerms(header.delivery, header.billing, header.shipping_method, choice)


def project(infra: Infrastructure, order: Order, sheet: Sheet) -> Order:
    """Its shipping method has to be known to `infra.methods`.

    Raises InvalidFields when the lines do not fit together or amount to too much.
    """
    projected = replace(
        order,
        header=header_of(sheet.header, order.header),
        lines=lines_of(order, sheet),
        next_position=sheet.next_position,
    )
    retotal(infra, projected)
    if keeps_shipping(order, projected):
        goods, discount = projected.totals.goods, projected.totals.discount
        projected.totals = replace(order.totals, goods=goods, discount=discount)
    return projected


def keeps_shipping(order: Order, wanted: Order) -> bool:
    """Nothing that its price depends on differs from the placed order: it costs what it was placed with, whatever the
    method costs by now, and whether or not it is offered still."""
    return order.place_time is not None and _shipped(order) == _shipped(wanted)


def _shipped(order: Order) -> tuple[object, ...]:
    """What is shipped where, as far as its price goes."""
    delivery = order.header.delivery
    weight = sum(line.weight_grams * line.quantity for line in order.lines)
    place = order.header.shipping_method, delivery.region_code, delivery.postal_code
    return *place, weight, order.currency, order.tax_inclusive, goods_by_rate(order.lines)


def sheet_hash(order: Order, sheet: Sheet) -> str:
    """Of the sheet with what it costs; `order` is projected."""
    return sheet.hash(totals_text(order))


def totals_text(order: Order) -> str:
    totals = order.totals
    return f"{totals.total} {totals.tax} {totals.shipping} {order.currency}"
