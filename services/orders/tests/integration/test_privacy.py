"""Data protection in orders: what is handed in, what is erased, what the law keeps; repeating changes nothing."""

import asyncio
import datetime
import json
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.common.v1 import common_pb2
from commis.customers.v1 import events_pb2
from commis.orders.v1 import orders_pb2

from chassis.envelope import Meta
from chassis.ids import new_id
from chassis.testing import as_customer
from orders.privacy import erasing, retention
from orders.privacy.client import ExportGone, Item
from orders.privacy.consumers import DataProtection, StillSettling
from orders.privacy.erasing import Scope
from services.orders.tests.rpc.test_approval import Firm
from services.orders.tests.rpc.test_placing_races import outcome
from services.orders.tests.shop import Shop

CANARY = "Zzcanary"
ADDRESS = common_pb2.Address(
    recipient=f"{CANARY} Recipient",
    street_lines=["Kerkstraat 12"],
    postal_code="1000",
    city="Brussel",
    region_code="BE",
    phone="+32 2 555 77 77",
)


class FakeCustomers:
    """What customers keeps: parts by number, one report."""

    def __init__(self, *emails: str, needles: tuple[str, ...] = ()) -> None:
        self.emails, self.needles = list(emails), list(needles)
        self.parts: dict[int, bytes] = {}
        self.last = 0
        self.reports: list[tuple[list[Item], list[Item]]] = []
        self.gone = False

    async def add_part(self, export_id: UUID, content: bytes, part: int, *, last: bool) -> None:
        if self.gone:
            raise ExportGone
        self.parts[part] = content
        self.last = part if last else self.last

    async def subjects(self, erasure_id: UUID) -> tuple[list[str], list[str]]:
        return self.emails, self.needles

    async def report(self, erasure_id: UUID, erased: list[Item], kept: list[Item]) -> None:
        self.reports.append((erased, kept))


def meta(age: float = 0) -> Meta:
    moment = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=age)
    return Meta(new_id(), "", "", "", "", 0, moment)


def requested(shop: Shop, person: UUID | None = None) -> events_pb2.ErasureRequested:
    return events_pb2.ErasureRequested(
        erasure_id=str(new_id()), account_id=str(shop.account), person_id=str(person or "")
    )


def scope(event: events_pb2.ErasureRequested, *emails: str) -> Scope:
    person = UUID(event.person_id) if event.person_id else None
    return Scope(UUID(event.erasure_id), UUID(event.account_id), person, emails)


async def planted(shop: Shop, **fields: Any) -> orders_pb2.Order:
    """A sheet with the canary in every field that a client may write."""
    given = {
        "note": f"{CANARY} note",
        "order_reference": f"{CANARY} ref",
        "cost_centre": f"{CANARY} centre",
        "billing_address": ADDRESS,
        "delivery_address": ADDRESS,
        "contact": orders_pb2.Contact(
            name=f"{CANARY} Contact", email=f"{CANARY}@mail.example", phone="+32 2 555 77 77"
        ),
        "lines": [
            orders_pb2.LineInput(
                sku="A", quantity=2, note=f"{CANARY} line", line_reference=CANARY, cost_centre=CANARY
            )
        ],
        "request_id": str(new_id()),
    }
    return await shop.sheet(**(given | fields))


async def found(shop: Shop, needle: str = CANARY) -> set[str]:
    """Tables with a row that holds the needle, whatever its case."""
    tables = [
        row[0] for row in await shop.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    ]
    hits = set()
    for table in tables:
        statement = f"SELECT 1 FROM {table} t WHERE position(lower(:text) IN lower(t::text)) > 0 LIMIT 1"
        hexed = f"SELECT 1 FROM {table} t WHERE position(:text IN t::text) > 0 LIMIT 1"
        if await shop.rows(statement, text=needle) or await shop.rows(hexed, text=needle.encode().hex()):
            hits.add(table)
    return hits


