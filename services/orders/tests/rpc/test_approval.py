"""Spending control: a user's order above the limit waits for an administrator, bound to its exact content."""

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from commis.common.v1 import common_pb2
from commis.orders.v1 import checkout_pb2, events_pb2
from commis.orders.v1 import orders_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from chassis.errors import Unavailable
from chassis.ids import new_id
from chassis.money import Money
from chassis.testing import as_customer, as_rep_for, as_service, as_staff
from orders.ports import SpendingControl
from services.orders.tests.rpc.test_placing_races import BREAK_COMMIT, MEND_COMMIT, execute, outcome
from services.orders.tests.shop import TERMS, Shop, found, refused, terms_hash

PENDING, DRAFT, PLACED = pb.Order.STATE_PENDING_APPROVAL, pb.Order.STATE_DRAFT, pb.Order.STATE_PLACED


@dataclass
class Firm:
    """The shop's account with spending control: every order of a user waits."""

    shop: Shop
    user: UUID = field(default_factory=new_id)
    admin: UUID = field(default_factory=new_id)

    def __post_init__(self) -> None:
        self.as_user = as_customer(self.user, self.shop.account, "USER")
        self.as_admin = as_customer(self.admin, self.shop.account)
        self.shop.customers.names = {str(self.user): "Ulla User", str(self.admin): "Ada Admin"}
        self.limit(None)

    def limit(self, cents: int | None, currency: str = "EUR") -> None:
        limit = None if cents is None else Money(cents, currency)
        self.shop.customers.controls[self.shop.account] = SpendingControl(limit)

    async def asked(self, *lines: tuple[str, int], **fields: Any) -> pb.Order:
        sheet = await self.shop.sheet(*(lines or (("A", 1),)), who=self.as_user, **fields)
        return await self.shop.place(sheet.id, self.as_user)

    async def approve(self, order: pb.Order, who: Any = None, **fields: str) -> pb.Order:
        given = {"request_id": str(new_id()), "order_id": order.id, "etag": order.etag} | fields
        request = pb.ApproveOrderRequest(**given)
        answer = await self.shop.orders.ApproveOrder(request, metadata=who or self.as_admin, timeout=20)
        return answer.order

    async def reject(self, order: pb.Order, who: Any = None, **fields: str) -> pb.Order:
        request = pb.RejectOrderRequest(**({"order_id": order.id, "reason": "too dear"} | fields))
        return (await self.shop.orders.RejectOrder(request, metadata=who or self.as_admin)).order

    async def ended(self) -> list[tuple[str, bool]]:
        """(who had asked, decided by an administrator) of each request that came to nothing."""
        events = [
            events_pb2.ApprovalRefused.FromString(x) for x in await self.shop.events("approval_refused")
        ]
        return [(event.requester_id, event.decided) for event in events]

    async def actions(self, order_id: str) -> list[tuple[str, str]]:
        return [(entry.action, entry.actor.display_name) for entry in await self.shop.history(order_id)]


@pytest.fixture
def firm(shop: Shop) -> Firm:
    return Firm(shop)


async def change(shop: Shop, order_id: str, who: Any, **values: Any) -> pb.Order:
    request = pb.UpdateOrderRequest(
        order=pb.Order(id=order_id, **values), update_mask=FieldMask(paths=values)
    )
    return (await shop.orders.UpdateOrder(request, metadata=who)).order


