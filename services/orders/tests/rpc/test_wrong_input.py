"""Whatever a client sends, no RPC answers INTERNAL or UNKNOWN. Messages are made from the contract itself."""

import random
from typing import Any

import grpc
import pytest
from commis.orders.v1 import (
    checkout_pb2,
    entry_pb2,
    messages_pb2,
    orders_pb2,
    payments_pb2,
    shared_orders_pb2,
    shipments_pb2,
)
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from chassis.ids import new_id
from chassis.testing import as_service
from services.orders.tests.negotiating import a_sent_table
from services.orders.tests.rpc.test_canned_messages import a_message, create
from services.orders.tests.rpc.test_messages import write
from services.orders.tests.rpc.test_shipments import processing, ship
from services.orders.tests.shop import Shop

TEXTS = (
    "", " ", "x", "é́", "\x00", "a\x00b", "x" * 300, "x" * 5000, "NaN", "-1", "%", "'; DROP TABLE orders", "\u202e",
    "STANDARD", "BE", "EUR", "1000", "A", "2026-01", '"1"', '"99"', 'W/"1"', "*", "not-an-id",
    "00000000-0000-0000-0000-000000000000", "lies@linde.example", "payment_method", "delivery_address.city", "quantity",
)  # fmt: skip
NUMBERS = (0, 1, 2, 7, -1, 99, 100_001, 2**31 - 1, -(2**31))
BIG = (*NUMBERS, 2**63 - 1, -(2**63), 253402300800)
FILES = (b"", b"\x00", b"A;1\nB;2", b"\xff\xfeA\x00", b"PK\x03\x04", b"x" * 5000)
_INTEGERS = {
    FieldDescriptor.TYPE_INT32: NUMBERS,
    FieldDescriptor.TYPE_ENUM: (*range(10), 77, -3),
    FieldDescriptor.TYPE_INT64: BIG,
    FieldDescriptor.TYPE_BOOL: (True, False),
}
CONTRACTS = (
    *(orders_pb2, checkout_pb2, payments_pb2, shipments_pb2, shared_orders_pb2, messages_pb2),
    entry_pb2,
)
METHODS = [
    (service, method)
    for contract in CONTRACTS
    for service in contract.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]


def value(field: FieldDescriptor, dice: random.Random, ids: list[str], depth: int) -> Any:
    if field.type == FieldDescriptor.TYPE_STRING:
        known = [*ids, str(new_id())] if field.name.endswith("id") else []
        return dice.choice([*TEXTS, *known * 8])
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return message(field.message_type, dice, ids, depth + 1)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return dice.choice(FILES)
    return dice.choice(_INTEGERS[field.type])


def message(kind: Any, dice: random.Random, ids: list[str], depth: int = 0) -> Message:
    made = GetMessageClass(kind)()
    for field in kind.fields:
        if depth > 5 or dice.random() < 0.35:
            continue
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            texts = getattr(made, field.name)
            for _ in range(dice.randint(0, 3)):
                texts[dice.choice(("en", "fr", "xx", ""))] = dice.choice(TEXTS)
        elif field.is_repeated:
            items = [value(field, dice, ids, depth) for _ in range(dice.choice((0, 1, 2, 4)))]
            getattr(made, field.name).extend(items)
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            getattr(made, field.name).CopyFrom(value(field, dice, ids, depth))
        else:
            setattr(made, field.name, value(field, dice, ids, depth))
    return made


# Who may call what only services may.
FOR_SERVICES = {
    "GetPlacements": as_service("orders.placement"),
    "BatchGetOrders": as_service("orders.read"),
    "GetOrderMessage": as_service("orders.read"),
    "GetPaymentLinkMail": as_service("mail.links"),
}


async def things_of_an_order(shop: Shop) -> list[str]:
    """An order in hand with one of everything that comes beside it."""
    order = await processing(shop, ("A", 50), ("B", 3))
    shipment = await ship(shop, order, 1)
    written = await write(shop, order.id, "hello", shop.customer)
    canned = await create(shop, a_message())
    return [order.id, order.lines[0].id, order.lines[1].id, shipment.id, written.id, canned.id]


@pytest.mark.parametrize(("service", "method"), METHODS, ids=lambda each: each.name)
async def test_no_message_breaks_an_rpc(shop: Shop, service: Any, method: Any) -> None:
    dice = random.Random(f"{service.name}.{method.name}")
    sheet = await shop.sheet(("A", 1), ("B", 2))
    ids = [sheet.id, sheet.lines[0].id, str(shop.account), str(shop.catalog.articles["A"].id)]
    if service.name in ("ShipmentService", "OrderMessageService", "CannedMessageService"):
        ids += await things_of_an_order(shop)
    if service.name == "SharedOrderService":
        seen = (await a_sent_table(shop)).vendor.seen
        ids += [seen.order_id, *(line.id for line in seen.lines), "header"]
    channel: Any = shop.channel
    kind = channel.unary_stream if method.server_streaming else channel.unary_unary
    call = kind(f"/{service.full_name}/{method.name}", lambda sent: sent.SerializeToString(), lambda raw: raw)
    who = FOR_SERVICES.get(method.name)
    codes: set[str] = set()
    details: str | None = None
    for turn in range(250):
        request = message(method.input_type, dice, ids)
        caller = who or (shop.staff, shop.customer, shop.as_rep)[turn % 3]
        try:
            answering = call(request, metadata=caller, timeout=15)
            parts = [part async for part in answering] if method.server_streaming else [await answering]
            assert b"INTERNAL" not in b"".join(parts), request  # nor in the answer to one of several
            codes.add("OK")
        except grpc.aio.AioRpcError as error:
            codes.add(error.code().name)
            details = error.details()
        assert codes.isdisjoint({"INTERNAL", "UNKNOWN"}), (request, details)
    assert codes - {"PERMISSION_DENIED"}, codes
