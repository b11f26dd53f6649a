"""Which orders a list is of and in which order they come, as SQL conditions."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from orders.domain.states import State
from orders.tables import orders


class Sort(StrEnum):
    """By time of making, by time of placing (only what was placed), or by total in minor units of whatever currency."""

    NEWEST = "NEWEST"
    OLDEST = "OLDEST"
    PLACED_NEWEST = "PLACED_NEWEST"
    TOTAL_HIGHEST = "TOTAL_HIGHEST"

    @property
    def column(self) -> sa.Column[Any]:
        """Its column; ids decide between equals."""
        match self:
            case Sort.PLACED_NEWEST:
                return orders.c.place_time
            case Sort.TOTAL_HIGHEST:
                return orders.c.total
        return orders.c.create_time

    @property
    def by_creation(self) -> bool:
        """Then every index by a filter has its orders in this order already."""
        return self in (Sort.NEWEST, Sort.OLDEST)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Instants that spare reading orders outside of the period: it is `place_date` that decides."""

    created_before: datetime.datetime | None = None
    placed_from: datetime.datetime | None = None
    placed_before: datetime.datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """`accounts`: None for all. `owner`: (kind, id) of whose own orders alone are wanted, `within_community`: of which
    alone. Dates inclusive. `prefix` is folded."""

    accounts: tuple[UUID, ...] | None = None
    owner: tuple[str, str] | None = None
    within_community: UUID | None = None
    states: tuple[State, ...] = ()
    representative_id: UUID | None = None
    place_from: datetime.date | None = None
    place_to: datetime.date | None = None
    bounds: Bounds = Bounds()
    community_id: UUID | None = None
    actor_id: UUID | None = None
    payer_account_id: UUID | None = None
    client_external_id: str = ""
    prefix: str = ""
    sort: Sort = Sort.NEWEST

    @property
    def of_few(self) -> bool:
        """Of accounts or of somebody who acted: their orders are looked at one by one, however they are sorted."""
        acted = self.representative_id is not None or self.actor_id is not None
        return self.accounts is not None or acted or bool(self.client_external_id)

    @property
    def of_many(self) -> bool:
        """Of communities and payers, who have indexes for each order."""
        named = (self.within_community, self.community_id, self.payer_account_id)
        return any(each is not None for each in named)

    @property
    def only_period(self) -> bool:
        return not (self.of_few or self.of_many or self.states or self.prefix) and self.place_from is not None


NOTHING = OrderFilter(accounts=())


def conditions(wanted: OrderFilter) -> list[sa.ColumnElement[bool]]:
    """All but whose accounts and which payer."""
    found: list[sa.ColumnElement[bool]] = []
    if wanted.owner is not None:
        found += [orders.c.owner_kind == wanted.owner[0], orders.c.owner_id == wanted.owner[1]]
    if wanted.states:
        found.append(orders.c.state.in_(wanted.states))
    if wanted.representative_id is not None:
        found += [orders.c.actor_kind == "REP", orders.c.actor_id == str(wanted.representative_id)]
    found += _assisted(wanted)
    if wanted.actor_id is not None:
        found.append(orders.c.actor_id == str(wanted.actor_id))
    if wanted.prefix:
        found.append(_begins_with(wanted.prefix))
    return found + _period(wanted)


def _period(wanted: OrderFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.place_from is not None:
        found.append(orders.c.place_date >= wanted.place_from)
    if wanted.place_to is not None:
        found.append(orders.c.place_date <= wanted.place_to)
    bounds = wanted.bounds
    if wanted.sort is Sort.PLACED_NEWEST:
        found.append(orders.c.place_time.is_not(None))
        if bounds.placed_from is not None:
            found.append(orders.c.place_time >= bounds.placed_from)
        if bounds.placed_before is not None:
            found.append(orders.c.place_time < bounds.placed_before)
    elif bounds.created_before is not None and wanted.sort.by_creation:
        found.append(orders.c.create_time < bounds.created_before)
    return found


def _assisted(wanted: OrderFilter) -> list[sa.ColumnElement[bool]]:
    found = [
        orders.c.community_id == community
        for community in (wanted.within_community, wanted.community_id)
        if community is not None
    ]
    if wanted.client_external_id:
        found.append(orders.c.client_external_id == wanted.client_external_id)
        found.append(orders.c.client_external_id != "")  # as its index says
    return found


def _begins_with(prefix: str) -> sa.ColumnElement[bool]:
    """A range of each index, which are ordered by code point: no text that begins with it comes after its last."""
    last = prefix + chr(0x10FFFF)
    columns = (orders.c.number, orders.c.account_search, orders.c.reference_search)
    begins = [sa.and_(column >= prefix, column < last) for column in columns]
    begins[2] = sa.and_(begins[2], orders.c.reference_search != "")  # as its index says
    return sa.or_(*begins)
