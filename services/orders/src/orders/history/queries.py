"""A page of an order's history, oldest first."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from chassis.db import Sessions
from chassis.paging import Page
from orders.domain.model import HistoryEntry
from orders.domain.parties import Party
from orders.domain.states import State

_PAGE = sa.text(
    "SELECT * FROM order_history WHERE order_id = :order_id AND sequence > :after ORDER BY sequence LIMIT :size"
)


async def list_history(sessions: Sessions, order_id: UUID, page: Page) -> list[HistoryEntry]:
    """One more than the page holds when there are more."""
    after = page.after[0] if page.after is not None else 0
    given = {"order_id": order_id, "after": after, "size": page.size + 1}
    async with sessions() as session:
        rows = await (await session.connection()).execute(_PAGE, given)
        return [
            HistoryEntry(
                sequence=row.sequence,
                time=row.occur_time,
                actor=Party(row.actor_kind, row.actor_id, row.actor_name),
                account_id=row.account_id,
                channel=row.channel,
                action=row.action,
                from_state=State(row.from_state) if row.from_state else None,
                to_state=State(row.to_state),
                detail=row.detail,
            )
            for row in rows
        ]
