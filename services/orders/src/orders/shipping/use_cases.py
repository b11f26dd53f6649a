"""Staff keep shipping methods; orders that were placed keep the shipping they were placed with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from commis.orders.v1 import events_pb2
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import etag as etags
from chassis import outbox
from chassis.db import constraint_name
from chassis.errors import Violations
from chassis.paging import Page
from orders.attribution import attribution
from orders.infrastructure import Infrastructure
from orders.shipping import store
from orders.shipping.domain import ShippingMethod, ShippingMethodCodeTaken, ShippingMethodNotFound
from orders.shipping.tables import shipping_methods

_INSERT = sa.insert(shipping_methods)
_LOCK = sa.select(shipping_methods).where(shipping_methods.c.id == sa.bindparam("wanted")).with_for_update()


@dataclass(frozen=True, slots=True)
class ChangeMethod:
    """`values`: new values by field of ShippingMethod."""

    method_id: UUID
    values: Mapping[str, Any]
    etag: str = ""


def check(method: ShippingMethod) -> None:
    """Raises InvalidFields for a method that could serve nobody, has zones or a place that nobody asks, or is a pick-up
    from nowhere."""
    v = Violations()
    if method.pick_up and method.zones:
        v.add("shipping_method.zones", "a pick-up has no zones", "NOT_ALLOWED")
    if not method.pick_up and not method.zones:
        v.add("shipping_method.zones", "is required", "REQUIRED")
    for name in ("pick_up_region_code", "pick_up_postal_code"):
        if method.pick_up and not getattr(method, name):
            v.add(f"shipping_method.{name}", "is required: where it is collected", "REQUIRED")
        if not method.pick_up and getattr(method, name):
            v.add(f"shipping_method.{name}", "belongs to a pick-up", "NOT_ALLOWED")
    v.raise_if_any()


def _row(method: ShippingMethod) -> dict[str, Any]:
    values = {each.name: getattr(method, each.name) for each in fields(method)}
    return values | {"zones": store.zones_json(method.zones)}


def _tell(infra: Infrastructure, session: AsyncSession, method: ShippingMethod) -> None:
    outbox.add(
        session,
        events_pb2.ShippingMethodChanged(attribution=attribution(infra.clock()), code=method.code),
        subject="commis.orders.v1.shipping_method_changed",
        aggregate_id=str(method.id),
        aggregate_version=method.version,
    )


async def create_method(infra: Infrastructure, session: AsyncSession, method: ShippingMethod) -> None:
    """In the caller's transaction. Raises ShippingMethodCodeTaken, InvalidFields."""
    check(method)
    try:
        await (await session.connection()).execute(_INSERT, _row(method))
    except IntegrityError as error:
        if constraint_name(error) == "uq_shipping_methods_code":
            raise ShippingMethodCodeTaken(method.code) from None
        raise
    _tell(infra, session, method)


async def change_method(infra: Infrastructure, session: AsyncSession, cmd: ChangeMethod) -> ShippingMethod:
    """In the caller's transaction. Raises ShippingMethodNotFound, EtagMismatch, ShippingMethodCodeTaken."""
    connection = await session.connection()
    row = (await connection.execute(_LOCK, {"wanted": cmd.method_id})).mappings().one_or_none()
    if row is None:
        raise ShippingMethodNotFound(cmd.method_id)
    current = store.method(row)
    etags.check("shipping method", cmd.etag, current.version)
    changed = replace(current, **cmd.values, version=current.version + 1)
    check(changed)
    statement = sa.update(shipping_methods).where(shipping_methods.c.id == cmd.method_id)
    try:
        await connection.execute(statement.values(**_row(changed)))
    except IntegrityError as error:
        if constraint_name(error) == "uq_shipping_methods_code":
            raise ShippingMethodCodeTaken(changed.code) from None
        raise
    _tell(infra, session, changed)
    return changed


async def list_methods(infra: Infrastructure, page: Page) -> list[ShippingMethod]:
    """By code, one more than the page holds when there are more."""
    after = page.after[0] if page.after is not None else ""
    statement = (
        sa.select(shipping_methods)
        .where(shipping_methods.c.code > after)
        .order_by(shipping_methods.c.code)
        .limit(page.size + 1)
    )
    async with infra.sessions() as session:
        return [store.method(row) for row in (await session.execute(statement)).mappings()]