@pytest.mark.spec("O-24")
async def test_an_order_waits_holds_nothing_and_is_placed_by_approving(shop: Shop, firm: Firm) -> None:
    shop.library.budgets["FICTION"] = 10_000
    sheet = await shop.sheet(
        who=firm.as_user, lines=[pb.LineInput(sku="A", quantity=2, budget_code="FICTION")]
    )
    checkout = pb.GetCheckoutRequest(order_id=sheet.id)
    assert (await shop.orders.GetCheckout(checkout, metadata=firm.as_user)).approval_needed
    assert not (await shop.orders.GetCheckout(checkout, metadata=firm.as_admin)).approval_needed
    request_id = str(new_id())
    waiting = await shop.place(sheet.id, firm.as_user, request_id=request_id)
    assert (waiting.state, waiting.number, waiting.cart) == (PENDING, "", False)
    assert waiting.approval.requested_by.display_name == "Ulla User"
    assert list(waiting.allowed_verbs) == ["approve", "reject", "cancel"]
    assert await shop.place(sheet.id, firm.as_user, request_id=request_id) == waiting
    assert not shop.catalog.holds
    assert not shop.library.holds
    (payload,) = await shop.events("approval_requested")
    event = events_pb2.ApprovalRequested.FromString(payload)
    assert (event.order_id, event.account_id, event.total) == (
        sheet.id,
        str(shop.account),
        waiting.totals.total,
    )
    placements = pb.GetPlacementsRequest(order_ids=[sheet.id])
    answer = await shop.placements.GetPlacements(placements, metadata=as_service("orders.placement"))
    assert answer.placements[0].state == pb.Placement.STATE_NOT_PLACED

    placed = await firm.approve(waiting)
    assert (placed.state, placed.totals) == (PLACED, waiting.totals)
    assert placed.number
    assert (placed.parties.actor.id, placed.parties.actor.display_name) == (str(firm.user), "Ulla User")
    assert (placed.parties.approver.id, placed.parties.approver.display_name) == (
        str(firm.admin),
        "Ada Admin",
    )
    assert placed.terms_acceptance.accepted_by == placed.parties.actor
    assert placed.terms_acceptance.accept_time == waiting.approval.request_time
    assert await shop.get(placed.id) == placed
    assert shop.catalog.held(shop.catalog.articles["A"]) == 2
    assert len(shop.library.holds) == 1
    assert len(await shop.events("order_placed")) == 1
    assert not await firm.ended()
    assert await firm.actions(placed.id) == [
        ("created", "Ulla User"),
        ("approval_requested", "Ulla User"),
        ("approved", "Ada Admin"),
    ]


@pytest.mark.spec("O-24")
async def test_the_limit_counts_the_total_with_tax(shop: Shop, firm: Firm) -> None:
    probe = await shop.sheet(("A", 1), who=firm.as_user)
    total = probe.totals.total.units * 100 + probe.totals.total.nanos // 10_000_000
    for cents, currency, state in (
        (total, "EUR", PLACED),
        (total - 1, "EUR", PENDING),
        (10**9, "USD", PENDING),
        (None, "EUR", PENDING),
    ):
        firm.limit(cents, currency)
        assert (await firm.asked()).state == state
    assert (await shop.placed(("A", 1))).state == PLACED  # administrators are free
    assert (await shop.place((await shop.sheet(("A", 1), who=shop.as_rep)).id, shop.as_rep)).state == PLACED


@pytest.mark.spec("O-24")
async def test_asking_checks_everything_that_placing_checks(shop: Shop, firm: Firm) -> None:
    shop.catalog.articles["B"].stock = 1
    sheet = await shop.sheet(("A", 1), ("B", 2), who=firm.as_user)
    shop.catalog.articles["A"].price = Decimal("21.00")
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(sheet.id, firm.as_user)
    assert found(errors) == {("lines[0].price", "PRICE_CHANGED"), ("lines[1].quantity", "STOCK_SHORTAGE")}
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(sheet.id, firm.as_user, terms_version="", terms_hash="")
    assert ("terms_version", "TERMS_NOT_ACCEPTED") in found(errors)
    assert (await shop.get(sheet.id, firm.as_user)).state == DRAFT
    assert not await shop.events("approval_requested")


@pytest.mark.spec("O-24", "A-06")
async def test_nobody_else_approves(shop: Shop, firm: Firm) -> None:
    waiting = await firm.asked()
    colleague = as_customer(new_id(), shop.account, "USER")
    foreign = as_customer(new_id(), shop.customers.add())
    promoted = as_customer(firm.user, shop.account)  # the one who asked is an administrator now
    demoted = new_id()
    shop.customers.roles[str(demoted)] = "USER"
    rep = as_rep_for(shop.rep, shop.account)
    for who, reason in (
        (firm.as_user, "APPROVAL_NOT_ALLOWED"),
        (promoted, "APPROVAL_NOT_ALLOWED"),
        (rep, "APPROVAL_NOT_ALLOWED"),
        (colleague, "ORDER_NOT_FOUND"),
        (foreign, "ORDER_NOT_FOUND"),
        (as_customer(demoted, shop.account), "ORDER_NOT_FOUND"),
        (as_staff("ADMIN"), "PERMISSION_DENIED"),
        (as_service("orders.read"), "PERMISSION_DENIED"),
    ):
        async with refused(reason):
            await firm.approve(waiting, who)
        if who not in (firm.as_user, promoted):
            async with refused(reason):
                await firm.reject(waiting, who)
    for who in (firm.as_user, firm.as_admin, rep, as_staff("ORDER_DESK")):
        async with refused("ORDER_STATE"):  # nor is it placed past the approval
            await shop.place(waiting.id, who)
    assert await shop.get(waiting.id) == waiting
    assert not shop.catalog.holds


