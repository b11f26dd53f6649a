"""Order lines that wait for goods, and who gets them when they come."""

from __future__ import annotations

import asyncio
import datetime
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.catalog.v1 import events_pb2
from commis.catalog.v1 import stock_pb2 as pb
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog.reservations import firming
from catalog.reservations.firming import OrderFact
from catalog.reservations.sweeper import Sweeper
from catalog.reservations.use_cases import release_stock, reserve_stock
from catalog.stock.domain import StockWouldBeNegative
from catalog.stock.rpc import StockServicer
from chassis.db import Sessions
from chassis.ids import new_id

from .. import factories as a
from .importing import Importing
from .test_sweeper import FakeOrders

NOON = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
RECEIPT, CORRECTION = pb.StockMovement.KIND_RECEIPT, pb.StockMovement.KIND_CORRECTION
RETURN = pb.StockMovement.KIND_RETURN


async def reserve(sessions: Sessions, *lines: a.Line, minutes: float = 15) -> OrderFact:
    """The fact that will say that this was placed."""
    order, attempt = new_id(), new_id()
    command = a.a_reservation(lines, order_id=order, attempt_id=attempt)
    answer = pb.ReserveStockResponse.FromString(await reserve_stock(a.reserving(sessions, minutes), command))
    assert answer.reserved
    quantities: dict[UUID, int] = {}
    for line in lines:
        assert line.variant_id is not None
        quantities[line.variant_id] = quantities.get(line.variant_id, 0) + line.quantity
    return OrderFact("PLACED", order, attempt, quantities)


async def apply(sessions: Sessions, *facts: OrderFact) -> None:
    async with sessions.begin() as session:
        await firming.apply(session, facts)


async def place(sessions: Sessions, fact: OrderFact, minute: int | None = None) -> UUID:
    time = NOON + datetime.timedelta(minutes=minute) if minute is not None else None
    placed = OrderFact("PLACED", fact.order_id, fact.attempt_id, fact.quantities, time)
    await apply(sessions, placed, placed)
    return fact.order_id


async def placed(sessions: Sessions, variant: a.AVariant, quantity: int, minute: int) -> UUID:
    return await place(sessions, await reserve(sessions, a.a_line(variant, quantity)), minute)


async def move(
    sessions: Sessions, variant: a.AVariant, quantity: int, kind: pb.StockMovement.Kind = RECEIPT
) -> None:
    warehouse = await a.a_warehouse(sessions)
    request = pb.MoveStockRequest(
        variant_id=str(variant.id),
        warehouse_id=str(warehouse),
        kind=kind,
        quantity=quantity,
        reason="because",
    )
    await StockServicer(sessions).MoveStock(request, None)


async def told(sessions: Sessions) -> list[tuple[UUID, int, int]]:
    """Order, quantity and what is missing still, of every event so far."""
    async with sessions() as session:
        rows = await session.execute(
            sa.text(
                "SELECT payload FROM outbox WHERE subject = 'commis.catalog.v1.backorder_filled' ORDER BY position"
            )
        )
    events = [events_pb2.BackorderFilled.FromString(row.payload) for row in rows]
    return [(UUID(event.order_id), event.quantity, event.missing_quantity) for event in events]


async def waiting(sessions: Sessions) -> list[tuple[UUID, int]]:
    answer = await StockServicer(sessions).ListBackorders(pb.ListBackordersRequest(), None)
    return [(UUID(found.order_id), found.missing_quantity) for found in answer.backorders]


@pytest.mark.spec("C-22")
async def test_who_is_placed_first_is_filled_first(sessions: Sessions) -> None:
    """Whoever reserved first, and in whatever order catalog is told of it."""
    book = await a.a_variant(sessions, policy="BACKORDER", stock=2)
    early, late, third = [await reserve(sessions, a.a_line(book, 3)) for _ in range(3)]
    one = await place(sessions, early, 10)  # has two of three already
    two, three = await place(sessions, late, 5), await place(sessions, third, 1)
    assert await waiting(sessions) == [(three, 3), (two, 3), (one, 1)]
    await move(sessions, book, 4)
    assert await told(sessions) == [(three, 3, 0), (two, 1, 2)]
    assert await waiting(sessions) == [(two, 2), (one, 1)]
    await move(sessions, book, 1, RETURN)
    await move(sessions, book, 1, CORRECTION)
    await move(sessions, book, 5)
    assert (await told(sessions))[2:] == [(two, 1, 1), (two, 1, 0), (one, 1, 0)]
    assert await a.level(sessions, book) == (13, 9)
    assert await waiting(sessions) == []
    await a.assert_ledger_holds(sessions)


