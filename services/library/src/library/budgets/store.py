"""Reads budgets under lock and writes movements: figures and ledger entries in one statement."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.ids import new_id
from library.budgets.domain import Budget, Figures, Kind, Movement, Overspending
from library.tables import budgets

_COLUMNS = (
    "id, account_id, code, currency, overspending, period_start_date, period_end_date,"
    " total, held, committed, credited, adjusted"
)

# ORDER BY comes before the lock: everybody locks in the same order, so nobody waits in a circle.
_LOCK = sa.text(f"SELECT {_COLUMNS} FROM budgets WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE")  # noqa: S608
_LOCK_BY_CODE = sa.text(
    f"SELECT {_COLUMNS} FROM budgets"  # noqa: S608
    " WHERE id = ANY(CAST(:ids AS uuid[])) OR (account_id = :account_id"
    "  AND (code, currency) IN (SELECT * FROM unnest(CAST(:codes AS text[]), CAST(:currencies AS text[])))"
    "  AND period_start_date <= :as_of_date AND :as_of_date < period_end_date)"
    " ORDER BY id FOR UPDATE"
)

# The condition repeats what the domain decided under the lock; the CHECK constraints say it a third time.
_MOVE = sa.text(
    """
    WITH step AS (
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:kinds AS text[]), CAST(:amounts AS bigint[]),
            CAST(:entry_ids AS uuid[])) AS s(budget_id, kind, amount, entry_id)
    ), moved AS (
        UPDATE budgets b SET
            total = total + CASE WHEN kind = 'ALLOCATE' THEN amount ELSE 0 END,
            held = held + CASE WHEN kind IN ('HOLD', 'RELEASE') THEN amount
                WHEN kind = 'COMMIT' THEN -amount ELSE 0 END,
            committed = committed + CASE WHEN kind = 'COMMIT' THEN amount ELSE 0 END,
            credited = credited + CASE WHEN kind = 'CREDIT' THEN amount ELSE 0 END,
            adjusted = adjusted + CASE WHEN kind = 'ADJUST' THEN amount ELSE 0 END,
            entry_count = entry_count + 1,
            update_time = now()
        FROM step
        WHERE b.id = step.budget_id AND (kind <> 'HOLD' OR overspending = 'WARN'
            OR total - held - committed + credited + adjusted >= amount)
        RETURNING b.id, b.account_id, b.code, b.currency, b.overspending, b.period_start_date,
            b.period_end_date, b.total, b.held, b.committed, b.credited, b.adjusted, b.entry_count,
            b.version, kind, amount, entry_id
    ), written AS (
        INSERT INTO budget_entries (budget_id, sequence, id, kind, amount, order_id, reference_id, reason,
            actor_kind, actor_id)
        SELECT id, entry_count, entry_id, kind, amount, :order_id, :reference_id, :reason, :actor_kind,
            :actor_id
        FROM moved
    )
    SELECT * FROM moved ORDER BY id
    """
)


class LedgerConflict(RuntimeError):
    """A movement that was decided under the row lock did not apply: a defect, never the client's fault."""


def _budget(row: Any) -> Budget:
    return Budget(
        id=row.id,
        account_id=row.account_id,
        code=row.code,
        currency=row.currency,
        overspending=Overspending(row.overspending),
        period_start_date=row.period_start_date,
        period_end_date=row.period_end_date,
        figures=Figures(row.total, row.held, row.committed, row.credited, row.adjusted),
    )


class BudgetStore:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, ids: Collection[UUID]) -> dict[UUID, Budget]:
        """The budgets, locked in the order of their ids until the transaction ends."""
        if not ids:
            return {}
        rows = await self._session.execute(_LOCK, {"ids": list(ids)})
        return {row.id: _budget(row) for row in rows}

    async def lock_by_code(
        self,
        ids: Collection[UUID],
        *,
        account_id: UUID,
        as_of_date: datetime.date,
        codes: Collection[tuple[str, str]],
    ) -> dict[UUID, Budget]:
        """As `lock`, with the account's budgets of these (code, currency) pairs on that date."""
        parameters = {
            "ids": list(ids),
            "account_id": account_id,
            "as_of_date": as_of_date,
            "codes": [code for code, _ in codes],
            "currencies": [currency for _, currency in codes],
        }
        rows = await self._session.execute(_LOCK_BY_CODE, parameters)
        return {row.id: _budget(row) for row in rows}

    async def move(
        self,
        movements: Sequence[Movement],
        *,
        actor: tuple[str, str],
        order_id: UUID | None = None,
        reference_id: UUID | None = None,
        reason: str = "",
    ) -> list[tuple[Movement, Budget, int]]:
        """Apply at most one movement per budget. Returns each with the budget after it and the number of
        changes the budget has seen."""
        if not movements:
            return []
        parameters = {
            "ids": [movement.budget_id for movement in movements],
            "kinds": [movement.kind.value for movement in movements],
            "amounts": [movement.amount for movement in movements],
            "entry_ids": [new_id() for _ in movements],
            "order_id": order_id,
            "reference_id": reference_id,
            "reason": reason,
            "actor_kind": actor[0],
            "actor_id": actor[1],
        }
        rows = (await self._session.execute(_MOVE, parameters)).all()
        if len(rows) != len(movements):
            raise LedgerConflict(f"{len(movements)} movements, {len(rows)} applied")
        return [(Movement(r.id, Kind(r.kind), r.amount), _budget(r), r.entry_count + r.version) for r in rows]

    async def add(self, budget: Budget, attributes: dict[str, Any]) -> None:
        """A budget without figures; give it money with an ALLOCATE movement."""
        own = {
            "id": budget.id,
            "account_id": budget.account_id,
            "code": budget.code,
            "currency": budget.currency,
            "overspending": budget.overspending.value,
            "period_start_date": budget.period_start_date,
            "period_end_date": budget.period_end_date,
        }
        await self._session.execute(sa.insert(budgets).values(**own, **attributes))
