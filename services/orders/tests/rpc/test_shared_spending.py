"""Spending control of a shared order follows the customer's side, whoever gives the last word."""

import datetime
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from commis.orders.v1 import events_pb2, orders_pb2

from chassis.ids import new_id
from chassis.money import Money
from chassis.testing import as_customer
from orders.ports import SpendingControl
from orders.shared import reminding
from services.orders.tests.negotiating import GREEN, TERMS, Desk, Table, a_table, day
from services.orders.tests.shop import Shop, refused

pytestmark = pytest.mark.spec("O-24", "N-07")
PLACED, PENDING = orders_pb2.Order.STATE_PLACED, orders_pb2.Order.STATE_PENDING_APPROVAL
NEGOTIATING = orders_pb2.Order.STATE_NEGOTIATING


@dataclass
class Firm:
    """An account with spending control: what its users order above 100 euro waits. Its administrator is the shop's
    customer."""

    shop: Shop
    table: Table
    ulla: UUID = field(default_factory=new_id)

    def __post_init__(self) -> None:
        self.shop.customers.names[str(self.ulla)] = "Ulla User"
        self.who = as_customer(self.ulla, self.shop.account, role="USER")
        self.user = Desk(self.table.customer.stub, self.who)
        self.limit(100_00)

    def limit(self, cents: int | None) -> None:
        limit = None if cents is None else Money(cents, "EUR")
        self.shop.customers.controls[self.shop.account] = SpendingControl(limit)

    async def started(self, *lines: tuple[str, int]) -> str:
        """By the user, who accepted the terms of sale too; all have looked."""
        draft = await self.shop.sheet(*lines, who=self.who)
        await self.user.start(draft, send=True)
        await self.user.accept(**TERMS)
        await self.look(draft.id)
        return draft.id

    async def look(self, order_id: str = "") -> None:
        for desk in (self.table.vendor, self.table.rep, self.table.customer, self.user):
            await desk.look(order_id)

    async def approve(self, order_id: str, who: Any) -> orders_pb2.Order:
        order = await self.shop.get(order_id)
        request = orders_pb2.ApproveOrderRequest(request_id=str(new_id()), order_id=order_id, etag=order.etag)
        return (await self.shop.orders.ApproveOrder(request, metadata=who)).order


@pytest.fixture
def firm(shop: Shop) -> Firm:
    return Firm(shop, a_table(shop))


@pytest.mark.parametrize("desk", ["vendor", "rep"])
async def test_the_vendors_last_word_does_not_place_what_a_user_is_not_free_to_order(
    firm: Firm, shop: Shop, desk: str
) -> None:
    order_id = await firm.started(("A", 6))
    waits = await getattr(firm.table, desk).accept()
    assert (waits.state, waits.status.colour) == (PENDING, GREEN)
    assert not shop.catalog.holds
    waiting = await shop.get(order_id)
    assert waiting.approval.requested_by.id == str(firm.ulla)
    assert waiting.approval.requested_by.display_name == "Ulla User"
    async with refused("APPROVAL_NOT_ALLOWED"):
        await firm.approve(order_id, firm.who)
    placed = await firm.approve(order_id, shop.customer)
    assert placed.state == PLACED
    assert placed.parties.actor.id == placed.terms_acceptance.accepted_by.id == str(firm.ulla)
    assert placed.parties.approver.id == str(shop.person)


async def test_what_the_user_is_free_to_order_is_placed_by_the_vendors_last_word(firm: Firm) -> None:
    await firm.started(("A", 1))
    assert (await firm.table.vendor.accept()).state == PLACED


async def test_no_other_way_of_the_vendor_places_it_either(firm: Firm, shop: Shop) -> None:
    """Where something stood against it when both agreed, and the vendor tries again."""
    rare = shop.catalog.add("RARE", "50.00", stock=0)
    order_id = await firm.started(("RARE", 3))
    green = await firm.table.vendor.accept()
    assert [each.reason for each in green.obstacles] == ["STOCK_SHORTAGE"]
    rare.stock = 10
    for who, needed in ((shop.staff, True), (firm.who, True), (shop.customer, False)):
        checkout = orders_pb2.GetCheckoutRequest(order_id=order_id)
        assert (await shop.orders.GetCheckout(checkout, metadata=who)).approval_needed is needed
    waits = await shop.place(order_id, shop.staff, terms_version="", terms_hash="")
    assert waits.state == PENDING
    assert waits.approval.requested_by.id == str(firm.ulla)


async def test_an_administrator_who_accepts_the_whole_sheet_frees_it_and_one_line_does_not(
    firm: Firm,
) -> None:
    await firm.started(("A", 6), ("B", 1))
    customer = firm.table.customer
    await customer.accept(customer.seen.lines[1].id)
    assert (await firm.table.vendor.accept()).state == PENDING
    second = await firm.started(("A", 6), ("B", 1))
    await customer.accept()
    placed = await firm.table.vendor.accept()
    assert (placed.order_id, placed.state) == (second, PLACED)


