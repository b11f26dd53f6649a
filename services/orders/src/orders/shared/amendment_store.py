"""Which attempt amends a placed order: one at a time, while its claim lives by the clock of the database."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.errors import FieldViolation
from orders.domain.model import Order
from orders.shared.store import set_obstacles

_CLAIM = sa.text("""
    UPDATE shared_orders SET amending_attempt = :attempt,
        amending_until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE order_id = :id AND revision = :revision
        AND (amending_until IS NULL OR amending_until <= clock_timestamp())""")
_FINISH = sa.text("""
    UPDATE shared_orders SET amending_attempt = NULL, amending_until = NULL
    WHERE order_id = :id AND revision = :revision AND amending_attempt = :attempt
        AND amending_until > clock_timestamp()""")
_END = sa.text("""
    UPDATE shared_orders SET amending_attempt = NULL, amending_until = NULL
    WHERE order_id = :id AND amending_attempt = :attempt RETURNING revision""")
_AMENDED = sa.text(
    "UPDATE orders SET placing_attempt = :attempt, payment_state = :payment_state WHERE id = :id"
)


async def claim_amendment(
    connection: AsyncConnection, order_id: UUID, revision: int, attempt: UUID, seconds: float
) -> bool:
    """For one attempt to amend the placed order to this revision of its sheet."""
    given = {"id": order_id, "revision": revision, "attempt": attempt, "seconds": seconds}
    return (await connection.execute(_CLAIM, given)).rowcount == 1


async def finish_amendment(connection: AsyncConnection, order_id: UUID, revision: int, attempt: UUID) -> bool:
    """Whether the claim of the attempt lives still."""
    given = {"id": order_id, "revision": revision, "attempt": attempt}
    return (await connection.execute(_FINISH, given)).rowcount == 1


async def end_amendment(
    connection: AsyncConnection, order_id: UUID, revision: int, attempt: UUID, found: Sequence[FieldViolation]
) -> int | None:
    """The revision of the sheet by now, and nothing is kept where that is another one; None when another attempt took
    over."""
    ended = await connection.scalar(_END, {"id": order_id, "attempt": attempt})
    if ended is None:
        return None
    await set_obstacles(connection, order_id, revision, found)
    return int(ended)


async def set_amended(connection: AsyncConnection, order: Order, attempt: UUID) -> None:
    """Which attempt last made the placed order what it is, and how it is paid since."""
    given = {"id": order.id, "attempt": attempt, "payment_state": order.payment_state}
    await connection.execute(_AMENDED, given)