@pytest.mark.spec("C-22")
async def test_orders_placed_at_the_same_time_go_by_their_ids(sessions: Sessions) -> None:
    book = await a.a_variant(sessions, policy="BACKORDER", stock=0)
    facts = [await reserve(sessions, a.a_line(book, 1)) for _ in range(4)]
    await apply(sessions, *reversed(facts))
    await move(sessions, book, 2)
    assert [order for order, *_ in await told(sessions)] == sorted(fact.order_id for fact in facts)[:2]


@pytest.mark.spec("C-22")
async def test_who_is_not_placed_is_not_filled(sessions: Sessions) -> None:
    """Goods stay free until somebody is placed, and are not sold to others meanwhile."""
    book = await a.a_variant(sessions, policy="BACKORDER", stock=0)
    held, other = await reserve(sessions, a.a_line(book, 2)), await reserve(sessions, a.a_line(book, 2))
    await move(sessions, book, 3)
    assert (await told(sessions), await waiting(sessions)) == ([], [])
    second = await place(sessions, other)
    assert await told(sessions) == [(second, 2, 0)]
    first = await place(sessions, held)
    assert (await told(sessions))[1:] == [(first, 1, 1)]
    assert await waiting(sessions) == [(first, 1)]


@pytest.mark.spec("C-21", "C-22")
async def test_what_an_order_gives_back_goes_to_who_waits(sessions: Sessions) -> None:
    """By cancel, by release and by expiry; and a claim that is cancelled waits no more."""
    book = await a.a_variant(sessions, policy="BACKORDER", stock=5)
    has, released = await placed(sessions, book, 2, 0), await reserve(sessions, a.a_line(book, 1))
    expired = await reserve(sessions, a.a_line(book, 2), minutes=-1)
    first, second = await placed(sessions, book, 2, 1), await placed(sessions, book, 4, 2)
    assert await waiting(sessions) == [(first, 2), (second, 4)]
    await release_stock(sessions, released.order_id, released.attempt_id)
    assert await told(sessions) == [(first, 1, 1)]
    await apply(sessions, OrderFact("CANCELLED", first), OrderFact("CANCELLED", first))
    assert await waiting(sessions) == [(second, 3)]
    minutes = datetime.timedelta(minutes=15)
    orders = FakeOrders({expired.order_id: ("NOT_PLACED", None)})
    assert await Sweeper(sessions, orders, hold_time=minutes, every_seconds=60).sweep() == 1
    await apply(sessions, OrderFact("CANCELLED", has))
    assert (await told(sessions))[1:] == [(second, 1, 3), (second, 2, 1), (second, 1, 0)]
    assert await a.level(sessions, book) == (5, 4)
    await a.assert_ledger_holds(sessions)


@pytest.mark.spec("C-22")
async def test_the_sweeper_makes_an_order_queue_as_well(sessions: Sessions) -> None:
    book = await a.a_variant(sessions, policy="BACKORDER", stock=0)
    held = await reserve(sessions, a.a_line(book, 2), minutes=-1)
    await move(sessions, book, 1)
    orders = FakeOrders({held.order_id: ("PLACED", held.attempt_id)})
    sweeper = Sweeper(sessions, orders, hold_time=datetime.timedelta(minutes=15), every_seconds=60)
    assert await sweeper.sweep() == 1
    assert await told(sessions) == [(held.order_id, 1, 1)]
    await place(sessions, held)
    assert await waiting(sessions) == [(held.order_id, 1)]


@pytest.mark.spec("C-22")
async def test_the_last_lines_of_an_order_wait(sessions: Sessions) -> None:
    book = await a.a_variant(sessions, policy="BACKORDER", stock=4)
    lines = [a.a_line(book, quantity, name) for name, quantity in (("a", 2), ("b", 3), ("c", 1))]
    order = await place(sessions, await reserve(sessions, *lines))
    listed = await StockServicer(sessions).ListBackorders(pb.ListBackordersRequest(), None)
    assert [(found.line_id, found.missing_quantity) for found in listed.backorders] == [("b", 1), ("c", 1)]
    await move(sessions, book, 9)
    assert await told(sessions) == [(order, 1, 0), (order, 1, 0)]


