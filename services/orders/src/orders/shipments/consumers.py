"""What catalog tells about lines that wait for goods. It only ever grows less, so that the order of what comes does not
matter; but for an order that was placed anew, whose later attempt counts."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

from commis.catalog.v1 import events_pb2
from google.type import date_pb2
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import ids
from chassis.consumer import Permanent, Subscription
from orders import direct

_PREFIX = "commis.catalog.v1"
_OPENED = direct.statement("""
    INSERT INTO line_backorders AS b (order_id, line_id, warehouse_id, missing, expected_date, attempt_id)
    VALUES (:order_id, :line_id, :warehouse_id, :missing, :expected_date, :attempt_id)
    ON CONFLICT (order_id, line_id, warehouse_id) DO UPDATE SET
        missing = CASE WHEN excluded.attempt_id > b.attempt_id THEN excluded.missing
            ELSE least(b.missing, excluded.missing) END,
        expected_date = coalesce(excluded.expected_date, b.expected_date), attempt_id = excluded.attempt_id
    WHERE b.attempt_id IS NULL OR b.attempt_id <= excluded.attempt_id""")
_FILLED = direct.statement("""
    INSERT INTO line_backorders AS b (order_id, line_id, warehouse_id, missing, expected_date)
    VALUES (:order_id, :line_id, :warehouse_id, :missing, :expected_date)
    ON CONFLICT (order_id, line_id, warehouse_id) DO UPDATE SET
        missing = least(b.missing, excluded.missing),
        expected_date = coalesce(excluded.expected_date, b.expected_date)""")


async def _apply(session: AsyncSession, event: Any, meta: Any) -> None:
    connection = await session.connection()
    given: dict[str, object] = {
        "order_id": _id(event.order_id),
        "line_id": _id(event.line_id),
        "warehouse_id": _id(event.warehouse_id),
        "missing": event.missing_quantity,
        "expected_date": _date(event.expected_date),
    }
    if isinstance(event, events_pb2.BackorderOpened):
        given["attempt_id"] = _id(event.attempt_id)
        await direct.first(connection, _OPENED, given)
    else:
        await direct.first(connection, _FILLED, given)


def _date(given: date_pb2.Date) -> datetime.date | None:
    return datetime.date(given.year, given.month, given.day) if given.year else None


def _id(text: str) -> UUID:
    parsed = ids.parse_id(text)
    if parsed is None:
        raise Permanent(f"not an id: {text!r}")
    return parsed


BACKORDERS = Subscription(
    stream="COMMIS_CATALOG",
    durable="orders-backorders",
    subjects=(f"{_PREFIX}.backorder_opened", f"{_PREFIX}.backorder_filled"),
    handler=_apply,
)
