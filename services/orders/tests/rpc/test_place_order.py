"""Placing: who, what and for whom is frozen, and what stands against it is named at once."""

import asyncio
import datetime
from decimal import Decimal
from typing import Any

import pytest
from commis.catalog.v1 import pricing_pb2
from commis.common.v1 import common_pb2
from commis.orders.v1 import checkout_pb2, events_pb2
from commis.orders.v1 import orders_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import decimal_pb2

from chassis.errors import FieldViolation
from chassis.testing import as_rep, as_service
from services.orders.tests.shop import Shop, a_method, a_pick_up, amount, eur, found, refused, terms_hash


async def placement(shop: Shop, order_id: str) -> pb.Placement:
    request = pb.GetPlacementsRequest(order_ids=[order_id])
    answer = await shop.placements.GetPlacements(
        request, metadata=as_service("orders.placement", vouching=True)
    )
    return answer.placements[0]


async def checkout(shop: Shop, order_id: str, who: Any = None) -> pb.GetCheckoutResponse:
    request = pb.GetCheckoutRequest(order_id=order_id)
    answer: pb.GetCheckoutResponse = await shop.orders.GetCheckout(request, metadata=who or shop.customer)
    return answer


@pytest.mark.spec("C-16")
async def test_the_proof_of_a_fixed_price_is_frozen_with_the_line(shop: Shop) -> None:
    """What was in force when the order was placed, not when the line was added nor what is in force later."""
    book = shop.catalog.add("BOOK", "16.00")
    sheet = await shop.sheet(("BOOK", 2), ("A", 1))
    proof = pricing_pb2.LegalCapProof(
        legal_cap_id=str(shop.account),
        jurisdiction="BE-VLG",
        buyer_class="PUBLIC_LIBRARY",
        publication_date="2026-11",
        publisher_price=eur("20.00"),
        max_discount_percent=decimal_pb2.Decimal(value="20"),
        floor=eur("16.00"),
    )
    book.legal_cap = proof
    placed = await shop.place(sheet.id, etag=sheet.etag)
    book.legal_cap = None
    for order in (placed, await shop.get(sheet.id)):
        assert order.lines[0].price.legal_cap == proof
        assert not order.lines[1].price.HasField("legal_cap")


@pytest.mark.spec("O-10", "O-20", "O-21", "O-30", "O-31")
async def test_a_rep_places_an_order(shop: Shop) -> None:
    shop.customers.names[str(shop.rep)] = "Robin Reiziger"
    sheet = await shop.sheet(("A", 5), ("B", 1), who=shop.as_rep)
    placed = await shop.place(sheet.id, shop.as_rep, etag=sheet.etag)
    assert placed.state == pb.Order.STATE_PLACED
    assert placed.payment_state == pb.Order.PAYMENT_STATE_OPEN
    assert placed.fulfilment_state == pb.Order.FULFILMENT_STATE_OPEN
    assert placed.number == f"{shop.infra.today().year}-{int(placed.number[5:]):06}"
    assert list(placed.allowed_verbs) == ["process", "cancel"]
    parties = placed.parties
    assert (parties.actor.kind, parties.actor.id, parties.actor.display_name) == (
        common_pb2.PARTY_KIND_REP,
        str(shop.rep),
        "Robin Reiziger",
    )
    assert (parties.customer.id, parties.payer.id) == (str(shop.account), str(shop.account))
    assert (parties.rep_code, parties.channel) == ("REP01", common_pb2.CHANNEL_REP)
    accepted = placed.terms_acceptance
    assert (accepted.terms_version, accepted.terms_hash) == ("2026-01", terms_hash("nl"))
    assert accepted.accepted_by == parties.actor
    assert accepted.accepted_for_account_id == str(shop.account)
    assert placed.totals == sheet.totals
    assert await shop.get(sheet.id) == placed
    assert shop.catalog.held(shop.catalog.articles["A"]) == 5
    last = (await shop.history(sheet.id))[-1]
    assert (last.action, last.from_state, last.to_state) == (
        "placed",
        pb.Order.STATE_DRAFT,
        pb.Order.STATE_PLACED,
    )
    assert last.actor.id == str(shop.rep)

    (payload,) = await shop.events("order_placed")
    event = events_pb2.OrderPlaced.FromString(payload)
    assert (event.order_id, event.number, event.account_id) == (placed.id, placed.number, str(shop.account))
    assert event.total == placed.totals.total
    assert event.payment_method == "BANK_TRANSFER"
    assert [(line.line_id, line.quantity) for line in event.lines] == [
        (line.id, line.quantity) for line in placed.lines
    ]
    assert event.attempt_id == str(shop.catalog.holds[next(iter(shop.catalog.holds))][0])
    assert event.attribution.actor.id == str(shop.rep)
    assert event.attribution.account_id == str(shop.account)
    assert event.attribution.order_id == placed.id
    answer = await placement(shop, placed.id)
    assert (answer.state, answer.attempt_id) == (pb.Placement.STATE_PLACED, event.attempt_id)


