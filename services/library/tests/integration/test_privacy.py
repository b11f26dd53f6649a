"""Data protection in library: what it holds of an account is handed in, and its words are erased."""

import datetime
import json
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.customers.v1 import events_pb2

from chassis.db import Sessions
from chassis.envelope import Meta
from chassis.ids import new_id
from library.privacy.client import ExportGone, Item
from library.privacy.consumers import DataProtection

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
        budget = new_id()
        await run(
            sessions,
            "INSERT INTO budgets (id, account_id, code, display_name, currency, period_start_date, period_end_date,"
            " total, standard_discount_percent, fixed_price_discount_percent, fixed_price_months, overspending)"
            " VALUES (:id, :account, 'B', 'Zzcanary', 'EUR', '2026-01-01', '2027-01-01', 100, 0, 0, 0, 'WARN')",
            id=budget,
            account=account_id,
        )
        await run(
            sessions,
            "INSERT INTO budget_entries (budget_id, sequence, id, kind, amount, reason, actor_kind, actor_id)"
            " VALUES (:budget, 1, :id, 'ALLOCATE', 100, 'for Zzcanary', 'STAFF', 's')",
            budget=budget,
            id=new_id(),
        )


@pytest.mark.spec("A-24")
async def test_the_words_go_and_the_ledger_stays(sessions: Sessions) -> None:
    await plant(sessions)
    client = FakeCustomers()
    protection = DataProtection(sessions, client)  # type: ignore[arg-type]
    await protection.prepare(erasure(), META)
    await protection.prepare(erasure(), META)
    named = await run(sessions, "SELECT account_id FROM budgets WHERE display_name <> ''")
    assert [row.account_id for row in named] == [OTHER]
    reasons = await run(
        sessions,
        "SELECT b.account_id, e.amount, e.reason FROM budget_entries e JOIN budgets b ON b.id = e.budget_id",
    )
    assert {(row.account_id, row.amount, row.reason) for row in reasons} == {
        (ACCOUNT, 100, ""),
        (OTHER, 100, "for Zzcanary"),
    }
    for erased, kept in client.reports:
        assert [item.count for item in erased] == [item.count for item in kept] == [1]
        assert kept[0].kept_because


@pytest.mark.spec("A-24")
async def test_budgets_are_handed_in_with_their_entries(sessions: Sessions) -> None:
    await plant(sessions)
    client = FakeCustomers()
    protection = DataProtection(sessions, client)  # type: ignore[arg-type]
    await protection.prepare(export(), META)
    held = client.document()
    assert [budget["account_id"] for budget in held["budgets"]] == [str(ACCOUNT)]
    assert [entry["reason"] for entry in held["budget_entries"]] == ["for Zzcanary"]
    await protection.prepare(export(str(new_id())), META)
    assert client.document() == {"budgets": [], "budget_entries": []}
    client.gone = True
    await protection.prepare(export(), META)


@pytest.mark.spec("A-24")
async def test_a_person_who_leaves_takes_no_budget_along(sessions: Sessions) -> None:
    await plant(sessions)
    client = FakeCustomers()
    await DataProtection(sessions, client).prepare(erasure(str(new_id())), META)  # type: ignore[arg-type]
    assert client.reports == [([], [])]
    assert len(await run(sessions, "SELECT 1 FROM budgets WHERE display_name = 'Zzcanary'")) == 2