@pytest.mark.spec("A-24")
async def test_nothing_stays_of_sheets_that_were_never_placed(shop: Shop) -> None:
    order = await planted(shop)
    await shop.orders.CancelOrder(
        orders_pb2.CancelOrderRequest(order_id=(await planted(shop)).id, reason=f"{CANARY} reason"),
        metadata=shop.customer,
    )
    assert {"orders", "order_lines", "order_history", "idempotency"} <= await found(shop)
    client = FakeCustomers(needles=(str(shop.account),))
    await DataProtection(shop.infra.sessions, shop.infra.blobs, client, 0).prepare(requested(shop), meta(1))  # type: ignore[arg-type]
    assert await found(shop) == set()
    (row,) = await shop.rows("SELECT state, cart, erase_time FROM orders WHERE id = :id", id=UUID(order.id))
    assert (row.state, row.cart) == ("CANCELLED", False)
    assert row.erase_time is not None
    ((erased, kept),) = client.reports
    assert [(item.subject, item.count) for item in erased] == [
        ("open carts and drafts, cancelled and emptied", 2)
    ]
    assert [item.count for item in kept] == [2]


@pytest.mark.spec("A-24")
async def test_a_placed_order_keeps_the_parties_of_its_fiscal_document_and_nothing_else(shop: Shop) -> None:
    order = await planted(shop)
    await shop.place(order.id)
    event = requested(shop)
    await erasing.erase(shop.infra.sessions, shop.infra.blobs, scope(event))
    (row,) = await shop.rows("SELECT * FROM orders WHERE id = :id", id=UUID(order.id))
    frozen = ("billing_address", "delivery_address")
    assert {name for name, value in row._mapping.items() if CANARY.lower() in str(value).lower()} == set(
        frozen
    )
    assert "phone" not in row.billing_address
    assert "555 77 77" not in str(row._mapping)
    assert row.state == "PLACED"
    assert row.retention_date == datetime.date(row.place_date.year + 11, 1, 1)
    assert (
        row.total == (await shop.rows("SELECT total FROM orders WHERE id = :id", id=UUID(order.id)))[0].total
    )
    assert await found(shop) - {"idempotency"} == {"orders"}
    _, kept = await erasing.counted(shop.infra.sessions, scope(event))
    reasons = {item.subject: item.kept_because for item in kept}
    parties = reasons["billing and delivery name and address, VAT number, on placed orders"]
    assert "VAT Code art. 60" in parties
    assert str(row.retention_date) in parties


@pytest.mark.spec("A-24")
async def test_what_the_law_kept_goes_when_its_time_is_over(shop: Shop) -> None:
    order = await planted(shop)
    await shop.place(order.id)
    await erasing.erase(shop.infra.sessions, shop.infra.blobs, scope(requested(shop)))
    (row,) = await shop.rows("SELECT retention_date FROM orders WHERE id = :id", id=UUID(order.id))
    day = row.retention_date
    assert await retention.erase_expired(shop.infra.sessions, day - datetime.timedelta(days=1)) == 0
    assert await retention.erase_expired(shop.infra.sessions, day) == 1
    assert await found(shop) - {"idempotency"} == set()
    assert await retention.erase_expired(shop.infra.sessions, day) == 0


@pytest.mark.spec("A-24")
async def test_an_order_from_before_the_time_of_the_law_keeps_no_name(shop: Shop) -> None:
    order = await planted(shop)
    await shop.place(order.id)
    async with shop.infra.sessions.begin() as session:
        await session.execute(sa.text("UPDATE orders SET place_date = '2010-03-01'"))
    await erasing.erase(shop.infra.sessions, shop.infra.blobs, scope(requested(shop)))
    assert await found(shop) - {"idempotency"} == set()


