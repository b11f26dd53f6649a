"""What a sheet refuses, and that it then stays as it was."""

import pytest
from commis.common.v1 import common_pb2
from commis.orders.v1 import orders_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2

from services.orders.tests.shop import Shop, found, refused


async def add(shop: Shop, order: pb.Order, *lines: pb.LineInput, **fields: str) -> pb.Order:
    request = pb.AddOrderLinesRequest(order_id=order.id, lines=lines, **fields)
    return (await shop.orders.AddOrderLines(request, metadata=shop.customer)).order


async def update(shop: Shop, order_id: str, *paths: str, who: object = None, **fields: object) -> pb.Order:
    request = pb.UpdateOrderRequest(order=pb.Order(id=order_id, **fields), update_mask=FieldMask(paths=paths))
    return (await shop.orders.UpdateOrder(request, metadata=who or shop.customer)).order


async def test_refused_lines_are_named_and_nothing_is_added(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    shop.catalog.add("OLD", discontinued=True)
    async with refused("INVALID_FIELDS") as errors:
        await add(
            shop,
            sheet,
            pb.LineInput(sku="B", quantity=1),
            pb.LineInput(sku="NONE", quantity=1),
            pb.LineInput(sku="OLD", quantity=1),
        )
    assert found(errors) == {("lines[1]", "VARIANT_NOT_FOUND"), ("lines[2]", "VARIANT_DISCONTINUED")}
    assert len((await shop.get(sheet.id)).lines) == 1


async def test_a_shortage_is_shown_and_does_not_lose_the_line(shop: Shop) -> None:
    shop.catalog.add("RARE", stock=1)
    sheet = await shop.sheet(("RARE", 5))
    assert sheet.lines[0].quantity == 5


async def test_one_currency_in_an_order(shop: Shop) -> None:
    shop.catalog.add("USD", currency="USD")
    sheet = await shop.sheet(("A", 1))
    async with refused("INVALID_FIELDS") as errors:
        await add(shop, sheet, pb.LineInput(sku="USD", quantity=1))
    assert found(errors) == {("lines[1]", "CURRENCY_MISMATCH")}


async def test_an_unknown_shipping_method_is_refused(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    async with refused("INVALID_FIELDS") as errors:
        await update(shop, sheet.id, "shipping_method", shipping_method="BALLOON")
    assert found(errors) == {("shipping_method", "SHIPPING_METHOD_NOT_FOUND")}


@pytest.mark.spec("O-12")
async def test_a_rep_never_chooses_online_payment(shop: Shop) -> None:
    electronic = pb.PAYMENT_METHOD_ELECTRONIC
    async with refused("INVALID_FIELDS") as errors:
        await shop.sheet(("A", 1), who=shop.as_rep, payment_method=electronic)
    assert found(errors) == {("payment_method", "PAYMENT_NOT_ALLOWED")}
    sheet = await shop.sheet(("A", 1), who=shop.as_rep)
    async with refused("INVALID_FIELDS") as errors:
        await update(shop, sheet.id, "payment_method", payment_method=electronic, who=shop.as_rep)
    assert found(errors) == {("payment_method", "PAYMENT_NOT_ALLOWED")}
    for method in (
        pb.PAYMENT_METHOD_CASH_ON_DELIVERY,
        pb.PAYMENT_METHOD_CHEQUE,
        pb.PAYMENT_METHOD_BANK_TRANSFER,
        pb.PAYMENT_METHOD_PAY_LATER,
    ):
        sheet = await update(shop, sheet.id, "payment_method", payment_method=method, who=shop.as_rep)
        assert sheet.payment_method == method
    own = await shop.sheet(("A", 1), payment_method=electronic)
    assert own.payment_method == electronic
    async with refused("ORDER_NOT_PLACEABLE") as errors:
        await shop.place(own.id, shop.as_rep)
    assert ("payment_method", "PAYMENT_NOT_ALLOWED") in found(errors)
    assert (await shop.place(own.id)).state == pb.Order.STATE_PLACED


async def test_every_wrong_field_is_named_at_once(shop: Shop) -> None:
    async with refused("INVALID_FIELDS") as errors:
        await shop.sheet(
            order_id="x",
            account_id="y",
            note="a\x00b",
            order_reference="r" * 500,
            delivery_address=common_pb2.Address(region_code="XX", street_lines=["1", "2", "3", "4"]),
            contact=pb.Contact(name="n\x00"),
            payment_method=99,
            requested_delivery_date=date_pb2.Date(year=2026, month=13, day=1),
            taken_time=Timestamp(seconds=2**60),
            lines=[pb.LineInput(quantity=0), pb.LineInput(sku="A", variant_id="z", quantity=2**31 - 1)],
        )
    assert {name for name, _ in found(errors)} == {
        "order_id",
        "account_id",
        "note",
        "order_reference",
        "delivery_address.region_code",
        "delivery_address.street_lines",
        "contact.name",
        "payment_method",
        "requested_delivery_date",
        "taken_time",
        "lines[0]",
        "lines[0].quantity",
        "lines[1]",
        "lines[1].variant_id",
        "lines[1].quantity",
    }


async def test_a_thousand_line_sheet_is_one_request(shop: Shop) -> None:
    lines = [pb.LineInput(sku="C", quantity=1, line_reference=str(n)) for n in range(2000)]
    sheet = await shop.sheet(lines=lines)
    assert len(sheet.lines) == 2000
    async with refused("INVALID_FIELDS") as errors:
        await add(shop, sheet, pb.LineInput(sku="C", quantity=1))
    assert found(errors) == {("lines", "TOO_MANY")}
