"""Order sheets: making one, changing its main fields and lines. Pure; prices come as quotes."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from chassis.errors import InvalidFields, Violations
from chassis.ids import new_id
from orders.domain.errors import OrderLineNotFound
from orders.domain.model import (
    MAX_LINES,
    VENDOR_SIDE,
    Address,
    Header,
    Line,
    Order,
    PaymentMethod,
    PricingCustomer,
    Quote,
)
from orders.domain.parties import Parties, Party
from orders.domain.states import State
from orders.domain.totals import Totals
from orders.ports import OrderingContext, QuotedLine
from orders.shipping.domain import ShippingMethod

# What keeps a line out of a sheet. A shortage does not: it is shown, and stands against placing.
KEEPS_OUT = frozenset(("VARIANT_NOT_FOUND", "VARIANT_DISCONTINUED", "NO_PRICE", "QUANTITY_NOT_ALLOWED"))


@dataclass(frozen=True, slots=True)
class LineFields:
    """A line as a client gives it; either variant_id or sku."""

    quantity: int
    variant_id: UUID | None = None
    sku: str = ""
    line_reference: str = ""
    cost_centre: str = ""
    requested_delivery_date: datetime.date | None = None
    note: str = ""
    budget_code: str = ""


@dataclass(frozen=True, slots=True)
class HeaderChange:
    """New values by field of Header; a mapping changes only these parts of an address or the contact."""

    values: Mapping[str, Any] = field(default_factory=dict)

    def applied_to(self, header: Header) -> Header:
        given = {
            name: replace(getattr(header, name), **value) if isinstance(value, dict) else value
            for name, value in self.values.items()
        }
        return replace(header, **given)


def check_payment_choice(method: PaymentMethod | None, actor_kind: str) -> None:
    """Representatives and staff must never see payment data, so online payment is not theirs to choose.

    Raises InvalidFields with PAYMENT_NOT_ALLOWED.
    """
    if method is PaymentMethod.ELECTRONIC and actor_kind in VENDOR_SIDE:
        found = Violations()
        found.add("payment_method", "only the customer can use online payment", "PAYMENT_NOT_ALLOWED")
        found.raise_if_any()


def destination(delivery: Address, method: ShippingMethod | None) -> Address:
    """Where the goods change hands: what is collected goes nowhere, whatever delivery address was typed."""
    if method is None or not method.pick_up:
        return delivery
    place = method.pick_up_region_code, method.pick_up_postal_code
    return replace(delivery, region_code=place[0], postal_code=place[1])


def pricing_customer(context: OrderingContext, delivery: Address) -> PricingCustomer:
    """Tax and the law on prices follow the destination of the goods."""
    return PricingCustomer(
        account_id=context.account_id,
        groups=tuple(sorted(context.groups)),
        region_code=delivery.region_code or context.region_code,
        postal_code=delivery.postal_code,
        buyer_class=context.buyer_class,
        business=context.business,
        vat_number=context.vat_number,
    )


def payer_of(context: OrderingContext, method: PaymentMethod | None) -> Party:
    """Who is billed: the residence of a client that is billed monthly through it, else the customer."""
    if method is PaymentMethod.MONTHLY_RESIDENCE and context.residence is not None:
        return context.residence
    return Party("ACCOUNT", str(context.account_id), context.display_name)


def parties_of(context: OrderingContext, channel: str, method: PaymentMethod | None) -> Parties:
    return Parties(
        actor=context.actor,
        customer=Party("ACCOUNT", str(context.account_id), context.display_name),
        payer=payer_of(context, method),
        channel=channel,
        rep_code=context.rep_code,
        assistance=context.assistance,
        community_name=context.community_name,
    )


def _usual_payment(context: OrderingContext) -> PaymentMethod | None:
    """In an assisted session the one method that was agreed, if it is one."""
    if context.assistance is not None:
        return PaymentMethod(context.payment_methods[0]) if len(context.payment_methods) == 1 else None
    return PaymentMethod.PAY_LATER if context.pay_later_allowed else None


def first_header(context: OrderingContext) -> Header:
    """Main fields fill themselves from the account."""
    method = _usual_payment(context)
    return Header(
        language=context.language,
        billing=context.billing,
        delivery=context.delivery if context.delivery.region_code else context.billing,
        contact=context.contact,
        payment_method=method,
        payment_actor=context.actor.kind if method is not None else None,
    )


def change_header(header: Header, change: HeaderChange, actor_kind: str) -> Header:
    """Raises InvalidFields when the actor may not choose the payment method."""
    changed = change.applied_to(header)
    if "payment_method" in change.values:
        check_payment_choice(changed.payment_method, actor_kind)
        changed.payment_actor = actor_kind if changed.payment_method is not None else None
    return changed


def new_sheet(
    order_id: UUID,
    context: OrderingContext,
    header: Header,
    *,
    owner: tuple[str, str],
    channel: str,
    cart: bool,
    currency: str,
    now: datetime.datetime,
    method: ShippingMethod | None = None,
) -> Order:
    """An empty sheet; `currency` holds until the first line brings its own. `method`: the one in the header."""
    return Order(
        id=order_id,
        version=1,
        state=State.DRAFT,
        cart=cart,
        account_id=context.account_id,
        owner_kind=owner[0],
        owner_id=owner[1],
        parties=parties_of(context, channel, header.payment_method),
        header=header,
        pricing=pricing_customer(context, destination(header.delivery, method)),
        currency=currency,
        tax_inclusive=not context.business,
        lines=[],
        totals=Totals(),
        next_position=1,
        create_time=now,
        update_time=now,
    )


def accepted(quoted: Sequence[QuotedLine], fields: Sequence[str]) -> list[Quote]:
    """The quotes of all lines. Raises InvalidFields that names each refused line by its field."""
    found = Violations()
    quotes: list[Quote] = []
    for line, name in zip(quoted, fields, strict=True):
        if line.refusal is not None and (line.quote is None or line.refusal.reason in KEEPS_OUT):
            found.add(name, line.refusal.description, line.refusal.reason)
        elif line.quote is None:
            found.add(name, "has no price", "NO_PRICE")
        else:
            quotes.append(line.quote)
    found.raise_if_any()
    return quotes


def add_lines(order: Order, given: Sequence[LineFields], quotes: Sequence[Quote]) -> list[Line]:
    """The new lines, each with its own id and the next position. Raises InvalidFields beyond 2 000 lines."""
    if len(order.lines) + len(given) > MAX_LINES:
        found = Violations()
        found.add("lines", f"an order has at most {MAX_LINES} lines", "TOO_MANY")
        raise InvalidFields(found)
    added = [
        Line(
            id=new_id(),
            position=order.next_position + index,
            quantity=fields.quantity,
            quote=quote,
            line_reference=fields.line_reference,
            cost_centre=fields.cost_centre,
            requested_delivery_date=fields.requested_delivery_date,
            note=fields.note,
            budget_code=fields.budget_code,
        )
        for index, (fields, quote) in enumerate(zip(given, quotes, strict=True))
    ]
    order.lines += added
    order.next_position += len(added)
    return added


def line_of(order: Order, line_id: UUID) -> Line:
    """Raises OrderLineNotFound."""
    for line in order.lines:
        if line.id == line_id:
            return line
    raise OrderLineNotFound(line_id)


def settle_basis(order: Order) -> None:
    """One currency and one price basis (net or gross) for the whole order: those of its first line.

    Raises InvalidFields naming each line that differs.
    """
    if not order.lines:
        return
    first = order.lines[0].quote
    found = Violations()
    for index, line in enumerate(order.lines):
        if line.quote.currency != first.currency:
            text = f"is priced in {line.quote.currency}, the order in {first.currency}"
            found.add(f"lines[{index}]", text, "CURRENCY_MISMATCH")
        elif line.quote.tax_inclusive != first.tax_inclusive:
            found.add(f"lines[{index}]", "is priced on another tax basis", "PRICE_BASIS_MISMATCH")
    found.raise_if_any()
    order.currency, order.tax_inclusive = first.currency, first.tax_inclusive
