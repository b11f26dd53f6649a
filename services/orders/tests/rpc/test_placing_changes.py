"""What changed between sheet and placing: prices, shipping, stock, budgets, the customer's facts."""

import asyncio
from decimal import Decimal

import pytest
from commis.orders.v1 import checkout_pb2, events_pb2
from commis.orders.v1 import orders_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from services.orders.tests.rpc.test_placing_races import outcome
from services.orders.tests.shop import Shop, a_method, amount, found, refused


@pytest.mark.spec("O-20", "C-23")
async def test_a_shortage_holds_nothing_and_the_sheet_stays(shop: Shop) -> None:
    rare = shop.catalog.add("RARE", stock=2)
    sheet = await shop.sheet(("RARE", 2), ("RARE", 1))
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(sheet.id)
    assert found(errors) == {("lines[1].quantity", "STOCK_SHORTAGE")}
    assert shop.catalog.held(rare) == 0
    assert shop.catalog.calls["release"] == 0  # a refused reservation holds nothing that could be released
    remove = pb.RemoveOrderLineRequest(order_id=sheet.id, line_id=sheet.lines[1].id)
    await shop.orders.RemoveOrderLine(remove, metadata=shop.customer)
    assert (await shop.place(sheet.id)).state == pb.Order.STATE_PLACED
    assert shop.catalog.held(rare) == 2


@pytest.mark.spec("O-20", "O-21")
async def test_a_changed_price_is_never_silent(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1), ("B", 2))
    shop.catalog.articles["B"].price = Decimal("22.00")
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(sheet.id)
    assert found(errors) == {("lines[1].price", "PRICE_CHANGED")}
    description = errors[0].violations[0].description
    assert "20.95" in description
    assert "22 EUR" in description
    assert not shop.catalog.holds
    shown = await shop.get(sheet.id)
    assert shown.state == pb.Order.STATE_DRAFT
    assert amount(shown.lines[1].price.total) == "44.00"
    assert amount(shown.totals.goods) == "63.95"
    assert errors[0].metadata["current_etag"] == shown.etag
    assert (await shop.history(sheet.id))[-1].action == "repriced"
    placed = await shop.place(sheet.id)
    assert placed.totals == shown.totals


@pytest.mark.spec("O-20", "O-33")
@pytest.mark.parametrize("change", ["edited", "cancelled"])
async def test_prices_of_what_was_to_be_placed_are_not_written_to_what_it_is_now(
    shop: Shop, change: str
) -> None:
    """The attempt took so long that its claim ran out."""
    sheet = await shop.sheet(("A", 1))
    shop.catalog.articles["A"].price = Decimal("22.00")
    shop.catalog.gate = asyncio.Event()
    late = asyncio.create_task(outcome(shop.place(sheet.id)))
    await shop.catalog.entered.wait()
    async with shop.infra.sessions.begin() as session:
        await (await session.connection()).exec_driver_sql(
            "UPDATE orders SET placing_until = clock_timestamp()"
        )
    if change == "edited":
        line = pb.UpdateOrderLineRequest(
            order_id=sheet.id, line_id=sheet.lines[0].id, line=pb.LineInput(quantity=7)
        )
        await shop.orders.UpdateOrderLine(line, metadata=shop.customer)
    else:
        await shop.orders.CancelOrder(pb.CancelOrderRequest(order_id=sheet.id), metadata=shop.customer)
    changed = await shop.get(sheet.id)
    shop.catalog.gate.set()
    assert (await late).reason == "ORDER_NOT_PLACEABLE"
    assert await shop.get(sheet.id) == changed
    assert (await shop.history(sheet.id))[-1].action != "repriced"


@pytest.mark.spec("O-20")
async def test_changed_shipping_is_never_silent(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    (method,) = (
        await shop.methods.ListShippingMethods(checkout_pb2.ListShippingMethodsRequest(), metadata=shop.staff)
    ).shipping_methods
    dearer = a_method(price="9.50")
    dearer.id = method.id
    change = checkout_pb2.UpdateShippingMethodRequest(
        shipping_method=dearer, update_mask=FieldMask(paths=["zones"])
    )
    await shop.methods.UpdateShippingMethod(change, metadata=shop.staff)
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(sheet.id)
    assert found(errors) == {("shipping_method", "PRICE_CHANGED")}
    assert amount((await shop.get(sheet.id)).totals.shipping) == "9.50"
    assert not shop.catalog.holds
    assert amount((await shop.place(sheet.id)).totals.shipping) == "9.50"


@pytest.mark.spec("O-20")
async def test_a_customer_whose_group_changed_gets_the_prices_of_now(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    context = shop.customers.contexts[shop.account]
    shop.customers.add(shop.account, groups=("LIBRARY",))
    shop.customers.reps[shop.account].add(str(shop.rep))
    assert context.groups == ("TRADE",)
    placed = await shop.place(sheet.id)
    assert placed.state == pb.Order.STATE_PLACED
    assert [customer.groups for customer in shop.catalog.customers[-2:]] == [("TRADE",), ("LIBRARY",)]
    event = events_pb2.OrderPlaced.FromString((await shop.events("order_placed"))[0])
    assert event.attempt_id == str(next(iter(shop.catalog.holds.values()))[0])


@pytest.mark.spec("O-20", "L-06")
async def test_lines_take_their_totals_from_the_budgets_they_name(shop: Shop) -> None:
    shop.library.budgets |= {"FICTION": 4000, "YOUTH": 2095}
    sheet = await shop.sheet(
        lines=[
            pb.LineInput(sku="A", quantity=2, budget_code="FICTION"),
            pb.LineInput(sku="B", quantity=1, budget_code="YOUTH"),
            pb.LineInput(sku="C", quantity=1),
        ]
    )
    await shop.place(sheet.id)
    ((_, held),) = shop.library.holds.values()
    assert dict(held) == {"FICTION": 3990, "YOUTH": 2095}
    assert shop.library.days == [shop.infra.today()]
    again = await shop.sheet(lines=[pb.LineInput(sku="C", quantity=1, budget_code="YOUTH")])
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(again.id)
    assert found(errors) == {("lines[0].budget_code", "BUDGET_EXCEEDED")}
    assert shop.catalog.held(shop.catalog.articles["C"]) == 1
    event = events_pb2.OrderPlaced.FromString((await shop.events("order_placed"))[0])
    assert [line.budget_code for line in event.lines] == ["FICTION", "YOUTH", ""]