@pytest.mark.spec("A-24")
async def test_a_cancelled_order_is_the_basis_of_nothing(shop: Shop) -> None:
    order = await planted(shop)
    await shop.place(order.id)
    await shop.orders.CancelOrder(
        orders_pb2.CancelOrderRequest(order_id=order.id, reason="changed my mind"), metadata=shop.customer
    )
    await erasing.erase(shop.infra.sessions, shop.infra.blobs, scope(requested(shop)))
    assert await found(shop) - {"idempotency"} == set()


@pytest.mark.spec("A-24")
async def test_repeating_changes_nothing_and_the_report_waits_until_all_has_settled(shop: Shop) -> None:
    await planted(shop)
    client = FakeCustomers(needles=(str(shop.account),))
    protection = DataProtection(shop.infra.sessions, shop.infra.blobs, client, 60)  # type: ignore[arg-type]
    event = requested(shop)
    with pytest.raises(StillSettling):
        await protection.prepare(event, meta())
    assert await found(shop) == set()
    late = await planted(shop)  # was on its way while the first look was taken
    before = await shop.rows("SELECT id, version FROM orders WHERE id <> :id", id=UUID(late.id))
    assert client.reports == []
    await protection.prepare(event, meta(61))
    await protection.prepare(event, meta(62))
    assert await found(shop) == set()
    assert await shop.rows("SELECT id, version FROM orders WHERE id <> :id", id=UUID(late.id)) == before
    assert [[item.count for item in erased] for erased, _ in client.reports] == [[2], [2]]


