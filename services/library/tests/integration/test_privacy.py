"""Data protection in library: what it holds of an account is handed in, and its words are erased."""

import asyncio
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
from library.privacy import holdings
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
        self.takes: asyncio.Event | None = None

    async def add_part(self, export_id: UUID, content: bytes, part: int, *, last: bool) -> None:
        if self.gone:
            raise ExportGone
        if self.takes is not None:
            await self.takes.wait()
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
async def test_every_entry_is_handed_in_once_and_in_order(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holdings, "_PAGE", 2)
    await plant(sessions)
    (first,) = await run(sessions, "SELECT id FROM budgets WHERE account_id = :account", account=ACCOUNT)
    await run(
        sessions,
        "INSERT INTO budgets SELECT (jsonb_populate_record(b, jsonb_build_object('id', gen_random_uuid(),"
        " 'code', 'B' || n))).* FROM budgets b, generate_series(1, 4) n WHERE account_id = :account",
        account=ACCOUNT,
    )
    await run(
        sessions,
        "INSERT INTO budget_entries SELECT (jsonb_populate_record(e, jsonb_build_object('sequence', n))).*"
        " FROM budget_entries e, generate_series(2, 12) n WHERE budget_id = :id",
        id=first.id,
    )
    client = FakeCustomers()
    await DataProtection(sessions, client).prepare(export(), META)  # type: ignore[arg-type]
    held = client.document()
    assert len({budget["id"] for budget in held["budgets"]}) == len(held["budgets"]) == 5
    assert [entry["sequence"] for entry in held["budget_entries"]] == list(range(1, 13))


@pytest.mark.spec("A-24")
async def test_an_export_may_take_longer_than_a_delivery(sessions: Sessions) -> None:
    await plant(sessions)
    client, event = FakeCustomers(), export()
    client.takes = asyncio.Event()
    protection = DataProtection(sessions, client)  # type: ignore[arg-type]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await protection.prepare(event, META)
    client.takes.set()
    async with asyncio.timeout(5):
        while not client.parts:
            await asyncio.sleep(0.01)
    await protection.prepare(event, META)
    assert len(client.document()["budgets"]) == 1


@pytest.mark.spec("A-24")
async def test_a_person_who_leaves_takes_no_budget_along(sessions: Sessions) -> None:
    await plant(sessions)
    client = FakeCustomers()
    await DataProtection(sessions, client).prepare(erasure(str(new_id())), META)  # type: ignore[arg-type]
    assert client.reports == [([], [])]
    assert len(await run(sessions, "SELECT 1 FROM budgets WHERE display_name = 'Zzcanary'")) == 2
