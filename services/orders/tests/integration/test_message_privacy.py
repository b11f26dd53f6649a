"""Data protection of messages about orders and of where parcels could be followed."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from commis.orders.v1 import orders_pb2

from chassis.ids import new_id
from chassis.testing import as_customer
from orders.privacy import collecting, erasing
from services.orders.tests.integration.test_privacy import FakeCustomers, found, requested, scope
from services.orders.tests.rpc.test_messages import write
from services.orders.tests.rpc.test_shipments import processing, ship
from services.orders.tests.shop import Shop

CANARY = "Zzcanary"


async def written(shop: Shop) -> tuple[orders_pb2.Order, Any]:
    """Both sides and an administrator wrote about a person's order, of which a parcel is under way."""
    shop.customers.names[str(shop.person)] = f"{CANARY} Person"
    order = await processing(shop, ("A", 2))
    await ship(
        shop,
        order,
        1,
        carrier="bpost",
        tracking_number=CANARY,
        tracking_address=f"https://t.example/{CANARY}",
    )
    administrator = as_customer(new_id(), shop.account)
    await write(shop, order.id, f"{CANARY} from the desk", shop.staff, request_id=str(new_id()))
    await write(shop, order.id, f"{CANARY} from the person", shop.customer, request_id=str(new_id()))
    await write(shop, order.id, "Yes.", administrator)
    return order, administrator


async def exported(shop: Shop, person: UUID | None = None) -> dict[str, Any]:
    client = FakeCustomers()
    await collecting.hand_in(shop.infra.sessions, client, new_id(), shop.account, person)  # type: ignore[arg-type]
    whole: dict[str, Any] = json.loads(b"".join(client.parts[number] for number in sorted(client.parts)))
    return whole


async def erased(shop: Shop, person: UUID | None = None) -> list[tuple[str, int]]:
    event = requested(shop, person)
    for _ in range(2):  # as often as it likes
        await erasing.erase(shop.infra.sessions, shop.infra.blobs, scope(event))
    items, _kept = await erasing.counted(shop.infra.sessions, scope(event))
    return [(item.subject, item.count) for item in items if "messages" in item.subject]


@pytest.mark.spec("A-23", "O-40")
async def test_an_account_is_handed_its_messages_and_shipments(shop: Shop) -> None:
    order, _administrator = await written(shop)
    whole = await exported(shop)
    assert [row["text"] for row in whole["order_messages"]] == [
        f"{CANARY} from the desk", f"{CANARY} from the person", "Yes.",
    ]  # fmt: skip
    assert all("author_name" in row for row in whole["order_messages"])
    assert [(row["order_id"], row["tracking_number"]) for row in whole["shipments"]] == [(order.id, CANARY)]
    other = shop.customers.add()
    shop.account = other
    assert "order_messages" not in await exported(shop) or not (await exported(shop))["order_messages"]


@pytest.mark.spec("A-23", "O-40")
async def test_a_person_is_handed_what_concerns_the_own_orders(shop: Shop) -> None:
    await written(shop)
    whole = await exported(shop, shop.person)
    assert len(whole["order_messages"]) == 3
    named = [row["author_name"] for row in whole["order_messages"] if "author_name" in row]
    assert named == [f"{CANARY} Person"]  # others are named by their id only


@pytest.mark.spec("A-24", "O-40")
async def test_of_an_erased_account_no_message_stays(shop: Shop) -> None:
    await written(shop)
    assert {"order_messages", "shipments"} <= await found(shop)
    assert await erased(shop) == [("messages about orders", 3)]
    assert (await found(shop)) & {"order_messages", "shipments"} == set()
    rows = await shop.rows("SELECT text, author_name, author_kind FROM order_messages ORDER BY id")
    assert [row.text for row in rows] == ["", "", ""]
    assert [row.author_name for row in rows if row.author_kind == "PERSON"] == ["", ""]


@pytest.mark.spec("A-24", "O-40")
async def test_of_an_erased_person_goes_what_concerns_the_own_orders(shop: Shop) -> None:
    order, administrator = await written(shop)
    kept = await shop.place((await shop.sheet(("A", 1), who=administrator)).id, administrator)
    await write(shop, kept.id, "stays", administrator)
    assert await erased(shop, shop.person) == [("messages about orders", 3)]
    assert "order_messages" not in await found(shop)
    rows = await shop.rows("SELECT order_id, text, author_name FROM order_messages WHERE text <> ''")
    assert [(str(row.order_id), row.text) for row in rows] == [(kept.id, "stays")]
    assert order.id != kept.id


@pytest.mark.spec("A-24")
async def test_nothing_that_was_written_lies_in_stored_answers(shop: Shop) -> None:
    await written(shop)
    rows = await shop.rows("SELECT response FROM idempotency WHERE method = 'WriteOrderMessage'")
    assert len(rows) == 2
    assert all(CANARY.encode() not in row.response for row in rows)