@pytest.mark.spec("O-20")
async def test_everything_missing_is_named_in_one_answer(shop: Shop) -> None:
    shop.catalog.add("RARE", stock=1)
    shop.catalog.add("GONE")
    shop.library.budgets["FICTION"] = 100
    tomorrow = Timestamp()
    tomorrow.FromDatetime(datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1))
    sheet = await shop.sheet(
        lines=[
            pb.LineInput(sku="RARE", quantity=3),
            pb.LineInput(sku="GONE", quantity=1),
            pb.LineInput(sku="A", quantity=1, budget_code="FICTION"),
            pb.LineInput(sku="B", quantity=1),
        ],
        shipping_method="", taken_time=tomorrow,
        delivery_address=common_pb2.Address(region_code="BE", postal_code="99999", recipient="x"),
        contact=pb.Contact(phone="1"), payment_method=pb.PAYMENT_METHOD_CHEQUE,
    )  # fmt: skip
    shop.catalog.articles["GONE"].discontinued = True
    shop.catalog.articles["B"].price = Decimal("21.95")
    shop.customers.findings = (FieldViolation("payment_method", "no cheques", "PAYMENT_NOT_ALLOWED"),)
    expected = {
        ("delivery_address.street_lines", "REQUIRED"),
        ("delivery_address.city", "REQUIRED"),
        ("delivery_address.postal_code", "INVALID"),
        ("contact.name", "REQUIRED"),
        ("contact.email", "REQUIRED"),
        ("shipping_method", "REQUIRED"),
        ("payment_method", "PAYMENT_NOT_ALLOWED"),
        ("taken_time", "TIME_IN_FUTURE"),
        ("terms_hash", "TERMS_OUTDATED"),
        ("lines[0].quantity", "STOCK_SHORTAGE"),
        ("lines[1]", "VARIANT_DISCONTINUED"),
        ("lines[2].budget_code", "BUDGET_EXCEEDED"),
        ("lines[3].price", "PRICE_CHANGED"),
    }
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(sheet.id, terms_hash="0" * 64)
    assert found(errors) == expected
    assert shop.catalog.calls["reserve"] == 0
    assert shop.library.calls["hold"] == 0
    shown = {(each.field, each.reason) for each in (await checkout(shop, sheet.id)).obstacles}
    assert shown == expected - {("terms_hash", "TERMS_OUTDATED")} | {("terms_version", "TERMS_NOT_ACCEPTED")}
    assert (await shop.get(sheet.id)).state == pb.Order.STATE_DRAFT
    assert (await placement(shop, sheet.id)).state == pb.Placement.STATE_NOT_PLACED