@pytest.mark.spec("O-24")
@pytest.mark.parametrize("what", ["quantity", "header", "line", "removed", "admin"])
async def test_any_change_ends_the_request(shop: Shop, firm: Firm, what: str) -> None:
    waiting = await firm.asked(("A", 1), ("B", 1))
    line_id = waiting.lines[0].id
    who = firm.as_admin if what == "admin" else firm.as_user
    match what:
        case "quantity":
            line = pb.UpdateOrderLineRequest(
                order_id=waiting.id, line_id=line_id, line=pb.LineInput(quantity=2)
            )
            await shop.orders.UpdateOrderLine(line, metadata=who)
        case "removed":
            gone = pb.RemoveOrderLineRequest(order_id=waiting.id, line_id=line_id)
            await shop.orders.RemoveOrderLine(gone, metadata=who)
        case "line":
            more = pb.AddOrderLinesRequest(order_id=waiting.id, lines=[pb.LineInput(sku="C", quantity=1)])
            await shop.orders.AddOrderLines(more, metadata=who)
        case _:
            await change(shop, waiting.id, who, order_reference="other")
    now = await shop.get(waiting.id, firm.as_user)
    assert now.state == DRAFT
    assert not now.approval.HasField("decided_by")
    assert await firm.ended() == [(str(firm.user), False)]
    async with refused("ETAG_MISMATCH"):
        await firm.approve(waiting)
    async with refused("ORDER_STATE"):
        await firm.approve(now)
    asked_again = await shop.place(now.id, firm.as_user)
    assert (await firm.approve(asked_again)).state == PLACED


@pytest.mark.spec("O-24")
async def test_a_price_that_moved_sends_it_back_with_the_new_one(shop: Shop, firm: Firm) -> None:
    waiting = await firm.asked()
    shop.catalog.articles["A"].price = Decimal("21.00")
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await firm.approve(waiting)
    assert found(errors) == {("lines[0].price", "PRICE_CHANGED")}
    now = await shop.get(waiting.id, firm.as_user)
    assert (now.state, now.lines[0].price.unit_price.units) == (DRAFT, 21)
    assert errors[0].metadata["current_etag"] == now.etag
    assert await firm.ended() == [(str(firm.user), False)]
    assert not shop.catalog.holds
    assert [entry.to_state for entry in await shop.history(now.id)][-1] == DRAFT


@pytest.mark.spec("O-24")
async def test_other_terms_send_it_back(shop: Shop, firm: Firm) -> None:
    waiting = await firm.asked()
    text = common_pb2.LocalizedText(texts=TERMS)
    await shop.terms.PublishTerms(
        checkout_pb2.PublishTermsRequest(version="2026-02", text=text), metadata=shop.staff
    )
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await firm.approve(waiting)
    assert found(errors) == {("terms_version", "TERMS_OUTDATED")}
    now = await shop.get(waiting.id)
    assert (now.state, now.etag) == (DRAFT, errors[0].metadata["current_etag"])
    assert await firm.ended() == [(str(firm.user), False)]
    assert (await firm.actions(now.id))[-1] == ("approval_ended", "Ada Admin")


@pytest.mark.spec("O-24")
async def test_what_is_out_of_stock_goes_on_waiting(shop: Shop, firm: Firm) -> None:
    waiting = await firm.asked()
    shop.catalog.articles["A"].stock = 0
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await firm.approve(waiting)
    assert found(errors) == {("lines[0].quantity", "STOCK_SHORTAGE")}
    assert await shop.get(waiting.id) == waiting
    shop.catalog.articles["A"].stock = 1
    assert (await firm.approve(waiting)).state == PLACED


@pytest.mark.spec("O-24")
async def test_content_that_went_past_the_rules_is_not_approved(shop: Shop, firm: Firm) -> None:
    waiting = await firm.asked()
    await execute(shop, ("UPDATE order_lines SET note = 'gift for the mayor'",))
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await firm.approve(waiting)
    assert found(errors) == {("approval", "CONTENT_CHANGED")}
    assert (await shop.get(waiting.id)).state == DRAFT
    assert not shop.catalog.holds


