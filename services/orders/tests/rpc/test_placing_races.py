"""Exactly once, whatever races and whatever breaks in between."""

import asyncio
from decimal import Decimal
from typing import Any

import grpc
import pytest
from commis.orders.v1 import orders_pb2 as pb

from chassis import status
from chassis.errors import Unavailable
from chassis.ids import new_id
from chassis.testing import as_service
from services.orders.tests.shop import Shop, amount, found, refused, terms_hash


async def outcome(work: Any) -> Any:
    """The answer, or the error as ours."""
    try:
        return await work
    except grpc.aio.AioRpcError as error:
        return status.from_rpc_error(error, "orders")


async def placement(shop: Shop, order_id: str) -> pb.Placement:
    request = pb.GetPlacementsRequest(order_ids=[order_id])
    answer = await shop.placements.GetPlacements(
        request, metadata=as_service("orders.placement", vouching=True)
    )
    return answer.placements[0]


@pytest.mark.spec("O-21")
async def test_fifty_identical_requests_are_one_order(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    request_id = str(new_id())
    request = pb.PlaceOrderRequest(
        request_id=request_id, order_id=sheet.id, terms_version="2026-01", terms_hash=terms_hash("nl")
    )
    answers = await asyncio.gather(
        *(shop.orders.PlaceOrder(request, metadata=shop.customer, timeout=20) for _ in range(50))
    )
    assert len({answer.SerializeToString() for answer in answers}) == 1
    assert shop.catalog.calls["reserve"] == 1
    assert len(await shop.events("order_placed")) == 1
    numbers = await shop.rows("SELECT number FROM orders WHERE number IS NOT NULL")
    assert len(numbers) == 1
    async with refused("REQUEST_ID_REUSED"):
        await shop.place(sheet.id, request_id=request_id, terms_hash=terms_hash("en"))
    async with refused("ORDER_STATE") as errors:
        await shop.place(sheet.id)
    assert errors[0].metadata["allowed_verbs"] == "process, cancel"
    other = await shop.sheet(("A", 1))
    assert (await shop.place(other.id, shop.as_rep, request_id=request_id)).state == pb.Order.STATE_PLACED
    async with refused("INVALID_FIELDS") as errors:
        await shop.place(other.id, request_id="")
    assert found(errors) == {("request_id", "REQUIRED")}


@pytest.mark.spec("O-21")
async def test_two_different_keys_at_once_place_once(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    answers = await asyncio.gather(*(outcome(shop.place(sheet.id)) for _ in range(10)))
    placed = [answer for answer in answers if isinstance(answer, pb.Order)]
    assert len(placed) == 1
    assert {a.reason for a in answers if not isinstance(a, pb.Order)} <= {
        "PLACEMENT_IN_PROGRESS",
        "ORDER_STATE",
    }
    assert len(await shop.events("order_placed")) == 1
    assert shop.catalog.held(shop.catalog.articles["A"]) == 1


@pytest.mark.spec("O-21")
async def test_an_order_that_is_being_placed_cannot_be_edited_or_cancelled(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    shop.catalog.gate = asyncio.Event()
    placing = asyncio.create_task(shop.place(sheet.id))
    await shop.catalog.entered.wait()
    assert (await placement(shop, sheet.id)).state == pb.Placement.STATE_IN_PROGRESS
    line = pb.UpdateOrderLineRequest(
        order_id=sheet.id, line_id=sheet.lines[0].id, line=pb.LineInput(quantity=99)
    )
    async with refused("PLACEMENT_IN_PROGRESS"):
        await shop.orders.UpdateOrderLine(line, metadata=shop.customer)
    async with refused("PLACEMENT_IN_PROGRESS"):
        await shop.orders.CancelOrder(pb.CancelOrderRequest(order_id=sheet.id), metadata=shop.customer)
    shop.catalog.gate.set()
    placed = await placing
    assert [each.quantity for each in placed.lines] == [1]
    async with refused("ORDER_NOT_EDITABLE"):
        await shop.orders.UpdateOrderLine(line, metadata=shop.customer)


@pytest.mark.spec("O-21")
@pytest.mark.parametrize("edits", range(6))
async def test_placing_while_a_line_is_edited_freezes_one_of_the_two(shop: Shop, edits: int) -> None:
    sheet = await shop.sheet(("A", 1))
    line = pb.UpdateOrderLineRequest(
        order_id=sheet.id, line_id=sheet.lines[0].id, line=pb.LineInput(quantity=7)
    )
    work: list[Any] = [
        outcome(shop.place(sheet.id)),
        outcome(shop.orders.UpdateOrderLine(line, metadata=shop.customer)),
    ]
    first = edits % 2
    placed, edited = await asyncio.gather(*(work if first else work[::-1]))
    if not first:
        placed, edited = edited, placed
    assert isinstance(placed, pb.Order)
    quantity = placed.lines[0].quantity
    now = await shop.get(sheet.id)
    assert now == placed
    assert shop.catalog.held(shop.catalog.articles["A"]) == quantity
    if quantity == 1:
        assert edited.reason in {"PLACEMENT_IN_PROGRESS", "ORDER_NOT_EDITABLE"}
    else:
        assert edited.order.lines[0].quantity == 7
    assert amount(placed.totals.goods) == f"{Decimal('19.95') * quantity}"


@pytest.mark.spec("O-33")
@pytest.mark.parametrize("turn", range(6))
async def test_cancelling_while_placing_ends_in_one_of_the_two(shop: Shop, turn: int) -> None:
    sheet = await shop.sheet(("A", 1))
    request = pb.CancelOrderRequest(order_id=sheet.id)
    placed, cancelled = await asyncio.gather(
        outcome(shop.place(sheet.id)), outcome(shop.orders.CancelOrder(request, metadata=shop.customer))
    )
    now = await shop.get(sheet.id)
    facts = (len(await shop.events("order_placed")), len(await shop.events("order_cancelled")))
    if isinstance(cancelled, pb.CancelOrderResponse):
        assert now.state == pb.Order.STATE_CANCELLED
        assert facts == (1 if isinstance(placed, pb.Order) else 0, 1)
    else:
        assert cancelled.reason == "PLACEMENT_IN_PROGRESS"
        assert (now.state, facts) == (pb.Order.STATE_PLACED, (1, 0))


@pytest.mark.spec("O-21")
async def test_a_neighbour_that_is_away_leaves_nothing_behind(shop: Shop) -> None:
    shop.library.budgets["FICTION"] = 10_000
    sheet = await shop.sheet(lines=[pb.LineInput(sku="A", quantity=1, budget_code="FICTION")])
    shop.catalog.fail_reserve = Unavailable("catalog is away")
    async with refused("UNAVAILABLE"):
        await shop.place(sheet.id)
    assert not shop.library.holds
    assert not shop.catalog.holds
    assert (await placement(shop, sheet.id)).state == pb.Placement.STATE_NOT_PLACED
    shop.catalog.fail_reserve = None
    assert (await shop.place(sheet.id)).state == pb.Order.STATE_PLACED


@pytest.mark.spec("O-21")
async def test_a_claim_that_a_crash_left_behind_runs_out(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    request_id = new_id()
    async with shop.infra.sessions.begin() as session:
        connection = await session.connection()
        await connection.exec_driver_sql(
            "UPDATE orders SET placing_attempt = $1, placing_request = $2,"
            " placing_until = clock_timestamp() + interval '0.7 s'",
            (new_id(), request_id),
        )
    assert (await placement(shop, sheet.id)).state == pb.Placement.STATE_IN_PROGRESS
    async with refused("PLACEMENT_IN_PROGRESS"):
        await shop.place(sheet.id)
    placed = await shop.place(sheet.id, request_id=str(request_id))
    assert placed.state == pb.Order.STATE_PLACED


@pytest.mark.spec("O-21")
async def test_an_attempt_that_took_too_long_places_nothing(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    shop.catalog.gate = asyncio.Event()
    late = asyncio.create_task(outcome(shop.place(sheet.id)))
    await shop.catalog.entered.wait()
    async with shop.infra.sessions.begin() as session:
        await (await session.connection()).exec_driver_sql(
            "UPDATE orders SET placing_until = clock_timestamp()"
        )
    assert (await placement(shop, sheet.id)).state == pb.Placement.STATE_NOT_PLACED
    shop.catalog.gate.set()
    assert (await late).reason == "PLACEMENT_IN_PROGRESS"
    assert (await shop.get(sheet.id)).state == pb.Order.STATE_DRAFT
    assert not await shop.events("order_placed")
    assert not shop.catalog.holds


async def test_holders_learn_the_state_of_many_orders_in_one_call(shop: Shop) -> None:
    placed, sheet = await shop.placed(("A", 1)), await shop.sheet(("A", 1))
    unknown = str(new_id())
    request = pb.GetPlacementsRequest(order_ids=[unknown, placed.id, sheet.id, placed.id])
    answer = await shop.placements.GetPlacements(request, metadata=as_service("orders.placement"))
    state = pb.Placement
    assert [each.state for each in answer.placements] == [
        state.STATE_UNKNOWN, state.STATE_PLACED, state.STATE_NOT_PLACED, state.STATE_PLACED,
    ]  # fmt: skip
    for who in (shop.customer, shop.staff, as_service("orders.read")):
        async with refused("PERMISSION_DENIED"):
            await shop.placements.GetPlacements(request, metadata=who)


BREAK_COMMIT = (
    """CREATE FUNCTION break_commit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the server goes away' USING ERRCODE = 'admin_shutdown';
    END $$""",
    """CREATE CONSTRAINT TRIGGER broken AFTER UPDATE ON orders DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.state = 'PLACED') EXECUTE FUNCTION break_commit()""",
)
MEND_COMMIT = ("DROP TRIGGER broken ON orders", "DROP FUNCTION break_commit")


async def execute(shop: Shop, statements: tuple[str, ...]) -> None:
    async with shop.infra.engine.begin() as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)


@pytest.mark.spec("O-21")
async def test_a_commit_without_a_verdict_releases_nothing(shop: Shop) -> None:
    """The commit may have happened: the hold stays, its owner asks, and a retry of the same request finishes."""
    sheet = await shop.sheet(("A", 1))
    request_id = str(new_id())
    await execute(shop, BREAK_COMMIT)
    try:
        async with refused("DATABASE_UNAVAILABLE"):
            await shop.place(sheet.id, request_id=request_id)
    finally:
        await execute(shop, MEND_COMMIT)
    assert shop.catalog.held(shop.catalog.articles["A"]) == 1
    assert shop.catalog.calls["release"] == 0
    assert (await placement(shop, sheet.id)).state == pb.Placement.STATE_IN_PROGRESS
    placed = await shop.place(sheet.id, request_id=request_id)
    assert placed.state == pb.Order.STATE_PLACED
    assert len(await shop.events("order_placed")) == 1
    assert shop.catalog.held(shop.catalog.articles["A"]) == 1
