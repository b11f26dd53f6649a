"""Items as JSON and back: how they are stored, and how the log pictures them."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any
from uuid import UUID

from orders.domain.model import Address, Contact, PaymentMethod, Quote
from orders.shared.domain.items import HEADER, HeaderItem, Item, LineItem, Proposal, Touch
from orders.shared.domain.terms import HeaderTerms, LineTerms, Mark, PaymentChoice, Side

Json = dict[str, Any]


def quote_json(quote: Quote) -> Json:
    return {
        "variant_id": str(quote.variant_id),
        "product_id": str(quote.product_id),
        "sku": quote.sku,
        "description": quote.description,
        "currency": quote.currency,
        "tax_inclusive": quote.tax_inclusive,
        "unit_price": str(quote.unit_price),
        "total": quote.total,
        "tax_rate": str(quote.tax_rate),
        "tax_category": quote.tax_category,
        "weight_grams": quote.weight_grams,
        "price": base64.b64encode(quote.price).decode(),
        "availability": base64.b64encode(quote.availability).decode(),
    }


def quote(stored: Mapping[str, Any]) -> Quote:
    return Quote(
        variant_id=UUID(stored["variant_id"]),
        product_id=UUID(stored["product_id"]),
        sku=stored["sku"],
        description=stored["description"],
        currency=stored["currency"],
        tax_inclusive=stored["tax_inclusive"],
        unit_price=Decimal(stored["unit_price"]),
        total=stored["total"],
        tax_rate=Decimal(stored["tax_rate"]),
        tax_category=stored["tax_category"],
        weight_grams=stored["weight_grams"],
        price=base64.b64decode(stored["price"]),
        availability=base64.b64decode(stored["availability"]),
    )


def _line_terms_json(terms: LineTerms) -> Json:
    return {
        "quote": quote_json(terms.quote),
        "quantity": terms.quantity,
        "asked": None if terms.asked is None else str(terms.asked),
        "delivery_date": None if terms.delivery_date is None else terms.delivery_date.isoformat(),
        "mark": terms.mark,
        "removed": terms.removed,
        "basis": terms.basis,
    }


def _line_terms(stored: Json) -> LineTerms:
    date = stored["delivery_date"]
    return LineTerms(
        quote=quote(stored["quote"]),
        quantity=stored["quantity"],
        asked=None if stored["asked"] is None else Decimal(stored["asked"]),
        delivery_date=None if date is None else datetime.date.fromisoformat(date),
        mark=Mark(stored["mark"]),
        removed=stored["removed"],
        basis=stored["basis"],
    )


def _header_terms_json(terms: HeaderTerms) -> Json:
    choice = terms.payment_method
    return {
        "delivery_address": asdict(terms.delivery_address),
        "billing_address": asdict(terms.billing_address),
        "shipping_method": terms.shipping_method,
        "payment_method": choice.method,
        "payment_actor": choice.actor_kind,
    }


def _address(stored: Json) -> Address:
    return Address(**(stored | {"street_lines": tuple(stored["street_lines"])}))


def _header_terms(stored: Json) -> HeaderTerms:
    method = stored["payment_method"]
    return HeaderTerms(
        delivery_address=_address(stored["delivery_address"]),
        billing_address=_address(stored["billing_address"]),
        shipping_method=stored["shipping_method"],
        payment_method=PaymentChoice(PaymentMethod(method) if method else None, stored["payment_actor"]),
    )


def _item_json(item: Item, base: Json, current: Json) -> Json:
    return {
        "offered_by": item.offered_by,
        "agreed": item.agreed,
        "base": base,
        "current": None if item.current == item.base else current,
        "proposals": {name: [each.side, each.sequence] for name, each in item.proposals.items()},
        "consents": dict(item.consents),
        "touched": {name: [each.sequence, each.actor] for name, each in item.touched.items()},
        "references": {
            name: asdict(value) if isinstance(value, Contact) else value
            for name, value in item.references.items()
        },
    }


def _shared(stored: Json) -> Json:
    return {
        "offered_by": Side(stored["offered_by"]),
        "agreed": stored["agreed"],
        "proposals": {name: Proposal(Side(side), at) for name, (side, at) in stored["proposals"].items()},
        "consents": {Side(side): value for side, value in stored["consents"].items()},
        "touched": {name: Touch(at, actor) for name, (at, actor) in stored["touched"].items()},
        "references": {
            name: Contact(**value) if isinstance(value, dict) else value
            for name, value in stored["references"].items()
        },
    }


def line_json(item: LineItem) -> Json:
    written = _item_json(item, _line_terms_json(item.base), _line_terms_json(item.current))
    return written | {"id": item.key, "position": item.position}


def line(stored: Json) -> LineItem:
    base = _line_terms(stored["base"])
    return LineItem(
        key=stored["id"],
        id=UUID(stored["id"]),
        position=stored["position"],
        base=base,
        current=base if stored["current"] is None else _line_terms(stored["current"]),
        **_shared(stored),
    )


def header_json(item: HeaderItem) -> Json:
    return _item_json(item, _header_terms_json(item.base), _header_terms_json(item.current))


def header(stored: Json) -> HeaderItem:
    base = _header_terms(stored["base"])
    current = base if stored["current"] is None else _header_terms(stored["current"])
    return HeaderItem(key=HEADER, base=base, current=current, **_shared(stored))


def turn_json(
    sent: int, waiting_for: Side | None, send_time: datetime.datetime | None, expire: datetime.date | None
) -> Json:
    """Whose turn it is, and until when the offer holds."""
    return {
        "sent": sent,
        "waiting_for": waiting_for,
        "send_time": None if send_time is None else send_time.isoformat(),
        "expire_date": None if expire is None else expire.isoformat(),
    }