@pytest.mark.spec("C-20", "C-22")
async def test_what_is_shipped_without_having_come_leaves_the_others_theirs(sessions: Sessions) -> None:
    book = await a.a_variant(sessions, policy="BACKORDER", stock=3)
    await placed(sessions, book, 3, 0)
    shipped, waits = await placed(sessions, book, 2, 1), await placed(sessions, book, 1, 2)
    await apply(sessions, OrderFact("SHIPPED", shipped), OrderFact("SHIPPED", shipped))
    assert await a.level(sessions, book) == (3, 4)
    assert await waiting(sessions) == [(waits, 1)]
    await a.assert_ledger_holds(sessions)
    await move(sessions, book, 1)
    assert await told(sessions) == [(waits, 1, 0)]


@pytest.mark.spec("C-20", "C-22")
async def test_pieces_of_a_back_order_cannot_leave_either(sessions: Sessions, importing: Importing) -> None:
    book = await a.a_variant(sessions, "BOOK", policy="BACKORDER", stock=3)
    order = await placed(sessions, book, 5, 0)
    with pytest.raises(StockWouldBeNegative):
        await move(sessions, book, -1, CORRECTION)
    job = await importing("STOCK", "warehouse,sku,quantity\nMAIN,BOOK,2\n")
    assert (await importing.findings(job))[2][0][2] == "BELOW_RESERVED"
    job = await importing("STOCK", "warehouse,sku,quantity\nMAIN,BOOK,3\n")
    assert job.unchanged_count == 1
    assert await told(sessions) == []
    await importing("STOCK", "warehouse,sku,quantity\nMAIN,BOOK,4\n")
    assert await told(sessions) == [(order, 1, 1)]
    await a.assert_ledger_holds(sessions)


@pytest.mark.spec("C-22")
async def test_many_receipts_at_once_fill_in_order_and_tell_once(sessions: Sessions) -> None:
    """Twelve receipts, each sent twice at the same time, while orders go on being placed."""
    book = await a.a_variant(sessions, policy="BACKORDER", stock=0)
    queue = [await placed(sessions, book, 2, minute) for minute in range(10)]
    warehouse, stock = await a.a_warehouse(sessions), StockServicer(sessions)

    async def receive() -> None:
        request = pb.MoveStockRequest(
            request_id=str(new_id()), sku=book.sku, warehouse_id=str(warehouse), kind=RECEIPT, quantity=1
        )
        one, other = await asyncio.gather(stock.MoveStock(request, None), stock.MoveStock(request, None))
        assert one == other

    await asyncio.gather(*(receive() for _ in range(12)), placed(sessions, book, 2, 30))
    wanted = [(order, 1, missing) for order in queue[:6] for missing in (1, 0)]
    assert await told(sessions) == wanted
    assert [order for order, _ in await waiting(sessions)][:4] == queue[6:]


SCRIPT = """
import asyncio
import sys
from chassis import db
from catalog.stock.rpc import StockServicer
from commis.catalog.v1 import stock_pb2
async def main():
    sessions = db.sessions(db.engine_for(sys.argv[1]))
    request = stock_pb2.MoveStockRequest.FromString(bytes.fromhex(sys.argv[2]))
    await StockServicer(sessions).MoveStock(request, None)
asyncio.run(main())
"""


@pytest.mark.spec("C-22")
@pytest.mark.parametrize(("point", "filled"), [("command_before_commit", 0), ("command_after_commit", 1)])
async def test_killed_and_repeated_it_is_filled_once(
    engine: AsyncEngine, sessions: Sessions, point: str, filled: int
) -> None:
    book = await a.a_variant(sessions, policy="BACKORDER", stock=0)
    order = await placed(sessions, book, 3, 0)
    request = pb.MoveStockRequest(
        request_id=str(new_id()), sku=book.sku, warehouse_id=str(await a.a_warehouse(sessions)),
        kind=RECEIPT, quantity=2,
    )  # fmt: skip
    assert await _killed(engine, request, point) == -signal.SIGKILL
    assert len(await told(sessions)) == filled
    await StockServicer(sessions).MoveStock(request, None)
    assert await told(sessions) == [(order, 2, 1)]
    assert await a.level(sessions, book) == (2, 3)
    await a.assert_ledger_holds(sessions)


async def _killed(engine: AsyncEngine, request: pb.MoveStockRequest, point: str) -> int:
    url = engine.url.render_as_string(hide_password=False)
    arguments: Sequence[str] = (url, request.SerializeToString().hex())
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SCRIPT, *arguments, cwd=Path(__file__).parent,
        env=os.environ | {"COMMIS_CRASH_AT": point},
    )  # fmt: skip
    return await process.wait()
