"""What both agreed to becomes an order though a process died before it did so, and though others act meanwhile."""

import asyncio
import datetime
from contextlib import asynccontextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from commis.common.v1 import common_pb2
from commis.orders.v1 import orders_pb2
from commis.orders.v1 import shared_orders_pb2 as pb

from chassis.errors import FieldViolation, InvalidFields, Unavailable
from chassis.ids import new_id
from orders.shared import finishing
from services.orders.tests.files import add, remove
from services.orders.tests.negotiating import GREEN, TERMS, Table, a_sent_table, a_table
from services.orders.tests.rpc.test_shared_amendments import a_placed_table
from services.orders.tests.rpc.test_shared_spending import Firm
from services.orders.tests.shop import Shop, refused

pytestmark = pytest.mark.spec("N-07")
PLACED, NEGOTIATING = orders_pb2.Order.STATE_PLACED, orders_pb2.Order.STATE_NEGOTIATING


class Death(Exception):
    pass


@asynccontextmanager
async def dying() -> Any:
    """The process dies between the agreement and what follows from it."""

    async def die(*_: object) -> None:
        raise Death

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finishing, "finish", die)
        async with refused("DEPENDENCY_FAILED"):
            yield


async def later(shop: Shop, clock: Any) -> int:
    """How many a replica finds and finishes, long after whatever was tried before."""
    clock.fixed = clock() + datetime.timedelta(hours=1)
    return (await finishing.finish_interrupted(shop.infra)).done


async def an_agreed_table(shop: Shop) -> Table:
    """Agreed, by the vendor at last, and not placed."""
    table = await a_sent_table(shop)
    await table.customer.accept(**TERMS)
    await table.vendor.look()
    async with dying():
        await table.vendor.accept()
    return table


async def test_what_was_agreed_is_placed_by_itself_in_the_name_of_who_agreed_last(
    shop: Shop, clock: Any
) -> None:
    table = await an_agreed_table(shop)
    order_id = table.vendor.seen.order_id
    assert (await finishing.finish_interrupted(shop.infra)).done == 0, "somebody may be about to"
    assert (await shop.get(order_id)).state == NEGOTIATING
    clock.fixed = clock() + datetime.timedelta(seconds=61)
    done = await asyncio.gather(*(finishing.finish_interrupted(shop.infra) for _ in range(4)))
    assert sorted(each.done for each in done) == [0, 0, 0, 1]
    order = await shop.get(order_id)
    assert order.state == PLACED
    assert order.parties.actor.kind == common_pb2.PARTY_KIND_STAFF
    assert order.terms_acceptance.accepted_by.id == str(shop.person)
    assert len(await shop.events("order_placed")) == 1
    assert (await table.customer.look()).status.colour == GREEN
    assert await later(shop, clock) == 0


@pytest.mark.spec("N-14")
async def test_it_is_in_nobodys_name_who_only_added_a_file_or_a_note_since(shop: Shop, clock: Any) -> None:
    table = await an_agreed_table(shop)
    order_id, line_id = table.vendor.seen.order_id, table.vendor.seen.lines[0].id
    await table.customer.look()
    await table.customer.change(0, note="for Karel")
    added = await add(shop, order_id, who=shop.as_rep, line_id=line_id)
    await add(shop, order_id, who=shop.customer, line_id=line_id)
    await remove(shop, order_id, added.id, shop.as_rep)
    assert await later(shop, clock) == 1
    order = await shop.get(order_id)
    assert (order.state, order.parties.actor.kind) == (PLACED, common_pb2.PARTY_KIND_STAFF)


@pytest.mark.spec("N-09")
async def test_an_amendment_is_ended_by_itself_as_well(shop: Shop, clock: Any) -> None:
    table = await a_placed_table(shop)
    await table.customer.change(1, quantity=4)
    await table.vendor.look()
    async with dying():
        await table.vendor.accept()
    stuck = "UPDATE shared_orders SET amending_attempt = order_id, amending_until = now() + :left"
    for left, found in ((datetime.timedelta(hours=1), 0), (datetime.timedelta(0), 1)):
        async with shop.infra.sessions.begin() as session:
            await session.execute(sa.text(stuck), {"left": left})
        assert await later(shop, clock) == found
    assert (await shop.get(table.vendor.seen.order_id)).lines[1].quantity == 4
    assert (await shop.history(table.vendor.seen.order_id))[-1].actor.kind == common_pb2.PARTY_KIND_STAFF
    assert await later(shop, clock) == 0


