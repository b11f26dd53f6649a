"""Order holds under lock. Lock order everywhere: orders by id, then budgets by id."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from library.holds.domain import Line, OrderHold, State

_ROW = "order_id, account_id, state, attempt_id, released_attempt_id, expire_time, amends_order_id"
# The update that changes nothing is what locks a row that was there before.
_OPEN = sa.text(
    "INSERT INTO order_holds (order_id, account_id, state, amends_order_id)"  # noqa: S608
    " VALUES (:order_id, :account_id, 'RELEASED', :amends)"
    " ON CONFLICT (order_id) DO UPDATE SET state = order_holds.state"
    f" RETURNING {_ROW}"
)
_LOCK = sa.text(
    f"SELECT {_ROW} FROM order_holds WHERE order_id = ANY(CAST(:ids AS uuid[]))"  # noqa: S608
    " ORDER BY order_id FOR UPDATE"
)
_AMENDING = sa.text(
    f"SELECT {_ROW} FROM order_holds WHERE amends_order_id = :order_id AND state = 'HELD'"  # noqa: S608
    " AND order_id <> :besides ORDER BY order_id FOR UPDATE"
)
_LINES = sa.text(
    "SELECT order_id, budget_id, held, committed, credited FROM order_hold_lines"
    " WHERE order_id = ANY(CAST(:ids AS uuid[]))"
)
_SAVE = sa.text(
    """
    WITH line AS (
        SELECT * FROM unnest(CAST(:budget_ids AS uuid[]), CAST(:held AS bigint[]),
            CAST(:committed AS bigint[]), CAST(:credited AS bigint[]))
            AS l(budget_id, held, committed, credited)
    ), gone AS (
        DELETE FROM order_hold_lines o USING line
        WHERE o.order_id = :order_id AND o.budget_id = line.budget_id AND line.held = 0 AND line.committed = 0
    ), kept AS (
        INSERT INTO order_hold_lines (order_id, budget_id, held, committed, credited)
        SELECT :order_id, budget_id, held, committed, credited FROM line WHERE held > 0 OR committed > 0
        ON CONFLICT (order_id, budget_id) DO UPDATE
        SET held = excluded.held, committed = excluded.committed, credited = excluded.credited
    )
    UPDATE order_holds SET account_id = :account_id, state = :state, attempt_id = :attempt_id,
        released_attempt_id = :released_attempt_id, expire_time = :expire_time, update_time = now()
    WHERE order_id = :order_id
    """
)
_REFER = sa.text(
    "INSERT INTO order_movements (kind, reference_id, order_id, fingerprint)"
    " VALUES (:kind, :reference_id, :order_id, :fingerprint) ON CONFLICT DO NOTHING RETURNING 1"
)
_REFERRED = sa.text(
    "SELECT fingerprint FROM order_movements WHERE kind = :kind AND reference_id = :reference_id"
)
_EXPIRED = sa.text(
    "SELECT order_id, attempt_id, amends_order_id FROM order_holds WHERE state = 'HELD' AND expire_time < :now"
    " ORDER BY expire_time LIMIT :limit"
)
_POSTPONE = sa.text(
    "UPDATE order_holds SET expire_time = :until WHERE order_id = ANY(CAST(:ids AS uuid[]))"
    " AND state = 'HELD' AND expire_time < :until"
)
_PURGE = sa.text(
    "DELETE FROM order_holds WHERE order_id = ANY(ARRAY(SELECT order_id FROM order_holds h"
    " WHERE state IN ('RELEASED', 'CANCELLED') AND update_time < :before"
    " AND NOT EXISTS (SELECT FROM order_hold_lines l WHERE l.order_id = h.order_id)"
    " ORDER BY update_time LIMIT :limit FOR UPDATE SKIP LOCKED))"
)


@dataclass(frozen=True, slots=True)
class Expired:
    """`order_id` is the key of the hold; see OrderHold.amends."""

    order_id: UUID
    attempt_id: UUID
    amends: UUID | None = None

    @property
    def asked_about(self) -> UUID:
        return self.amends or self.order_id


class HoldStore:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def open(
        self, order_id: UUID, account_id: UUID | None = None, *, amends: UUID | None = None
    ) -> OrderHold:
        """The order's hold, locked; an empty one is written when there is none."""
        given = {"order_id": order_id, "account_id": account_id, "amends": amends}
        found = await self._session.execute(_OPEN, given)
        return (await self._with_lines([found.one()]))[0]

    async def find(self, order_id: UUID) -> OrderHold | None:
        """The order's hold, locked, if there is one."""
        found = await self.lock([order_id])
        return found[0] if found else None

    async def amending(self, order_id: UUID, *, besides: UUID) -> list[OrderHold]:
        """What other attempts to amend the order hold, locked."""
        given = {"order_id": order_id, "besides": besides}
        return await self._with_lines((await self._session.execute(_AMENDING, given)).all())

    async def lock(self, order_ids: Collection[UUID]) -> list[OrderHold]:
        """Those of the orders that have a hold."""
        return await self._with_lines((await self._session.execute(_LOCK, {"ids": list(order_ids)})).all())

    async def _with_lines(self, rows: Sequence[Any]) -> list[OrderHold]:
        holds = {
            row.order_id: OrderHold(
                row.order_id,
                row.account_id,
                State(row.state),
                row.attempt_id,
                row.released_attempt_id,
                row.expire_time,
                amends=row.amends_order_id,
            )
            for row in rows
        }
        if holds:
            for row in await self._session.execute(_LINES, {"ids": list(holds)}):
                holds[row.order_id].lines[row.budget_id] = Line(row.held, row.committed, row.credited)
        return list(holds.values())

    async def save(self, hold: OrderHold) -> None:
        lines = list(hold.lines.values())
        await self._session.execute(
            _SAVE,
            {
                "order_id": hold.order_id,
                "account_id": hold.account_id,
                "state": hold.state.value,
                "attempt_id": hold.attempt_id,
                "released_attempt_id": hold.released_attempt_id,
                "expire_time": hold.expire_time,
                "budget_ids": list(hold.lines),
                "held": [line.held for line in lines],
                "committed": [line.committed for line in lines],
                "credited": [line.credited for line in lines],
            },
        )

    async def refer(self, kind: str, reference_id: UUID, order_id: UUID, fingerprint: bytes) -> bytes | None:
        """Claim an invoice's or credit note's id; the fingerprint it was claimed with before, if it was.
        Waits for a concurrent claim of the same id."""
        key = {"kind": kind, "reference_id": reference_id}
        claim = {**key, "order_id": order_id, "fingerprint": fingerprint}
        if (await self._session.execute(_REFER, claim)).first() is not None:
            return None
        before: bytes = (await self._session.execute(_REFERRED, key)).scalar_one()
        return before

    async def expired(self, now: datetime.datetime, limit: int) -> list[Expired]:
        rows = await self._session.execute(_EXPIRED, {"now": now, "limit": limit})
        return [Expired(row.order_id, row.attempt_id, row.amends_order_id) for row in rows]

    async def postpone(self, order_ids: Collection[UUID], until: datetime.datetime) -> None:
        await self._session.execute(_POSTPONE, {"ids": list(order_ids), "until": until})

    async def purge(self, before: datetime.datetime, limit: int) -> int:
        """Forget old tombstones; the number deleted. The ledger keeps what happened."""
        done: Any = await self._session.execute(_PURGE, {"before": before, "limit": limit})
        return int(done.rowcount)
