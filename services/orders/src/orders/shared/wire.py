"""Sheets as messages, as one side sees them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from commis.orders.v1 import orders_pb2
from commis.orders.v1 import shared_orders_pb2 as pb

from chassis import money
from orders import wire
from orders.domain.model import Order
from orders.shared.domain import terms as t
from orders.shared.domain.items import Colour, Item, LineItem
from orders.shared.domain.sheet import Change, Sheet
from orders.shared.domain.terms import Side
from orders.shared.projecting import header_of, sheet_hash

_WORDS = {
    "en": ("Draft", "Waiting for the other side", "To be checked", "Agreed"),
    "fr": ("Brouillon", "En attente de l'autre partie", "À valider", "Convenu"),
    "nl": ("Concept", "Wacht op de andere partij", "Na te kijken", "Akkoord"),
    "it": ("Bozza", "In attesa dell'altra parte", "Da verificare", "Concordato"),
}
_COLOURS = (Colour.GREY, Colour.YELLOW, Colour.RED, Colour.GREEN)


@dataclass(frozen=True, slots=True)
class View:
    """A sheet for one side. `order` is projected; `unseen`: what the others changed since the side last looked."""

    order: Order
    sheet: Sheet
    side: Side
    unseen: list[Change]


def side(value: Side | None) -> pb.Side.ValueType:
    return pb.SIDE_UNSPECIFIED if value is None else pb.Side.Value(f"SIDE_{value}")


def status(colour: Colour, language: str) -> pb.SheetStatus:
    words = _WORDS.get(language, _WORDS["en"])
    number = pb.SheetStatus.Colour.Value(f"COLOUR_{colour}")
    return pb.SheetStatus(colour=number, icon=colour.icon, word=words[_COLOURS.index(colour)])


def _fields(sheet: Sheet, item: Item, viewer: Side, language: str) -> Iterable[pb.FieldStatus]:
    for name in item.current.FIELDS:
        proposal, touched = item.proposals.get(name), item.touched.get(name)
        sequence = proposal.sequence if proposal is not None else touched.sequence if touched else 0
        yield pb.FieldStatus(
            field=name,
            status=status(sheet.field_colour(item, name, viewer), language),
            proposed_by=side(item.offering(name)),
            sequence=sequence,
        )


def _terms(key: str, terms: t.LineTerms) -> pb.LineTerms:
    quote = terms.quote
    source = "NEGOTIATED" if terms.asked is not None else "LIST"
    return pb.LineTerms(
        variant_id=str(quote.variant_id),
        sku=quote.sku,
        description=quote.description,
        quantity=terms.quantity,
        unit_price=money.price_to_proto(quote.unit_price, quote.currency),
        price_source=pb.LineTerms.PriceSource.Value(f"PRICE_SOURCE_{source}"),
        delivery_date=wire.date(terms.delivery_date),
        mark=pb.LineTerms.Mark.Value(f"MARK_{terms.mark}"),
        removed=terms.removed,
        total=wire.amount(quote.total, quote.currency),
        hash=terms.hash(key),
    )


def line(sheet: Sheet, item: LineItem, viewer: Side, language: str, *, public: bool = False) -> pb.SharedLine:
    """`public`: for events, without anybody's words and without the price trace."""
    built = pb.SharedLine(
        id=item.key,
        position=item.position,
        status=status(sheet.item_colour(item, viewer), language),
        fields=_fields(sheet, item, viewer, language),
        agreed=_terms(item.key, item.base) if item.agreed else None,
        current=_terms(item.key, item.current),
    )
    if not public:
        for name, value in item.references.items():
            setattr(built, name, value)
        built.price.MergeFromString(item.current.quote.price)
        if item.current.quote.availability:
            built.availability.MergeFromString(item.current.quote.availability)
    return built


def _header(view: View) -> pb.SharedHeader:
    item, language = view.sheet.header, view.order.header.language
    header = header_of(item, view.order.header)
    contact = header.contact
    return pb.SharedHeader(
        status=status(view.sheet.item_colour(item, view.side), language),
        fields=_fields(view.sheet, item, view.side, language),
        delivery_address=wire.address(header.delivery),
        billing_address=wire.address(header.billing),
        shipping_method=header.shipping_method,
        payment_method=wire.payment_method(header.payment_method),
        contact=orders_pb2.Contact(name=contact.name, email=contact.email, phone=contact.phone),
        order_reference=header.order_reference,
        cost_centre=header.cost_centre,
        note=header.note,
        hash=item.hash,
    )


def change(each: Change, *, public: bool = False) -> pb.SheetChange:
    """`public`: for events, without names, free text, and values that are somebody's words or address."""
    actor = wire.party(each.actor.party)
    values = each.before, each.after
    if public:
        actor.display_name = ""
        if each.item == "header" or each.kind in ("reference_changed", "file_added", "file_removed"):
            values = "", ""
    return pb.SheetChange(
        sequence=each.sequence,
        occur_time=wire.time(each.time),
        side=side(each.actor.side),
        actor=actor,
        kind=each.kind,
        line_id="" if each.item == "sheet" else each.item,
        field=each.field,
        from_value=values[0],
        to_value=values[1],
        text="" if public else each.text,
    )


def shared_order(view: View) -> pb.SharedOrder:
    order, sheet = view.order, view.sheet
    language, actor = order.header.language, order.parties.actor
    return pb.SharedOrder(
        order_id=str(order.id),
        number=order.number,
        state=wire.state(order.state),
        account_id=str(order.account_id),
        account_name=order.parties.customer.name,
        revision=sheet.revision,
        side=side(view.side),
        started_by=side(sheet.started_by),
        waiting_for=side(sheet.waiting_for),
        status=status(sheet.colour(view.side), language),
        header=_header(view),
        lines=[line(sheet, item, view.side, language) for item in sheet.lines.values()],
        totals=wire.totals(order.totals, order.currency, order.tax_inclusive),
        hash=sheet_hash(order, sheet),
        expire_date=wire.date(sheet.expire_date),
        currency_code=order.currency,
        send_time=wire.time(sheet.send_time),
        update_time=wire.time(sheet.update_time),
        obstacles=[
            orders_pb2.PlacementObstacle(field=each.field, reason=each.reason, description=each.description)
            for each in sheet.obstacles
        ],
        unseen=[change(each) for each in view.unseen],
        representative=wire.party(actor) if actor.kind == "REP" else None,
    )
