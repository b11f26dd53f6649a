"""Files of a shared order: before it is sent they are its starting side's alone; afterwards its log tells of them."""

import asyncio

import pytest
from commis.orders.v1 import attachments_pb2 as files_pb
from commis.orders.v1 import shared_orders_pb2 as pb

from chassis.testing import as_service, as_staff
from services.orders.tests.files import PDF, add, listed, read, remove
from services.orders.tests.negotiating import GREEN, TERMS, a_sent_table, a_table
from services.orders.tests.shop import Shop, amount, found, refused

SERVICE = as_service("orders.read")


@pytest.mark.spec("N-14")
async def test_before_it_was_sent_only_the_starting_side_sees_the_files(shop: Shop) -> None:
    table = a_table(shop)
    sheet = await shop.sheet(("A", 1), who=shop.as_rep)
    await table.rep.start(sheet)
    added = await add(shop, sheet.id, who=shop.as_rep)
    async with refused("ORDER_NOT_FOUND"):
        await listed(shop, sheet.id)
    async with refused("ORDER_NOT_FOUND"):
        await add(shop, sheet.id)
    async with refused("ATTACHMENT_NOT_FOUND"):
        await read(shop, sheet.id, added.id)
    async with refused("ATTACHMENT_NOT_FOUND"):
        await remove(shop, sheet.id, added.id)
    assert await listed(shop, sheet.id, as_staff("ORDER_DESK")) == [added]
    await table.rep.send()
    assert await listed(shop, sheet.id) == [added]
    assert await read(shop, sheet.id, added.id)


@pytest.mark.spec("N-14")
async def test_a_file_leaves_the_figures_of_a_sheet_that_was_not_sent_as_they_were(shop: Shop) -> None:
    table = a_table(shop)
    draft = await shop.sheet(("A", 1), who=shop.as_rep)
    await table.rep.start(draft)
    sheet = await table.rep.add("B", 7)

    async def figures() -> tuple[str, int]:
        answer = await table.rep.stub.ListSharedOrders(pb.ListSharedOrdersRequest(), metadata=shop.as_rep)
        [listed_now] = answer.shared_orders
        [payload] = (await shop.events(f"sheets.{draft.id}"))[-1:]
        told = pb.SheetChanged.FromString(payload)
        assert (told.totals, told.hash) == (sheet.totals, (await table.rep.look()).hash)
        return amount(listed_now.total), listed_now.line_count

    before = await figures()
    assert before == (amount(sheet.totals.total), 2)
    added = await add(shop, draft.id, who=shop.as_rep)
    assert await figures() == before
    await remove(shop, draft.id, added.id, shop.as_rep)
    assert await figures() == before


@pytest.mark.spec("N-10", "N-14")
async def test_the_log_tells_of_files_and_nothing_has_to_be_agreed_again(shop: Shop) -> None:
    table = await a_sent_table(shop)
    order_id = table.customer.seen.order_id
    seen = await table.vendor.look()
    line = seen.lines[0].id
    added = await add(shop, order_id, PDF, file_name="plan.pdf", line_id=line)
    theirs = await add(shop, order_id, PDF, who=shop.staff)
    await remove(shop, order_id, added.id, shop.staff)
    log = [each for each in await table.customer.log() if each.kind.startswith("file_")]
    assert [(each.kind, each.line_id, each.from_value, each.to_value, each.side) for each in log] == [
        ("file_added", line, "", "plan.pdf", pb.SIDE_CUSTOMER),
        ("file_added", "", "", "plan.png.pdf", pb.SIDE_VENDOR),
        ("file_removed", line, "plan.pdf", "", pb.SIDE_VENDOR),
    ]
    assert {each.actor.display_name for each in log} == {"Name of PERSON", "Name of STAFF"}
    told = [pb.SheetChanged.FromString(raw) for raw in await shop.events(f"sheets.{order_id}")]
    public = [each for event in told for each in event.changes if each.kind.startswith("file_")]
    assert [(each.from_value, each.to_value, each.actor.display_name) for each in public] == [
        ("", "", "")
    ] * 3
    assert (await table.vendor.look()).hash == seen.hash
    assert [each.kind for each in table.vendor.seen.unseen] == ["sent", "file_added"]

    await table.vendor.accept()
    assert (await table.customer.look()).status.colour == GREEN
    placed = await table.customer.accept(**TERMS)
    assert placed.number
    assert [each.id for each in await listed(shop, order_id)] == [theirs.id]
    async with refused("ORDER_NOT_EDITABLE"):
        await remove(shop, order_id, theirs.id, shop.staff)
    replayed = await table.customer.look(order_id, revision=log[0].sequence)
    assert replayed.revision == log[0].sequence


@pytest.mark.spec("N-12", "N-14")
async def test_files_and_changes_at_once_are_all_kept(shop: Shop) -> None:
    table = await a_sent_table(shop)
    order_id = table.customer.seen.order_id
    done = await asyncio.gather(
        *(add(shop, order_id, file_name=f"{number}.png") for number in range(5)),
        table.vendor.change(0, quantity=7),
        table.customer.change(1, quantity=9),
    )
    assert sum(isinstance(each, files_pb.Attachment) for each in done) == 5
    sheet = await table.customer.look()
    assert [line.current.quantity for line in sheet.lines] == [7, 9]
    log = await table.customer.log()
    assert [each.sequence for each in log] == list(range(1, sheet.revision + 1))
    assert sum(each.kind == "file_added" for each in log) == 5


@pytest.mark.spec("N-14")
async def test_a_file_goes_with_a_line_that_is_only_proposed(shop: Shop) -> None:
    table = await a_sent_table(shop)
    order_id = table.customer.seen.order_id
    line = (await table.vendor.add("C", 3)).lines[-1].id
    assert (await add(shop, order_id, line_id=line)).line_id == line
    await table.customer.look()
    await table.customer.decline(line)
    async with refused("ORDER_LINE_NOT_FOUND"):
        await add(shop, order_id, line_id=line)


@pytest.mark.spec("N-04", "M-01")
async def test_a_service_sees_the_sheet_as_the_side_it_names(shop: Shop) -> None:
    table = await a_sent_table(shop)
    order_id = table.customer.seen.order_id
    await table.vendor.change(0, quantity=7)
    stub = table.vendor.stub
    for side, unseen in ((pb.SIDE_CUSTOMER, ["countered"]), (pb.SIDE_VENDOR, ["sent"])):
        request = pb.GetSharedOrderRequest(order_id=order_id, side=side)
        sheet = (await stub.GetSharedOrder(request, metadata=SERVICE)).shared_order
        assert sheet.side == side
        assert [each.kind for each in sheet.unseen] == unseen
    mine = pb.GetSharedOrderRequest(order_id=order_id, side=pb.SIDE_CUSTOMER)
    assert (await stub.GetSharedOrder(mine, metadata=shop.customer)).shared_order.side == pb.SIDE_CUSTOMER
    async with refused("INVALID_FIELDS") as errors:
        await stub.GetSharedOrder(mine, metadata=shop.staff)
    assert found(errors) == {("side", "NOT_ALLOWED")}
    await table.customer.end("changed my mind")
    ended = (await stub.GetSharedOrder(mine, metadata=SERVICE)).shared_order
    assert ended.order_id == order_id
    last = pb.ListSheetChangesRequest(order_id=order_id, after_sequence=ended.revision - 1, page_size=1)
    (change,) = (await stub.ListSheetChanges(last, metadata=SERVICE)).changes
    assert (change.kind, change.text) == ("ended", "changed my mind")
