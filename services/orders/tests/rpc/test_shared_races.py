"""Many people at one sheet at once, against the real database: nothing is lost, and whoever is refused is told why."""

import asyncio
import random
from collections import Counter

import grpc
import pytest
from commis.orders.v1 import orders_pb2, shared_orders_pb2_grpc
from commis.orders.v1 import shared_orders_pb2 as pb

from chassis import status
from chassis.errors import ServiceError
from chassis.ids import new_id
from chassis.testing import as_customer, as_staff
from services.orders.tests.negotiating import GREEN, TERMS, Desk, a_sent_table
from services.orders.tests.shop import Shop

PAIRS = 200


async def attempt(desk: Desk, **given: object) -> ServiceError | None:
    try:
        await desk.change(**given)  # type: ignore[arg-type]
    except grpc.aio.AioRpcError as error:
        return status.from_rpc_error(error, "orders")
    return None


@pytest.mark.spec("N-12", "N-10", "N-06")
async def test_two_hundred_pairs_edit_one_sheet_at_once(shop: Shop) -> None:
    """Both of a pair, who saw nothing elsewhere, look at the same revision. Of one field one of them succeeds and the
    other one is told the value that it has now; of different fields both do."""
    table = await a_sent_table(shop, *((("A", 1),) * 20))
    dice = random.Random(200)
    stub = shared_orders_pb2_grpc.SharedOrderServiceStub(shop.channel)
    gate = asyncio.Semaphore(8)
    done: Counter[str] = Counter()
    wanted: list[tuple[str, str, str]] = []

    async def pair(number: int) -> None:
        vendor = Desk(stub, as_staff("ADMIN"))
        customer = Desk(stub, as_customer(new_id(), shop.account))
        async with gate:
            for desk in (vendor, customer):
                await desk.look(table.vendor.seen.order_id)
            customer.seen.revision = vendor.seen.revision
            line, same = dice.randrange(20), number % 2 == 0
            quantity, other = 2 + 2 * number, 3 + 2 * number
            second = {"quantity": other} if same else {"note": f"note {number}"}
            outcomes = await asyncio.gather(
                attempt(vendor, index=line, quantity=quantity), attempt(customer, index=line, **second)
            )
        line_id = vendor.seen.lines[line].id
        changes = (("quantity", str(quantity)), next((name, str(value)) for name, value in second.items()))
        for outcome, (name, value) in zip(outcomes, changes, strict=True):
            if outcome is None:
                done["done"] += 1
                wanted.append((line_id, name, value))
                continue
            assert outcome.reason == "FIELD_CHANGED", outcome
            told = {violation.field: violation.description for violation in outcome.violations}
            assert told.keys() == {f"lines[0].{name}"}
            assert told[f"lines[0].{name}"].startswith("is now ")
            done["told"] += 1
        if same:
            assert None not in outcomes or outcomes.count(None) == 1

    await asyncio.gather(*(pair(number) for number in range(PAIRS)))
    assert done["done"] + done["told"] == 2 * PAIRS
    assert done["done"] >= PAIRS // 2
    log, token = [], ""
    while True:
        request = pb.ListSheetChangesRequest(
            order_id=table.vendor.seen.order_id, page_size=200, page_token=token
        )
        page = await stub.ListSheetChanges(request, metadata=shop.customer)
        log, token = [*log, *page.changes], page.next_page_token
        if not token:
            break
    assert [change.sequence for change in log] == list(range(1, len(log) + 1))
    written = Counter((change.line_id, change.field, change.to_value) for change in log if change.field)
    assert Counter(wanted) == written, "what was answered as done is in the log, once, and nothing else is"
    # Each change goes from the value that the one before it left.
    values: dict[tuple[str, str], str] = {}
    for change in log:
        if change.field:
            before = values.get((change.line_id, change.field), "1" if change.field == "quantity" else "")
            assert change.from_value == before
            values[change.line_id, change.field] = change.to_value
    now = await table.customer.look()
    for line in now.lines:
        assert str(line.current.quantity) == values.get((line.id, "quantity"), "1")
        assert line.note == values.get((line.id, "note"), "")
    assert now.revision == len(log)


@pytest.mark.spec("N-07")
async def test_both_sides_accept_at_once_and_one_order_is_placed(shop: Shop) -> None:
    for _ in range(5):
        table = await a_sent_table(shop)
        await table.customer.accept(**TERMS)
        await table.look()
        sheets = await asyncio.gather(
            table.vendor.accept(),
            Desk(table.vendor.stub, shop.as_rep, table.vendor.seen).accept(),
            return_exceptions=True,
        )
        assert any(
            not isinstance(sheet, BaseException) and sheet.state == orders_pb2.Order.STATE_PLACED
            for sheet in sheets
        ), sheets
        placed = await table.customer.look()
        assert (placed.state, placed.status.colour) == (orders_pb2.Order.STATE_PLACED, GREEN)
        kinds = Counter(change.kind for change in await table.customer.log())
        assert kinds["placed"] == 1
    assert len(await shop.events("order_placed")) == 5


@pytest.mark.spec("N-07")
async def test_what_is_accepted_while_it_is_changed_is_what_was_seen_or_nothing(shop: Shop) -> None:
    for _ in range(8):
        table = await a_sent_table(shop, ("A", 5))
        await table.customer.accept(**TERMS)
        await table.look()
        seen = table.vendor.seen.lines[0].current
        await asyncio.gather(
            table.vendor.accept(), table.customer.change(0, quantity=50), return_exceptions=True
        )
        now = await table.customer.look()
        if now.state == orders_pb2.Order.STATE_PLACED or now.lines[0].HasField("agreed"):
            assert now.lines[0].agreed == seen
        else:
            assert now.lines[0].current.quantity == 50