async def test_what_a_user_changes_after_the_administrator_accepted_binds_again(firm: Firm) -> None:
    await firm.started(("A", 6))
    await firm.table.customer.accept()
    await firm.user.change(0, quantity=7)
    await firm.table.vendor.look()
    assert (await firm.table.vendor.accept()).state == PENDING


async def test_the_lowest_limit_of_those_who_had_a_part_counts_until_one_of_them_takes_all(
    firm: Firm,
) -> None:
    for takes_all, state in ((False, PENDING), (True, PLACED)):
        firm.limit(None)
        await firm.started(("A", 6))
        firm.limit(1_000_00)
        await firm.user.change(0, note="soon")
        if takes_all:
            await firm.user.accept()
        await firm.table.vendor.look()
        assert (await firm.table.vendor.accept()).state == state


async def test_a_representative_who_accepts_the_terms_of_sale_frees_nobody(firm: Firm, shop: Shop) -> None:
    draft = await shop.sheet(("A", 6), who=firm.who)
    await firm.user.start(draft, send=True)
    await firm.table.rep.look(draft.id)
    assert (await firm.table.rep.accept(**TERMS)).state == PENDING


async def test_what_an_administrator_refused_is_not_placed_by_the_vendor(firm: Firm, shop: Shop) -> None:
    rare = shop.catalog.add("RARE", "50.00", stock=0)
    order_id = await firm.started(("RARE", 3))
    await firm.table.customer.accept()
    await firm.table.vendor.accept()
    rare.stock = 10
    assert (await shop.place(order_id, firm.who)).state == PENDING
    reject = orders_pb2.RejectOrderRequest(order_id=order_id, reason="not now")
    await shop.orders.RejectOrder(reject, metadata=shop.customer)
    firm.limit(200_00)
    await firm.look()
    assert (await firm.table.vendor.accept()).state == PENDING
    assert (await firm.table.customer.look()).state == PENDING
    again = orders_pb2.RejectOrderRequest(order_id=order_id, reason="not now either")
    await shop.orders.RejectOrder(again, metadata=shop.customer)
    await firm.look()
    assert (await firm.user.accept()).state == PLACED, "who is free to order it may ask for it again"


@pytest.mark.spec("N-09")
async def test_a_placed_order_is_amended_beyond_a_users_limit_by_an_administrator_alone(
    firm: Firm, shop: Shop
) -> None:
    order_id = await firm.started(("A", 1))
    await firm.table.vendor.accept()
    await firm.look()
    await firm.user.change(0, quantity=9)
    await firm.table.vendor.look()
    for _ in range(2):
        green = await firm.table.vendor.accept()
        assert (green.state, green.status.colour) == (PLACED, GREEN)
        assert [each.reason for each in green.obstacles] == ["APPROVAL_NEEDED"]
    assert (await shop.get(order_id)).lines[0].quantity == 1
    assert not shop.catalog.amending
    await firm.table.customer.look()
    assert not (await firm.table.customer.accept()).obstacles
    assert (await shop.get(order_id)).lines[0].quantity == 9


@pytest.mark.spec("N-09")
async def test_what_an_administrator_changes_of_a_users_placed_order_needs_nobody_else(
    firm: Firm, shop: Shop
) -> None:
    order_id = await firm.started(("A", 1))
    await firm.table.vendor.accept()
    await firm.look()
    await firm.table.customer.change(0, quantity=10)
    await firm.table.vendor.look()
    assert not (await firm.table.vendor.accept()).obstacles
    assert (await shop.get(order_id)).lines[0].quantity == 10


@pytest.mark.spec("N-13")
async def test_a_message_and_the_end_of_the_offer_leave_a_waiting_order_as_it_is(
    firm: Firm, shop: Shop, clock: Any
) -> None:
    """Though placing, which asked for the approval, saw less in stock than the sheet did."""
    clock.fixed = datetime.datetime(2999, 6, 1, 10, tzinfo=datetime.UTC)
    order_id = await firm.started(("A", 6))
    await firm.table.vendor.send(expire_date=day("2999-06-10"))
    await firm.look()
    shop.catalog.articles["A"].stock -= 7
    await firm.table.vendor.accept()
    waiting = await shop.get(order_id)
    assert waiting.state == PENDING
    sheet = await firm.table.vendor.send(message="we look forward to it")
    assert (sheet.state, sheet.status.colour) == (PENDING, GREEN)
    clock.fixed = datetime.datetime(2999, 6, 12, 10, tzinfo=datetime.UTC)
    assert (await reminding.expire(shop.infra)).done == 1
    assert [change.kind for change in await firm.table.vendor.log()][-2:] == ["sent", "expired"]
    assert await shop.get(order_id) == waiting
    assert await shop.events("approval_refused") == []
    assert (await firm.approve(order_id, shop.customer)).state == PLACED


async def test_a_change_ends_the_request_and_the_order_is_told_to_be_negotiated_again(
    firm: Firm, shop: Shop
) -> None:
    await firm.started(("A", 6))
    await firm.table.vendor.accept()
    assert (await firm.table.vendor.change(0, quantity=7)).state == NEGOTIATING
    [refusal] = await shop.events("approval_refused")
    assert events_pb2.ApprovalRefused.FromString(refusal).shared
