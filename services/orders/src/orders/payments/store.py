"""Reading and writing payments and refunds. Whoever changes one has locked its order before."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from orders import direct
from orders.payments.domain import OnlinePayment, Payment, Refund, RefundState

_COLUMNS = tuple(field.name for field in fields(OnlinePayment) if field.name != "refunds")
_CHANGING = (
    *("state", "provider_id", "checkout_address", "to_cancel"),
    *("update_time", "expire_time", "check_time"),
)
_REFUND = tuple(field.name for field in fields(Refund))
_OF_ORDER = direct.statement("SELECT * FROM payments WHERE order_id = :order_id ORDER BY id")
_REFUNDS = direct.statement(
    "SELECT r.* FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE p.order_id = :order_id ORDER BY r.id"
)
_ORDER_OF = direct.statement("SELECT order_id FROM payments WHERE id = :id")
_INSERT = direct.statement(
    f"INSERT INTO payments ({', '.join(_COLUMNS)}) VALUES ({', '.join(f':{name}' for name in _COLUMNS)})"  # noqa: S608
)
# Due because the provider called, whatever anybody's clock says. Only who takes the payment answers for that: what was
# learnt from the provider before is overtaken by its call.
_CALLED = "to_timestamp(0)"
_SAVE = direct.statement(
    f"UPDATE payments SET {', '.join(f'{name} = :{name}' for name in _CHANGING if name != 'check_time')},"  # noqa: S608
    f" check_time = CASE WHEN check_time = {_CALLED} THEN check_time ELSE :check_time END WHERE id = :id"
)
_ADD_REFUND = direct.statement(
    f"INSERT INTO refunds ({', '.join(_REFUND)}) VALUES ({', '.join(f':{name}' for name in _REFUND)})"  # noqa: S608
    " ON CONFLICT (id) DO UPDATE SET state = excluded.state, provider_id = excluded.provider_id"
)
_TOLD = direct.statement(
    f"UPDATE payments SET check_time = {_CALLED}"  # noqa: S608  # a constant
    " WHERE provider = :provider AND provider_id = :provider_id AND provider_id <> '' RETURNING 1"
)
_TAKE = direct.statement("""
    UPDATE payments SET check_time = clock_timestamp() + make_interval(secs => :lease)
    WHERE id = ANY(ARRAY(
        SELECT id FROM payments WHERE check_time <= clock_timestamp()
        ORDER BY check_time LIMIT :size FOR UPDATE SKIP LOCKED))
    RETURNING id, order_id""")
_RETRY = direct.statement(
    "UPDATE payments SET check_time = clock_timestamp() + make_interval(secs => :seconds)"  # noqa: S608  # a constant
    f" WHERE id = :id AND check_time IS DISTINCT FROM {_CALLED}"
)


def _payment(row: direct.Row, refunds: Iterable[direct.Row]) -> OnlinePayment:
    given = {name: row[name] for name in _COLUMNS}
    given["state"] = Payment(row["state"])
    return OnlinePayment(**given, refunds=tuple(_refund(each) for each in refunds))


def _refund(row: direct.Row) -> Refund:
    return Refund(**({name: row[name] for name in _REFUND} | {"state": RefundState(row["state"])}))


def _joined(payments: list[direct.Row], refunds: list[direct.Row]) -> tuple[OnlinePayment, ...]:
    return tuple(
        _payment(row, [each for each in refunds if each["payment_id"] == row["id"]]) for row in payments
    )


async def of_order(connection: AsyncConnection, order_id: UUID) -> tuple[OnlinePayment, ...]:
    """All of them, the oldest first, inside of the caller's transaction."""
    given = {"order_id": order_id}
    payments = await direct.rows(connection, _OF_ORDER, given)
    return _joined(payments, await direct.rows(connection, _REFUNDS, given) if payments else [])


async def of_order_alone(engine: AsyncEngine, order_id: UUID) -> tuple[OnlinePayment, ...]:
    """As `of_order`, for who changes nothing. Refunds first: one whose payment is not read yet is left out."""
    given = {"order_id": order_id}
    refunds = await direct.rows_alone(engine, _REFUNDS, given)
    return _joined(await direct.rows_alone(engine, _OF_ORDER, given), refunds)


async def order_of(engine: AsyncEngine, payment_id: UUID) -> UUID | None:
    row = await direct.alone(engine, _ORDER_OF, {"id": payment_id})
    return None if row is None else row["order_id"]


async def insert(connection: AsyncConnection, payment: OnlinePayment) -> None:
    await direct.first(connection, _INSERT, {name: getattr(payment, name) for name in _COLUMNS})


async def save(connection: AsyncConnection, before: OnlinePayment, after: OnlinePayment) -> None:
    """What differs."""
    if any(getattr(before, name) != getattr(after, name) for name in _CHANGING):
        given: dict[str, Any] = {name: getattr(after, name) for name in ("id", *_CHANGING)}
        await direct.first(connection, _SAVE, given)
    known = {each.id: each for each in before.refunds}
    for each in after.refunds:
        if known.get(each.id) != each:
            await direct.first(connection, _ADD_REFUND, {name: getattr(each, name) for name in _REFUND})


async def told(engine: AsyncEngine, provider: str, provider_id: str) -> bool:
    """The provider has news of this payment. False when there is none of that name."""
    given = {"provider": provider, "provider_id": provider_id}
    return await direct.alone(engine, _TOLD, given) is not None


async def take(engine: AsyncEngine, size: int, lease: float) -> list[tuple[UUID, UUID]]:
    """(payment, order) of what is due; nobody else takes it for `lease` seconds."""
    rows = await direct.rows_alone(engine, _TAKE, {"size": size, "lease": lease})
    return [(row["id"], row["order_id"]) for row in rows]


async def retry(engine: AsyncEngine, payment_id: UUID, wait: datetime.timedelta) -> None:
    await direct.alone(engine, _RETRY, {"id": payment_id, "seconds": wait.total_seconds()})
