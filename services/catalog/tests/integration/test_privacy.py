"""Data protection in catalog: what it holds of an account is handed in, and its words are erased."""

import datetime
import json
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.customers.v1 import events_pb2

from catalog.privacy.client import ExportGone, Item
from catalog.privacy.consumers import DataProtection
from chassis.db import Sessions
from chassis.envelope import Meta
from chassis.ids import new_id

META = Meta(new_id(), "", "", "", "", 0, datetime.datetime.now(datetime.UTC))
ACCOUNT, OTHER = new_id(), new_id()


class FakeCustomers:
    """What customers keeps: parts by number, reports."""

    def __init__(self) -> None:
        self.parts: dict[int, bytes] = {}
        self.reports: list[tuple[list[Item], list[Item]]] = []
        self.gone = False

    async def add_part(self, export_id: UUID, content: bytes, part: int, *, last: bool) -> None:
        if self.gone:
            raise ExportGone
        self.parts[part] = content

    async def subjects(self, erasure_id: UUID) -> tuple[list[str], list[str]]:
        return [], [str(ACCOUNT)]

    async def report(self, erasure_id: UUID, erased: list[Item], kept: list[Item]) -> None:
        self.reports.append((erased, kept))

    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.parts[1])
        return found


def export(person: str = "") -> events_pb2.DataExportRequested:
    return events_pb2.DataExportRequested(
        data_export_id=str(new_id()), account_id=str(ACCOUNT), person_id=person
    )


def erasure(person: str = "") -> events_pb2.ErasureRequested:
    return events_pb2.ErasureRequested(erasure_id=str(new_id()), account_id=str(ACCOUNT), person_id=person)


async def run(sessions: Sessions, statement: str, **given: Any) -> list[Any]:
    async with sessions.begin() as session:
        found = await session.execute(sa.text(statement), given)
        return list(found.all()) if found.returns_rows else []


async def plant(sessions: Sessions) -> None:
    for account_id in (ACCOUNT, OTHER):
        await run(
            sessions,
            "INSERT INTO discount_rows (id, account_id, min_quantity, percent, valid_from)"
            " VALUES (:id, :account, 1, 3, '2026-01-01')",
            id=new_id(),
            account=account_id,
        )
        await run(
            sessions,
            "INSERT INTO price_list_orders (kind, subject, list_ids)"
            " VALUES ('ACCOUNT', :account, ARRAY[:list]::uuid[])",
            account=str(account_id),
            list=new_id(),
        )
    await run(
        sessions,
        "INSERT INTO selections (id, titles, valid_from, groups, account_ids)"
        " VALUES (:id, jsonb_build_object('en', 'Both'), '2026-01-01', '{SECRET}', ARRAY[:account, :other]::uuid[]),"
        " (:more, '{}', '2026-01-01', '{}', ARRAY[:other]::uuid[])",
        id=new_id(),
        more=new_id(),
        account=str(ACCOUNT),
        other=str(OTHER),
    )


@pytest.mark.spec("A-24")
async def test_an_erased_account_leaves_lists_and_selections_and_its_discounts_are_named(
    sessions: Sessions,
) -> None:
    await plant(sessions)
    client = FakeCustomers()
    protection = DataProtection(sessions, client)  # type: ignore[arg-type]
    await protection.prepare(erasure(), META)
    await protection.prepare(erasure(), META)
    lists = await run(sessions, "SELECT subject, cardinality(list_ids) AS lists FROM price_list_orders")
    assert {(row.subject, row.lists) for row in lists} == {(str(ACCOUNT), 0), (str(OTHER), 1)}
    audiences = await run(sessions, "SELECT account_ids, version FROM selections ORDER BY version")
    assert [(row.account_ids, row.version) for row in audiences] == [([OTHER], 1), ([OTHER], 2)]
    facts = await run(sessions, "SELECT subject FROM outbox WHERE subject LIKE '%selection_changed'")
    assert len(facts) == 1
    assert [[item.subject for item in erased] for erased, _ in client.reports] == [
        ["orders of price lists", "selections made for the account"],
        ["orders of price lists"],  # customers keeps the first report
    ]
    for erased, kept in client.reports:
        assert {item.count for item in (*erased, *kept)} == {1}
        assert kept[0].kept_because


@pytest.mark.spec("A-24")
async def test_conditions_are_handed_in(sessions: Sessions) -> None:
    await plant(sessions)
    client = FakeCustomers()
    protection = DataProtection(sessions, client)  # type: ignore[arg-type]
    await protection.prepare(export(), META)
    held = client.document()
    assert [row["account_id"] for row in held["discount_rows"]] == [str(ACCOUNT)]
    assert [row["subject"] for row in held["price_list_order"]] == [str(ACCOUNT)]
    assert [row["title"] for row in held["selections"]] == [{"en": "Both"}]
    assert "SECRET" not in json.dumps(held)
    assert str(OTHER) not in json.dumps(held)
    await protection.prepare(export(str(new_id())), META)
    assert client.document() == {"discount_rows": [], "price_list_order": [], "selections": []}
    client.gone = True
    await protection.prepare(export(), META)
