"""Orders from the rows that `statements.LOAD` answers."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from orders.domain.activity import Activity
from orders.domain.model import (
    Address,
    Claim,
    Contact,
    Header,
    Line,
    Order,
    PaymentMethod,
    PricingCustomer,
    Quote,
    TermsAcceptance,
)
from orders.domain.parties import Approval, Assistance, Parties, Party
from orders.domain.states import FulfilmentState, PaymentState, State
from orders.domain.totals import TaxTotal, Totals
from orders.rows import LINE_COLUMNS


def _address(stored: dict[str, Any]) -> Address:
    if "street_lines" in stored:
        stored["street_lines"] = tuple(stored["street_lines"])
    return Address(**stored)


def _pricing(account_id: UUID, stored: dict[str, Any]) -> PricingCustomer:
    stored["groups"] = tuple(stored["groups"])
    return PricingCustomer(account_id=account_id, **stored)


def _taxes(stored: list[Any]) -> tuple[TaxTotal, ...]:
    return tuple(TaxTotal(Decimal(rate), category, taxable, tax) for rate, category, taxable, tax in stored)


def _lines(row: Any) -> list[Line]:
    if row["l_id"] is None:
        return []
    columns = zip(*(row[f"l_{name}"] for name in LINE_COLUMNS), strict=True)
    lines = []
    for (
        line_id,
        position,
        variant_id,
        product_id,
        sku,
        description,
        quantity,
        line_reference,
        cost_centre,
        date,
        note,
        budget_code,
        negotiated,
        *figures,
    ) in columns:
        quote = Quote(variant_id, product_id, sku, description, *figures)
        own = (line_reference, cost_centre, date, note, budget_code)
        lines.append(Line(line_id, position, quantity, quote, *own, negotiated))
    return lines


def _assistance(row: Any) -> Assistance:
    return Assistance(
        platform_id=row["platform_id"],
        community_id=row["community_id"],
        community_external_id=row["community_external_id"],
        care_worker_subject=row["care_worker_subject"],
        client_external_id=row["client_external_id"],
        session_id=row["assisted_session"],
    )


def approval(stored: dict[str, Any] | None) -> Approval | None:
    if stored is None:
        return None
    decided, decided_by = stored["decide_time"], stored["decided_by"]
    return Approval(
        requested_by=Party(*stored["requested_by"]),
        request_time=datetime.datetime.fromisoformat(stored["request_time"]),
        digest=stored["digest"],
        terms_version=stored["terms_version"],
        terms_hash=stored["terms_hash"],
        decided_by=None if decided_by is None else Party(*decided_by),
        decide_time=None if decided is None else datetime.datetime.fromisoformat(decided),
        reason=stored["reason"],
    )


def parties(row: Any, approved: Approval | None) -> Parties:
    """An approval that stayed on a placed order is the one it was placed by."""
    placed = row["place_time"] is not None
    return Parties(
        actor=Party(row["actor_kind"], row["actor_id"], row["actor_name"]),
        customer=Party("ACCOUNT", str(row["account_id"]), row["account_name"]),
        payer=Party("ACCOUNT", str(row["payer_account_id"]), row["payer_name"]),
        channel=row["channel"],
        rep_code=row["rep_code"],
        assistance=None if row["community_id"] is None else _assistance(row),
        community_name=row["community_name"],
        approver=approved.decided_by if approved is not None and placed else None,
    )


def _header(row: Any) -> Header:
    return Header(
        language=row["language"],
        order_reference=row["order_reference"],
        cost_centre=row["cost_centre"],
        note=row["note"],
        billing=_address(row["billing_address"]),
        delivery=_address(row["delivery_address"]),
        contact=Contact(row["contact_name"], row["contact_email"], row["contact_phone"]),
        shipping_method=row["shipping_method"],
        payment_method=PaymentMethod(row["payment_method"]) if row["payment_method"] else None,
        payment_actor=row["payment_actor"],
        taken_time=row["taken_time"],
        requested_delivery_date=row["requested_delivery_date"],
    )


def _acceptance(row: Any, actor: Party) -> TermsAcceptance | None:
    if row["terms_version"] is None:
        return None
    other = row["terms_accepted_by"]
    accepted_by = actor if other is None else Party(*other)
    return TermsAcceptance(
        row["terms_version"], row["terms_hash"], accepted_by, row["account_id"], row["terms_accept_time"]
    )


def _totals(row: Any) -> Totals:
    return Totals(
        row["goods"],
        row["discount"],
        row["shipping"],
        _taxes(row["taxes"]),
        row["tax"],
        row["total"],
        row["net"],
        row["weight_grams"],
    )


def activity(row: Any) -> Activity:
    """From a row of `store.PAGE`."""
    shipped, written = row["shipped"], row["written"]
    return Activity(
        shipment_count=shipped["count"],
        last_ship_time=_instant(shipped["last_time"]),
        carriers=tuple(shipped["carriers"]),
        shipped_weight_grams=shipped["weight_grams"],
        message_count=written["count"],
        last_message_time=_instant(written["last_time"]),
        last_message_from_customer=bool(written["from_customer"]),
    )


def _instant(text: str | None) -> datetime.datetime | None:
    return None if text is None else datetime.datetime.fromisoformat(text)


def order(row: Any) -> Order:
    """From a row of `store.LOAD`."""
    approved = approval(row["approval"])
    named = parties(row, approved)
    claimed = row["placing_attempt"] is not None
    return Order(
        id=row["id"],
        version=row["version"],
        state=State(row["state"]),
        cart=row["cart"],
        account_id=row["account_id"],
        owner_kind=row["owner_kind"],
        owner_id=row["owner_id"],
        parties=named,
        header=_header(row),
        pricing=_pricing(row["account_id"], row["pricing_customer"]),
        currency=row["currency"],
        tax_inclusive=row["tax_inclusive"],
        lines=_lines(row),
        totals=_totals(row),
        next_position=row["next_position"],
        create_time=row["create_time"],
        update_time=row["update_time"],
        payment_state=PaymentState(row["payment_state"]),
        fulfilment_state=FulfilmentState(row["fulfilment_state"]),
        number=row["number"] or "",
        acceptance=_acceptance(row, named.actor),
        approval=approved,
        claim=Claim(row["placing_attempt"], row["placing_request"], bool(row["claim_live"]))
        if claimed
        else None,
        place_time=row["place_time"],
        create_fingerprint=row["create_fingerprint"],
        shared=row["shared"],
    )