@pytest.mark.spec("O-24")
async def test_it_is_sent_back_with_a_reason_or_taken_back(shop: Shop, firm: Firm) -> None:
    waiting = await firm.asked()
    request_id = str(new_id())
    back = await firm.reject(waiting, request_id=request_id)
    assert (back.state, back.approval.reason) == (DRAFT, "too dear")
    assert back.approval.decided_by.display_name == "Ada Admin"
    assert await firm.reject(waiting, request_id=request_id) == back
    async with refused("ORDER_STATE"):
        await firm.reject(waiting)
    waiting = await shop.place(back.id, firm.as_user)
    assert waiting.approval.reason == ""
    async with refused("ETAG_MISMATCH"):
        await firm.reject(waiting, etag=back.etag)
    taken = await firm.reject(waiting, firm.as_user, reason="")
    assert (taken.state, taken.approval.HasField("decided_by")) == (DRAFT, False)
    assert await firm.ended() == [(str(firm.user), True), (str(firm.user), False)]
    # An administrator may place the draft as the own order.
    placed = await shop.place(taken.id, firm.as_admin)
    assert (placed.state, placed.parties.HasField("approver")) == (PLACED, False)
    assert not placed.HasField("approval")


@pytest.mark.spec("O-24")
async def test_wrong_requests_are_named(shop: Shop, firm: Firm) -> None:
    async with refused("INVALID_FIELDS") as errors:
        await shop.orders.ApproveOrder(pb.ApproveOrderRequest(), metadata=firm.as_admin)
    assert found(errors) == {("order_id", "REQUIRED"), ("request_id", "REQUIRED"), ("etag", "REQUIRED")}
    waiting = await firm.asked()
    for etag, reason in (("*", "REQUIRED"), ("x", "INVALID")):
        async with refused("INVALID_FIELDS") as errors:
            await firm.approve(waiting, etag=etag)
        assert ("etag", reason) in found(errors)
    async with refused("INVALID_FIELDS"):
        await firm.reject(waiting, reason="\x00")
    async with refused("ORDER_NOT_FOUND"):
        await firm.approve(waiting, order_id=str(new_id()))


@pytest.mark.spec("O-24")
async def test_approving_twenty_times_at_once_is_one_order(shop: Shop, firm: Firm) -> None:
    waiting = await firm.asked()
    request_id = str(new_id())
    same = [firm.approve(waiting, request_id=request_id) for _ in range(10)]
    others = [firm.approve(waiting, as_customer(new_id(), shop.account)) for _ in range(10)]
    answers = await asyncio.gather(*(outcome(work) for work in (*same, *others)))
    placed = [answer for answer in answers if isinstance(answer, pb.Order)]
    assert placed
    assert len({order.SerializeToString() for order in placed}) == 1
    assert {answer.reason for answer in answers if not isinstance(answer, pb.Order)} <= {
        "PLACEMENT_IN_PROGRESS",
        "ETAG_MISMATCH",
    }
    assert len(await shop.events("order_placed")) == 1
    assert shop.catalog.held(shop.catalog.articles["A"]) == 1
    assert len(await shop.rows("SELECT 1 FROM orders WHERE number IS NOT NULL")) == 1


@pytest.mark.spec("O-24")
@pytest.mark.parametrize("turn", range(6))
async def test_approving_while_it_is_changed_ends_in_one_of_the_two(
    shop: Shop, firm: Firm, turn: int
) -> None:
    waiting = await firm.asked()
    line = pb.UpdateOrderLineRequest(
        order_id=waiting.id, line_id=waiting.lines[0].id, line=pb.LineInput(quantity=7)
    )
    work = [outcome(firm.approve(waiting)), outcome(shop.orders.UpdateOrderLine(line, metadata=firm.as_user))]
    answers = await asyncio.gather(*(work if turn % 2 else work[::-1]))
    approved, changed = answers if turn % 2 else answers[::-1]
    now = await shop.get(waiting.id)
    if isinstance(approved, pb.Order):
        assert changed.reason in {"PLACEMENT_IN_PROGRESS", "ORDER_NOT_EDITABLE"}
        assert (now, now.lines[0].quantity) == (approved, 1)
        assert not await firm.ended()
    else:
        assert approved.reason == "ETAG_MISMATCH"
        assert (now.state, now.lines[0].quantity) == (DRAFT, 7)
        assert await firm.ended() == [(str(firm.user), False)]
        assert not shop.catalog.holds


@pytest.mark.spec("O-24")
@pytest.mark.parametrize("turn", range(6))
async def test_approving_while_it_is_rejected_ends_in_one_of_the_two(
    shop: Shop, firm: Firm, turn: int
) -> None:
    waiting = await firm.asked()
    other = as_customer(new_id(), shop.account)
    work = [outcome(firm.approve(waiting)), outcome(firm.reject(waiting, other))]
    answers = await asyncio.gather(*(work if turn % 2 else work[::-1]))
    approved, rejected = answers if turn % 2 else answers[::-1]
    now = await shop.get(waiting.id)
    if isinstance(approved, pb.Order):
        assert rejected.reason in {"PLACEMENT_IN_PROGRESS", "ORDER_STATE"}
        assert now == approved
        assert not await firm.ended()
    else:
        assert approved.reason == "ETAG_MISMATCH"
        assert now == rejected
        assert await firm.ended() == [(str(firm.user), True)]
        assert not shop.catalog.holds


