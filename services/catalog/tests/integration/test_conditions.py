"""The business layer of an account is removed: what was agreed with it ends that day, and nobody else's."""

import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from commis.customers.v1 import events_pb2

from catalog.pricing.consumers import subscription
from chassis.db import Sessions
from chassis.ids import new_id

ACCOUNT, OTHER = new_id(), new_id()
# 23:30 UTC on 9 March is 10 March in Brussels.
REMOVED = datetime.datetime(2026, 3, 9, 23, 30, tzinfo=datetime.UTC)


async def run(sessions: Sessions, statement: str, **given: Any) -> list[Any]:
    async with sessions.begin() as session:
        found = await session.execute(sa.text(statement), given)
        return list(found.all()) if found.returns_rows else []


async def agree(sessions: Sessions, account: Any, valid_from: str, valid_to: str | None) -> None:
    await run(
        sessions,
        "INSERT INTO discount_rows (id, account_id, min_quantity, percent, valid_from, valid_to)"
        " VALUES (:id, :account, 1, 3, :begins, :ends)",
        id=new_id(),
        account=account,
        begins=datetime.date.fromisoformat(valid_from),
        ends=None if valid_to is None else datetime.date.fromisoformat(valid_to),
    )


@pytest.mark.spec("A-07")
async def test_discounts_and_price_lists_of_the_account_end_that_day(sessions: Sessions) -> None:
    for account in (ACCOUNT, OTHER):
        await agree(sessions, account, "2026-01-01", None)
        await agree(sessions, account, "2026-01-01", "2026-02-01")
        await agree(sessions, account, "2026-04-01", None)
        await run(
            sessions,
            "INSERT INTO price_list_orders (kind, subject, list_ids)"
            " VALUES ('ACCOUNT', :account, ARRAY[:list]::uuid[])",
            account=str(account),
            list=new_id(),
        )
    before = await run(sessions, "SELECT version FROM reference_version")
    event = events_pb2.BusinessProfileRemoved(account_id=str(ACCOUNT))
    event.attribution.occur_time.FromDatetime(REMOVED)
    ended = subscription(ZoneInfo("Europe/Brussels"))
    assert ended.handler is not None
    for _ in range(2):
        async with sessions.begin() as session:
            await ended.handler(session, event, None)
    rows = await run(sessions, "SELECT account_id, valid_from, valid_to FROM discount_rows ORDER BY 1, 2, 3")
    ends = {
        account: [str(row.valid_to) for row in rows if row.account_id == account]
        for account in (ACCOUNT, OTHER)
    }
    assert ends == {
        ACCOUNT: ["2026-02-01", "2026-03-10", "2026-04-01"],
        OTHER: ["2026-02-01", "None", "None"],
    }
    lists = await run(sessions, "SELECT subject FROM price_list_orders")
    assert [row.subject for row in lists] == [str(OTHER)]
    assert await run(sessions, "SELECT version FROM reference_version") != before
