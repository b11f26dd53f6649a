"""Which event is mailed to whom, in which language, and when there is nobody to write to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from commis.customers.v1 import accounts_pb2
from commis.customers.v1 import events_pb2 as customer_events
from commis.orders.v1 import events_pb2 as order_events
from commis.orders.v1 import orders_pb2

from chassis.consumer import Permanent
from notifications.mails.store import Draft
from notifications.wording import receipts
from services.notifications.tests.factories import (
    ACCOUNT_ID,
    ORDER_ID,
    VENDOR_MAIL,
    FakeCustomers,
    FakeOrders,
    causes,
    meta,
)
from services.notifications.tests.noticefactories import (
    MESSAGE,
    PERSON,
    RECEIPT,
    REQUEST,
    Item,
    a_decided_order,
    a_receipt,
    a_recipient,
    a_request,
    an_order_to_approve,
    known_customers,
)

HOSTILE = "<script>alert(1)</script>{{ 7*7 }}[[body]]{name}\r\nBcc: x@y.example"


async def mailed(
    event: Any, *, customers: FakeCustomers | None = None, order: orders_pb2.Order | None = None
) -> list[Draft]:
    """The vendor reads Dutch, everybody else Italian."""
    known = customers or known_customers("it")
    orders = FakeOrders(*([order] if order is not None else []))
    return await causes(orders, known).drafts(event, meta())


def to(drafts: list[Draft]) -> list[tuple[str, str, str]]:
    return [(draft.template, draft.recipient, draft.language) for draft in drafts]


def requested(**changes: Any) -> customer_events.BusinessProfileRequested:
    return customer_events.BusinessProfileRequested(
        business_request_id=str(REQUEST), account_id=str(ACCOUNT_ID), **changes
    )


@pytest.mark.spec("A-04", "M-01")
async def test_the_vendor_learns_of_a_request() -> None:
    drafts = await mailed(requested())
    assert to(drafts) == [("business_requested", VENDOR_MAIL, "nl")]
    for part in (drafts[0].text, drafts[0].html):
        for said in ("Librairie du Parc", "K-000042", "marie@parc.example", "BE 0123.456.749"):
            assert said in part
    assert drafts[0].account_id == ACCOUNT_ID


@pytest.mark.spec("A-05", "M-01")
@pytest.mark.parametrize(
    ("from_customer", "expected"),
    [
        (True, ("business_answer", VENDOR_MAIL, "nl")),
        (False, ("business_question", "marie@parc.example", "it")),
    ],
)
async def test_a_message_goes_to_the_other_side(from_customer: bool, expected: tuple[str, str, str]) -> None:
    event = customer_events.BusinessRequestMessageAdded(
        business_request_id=str(REQUEST),
        account_id=str(ACCOUNT_ID),
        message_id=str(MESSAGE),
        from_customer=from_customer,
    )
    (draft,) = drafts = await mailed(event)
    assert to(drafts) == [expected]
    assert "Is the VAT number BE 0123.456.749?" in draft.text


@pytest.mark.spec("A-05", "M-01")
@pytest.mark.parametrize(("approved", "template"), [(True, "business_approved"), (False, "business_refused")])
async def test_a_decision_goes_to_the_customer(approved: bool, template: str) -> None:
    event = customer_events.BusinessRequestDecided(
        business_request_id=str(REQUEST), account_id=str(ACCOUNT_ID), approved=approved
    )
    known = known_customers("it")
    known.requests[REQUEST, None] = a_request("it", text="")
    drafts = await mailed(event, customers=known)
    assert to(drafts) == [(template, "marie@parc.example", "it")]
    assert "<blockquote>" not in drafts[0].html
    known.requests[REQUEST, None] = a_request("it", text="Too young.")
    assert "Too young." in (await mailed(event, customers=known))[0].text


@pytest.mark.spec("A-04", "M-01")
async def test_whoever_registers_again_learns_it_by_mail() -> None:
    drafts = await mailed(customer_events.KnownPersonRegistered(person_id=str(PERSON)))
    assert to(drafts) == [("known_registration", "luc@parc.example", "it")]
    assert (drafts[0].person_id, drafts[0].account_id) == (PERSON, None)


@pytest.mark.spec("A-06", "M-01")
@pytest.mark.parametrize("known", [True, False])
async def test_who_can_sign_in_already_is_told_of_an_invitation(known: bool) -> None:
    """A new person gets the link of an activation instead, which has an event of its own."""
    event = customer_events.MemberInvited(account_id=str(ACCOUNT_ID), person_id=str(PERSON), known=known)
    drafts = await mailed(event)
    assert to(drafts) == ([("invitation", "luc@parc.example", "it")] if known else [])
    if known:
        assert "Librairie du Parc" in drafts[0].subject
        assert (drafts[0].person_id, drafts[0].account_id) == (PERSON, ACCOUNT_ID)


@pytest.mark.spec("A-07", "M-01")
async def test_a_removed_business_profile_has_a_receipt() -> None:
    event = customer_events.BusinessProfileRemoved(account_id=str(ACCOUNT_ID), receipt_id=str(RECEIPT))
    (draft,) = drafts = await mailed(event)
    assert to(drafts) == [("profile_receipt", "marie@parc.example", "it")]
    assert not draft.forget_when_sent
    for part in (draft.text, draft.html):
        for said in (
            "profilo aziendale",
            "accessi di altre persone (3)",
            "1.200",
            "31 dicembre 2036",
            str(RECEIPT),
        ):
            assert said in part


@pytest.mark.spec("A-24", "M-01")
async def test_of_the_receipt_of_an_erasure_only_the_fact_stays() -> None:
    event = customer_events.ErasureDone(account_id=str(ACCOUNT_ID), erasure_id=str(RECEIPT))
    (draft,) = drafts = await mailed(event)
    assert to(drafts) == [("erasure_receipt", "marie@parc.example", "it")]
    assert draft.forget_when_sent


def approval_requested() -> order_events.ApprovalRequested:
    return order_events.ApprovalRequested(order_id=str(ORDER_ID), account_id=str(ACCOUNT_ID))


@pytest.mark.spec("O-24", "M-01")
async def test_every_administrator_is_asked_in_the_own_language() -> None:
    known = known_customers()
    known.administrators[ACCOUNT_ID] = [
        a_recipient("fr", "a@parc.example"),
        a_recipient("nl", "b@parc.example"),
        a_recipient("en", ""),
    ]
    drafts = await mailed(approval_requested(), customers=known, order=an_order_to_approve())
    assert to(drafts) == [
        ("approval_requested", "a@parc.example", "fr"),
        ("approval_requested", "b@parc.example", "nl"),
    ]
    assert "€\u00a014.157,95" in drafts[1].text
    assert "Luc Janssens" in drafts[1].subject
    assert {(draft.order_id, draft.named) for draft in drafts} == {(ORDER_ID, (PERSON,))}


@pytest.mark.spec("O-24")
async def test_what_was_decided_meanwhile_is_not_asked_any_more() -> None:
    order = an_order_to_approve()
    order.state = orders_pb2.Order.STATE_DRAFT
    assert await mailed(approval_requested(), order=order) == []


@pytest.mark.spec("O-24", "M-01")
async def test_whoever_asked_learns_the_refusal_and_why() -> None:
    event = order_events.ApprovalRefused(
        order_id=str(ORDER_ID), account_id=str(ACCOUNT_ID), requester_id=str(PERSON), decided=True
    )
    (draft,) = drafts = await mailed(event, order=a_decided_order(approved=False))
    assert to(drafts) == [("approval_refused", "luc@parc.example", "it")]
    for said in ("Marie Dupont", "Not before January.", "The budget is used up."):
        assert said in draft.text
        assert said in draft.html


@pytest.mark.spec("O-24", "M-01")
@pytest.mark.parametrize(("actor", "template"), [(PERSON, None), (UUID(int=7), "approval_ended")])
async def test_a_request_that_ended_by_itself_is_told_unless_by_the_own_change(
    actor: UUID, template: str | None
) -> None:
    event = order_events.ApprovalRefused(
        order_id=str(ORDER_ID), account_id=str(ACCOUNT_ID), requester_id=str(PERSON), decided=False
    )
    event.attribution.actor.id = str(actor)
    drafts = await mailed(event, order=a_decided_order(approved=False))
    assert [draft.template for draft in drafts] == ([template] if template else [])
    for draft in drafts:
        assert "Not before January." not in draft.text


@pytest.mark.spec("O-24", "M-01")
async def test_whoever_asked_learns_that_it_was_placed() -> None:
    event = order_events.OrderPlaced(order_id=str(ORDER_ID), account_id=str(ACCOUNT_ID))
    order = a_decided_order(approved=True)
    drafts = await mailed(event, order=order)
    assert {frozenset(draft.named) for draft in drafts} == {
        frozenset((PERSON, UUID(order.parties.approver.id)))
    }
    assert {draft.template for draft in drafts} == {"new_order", "order_confirmation", "approval_placed"}
    (told,) = [draft for draft in drafts if draft.template == "approval_placed"]
    assert (told.recipient, told.language, told.person_id) == ("luc@parc.example", "it", PERSON)
    assert "Marie Dupont" in told.text
    assert "2026-000123" in told.subject


async def test_whoever_approves_the_own_order_gets_the_confirmation_only() -> None:
    order = a_decided_order(approved=True)
    order.parties.approver.id = order.approval.requested_by.id
    event = order_events.OrderPlaced(order_id=str(ORDER_ID), account_id=str(ACCOUNT_ID))
    assert {draft.template for draft in await mailed(event, order=order)} == {
        "new_order",
        "order_confirmation",
    }


@pytest.mark.parametrize(
    "event",
    [
        requested(),
        customer_events.BusinessRequestMessageAdded(
            business_request_id=str(REQUEST), account_id=str(ACCOUNT_ID), message_id=str(MESSAGE)
        ),
        customer_events.BusinessRequestDecided(business_request_id=str(REQUEST), account_id=str(ACCOUNT_ID)),
        customer_events.KnownPersonRegistered(person_id=str(PERSON)),
        customer_events.MemberInvited(account_id=str(ACCOUNT_ID), person_id=str(PERSON), known=True),
        customer_events.BusinessProfileRemoved(account_id=str(ACCOUNT_ID), receipt_id=str(RECEIPT)),
        customer_events.ErasureDone(account_id=str(ACCOUNT_ID), erasure_id=str(RECEIPT)),
        approval_requested(),
    ],
    ids=lambda event: event.DESCRIPTOR.name,
)
async def test_who_is_not_there_or_has_no_address_gets_nothing(event: Any) -> None:
    order = an_order_to_approve()
    assert await mailed(event, customers=FakeCustomers(), order=order) == []
    mute = known_customers()
    nobody = a_recipient(email="")
    mute.persons[PERSON] = nobody
    mute.administrators[ACCOUNT_ID] = [nobody]
    for key, request in mute.requests.items():
        mute.requests[key] = replace(request, customer=nobody)
    mute.receipts[RECEIPT] = replace(mute.receipts[RECEIPT], recipient=nobody)
    to_vendor = isinstance(event, customer_events.BusinessProfileRequested)
    assert [draft.recipient for draft in await mailed(event, customers=mute, order=order)] == (
        [VENDOR_MAIL] if to_vendor else []
    )


@pytest.mark.parametrize(
    "event",
    [
        customer_events.BusinessProfileRequested(business_request_id="x", account_id=str(ACCOUNT_ID)),
        customer_events.BusinessRequestMessageAdded(
            business_request_id=str(REQUEST), account_id=str(ACCOUNT_ID)
        ),
        customer_events.KnownPersonRegistered(),
        customer_events.ErasureDone(account_id=str(ACCOUNT_ID)),
        order_events.ApprovalRefused(order_id=str(ORDER_ID), account_id=str(ACCOUNT_ID)),
        order_events.ApprovalRequested(),
    ],
    ids=lambda event: event.DESCRIPTOR.name,
)
async def test_an_event_without_its_ids_is_set_aside(event: Any) -> None:
    with pytest.raises(Permanent):
        await mailed(event)


@pytest.mark.spec("M-01")
async def test_what_people_write_stays_text() -> None:
    known = known_customers()
    hostile = a_recipient("en", name=HOSTILE)
    known.requests[REQUEST, None] = a_request("en", customer=hostile, company_name=HOSTILE, text=HOSTILE)
    decided = customer_events.BusinessRequestDecided(
        business_request_id=str(REQUEST), account_id=str(ACCOUNT_ID)
    )
    receipt = accounts_pb2.ErasureReceipt(
        erased=[Item(subject=HOSTILE, count=2)], kept=[Item(subject=HOSTILE, kept_because=HOSTILE)]
    )
    known.receipts[RECEIPT] = replace(a_receipt("en"), receipt=receipt)
    removed = customer_events.BusinessProfileRemoved(account_id=str(ACCOUNT_ID), receipt_id=str(RECEIPT))
    order = a_decided_order(approved=False)
    order.approval.reason = order.note = order.approval.decided_by.display_name = HOSTILE
    refused = order_events.ApprovalRefused(
        order_id=str(ORDER_ID), account_id=str(ACCOUNT_ID), requester_id=str(PERSON), decided=True
    )
    for event in (requested(), decided, removed, refused):
        for draft in await mailed(event, customers=known, order=order):
            assert "<script>" not in draft.html
            assert "<script>" in draft.text
            assert "49" not in draft.text
            assert draft.subject.isprintable()


def test_receipts_are_told_in_words_of_the_language_and_unknown_ones_as_they_came() -> None:
    listed = [
        Item(subject="addresses", count=2),
        Item(subject="moon rocks", count=1, kept_because="they are pretty"),
        Item(subject="moon rocks", kept_because="nobody knows, erased on 2036-99-99"),
    ]
    assert [(one.what, one.why) for one in receipts.items("nl", listed)] == [
        ("adressen (2)", ""),
        ("moon rocks", "they are pretty"),
        ("moon rocks", "nobody knows, erased on 2036-99-99"),
    ]


@pytest.mark.parametrize("table", ["subjects", "reasons"])
def test_whatever_a_receipt_may_name_has_its_words_in_each_language(table: str) -> None:
    for english, said in receipts.translations()[table].items():
        assert said.keys() == {"fr", "nl", "it"}, english
        assert all(("{until}" in text) == ("{until}" in english) for text in said.values()), english