@pytest.mark.spec("O-24")
async def test_an_administrator_who_is_removed_while_approving_places_nothing(shop: Shop, firm: Firm) -> None:
    waiting = await firm.asked()
    shop.catalog.gate = asyncio.Event()
    shop.catalog.entered.clear()
    late = asyncio.create_task(outcome(firm.approve(waiting)))
    await shop.catalog.entered.wait()
    shop.catalog.gate.set()
    first = await late
    assert isinstance(first, pb.Order)  # customers had agreed before
    waiting = await firm.asked()
    shop.customers.roles[str(firm.admin)] = ""
    async with refused("ORDER_NOT_FOUND"):
        await firm.approve(waiting)
    assert (await shop.get(waiting.id)).state == PENDING


@pytest.mark.spec("O-24", "O-21")
async def test_what_breaks_while_approving_leaves_the_request_as_it_was(shop: Shop, firm: Firm) -> None:
    waiting = await firm.asked()
    shop.catalog.fail_reserve = Unavailable("catalog is away")
    async with refused("UNAVAILABLE"):
        await firm.approve(waiting)
    assert await shop.get(waiting.id) == waiting
    shop.catalog.fail_reserve = None
    request_id = str(new_id())
    await execute(shop, BREAK_COMMIT)
    try:
        async with refused("DATABASE_UNAVAILABLE"):
            await firm.approve(waiting, request_id=request_id)
    finally:
        await execute(shop, MEND_COMMIT)
    assert shop.catalog.held(shop.catalog.articles["A"]) == 1
    assert await shop.get(waiting.id) == waiting
    placed = await firm.approve(waiting, request_id=request_id)
    assert placed.state == PLACED
    assert await firm.approve(waiting, request_id=request_id) == placed
    assert len(await shop.events("order_placed")) == 1


@pytest.mark.spec("O-24", "O-21")
async def test_an_attempt_to_ask_that_took_too_long_asks_for_nothing(shop: Shop, firm: Firm) -> None:
    sheet = await shop.sheet(("A", 1), who=firm.as_user)
    shop.catalog.gate = asyncio.Event()
    late = asyncio.create_task(outcome(shop.place(sheet.id, firm.as_user)))
    await shop.catalog.entered.wait()
    await execute(shop, ("UPDATE orders SET placing_until = clock_timestamp()",))
    shop.catalog.gate.set()
    assert (await late).reason == "PLACEMENT_IN_PROGRESS"
    assert (await shop.get(sheet.id)).state == DRAFT
    assert not await shop.events("approval_requested")
    assert not shop.catalog.holds


@pytest.mark.spec("O-24")
async def test_a_waiting_order_can_be_cancelled(shop: Shop, firm: Firm) -> None:
    waiting = await firm.asked()
    cancel = pb.CancelOrderRequest(order_id=waiting.id, etag=waiting.etag)
    cancelled = (await shop.orders.CancelOrder(cancel, metadata=firm.as_user)).order
    assert cancelled.state == pb.Order.STATE_CANCELLED
    (told,) = map(events_pb2.OrderCancelled.FromString, await shop.events("order_cancelled"))
    assert (told.was_placed, told.approval_asked) == (False, True)
    async with refused("ETAG_MISMATCH"):
        await firm.approve(waiting)
    async with refused("ORDER_STATE"):
        await firm.approve(cancelled)


async def test_the_cart_that_waits_is_no_cart_any_more(shop: Shop, firm: Firm) -> None:
    cart = (await shop.orders.OpenCart(pb.OpenCartRequest(), metadata=firm.as_user)).order
    lines = pb.AddOrderLinesRequest(order_id=cart.id, lines=[pb.LineInput(sku="A", quantity=1)])
    await shop.orders.AddOrderLines(lines, metadata=firm.as_user)
    await change(
        shop,
        cart.id,
        firm.as_user,
        shipping_method="STANDARD",
        payment_method=pb.PAYMENT_METHOD_BANK_TRANSFER,
    )
    waiting = await shop.place(cart.id, firm.as_user, terms_hash=terms_hash("en"))
    assert waiting.state == PENDING
    other = (await shop.orders.OpenCart(pb.OpenCartRequest(), metadata=firm.as_user)).order
    assert other.id != cart.id
    back = await firm.reject(waiting)
    assert (back.state, back.cart) == (DRAFT, False)