@pytest.mark.spec("O-20")
async def test_an_empty_cart_and_an_order_without_payment_cannot_be_placed(shop: Shop) -> None:
    shop.customers.contexts.clear()
    shop.customers.add(shop.account, pay_later_allowed=False)
    cart = (await shop.orders.OpenCart(pb.OpenCartRequest(), metadata=shop.customer)).order
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(cart.id, terms_version="", terms_hash="")
    assert found(errors) == {
        ("lines", "REQUIRED"),
        ("payment_method", "REQUIRED"),
        ("terms_version", "TERMS_NOT_ACCEPTED"),
    }


@pytest.mark.spec("O-20")
async def test_terms_have_to_be_those_in_force(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    await shop.terms.PublishTerms(
        checkout_pb2.PublishTermsRequest(
            version="2026-02", text=common_pb2.LocalizedText(texts={"en": "New."})
        ),
        metadata=shop.staff,
    )
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(sheet.id)
    assert found(errors) == {("terms_version", "TERMS_OUTDATED")}
    shown = await checkout(shop, sheet.id)
    assert (shown.terms_version, shown.terms_text) == ("2026-02", "New.")
    placed = await shop.place(sheet.id, terms_version=shown.terms_version, terms_hash=shown.terms_hash)
    assert placed.terms_acceptance.terms_version == "2026-02"


@pytest.mark.spec("O-20", "O-23")
async def test_checkout_shows_what_serves_this_order(shop: Shop) -> None:
    await shop.methods.CreateShippingMethod(
        checkout_pb2.CreateShippingMethodRequest(shipping_method=a_pick_up()),
        metadata=shop.staff,
    )
    far = checkout_pb2.ShippingZone(region_codes=["IT"], bands=a_method().zones[0].bands)
    await shop.methods.CreateShippingMethod(
        checkout_pb2.CreateShippingMethodRequest(shipping_method=a_method("ITALY", zones=[far])),
        metadata=shop.staff,
    )
    sheet = await shop.sheet(("A", 1))
    shown = await checkout(shop, sheet.id)
    options = {option.code: (option.display_name, amount(option.price)) for option in shown.shipping_options}
    assert options == {"STANDARD": ("Standaard levering", "6.50"), "PICK-UP": ("Standaard levering", "0.00")}
    assert [(each.field, each.reason) for each in shown.obstacles] == [
        ("terms_version", "TERMS_NOT_ACCEPTED")
    ]
    assert (shown.terms_version, shown.terms_hash) == ("2026-01", terms_hash("nl"))
    assert pb.PAYMENT_METHOD_ELECTRONIC in shown.payment_methods
    assert pb.PAYMENT_METHOD_ELECTRONIC not in (await checkout(shop, sheet.id, shop.as_rep)).payment_methods
    heavy = await shop.sheet(("A", 101))
    assert [option.code for option in (await checkout(shop, heavy.id)).shipping_options] == ["PICK-UP"]
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(heavy.id)
    assert found(errors) == {("shipping_method", "SHIPPING_NOT_AVAILABLE")}


async def test_numbers_follow_the_business_year(shop: Shop, clock: Any) -> None:
    # 23:30 UTC on New Year's Eve is the new year in Brussels.
    clock.fixed = datetime.datetime(2098, 12, 31, 22, 30, tzinfo=datetime.UTC)
    first = await shop.placed(("A", 1))
    clock.fixed = datetime.datetime(2098, 12, 31, 23, 30, tzinfo=datetime.UTC)
    second, third = await asyncio.gather(shop.placed(("A", 1)), shop.placed(("A", 1)))
    assert first.number == "2098-000001"
    assert {second.number, third.number} == {"2099-000001", "2099-000002"}


@pytest.mark.spec("O-10")
async def test_a_rep_places_without_an_ordering_session_too(shop: Shop) -> None:
    who = as_rep(shop.rep)
    sheet = await shop.sheet(("A", 1), who=who, account_id=str(shop.account))
    assert (await shop.place(sheet.id, who)).parties.rep_code == "REP01"
