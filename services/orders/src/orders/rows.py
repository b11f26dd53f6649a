"""Orders as parameters of the statements in `store`."""

from __future__ import annotations

import json
from typing import Any

from orders.domain.folding import fold
from orders.domain.model import Address, Line, Order, PricingCustomer
from orders.domain.parties import Approval, Parties, Party
from orders.domain.totals import TaxTotal

# Column and type of what a line is written with, one array each.
LINE_COLUMNS = {
    "id": "uuid",
    "position": "int",
    "variant_id": "uuid",
    "product_id": "uuid",
    "sku": "text",
    "description": "text",
    "quantity": "int",
    "line_reference": "text",
    "cost_centre": "text",
    "requested_delivery_date": "date",
    "note": "text",
    "budget_code": "text",
    "negotiated": "bool",
    "currency": "text",
    "tax_inclusive": "bool",
    "unit_price": "numeric",
    "total": "bigint",
    "tax_rate": "numeric",
    "tax_category": "text",
    "weight_grams": "int",
    "price": "bytea",
    "availability": "bytea",
}


def _address_json(address: Address) -> str:
    given = {name: value for name in Address.__slots__ if (value := getattr(address, name))}
    return json.dumps(given, ensure_ascii=False)


def pricing_json(customer: PricingCustomer) -> str:
    return json.dumps(
        {
            "groups": customer.groups,
            "region_code": customer.region_code,
            "postal_code": customer.postal_code,
            "buyer_class": customer.buyer_class,
            "business": customer.business,
            "vat_number": customer.vat_number,
        },
        ensure_ascii=False,
    )


def _party_json(party: Party | None) -> list[str] | None:
    return None if party is None else [party.kind, party.id, party.name]


def approval_json(approval: Approval | None) -> str | None:
    if approval is None:
        return None
    decided = approval.decide_time
    return json.dumps(
        {
            "requested_by": _party_json(approval.requested_by),
            "request_time": approval.request_time.isoformat(),
            "digest": approval.digest,
            "terms_version": approval.terms_version,
            "terms_hash": approval.terms_hash,
            "decided_by": _party_json(approval.decided_by),
            "decide_time": None if decided is None else decided.isoformat(),
            "reason": approval.reason,
        },
        ensure_ascii=False,
    )


def accepted_by_json(order: Order) -> str | None:
    """None when whoever placed the order accepted the terms of sale too."""
    accepted = order.acceptance
    if accepted is None or accepted.accepted_by == order.parties.actor:
        return None
    return json.dumps(_party_json(accepted.accepted_by), ensure_ascii=False)


_UNASSISTED = {
    "platform_id": None,
    "community_id": None,
    "community_external_id": "",
    "community_name": "",
    "care_worker_subject": "",
    "client_external_id": "",
    "assisted_session": "",
}


def parties_row(parties: Parties) -> dict[str, Any]:
    """Who acts for whom, through what, and who pays."""
    row = {
        "account_name": parties.customer.name,
        "account_search": fold(parties.customer.name),
        "payer_account_id": parties.payer.id,
        "payer_name": parties.payer.name,
        "actor_kind": parties.actor.kind,
        "actor_id": parties.actor.id,
        "actor_name": parties.actor.name,
        "channel": parties.channel,
        "rep_code": parties.rep_code,
    }
    help_ = parties.assistance
    if help_ is None:
        return row | _UNASSISTED
    return row | {
        "platform_id": help_.platform_id,
        "community_id": help_.community_id,
        "community_external_id": help_.community_external_id,
        "community_name": parties.community_name,
        "care_worker_subject": help_.care_worker_subject,
        "client_external_id": help_.client_external_id,
        "assisted_session": help_.session_id,
    }


def _taxes_json(taxes: tuple[TaxTotal, ...]) -> str:
    return json.dumps([[str(each.rate), each.category, each.taxable, each.tax] for each in taxes])


def sheet_row(order: Order) -> dict[str, Any]:
    """What changes while a sheet is worked on."""
    header, contact, totals = order.header, order.header.contact, order.totals
    return {
        "id": order.id,
        "version": order.version,
        "state": order.state,
        "approval": approval_json(order.approval),
        "payer_account_id": order.parties.payer.id,
        "payer_name": order.parties.payer.name,
        "language": header.language,
        "currency": order.currency,
        "tax_inclusive": order.tax_inclusive,
        "order_reference": header.order_reference,
        "reference_search": fold(header.order_reference) if header.order_reference else "",
        "cost_centre": header.cost_centre,
        "note": header.note,
        "billing_address": _address_json(header.billing),
        "delivery_address": _address_json(header.delivery),
        "contact_name": contact.name,
        "contact_email": contact.email,
        "contact_phone": contact.phone,
        "shipping_method": header.shipping_method,
        "payment_method": header.payment_method,
        "payment_actor": header.payment_actor,
        "taken_time": header.taken_time,
        "requested_delivery_date": header.requested_delivery_date,
        "pricing_customer": pricing_json(order.pricing),
        "goods": totals.goods,
        "discount": totals.discount,
        "shipping": totals.shipping,
        "tax": totals.tax,
        "total": totals.total,
        "net": totals.net,
        "weight_grams": totals.weight_grams,
        "taxes": _taxes_json(totals.taxes),
        "line_count": len(order.lines),
        "next_position": order.next_position,
        "update_time": order.update_time,
    }


def new_row(order: Order) -> dict[str, Any]:
    """Everything a new order begins with."""
    return {
        **sheet_row(order),
        **parties_row(order.parties),
        "payment_state": order.payment_state,
        "fulfilment_state": order.fulfilment_state,
        "cart": order.cart,
        "account_id": order.account_id,
        "owner_kind": order.owner_kind,
        "owner_id": order.owner_id,
        "create_time": order.create_time,
        "create_fingerprint": order.create_fingerprint,
    }


def line_arrays(lines: list[Line]) -> dict[str, list[Any]]:
    """One list per column, named l_<column>."""
    rows = [
        (
            line.id,
            line.position,
            line.quote.variant_id,
            line.quote.product_id,
            line.quote.sku,
            line.quote.description,
            line.quantity,
            line.line_reference,
            line.cost_centre,
            line.requested_delivery_date,
            line.note,
            line.budget_code,
            line.negotiated,
            line.quote.currency,
            line.quote.tax_inclusive,
            line.quote.unit_price,
            line.quote.total,
            line.quote.tax_rate,
            line.quote.tax_category,
            line.quote.weight_grams,
            line.quote.price,
            line.quote.availability,
        )
        for line in lines
    ]
    columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)] or [
        [] for _ in LINE_COLUMNS
    ]
    return {f"l_{name}": column for name, column in zip(LINE_COLUMNS, columns, strict=True)}
