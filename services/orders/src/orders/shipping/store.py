"""Shipping methods in the database, and a short-lived copy of them for sheets."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.db import Sessions
from orders.shipping.domain import Band, ShippingMethod, Zone
from orders.shipping.tables import shipping_methods

_ALL = sa.select(shipping_methods).order_by(shipping_methods.c.code)
# A price that changed meanwhile shows at placing, which always reads the database.
_COPY_SECONDS = 5.0


def zones_json(zones: tuple[Zone, ...]) -> list[dict[str, Any]]:
    return [asdict(zone) for zone in zones]


def method(row: Any) -> ShippingMethod:
    """From a row, or from the same as JSON."""
    zones = tuple(
        Zone(
            region_codes=tuple(zone["region_codes"]),
            bands=tuple(Band(**band) for band in zone["bands"]),
            postal_prefixes=tuple(zone["postal_prefixes"]),
            free_from=zone["free_from"],
        )
        for zone in row["zones"]
    )
    return ShippingMethod(
        id=row["id"],
        code=row["code"],
        name=row["name"],
        currency=row["currency"],
        pick_up=row["pick_up"],
        zones=zones,
        active=row["active"],
        tax_inclusive=row["tax_inclusive"],
        pick_up_region_code=row["pick_up_region_code"],
        pick_up_postal_code=row["pick_up_postal_code"],
        version=row["version"],
        create_time=row["create_time"],
    )


async def all_methods(connection: AsyncConnection) -> dict[str, ShippingMethod]:
    """By code; a vendor has a handful."""
    found = (await connection.execute(_ALL)).mappings()
    return {row["code"]: method(row) for row in found}


class ShippingMethods:
    """The methods by code, read again after five seconds or when a code is unknown."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._known: dict[str, ShippingMethod] = {}
        self._read_at = -_COPY_SECONDS

    async def find(self, code: str) -> ShippingMethod | None:
        if not code:
            return None
        if time.monotonic() - self._read_at > _COPY_SECONDS or code not in self._known:
            await self.everything()
        return self._known.get(code)

    def known(self, code: str) -> ShippingMethod | None:
        """Without asking the database: for use inside a transaction, after `find`."""
        return self._known.get(code)

    async def pick_ups(self) -> dict[str, ShippingMethod]:
        """By code."""
        if time.monotonic() - self._read_at > _COPY_SECONDS:
            await self.everything()
        return {code: found for code, found in self._known.items() if found.pick_up}

    async def everything(self) -> list[ShippingMethod]:
        async with self._sessions() as session:
            self._known = await all_methods(await session.connection())
        self._read_at = time.monotonic()
        return list(self._known.values())

    def forget(self) -> None:
        self._read_at = -_COPY_SECONDS
