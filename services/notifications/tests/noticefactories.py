"""One notice of every kind, and what they are made of."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from commis.common.v1 import common_pb2
from commis.customers.v1 import accounts_pb2
from commis.orders.v1 import orders_pb2

from chassis.ids import new_id
from notifications.mails.drafting import About
from notifications.mails.store import Draft
from notifications.ports import BusinessRequestMail, ReceiptMail, Recipient
from services.notifications.tests.factories import ACCOUNT_ID, PLACED, FakeCustomers, an_order, notices

PERSON = UUID("01933f5e-7a10-7000-8000-0000000000f1")
REQUEST = UUID("01933f5e-7a10-7000-8000-0000000000f2")
MESSAGE = UUID("01933f5e-7a10-7000-8000-0000000000f3")
RECEIPT = UUID("01933f5e-7a10-7000-8000-0000000000f4")
Item = accounts_pb2.ErasureReceipt.Item


def a_recipient(
    language: str = "fr", email: str = "marie@parc.example", name: str = "Marie Dupont"
) -> Recipient:
    return Recipient(email, name, language)


def a_request(language: str = "fr", **changes: Any) -> BusinessRequestMail:
    given: dict[str, Any] = {
        "customer": a_recipient(language),
        "company_name": "Librairie du Parc",
        "account_number": "K-000042",
        "text": "Is the VAT number BE 0123.456.749?\nThank you.",
    }
    return BusinessRequestMail(**(given | changes))


def a_receipt(language: str = "fr", **changes: Any) -> ReceiptMail:
    receipt = accounts_pb2.ErasureReceipt(
        id=str(RECEIPT),
        account_id=str(ACCOUNT_ID),
        erased=[Item(subject="business profile", count=1), Item(subject="memberships of others", count=3)],
        kept=[
            Item(
                subject="billing and delivery name and address, VAT number, on placed orders",
                count=1200,
                kept_because="they are what the fiscal documents are made from: Belgium, VAT Code art. 60 par. 4,"
                " ten years; GDPR art. 17(3)(b); used for nothing else, erased on 2036-12-31",
            )
        ],
    )
    receipt.erase_time.FromDatetime(PLACED)
    return ReceiptMail(a_recipient(language), receipt)


def an_order_to_approve(language: str = "fr", **changes: Any) -> orders_pb2.Order:
    order = an_order(language, state=orders_pb2.Order.STATE_PENDING_APPROVAL, **changes)
    order.number = ""
    order.ClearField("place_time")
    order.approval.requested_by.CopyFrom(
        common_pb2.Party(kind=common_pb2.PARTY_KIND_PERSON, id=str(PERSON), display_name="Luc Janssens")
    )
    return order


def a_decided_order(language: str = "fr", *, approved: bool) -> orders_pb2.Order:
    order = an_order_to_approve(language)
    decider = common_pb2.Party(
        kind=common_pb2.PARTY_KIND_PERSON, id=str(new_id()), display_name="Marie Dupont"
    )
    if approved:
        order.state = orders_pb2.Order.STATE_PLACED
        order.number = "2026-000123"
        order.place_time.FromDatetime(PLACED)
        order.parties.approver.CopyFrom(decider)
        return order
    order.state = orders_pb2.Order.STATE_DRAFT
    order.approval.decided_by.CopyFrom(decider)
    order.approval.decide_time.FromDatetime(PLACED + datetime.timedelta(hours=1))
    order.approval.reason = "Not before January.\nThe budget is used up."
    return order


def known_customers(language: str = "fr") -> FakeCustomers:
    known = FakeCustomers()
    known.persons[PERSON] = a_recipient(language, "luc@parc.example", "Luc Janssens")
    known.account_names[ACCOUNT_ID] = "Librairie du Parc"
    known.administrators[ACCOUNT_ID] = [a_recipient(language)]
    known.requests[REQUEST, None] = a_request(language)
    known.requests[REQUEST, MESSAGE] = a_request(language)
    known.receipts[RECEIPT] = a_receipt(language)
    return known


async def every_notice(language: str) -> Sequence[Draft]:
    """The readers and the vendor all read this language."""
    made = notices(known_customers(language), vendor_language=language)
    about = About(new_id(), ACCOUNT_ID)
    refused = a_decided_order(language, approved=False)
    return [
        *await made.business_requested(about, REQUEST),
        *await made.business_message(about, REQUEST, MESSAGE, from_customer=True),
        *await made.business_message(about, REQUEST, MESSAGE, from_customer=False),
        *await made.business_decided(about, REQUEST, approved=True),
        *await made.business_decided(about, REQUEST, approved=False),
        *await made.known_registered(about, PERSON),
        *await made.invited(about, PERSON, ACCOUNT_ID),
        *await made.receipt("profile_receipt", about, RECEIPT),
        *await made.receipt("erasure_receipt", about, RECEIPT),
        *await made.approval_requested(about, an_order_to_approve(language)),
        *await made.approval_refused(about, refused, PERSON, decided=True),
        *await made.approval_refused(about, refused, PERSON, decided=False),
        *await made.placed_by_approval(about, a_decided_order(language, approved=True), PERSON),
    ]
