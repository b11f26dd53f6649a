"""Data protection of shared orders: their sheets and every word of their logs."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from commis.orders.v1 import orders_pb2
from commis.orders.v1 import shared_orders_pb2 as pb

from chassis.ids import new_id
from chassis.money import Money
from chassis.testing import as_customer
from orders.domain.parties import Party, Spender
from orders.ports import SpendingControl
from orders.privacy import collecting, erasing
from orders.shared.store import set_spender
from services.orders.tests.integration.test_privacy import FakeCustomers, requested, scope
from services.orders.tests.negotiating import TERMS, Desk, Table, a_sent_table, a_table
from services.orders.tests.shop import Shop, refused

CANARY = "Zzcanary"
TABLES = (
    "orders",
    "order_lines",
    "order_history",
    "shared_orders",
    "shared_order_lines",
    "shared_order_changes",
)


async def exported(shop: Shop, person: UUID | None = None) -> dict[str, Any]:
    client = FakeCustomers()
    await collecting.hand_in(shop.infra.sessions, client, new_id(), shop.account, person)  # type: ignore[arg-type]
    whole: dict[str, Any] = json.loads(b"".join(client.parts[number] for number in sorted(client.parts)))
    return whole


async def negotiated(shop: Shop) -> Table:
    """With words of the person in every place that takes some; agreed and placed."""
    shop.customers.names[str(shop.person)] = f"{CANARY} Person"
    table = await a_sent_table(shop, ("A", 2))
    line = table.customer.seen.lines[0].id
    header = pb.HeaderProposal(
        note=CANARY,
        order_reference=CANARY,
        contact=orders_pb2.Contact(name=CANARY, email=f"{CANARY}@linde.example"),
    )
    header.delivery_address.CopyFrom(table.customer.seen.header.delivery_address)
    header.delivery_address.recipient = CANARY
    await table.customer.propose(
        pb.LineProposal(line_id=line, note=CANARY, line_reference=CANARY), header=header
    )
    await table.customer.send(message=f"{CANARY} asks")
    await table.customer.accept(**TERMS)
    await table.vendor.look()
    placed = await table.vendor.accept()
    assert placed.state == orders_pb2.Order.STATE_PLACED
    return table


async def erase(shop: Shop, person: UUID | None = None) -> list[str]:
    event = requested(shop, person)
    given = scope(event)
    for _ in range(2):  # as often as it likes
        await erasing.erase(shop.infra.sessions, shop.infra.blobs, given)
    items, _kept = await erasing.counted(shop.infra.sessions, given)
    return [item.subject for item in items]


async def canaries(shop: Shop, *tables: str) -> list[str]:
    return [
        table
        for table in tables
        if (await shop.rows(f"SELECT count(*) FROM {table} t WHERE to_jsonb(t)::text LIKE '%{CANARY}%'"))[0][
            0
        ]
    ]


@pytest.mark.spec("A-23", "N-10")
async def test_an_account_is_handed_its_sheets_and_their_logs(shop: Shop) -> None:
    table = await negotiated(shop)
    whole = await exported(shop)
    (sheet,) = whole["shared_orders"]
    assert sheet["order_id"] == table.vendor.seen.order_id
    assert sheet["lines"][0]["references"]["note"] == CANARY
    kinds = [change["kind"] for change in whole["shared_order_changes"]]
    assert kinds[0] == "started"
    assert kinds[-1] == "placed"


@pytest.mark.spec("A-23", "N-10")
async def test_a_person_is_handed_neither_the_names_nor_the_limits_of_others(shop: Shop) -> None:
    table = await a_sent_table(shop)
    await table.customer.accept(**TERMS)  # the terms of sale are the person's, the limit is a colleague's
    order, colleague = UUID(table.customer.seen.order_id), Party("PERSON", str(new_id()), CANARY)
    async with shop.infra.engine.begin() as connection:
        await set_spender(connection, order, Spender(colleague, Money(123_45, "EUR")))
    mine, whole = [(await exported(shop, who))["shared_orders"][0] for who in (shop.person, None)]
    assert mine["spender"] == {"party": ["PERSON", colleague.id]}
    assert mine["acceptance"] == whole["acceptance"]
    assert mine["acceptance"]["party"][1] == str(shop.person)
    assert len(mine["acceptance"]["party"]) == 3
    assert whole["spender"] == {"party": ["PERSON", colleague.id, CANARY], "limit": [123_45, "EUR"]}


@pytest.mark.spec("A-23", "N-10")
async def test_a_person_is_handed_the_own_limit_and_not_who_else_accepted_the_terms(shop: Shop) -> None:
    shop.customers.names[str(shop.person)] = CANARY
    shop.customers.controls[shop.account] = SpendingControl(Money(100_00, "EUR"))
    person, table = new_id(), a_table(shop)
    user = Desk(table.customer.stub, as_customer(person, shop.account, role="USER"))
    await user.start(await shop.sheet(("A", 1), who=user.who), send=True)
    assert (await exported(shop, person))["shared_orders"][0]["acceptance"] is None
    await table.vendor.look(user.seen.order_id)
    await table.vendor.change(0, quantity=2)
    await table.vendor.send()
    await table.customer.look(user.seen.order_id)
    await table.customer.accept(table.customer.seen.lines[0].id, **TERMS)
    (mine,) = (await exported(shop, person))["shared_orders"]
    assert mine["acceptance"]["party"] == ["PERSON", str(shop.person)]
    assert mine["spender"]["party"][1] == str(person)
    assert mine["spender"]["limit"] == [100_00, "EUR"]


@pytest.mark.spec("A-24", "N-10")
async def test_a_person_who_leaves_accepted_the_terms_of_sale_without_a_name(shop: Shop) -> None:
    shop.customers.names[str(shop.person)] = CANARY
    theirs, table = await shop.sheet(("A", 1), who=shop.as_rep), a_table(shop)
    await table.rep.start(theirs, send=True)
    await table.customer.look(theirs.id)
    await table.customer.change(0, quantity=2)
    await table.customer.accept(**TERMS)
    assert "shared_orders" in await canaries(shop, "shared_orders")
    await erase(shop, shop.person)
    assert await canaries(shop, *TABLES) == []


@pytest.mark.spec("A-24", "N-10")
async def test_an_erased_account_leaves_no_word_on_its_sheets(shop: Shop) -> None:
    table = await negotiated(shop)
    assert await canaries(shop, "shared_orders", "shared_order_lines", "shared_order_changes")
    assert "logs of shared orders" in await erase(shop)
    # The law keeps who received the goods on the order itself, and nothing here.
    assert await canaries(shop, *TABLES[1:]) == []
    now = await table.vendor.look()
    assert now.lines[0].current.quantity == 2, "what was agreed stays"
    assert now.header.contact.email == ""
    assert {
        change.actor.display_name for change in await table.vendor.log() if change.side == pb.SIDE_CUSTOMER
    } == {""}
    async with refused("REVISION_NOT_FOUND"):
        await table.vendor.look(revision=now.revision)


@pytest.mark.spec("A-24", "N-10")
async def test_an_erased_account_ends_what_it_negotiated(shop: Shop) -> None:
    table = await a_sent_table(shop)
    await table.customer.send(message=CANARY)
    await erase(shop)
    assert await canaries(shop, *TABLES) == []
    async with refused("SHARED_ORDER_STATE"):
        await table.vendor.send()
    answer = await table.vendor.stub.ListSharedOrders(pb.ListSharedOrdersRequest(), metadata=shop.staff)
    assert list(answer.shared_orders) == []


@pytest.mark.spec("A-24", "N-10")
async def test_a_person_who_leaves_is_no_longer_named_on_sheets_that_go_on(shop: Shop) -> None:
    shop.customers.names[str(shop.person)] = f"{CANARY} Person"
    table = await a_sent_table(shop)
    theirs = await shop.sheet(("A", 1), who=shop.as_rep)
    await table.rep.start(theirs, send=True)
    await table.customer.look(theirs.id)
    await table.customer.send(message=f"{CANARY} asks")
    shop.customers.controls[shop.account] = SpendingControl()
    user = Desk(table.customer.stub, as_customer(shop.person, shop.account, role="USER"))
    await user.start(await shop.sheet(("A", 1), who=user.who), send=True)
    assert "shared_orders" in await canaries(shop, *TABLES)
    await erase(shop, shop.person)
    assert await canaries(shop, *TABLES) == []
    goes_on = await table.rep.look()
    assert goes_on.state == orders_pb2.Order.STATE_NEGOTIATING
    assert (await table.rep.change(0, quantity=3)).lines[0].current.quantity == 3