@pytest.mark.parametrize("way", ["withdraw", "decline"])
async def test_the_same_request_once_more_places_what_it_agreed_to(shop: Shop, way: str) -> None:
    """The last thing that was open, a change of the customer, is taken back."""
    table = await a_sent_table(shop)
    await table.customer.accept(**TERMS)
    await table.vendor.look()
    lines = [line.id for line in table.vendor.seen.lines]
    await table.vendor.accept(*lines)
    await table.customer.look()
    await table.customer.change(0, quantity=9)
    await table.vendor.look()
    await table.vendor.accept("header")
    await table.customer.look()
    names = {"order_id": table.vendor.seen.order_id, "request_id": str(new_id()), "line_ids": lines[:1]}
    names |= {"revision": table.vendor.seen.revision}
    if way == "withdraw":
        desk, method, request = table.customer, "WithdrawChanges", pb.WithdrawChangesRequest(**names)
    else:
        desk, method, request = table.vendor, "DeclineChanges", pb.DeclineChangesRequest(**names)
    async with dying():
        await desk.call(method, request)
    assert (await desk.look()).state == NEGOTIATING
    assert (await desk.call(method, request)).state == PLACED


async def test_what_stands_against_it_is_told_and_nobody_tries_on_and_on(shop: Shop, clock: Any) -> None:
    table = await an_agreed_table(shop)
    shop.catalog.articles["A"].stock = 3
    assert await later(shop, clock) == 1
    assert [each.reason for each in (await table.vendor.look()).obstacles] == ["STOCK_SHORTAGE"]
    shop.catalog.articles["A"].stock = 10
    assert await later(shop, clock) == 0
    assert (await table.vendor.accept()).state == PLACED


async def test_an_account_that_is_gone_is_an_obstacle(shop: Shop, clock: Any) -> None:
    table = await an_agreed_table(shop)
    context = shop.customers.contexts.pop(shop.account)
    assert await later(shop, clock) == 1
    assert await later(shop, clock) == 0
    shop.customers.contexts[shop.account] = context
    assert [each.reason for each in (await table.vendor.look()).obstacles] == ["ORDER_NOT_FOUND"]


@pytest.mark.spec("O-22")
async def test_what_only_the_customer_may_pay_with_is_left_to_the_customer(shop: Shop, clock: Any) -> None:
    table = a_table(shop)
    draft = await shop.sheet(("A", 1), payment_method=orders_pb2.PAYMENT_METHOD_ELECTRONIC)
    await table.customer.start(draft, send=True)
    await table.vendor.look(draft.id)
    await table.vendor.accept()
    await table.customer.look()
    async with dying():
        await table.customer.accept(**TERMS)
    assert await later(shop, clock) == 1
    assert [each.reason for each in (await table.customer.look()).obstacles] == ["INTERRUPTED"]
    assert (await table.customer.accept(**TERMS)).state == PLACED


@pytest.mark.spec("O-24")
async def test_spending_control_holds_and_what_was_refused_is_left_to_people(shop: Shop, clock: Any) -> None:
    firm = Firm(shop, a_table(shop))
    order_id = await firm.started(("A", 6))
    async with dying():
        await firm.table.vendor.accept()
    assert await later(shop, clock) == 1
    waiting = await shop.get(order_id)
    assert waiting.state == orders_pb2.Order.STATE_PENDING_APPROVAL
    assert waiting.approval.requested_by.id == str(firm.ulla)
    assert await later(shop, clock) == 0
    reject = orders_pb2.RejectOrderRequest(order_id=order_id, reason="not now")
    await shop.orders.RejectOrder(reject, metadata=shop.customer)
    assert await later(shop, clock) == 0
    assert (await shop.get(order_id)).state == NEGOTIATING
    shop.catalog.fail_reserve = Unavailable("catalog is away")
    await firm.table.vendor.look()
    await firm.table.vendor.accept()
    assert [each.reason for each in (await firm.table.vendor.look()).obstacles] == ["UNAVAILABLE"]


@pytest.mark.spec("N-09")
@pytest.mark.parametrize(
    "against",
    [Unavailable("catalog is away"), InvalidFields([FieldViolation("lines", "is refused")])],
    ids=["away", "refused"],
)
async def test_obstacles_are_none_of_a_sheet_that_changed_meanwhile(shop: Shop, against: Exception) -> None:
    table = await a_sent_table(shop)
    await table.customer.accept(**TERMS)
    await table.vendor.look()
    shop.catalog.gate = asyncio.Event()
    shop.catalog.fail_reserve = against
    shop.catalog.entered.clear()
    slow = asyncio.create_task(table.vendor.accept())
    await shop.catalog.entered.wait()
    async with shop.infra.sessions.begin() as session:  # the claim ran out
        await session.execute(sa.text("UPDATE orders SET placing_until = now()"))
    await table.customer.look()
    changed = await table.customer.change(0, quantity=9)
    shop.catalog.gate.set()
    await slow
    now = await table.customer.look()
    assert (now.revision, list(now.obstacles)) == (changed.revision, [])
