"""Orders as messages, and the parts of requests that several RPCs share."""

from __future__ import annotations

import datetime
from functools import cache, lru_cache

from commis.common.v1 import common_pb2
from commis.orders.v1 import orders_pb2
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2, decimal_pb2, money_pb2

from chassis import etag, money
from chassis.money import Money
from orders.attribution import assistance, channel, party_kind
from orders.domain import postal, states
from orders.domain.activity import Activity
from orders.domain.model import Address, Line, Order
from orders.domain.parties import Approval, Parties, Party
from orders.domain.totals import Totals
from orders.payments.domain import refund_pending

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_STATES = {name.removeprefix("STATE_"): number for name, number in orders_pb2.Order.State.items()}
_PAYMENT_STATES = {
    name.removeprefix("PAYMENT_STATE_"): number for name, number in orders_pb2.Order.PaymentState.items()
}
_FULFILMENT_STATES = {
    name.removeprefix("FULFILMENT_STATE_"): number
    for name, number in orders_pb2.Order.FulfilmentState.items()
}
_PAYMENT_METHODS = {
    name.removeprefix("PAYMENT_METHOD_"): number for name, number in orders_pb2.PaymentMethod.items()
}


def state(value: states.State | None) -> orders_pb2.Order.State.ValueType:
    return _STATES[value or "UNSPECIFIED"]


def payment_method(name: str | None) -> orders_pb2.PaymentMethod.ValueType:
    return _PAYMENT_METHODS[name or "UNSPECIFIED"]


def party(value: Party) -> common_pb2.Party:
    return common_pb2.Party(kind=party_kind(value.kind), id=value.id, display_name=value.name)


def parties(value: Parties) -> orders_pb2.Parties:
    return orders_pb2.Parties(
        actor=party(value.actor),
        customer=party(value.customer),
        payer=party(value.payer),
        channel=channel(value.channel),
        rep_code=value.rep_code,
        assistance=assistance(value),
        community_name=value.community_name,
        approver=None if value.approver is None else party(value.approver),
    )


def _approval(value: Approval | None) -> orders_pb2.Approval | None:
    if value is None:
        return None
    return orders_pb2.Approval(
        requested_by=party(value.requested_by),
        request_time=time(value.request_time),
        decided_by=None if value.decided_by is None else party(value.decided_by),
        decide_time=time(value.decide_time),
        reason=value.reason,
    )


def address(value: Address) -> common_pb2.Address:
    return common_pb2.Address(
        recipient=value.recipient,
        company=value.company,
        street_lines=value.street_lines,
        postal_code=value.postal_code,
        city=value.city,
        administrative_area=value.administrative_area,
        region_code=value.region_code,
        phone=value.phone,
    )


def time(value: datetime.datetime | None) -> Timestamp | None:
    if value is None:
        return None
    since = value - _EPOCH
    return Timestamp(seconds=since.days * 86_400 + since.seconds, nanos=since.microseconds * 1_000)


def date(value: datetime.date | None) -> date_pb2.Date | None:
    return None if value is None else date_pb2.Date(year=value.year, month=value.month, day=value.day)


@lru_cache(maxsize=16_384)
def amount(minor: int, currency: str) -> money_pb2.Money:
    """Shared: not to be changed."""
    return money.to_proto(Money(minor, currency))


@cache
def _rate(text: str) -> str:
    """Without trailing zeros: the rate is stored with four places."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def _line(line: Line) -> orders_pb2.OrderLine:
    built = orders_pb2.OrderLine(
        id=str(line.id),
        position=line.position,
        variant_id=str(line.quote.variant_id),
        product_id=str(line.quote.product_id),
        sku=line.quote.sku,
        description=line.quote.description,
        quantity=line.quantity,
        line_reference=line.line_reference,
        cost_centre=line.cost_centre,
        requested_delivery_date=date(line.requested_delivery_date),
        note=line.note,
        budget_code=line.budget_code,
    )
    built.price.MergeFromString(line.quote.price)
    if line.quote.availability:
        built.availability.MergeFromString(line.quote.availability)
    return built


def totals(value: Totals, currency: str, tax_inclusive: bool) -> orders_pb2.Totals:
    return orders_pb2.Totals(
        goods=amount(value.goods, currency),
        discount=amount(value.discount, currency),
        shipping=amount(value.shipping, currency),
        taxes=[
            orders_pb2.TaxTotal(
                rate_percent=decimal_pb2.Decimal(value=_rate(str(each.rate))),
                category=each.category,
                taxable=amount(each.taxable, currency),
                tax=amount(each.tax, currency),
            )
            for each in value.taxes
        ],
        tax=amount(value.tax, currency),
        total=amount(value.total, currency),
        net=amount(value.net, currency),
        weight_grams=value.weight_grams,
        tax_inclusive=tax_inclusive,
    )


def _acceptance(order: Order) -> orders_pb2.TermsAcceptance | None:
    accepted = order.acceptance
    if accepted is None:
        return None
    return orders_pb2.TermsAcceptance(
        terms_version=accepted.version,
        terms_hash=accepted.hash,
        accepted_by=party(accepted.accepted_by),
        accepted_for_account_id=str(accepted.accepted_for),
        accept_time=time(accepted.time),
    )


def activity(value: Activity) -> orders_pb2.OrderActivity:
    return orders_pb2.OrderActivity(
        shipment_count=value.shipment_count,
        last_ship_time=time(value.last_ship_time),
        carriers=value.carriers,
        shipped_weight_grams=value.shipped_weight_grams,
        message_count=value.message_count,
        last_message_time=time(value.last_message_time),
        last_message_from_customer=value.last_message_from_customer,
    )


def _not_undone(value: Order) -> list[str]:
    """Of a cancelled order, what cancelling could not undo."""
    if value.state is not states.State.CANCELLED:
        return []
    found = ["MAILS_SENT"] if value.place_time is not None else []
    return [*found, *(["PAYMENT_REFUND_PENDING"] if refund_pending(value) else [])]


def order(value: Order) -> orders_pb2.Order:
    header, contact = value.header, value.header.contact
    return orders_pb2.Order(
        id=str(value.id),
        number=value.number,
        state=_STATES[value.state],
        payment_state=_PAYMENT_STATES[value.payment_state],
        fulfilment_state=_FULFILMENT_STATES[value.fulfilment_state],
        cart=value.cart,
        parties=parties(value.parties),
        language_code=header.language,
        currency_code=value.currency,
        order_reference=header.order_reference,
        cost_centre=header.cost_centre,
        note=header.note,
        billing_address=address(header.billing),
        delivery_address=address(header.delivery),
        contact=orders_pb2.Contact(name=contact.name, email=contact.email, phone=contact.phone),
        shipping_method=header.shipping_method,
        payment_method=_PAYMENT_METHODS[header.payment_method or "UNSPECIFIED"],
        taken_time=time(header.taken_time),
        requested_delivery_date=date(header.requested_delivery_date),
        lines=[_line(line) for line in value.lines],
        totals=totals(value.totals, value.currency, value.tax_inclusive),
        terms_acceptance=_acceptance(value),
        create_time=time(value.create_time),
        update_time=time(value.update_time),
        place_time=time(value.place_time),
        allowed_verbs=list(states.allowed_verbs(value.state, value.fulfilment_state)),
        map_link=postal.map_link(header.delivery),
        approval=_approval(value.approval),
        not_undone=_not_undone(value),
        etag=etag.format(value.version),
    )
