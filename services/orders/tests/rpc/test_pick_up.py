"""What is collected is taxed, and held to the law on prices, where it is collected."""

from __future__ import annotations

from typing import Any

import pytest
from commis.common.v1 import common_pb2
from commis.orders.v1 import checkout_pb2, shared_orders_pb2
from commis.orders.v1 import orders_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from services.orders.tests.negotiating import a_table
from services.orders.tests.shop import Shop, a_method, a_pick_up, found, refused

FAR = common_pb2.Address(
    recipient="De Linde",
    street_lines=["1, Grand-Rue"],
    postal_code="1661",
    city="Luxembourg",
    region_code="LU",
)


async def a_method_of(shop: Shop, method: checkout_pb2.ShippingMethod) -> checkout_pb2.ShippingMethod:
    request = checkout_pb2.CreateShippingMethodRequest(shipping_method=method)
    return (await shop.methods.CreateShippingMethod(request, metadata=shop.staff)).shipping_method


def places(shop: Shop) -> list[tuple[str, str]]:
    """For where prices were asked since the last time."""
    asked = [(customer.region_code, customer.postal_code) for customer in shop.catalog.customers]
    shop.catalog.customers.clear()
    return asked


async def update(shop: Shop, sheet: pb.Order, *paths: str, **fields: Any) -> pb.Order:
    order = pb.Order(id=sheet.id, **fields)
    request = pb.UpdateOrderRequest(order=order, update_mask=FieldMask(paths=paths))
    return (await shop.orders.UpdateOrder(request, metadata=shop.customer)).order


@pytest.mark.spec("C-13", "C-16", "O-23")
async def test_prices_follow_the_place_of_a_pick_up_and_not_the_address_typed(shop: Shop) -> None:
    await a_method_of(shop, a_pick_up("BE", "1000"))
    sheet = await shop.sheet(("A", 1), shipping_method="PICK-UP", delivery_address=FAR)
    assert places(shop) == [("BE", "1000")]
    await update(shop, sheet, "delivery_address.region_code", delivery_address=FAR)
    assert places(shop) == []
    await update(shop, sheet, "shipping_method", shipping_method="STANDARD")
    assert places(shop) == [("LU", "1661")]
    await update(shop, sheet, "shipping_method", shipping_method="PICK-UP")
    assert places(shop) == [("BE", "1000")]
    request = pb.AddOrderLinesRequest(order_id=sheet.id, lines=[pb.LineInput(sku="B", quantity=1)])
    await shop.orders.AddOrderLines(request, metadata=shop.customer)
    placed = await shop.place(sheet.id)
    assert set(places(shop)) == {("BE", "1000")}
    assert placed.delivery_address.region_code == "LU"


@pytest.mark.spec("O-20", "O-23")
async def test_a_pick_up_that_moved_is_priced_where_it_is_now(shop: Shop) -> None:
    method = await a_method_of(shop, a_pick_up("BE", "1000"))
    sheet = await shop.sheet(("A", 1), shipping_method="PICK-UP")
    moved = checkout_pb2.ShippingMethod(id=method.id, pick_up_region_code="FR", pick_up_postal_code="59000")
    change = checkout_pb2.UpdateShippingMethodRequest(
        shipping_method=moved, update_mask=FieldMask(paths=["pick_up_region_code", "pick_up_postal_code"])
    )
    changed = (await shop.methods.UpdateShippingMethod(change, metadata=shop.staff)).shipping_method
    assert (changed.pick_up_region_code, changed.pick_up_postal_code) == ("FR", "59000")
    await shop.place(sheet.id)
    assert places(shop)[-1] == ("FR", "59000")


@pytest.mark.spec("N-08", "O-23")
async def test_a_shared_order_follows_the_pick_up_too(shop: Shop) -> None:
    await a_method_of(shop, a_pick_up("BE", "1000"))
    table = a_table(shop)
    await table.customer.start(await shop.sheet(("A", 1), delivery_address=FAR), send=True)
    places(shop)
    await table.customer.propose(header=shared_orders_pb2.HeaderProposal(shipping_method="PICK-UP"))
    assert places(shop) == [("BE", "1000")]
    await table.customer.add("B", 1)
    assert places(shop) == [("BE", "1000")]
    await table.customer.propose(header=shared_orders_pb2.HeaderProposal(shipping_method="STANDARD"))
    assert set(places(shop)) == {("LU", "1661")}


@pytest.mark.spec("O-23")
async def test_a_pick_up_has_a_place_and_nothing_else_has(shop: Shop) -> None:
    wrong = [
        (a_pick_up("", ""), {("pick_up_region_code", "REQUIRED"), ("pick_up_postal_code", "REQUIRED")}),
        (a_pick_up("BE", " "), {("pick_up_postal_code", "REQUIRED")}),
        (a_method("X", pick_up_region_code="BE"), {("pick_up_region_code", "NOT_ALLOWED")}),
        (a_method("X", pick_up=True), {
            ("zones", "NOT_ALLOWED"), ("pick_up_region_code", "REQUIRED"), ("pick_up_postal_code", "REQUIRED"),
        }),
    ]  # fmt: skip
    for method, expected in wrong:
        async with refused("INVALID_FIELDS") as errors:
            await a_method_of(shop, method)
        assert found(errors) == {(f"shipping_method.{name}", reason) for name, reason in expected}
    async with refused("INVALID_FIELDS") as errors:
        await a_method_of(shop, a_pick_up("??", "1" * 21))
    assert {name for name, _ in found(errors)} == {
        "shipping_method.pick_up_region_code", "shipping_method.pick_up_postal_code",
    }  # fmt: skip
    listed = await shop.methods.ListShippingMethods(
        checkout_pb2.ListShippingMethodsRequest(), metadata=shop.customer
    )
    assert [method.code for method in listed.shipping_methods] == ["STANDARD"]
