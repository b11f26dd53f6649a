"""What was agreed with a business ends with its business profile (A-07)."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.pricing.reference import touch
from chassis import ids
from chassis.consumer import Permanent, Subscription

# Rows that have not begun never hold; none is deleted: they prove the prices of earlier orders.
_END_DISCOUNTS = sa.text(
    "UPDATE discount_rows SET valid_to = greatest(valid_from, :today)"
    " WHERE account_id = :account AND (valid_to IS NULL OR valid_to > greatest(valid_from, :today))"
)
_FORGET_LISTS = sa.text(
    "DELETE FROM price_list_orders WHERE kind = 'ACCOUNT' AND subject = CAST(CAST(:account AS uuid) AS text)"
)


def subscription(zone: ZoneInfo) -> Subscription:
    """`zone`: the vendor's business time zone, in which discounts end today."""

    async def end_conditions(session: AsyncSession, event: Any, _meta: Any) -> None:
        account_id = ids.parse_id(event.account_id)
        if account_id is None:
            raise Permanent(f"not an id: {event.account_id!r}")
        occurred = event.attribution.occur_time.ToDatetime(tzinfo=zone)
        connection = await session.connection()
        ended = await connection.execute(_END_DISCOUNTS, {"account": account_id, "today": occurred.date()})
        forgotten = await connection.execute(_FORGET_LISTS, {"account": account_id})
        if ended.rowcount or forgotten.rowcount:
            await touch(session)

    return Subscription(
        stream="COMMIS_CUSTOMERS",
        durable="catalog-conditions",
        subjects=("commis.customers.v1.business_profile_removed",),
        handler=end_conditions,
    )