@pytest.mark.spec("A-24")
async def test_more_orders_than_a_batch_are_all_erased(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await planted(shop)
    async with shop.infra.sessions.begin() as session:
        columns = [
            row[0]
            for row in await session.execute(
                sa.text("SELECT column_name FROM information_schema.columns WHERE table_name = 'orders'")
            )
            if row[0] not in ("id", "cart")
        ]
        listed = ", ".join(columns)
        await session.execute(
            sa.text(
                f"INSERT INTO orders (id, cart, {listed}) SELECT gen_random_uuid(), false, {listed}"
                " FROM orders, generate_series(1, 250) WHERE id = :id"
            ),
            {"id": UUID(first.id)},
        )
    event = requested(shop)
    await erasing.erase(shop.infra.sessions, shop.infra.blobs, scope(event))
    erased, _ = await erasing.counted(shop.infra.sessions, scope(event))
    assert [item.count for item in erased] == [251]
    assert await found(shop) - {"idempotency"} == set()


@pytest.mark.spec("A-24")
async def test_a_person_leaves_and_the_orders_of_the_account_stay(shop: Shop) -> None:
    colleague = new_id()
    mine = await planted(shop)
    placed = await planted(shop)
    await shop.place(placed.id)
    others = await planted(shop, who=as_customer(colleague, shop.account))
    event = requested(shop, shop.person)
    await erasing.erase(shop.infra.sessions, shop.infra.blobs, scope(event, "nobody@mail.example"))
    await erasing.erase(shop.infra.sessions, shop.infra.blobs, scope(event, "nobody@mail.example"))
    rows = {str(row.id): row for row in await shop.rows("SELECT * FROM orders")}
    assert rows[mine.id].state == "CANCELLED"
    assert CANARY.lower() not in str(rows[mine.id]._mapping).lower()
    assert rows[placed.id].state == "PLACED"
    assert rows[placed.id].contact_email == rows[placed.id].note == rows[placed.id].actor_name == ""
    assert rows[others.id].state == "DRAFT"
    assert rows[others.id].note == f"{CANARY} note"
    assert rows[others.id].version == 1
    named = await shop.rows(
        "SELECT 1 FROM order_history WHERE actor_id = :id AND actor_name <> ''", id=str(shop.person)
    )
    assert named == []
    # The whole account may still be erased afterwards.
    await erasing.erase(shop.infra.sessions, shop.infra.blobs, scope(requested(shop)))
    left = await shop.rows(
        "SELECT id FROM orders WHERE lower(orders::text) LIKE lower(:text)", text=f"%{CANARY}%"
    )
    assert [str(row.id) for row in left] == [placed.id]


@pytest.mark.spec("A-24")
async def test_what_is_written_between_the_two_looks_goes_with_the_second(shop: Shop) -> None:
    order = await planted(shop)
    await shop.place(order.id)
    event = requested(shop)
    await erasing.erase(shop.infra.sessions, shop.infra.blobs, scope(event))
    request = orders_pb2.CancelOrderRequest(order_id=order.id, reason=f"{CANARY} called")
    await shop.orders.CancelOrder(request, metadata=shop.staff)
    assert "order_history" in await found(shop)
    await erasing.erase(shop.infra.sessions, shop.infra.blobs, scope(event))
    assert "order_history" not in await found(shop)
    names = await shop.rows("SELECT actor_name FROM order_history WHERE action = 'cancelled'")
    assert names[0].actor_name != ""  # of staff


@pytest.mark.spec("A-24")
async def test_so_does_what_the_person_did_to_the_orders_of_others(shop: Shop) -> None:
    firm = Firm(shop)
    waiting = await firm.asked(("A", 1))
    await firm.reject(waiting)
    again = await shop.place(waiting.id, firm.as_user)
    event = requested(shop, firm.admin)
    await erasing.erase(shop.infra.sessions, shop.infra.blobs, scope(event))
    await firm.reject(await shop.get(again.id), reason=f"{CANARY} reason")  # had read before the erasure
    assert {"orders", "order_history"} <= await found(shop)
    await erasing.erase(shop.infra.sessions, shop.infra.blobs, scope(event))
    left = await found(shop) | await found(shop, "Ada Admin")
    assert not left & {"orders", "order_history"}
    (row,) = await shop.rows("SELECT version, state, erasure_ids FROM orders")
    assert row.erasure_ids == [UUID(event.erasure_id)]
    await erasing.erase(shop.infra.sessions, shop.infra.blobs, scope(event))
    assert (await shop.rows("SELECT version FROM orders"))[0].version == row.version


@pytest.mark.spec("A-24")
async def test_two_persons_of_one_account_leave_and_neither_erasure_forgets_what_it_did(shop: Shop) -> None:
    colleague = new_id()
    order = await planted(shop)
    await shop.place(order.id, as_customer(colleague, shop.account))
    first, second = scope(requested(shop, shop.person)), scope(requested(shop, colleague))
    for each in (first, second):
        await erasing.erase(shop.infra.sessions, shop.infra.blobs, each)
    before = await shop.rows("SELECT version FROM orders")
    for each in (first, second):
        await erasing.erase(shop.infra.sessions, shop.infra.blobs, each)
        _, kept = await erasing.counted(shop.infra.sessions, each)
        assert [item.count for item in kept if item.subject == "orders of the account"] == [1]
    assert await shop.rows("SELECT version FROM orders") == before
    _, kept = await erasing.counted(shop.infra.sessions, second)
    assert [item.subject for item in kept] == ["orders of the account"]  # somebody else's recipient


@pytest.mark.spec("A-24")
async def test_of_a_person_who_leaves_the_law_keeps_the_recipients_and_no_telephone(shop: Shop) -> None:
    placed, gone = await planted(shop), await planted(shop)
    for order in (placed, gone):
        await shop.place(order.id)
    await shop.orders.CancelOrder(
        orders_pb2.CancelOrderRequest(order_id=gone.id, reason="changed my mind"), metadata=shop.customer
    )
    who = scope(requested(shop, shop.person))
    await erasing.erase(shop.infra.sessions, shop.infra.blobs, who)
    rows = {str(row.id): row for row in await shop.rows("SELECT * FROM orders")}
    assert "555 77 77" not in str(rows)
    assert CANARY not in str(rows[gone.id]._mapping)
    assert rows[gone.id].delivery_address["street_lines"] == ["Kerkstraat 12"]
    row = rows[placed.id]
    for kind in ("billing_address", "delivery_address"):
        assert getattr(row, kind)["recipient"] == f"{CANARY} Recipient"
    assert row.retention_date == datetime.date(row.place_date.year + 11, 1, 1)
    _, kept = await erasing.counted(shop.infra.sessions, who)
    (law,) = [item for item in kept if item.subject == "recipients on placed orders"]
    assert law.count == 1
    assert law.kept_because.endswith(f"erased on {row.retention_date}")
    assert await retention.erase_expired(shop.infra.sessions, row.retention_date) == 1
    (later,) = await shop.rows("SELECT * FROM orders WHERE id = :id", id=UUID(placed.id))
    assert CANARY not in str(later._mapping)
    assert later.account_name == row.account_name != ""
    assert later.delivery_address["city"] == "Brussel"
    assert (await shop.get(placed.id)).delivery_address.recipient == ""


@pytest.mark.spec("A-24", "O-21")
async def test_whoever_is_placing_an_order_that_the_person_had_touched_begins_anew(shop: Shop) -> None:
    colleague = as_customer(new_id(), shop.account)
    order = await planted(shop, who=colleague)
    line = orders_pb2.UpdateOrderLineRequest(
        order_id=order.id, line_id=order.lines[0].id, line=orders_pb2.LineInput(quantity=3)
    )
    await shop.orders.UpdateOrderLine(line, metadata=shop.customer)
    shop.catalog.gate = asyncio.Event()
    placing = asyncio.create_task(outcome(shop.place(order.id, colleague)))
    await shop.catalog.entered.wait()
    await erasing.erase(shop.infra.sessions, shop.infra.blobs, scope(requested(shop, shop.person)))
    shop.catalog.gate.set()
    assert (await placing).reason == "PLACEMENT_IN_PROGRESS"
    assert not shop.catalog.holds
    placed = await shop.place(order.id, colleague)
    assert placed.state == orders_pb2.Order.STATE_PLACED
    assert placed.note == f"{CANARY} note"


@pytest.mark.spec("A-24")
async def test_history_lets_names_be_emptied_and_nothing_else(shop: Shop) -> None:
    await planted(shop)
    for change in (
        "actor_name = 'somebody else'",
        "detail = 'other'",
        "action = 'placed'",
        "occur_time = now()",
    ):
        with pytest.raises(sa.exc.DBAPIError, match="kept as they are"):
            async with shop.infra.sessions.begin() as session:
                await session.execute(sa.text(f"UPDATE order_history SET {change}"))
    async with shop.infra.sessions.begin() as session:
        await session.execute(sa.text("UPDATE order_history SET actor_name = '', detail = ''"))


@pytest.mark.spec("A-24")
async def test_an_export_holds_the_orders_in_pieces(shop: Shop) -> None:
    first, second = await planted(shop), await planted(shop, who=as_customer(new_id(), shop.account))
    client = FakeCustomers()
    protection = DataProtection(shop.infra.sessions, shop.infra.blobs, client, 0)  # type: ignore[arg-type]
    event = events_pb2.DataExportRequested(data_export_id=str(new_id()), account_id=str(shop.account))
    await protection.prepare(event, meta())
    await protection.prepare(event, meta())
    assert set(client.parts) == {1}
    assert client.last == 1
    document = json.loads(client.parts[1])
    assert {order["id"] for order in document["orders"]} == {first.id, second.id}
    assert document["orders"][0]["contact_name"] == f"{CANARY} Contact"
    assert [line["note"] for line in document["order_lines"]] == [f"{CANARY} line"] * 2
    assert len(document["order_history"]) == 2
    event.person_id = str(shop.person)
    await protection.prepare(event, meta())
    assert [order["id"] for order in json.loads(client.parts[1])["orders"]] == [first.id]
    client.gone = True
    await protection.prepare(event, meta())
