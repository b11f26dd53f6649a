"""A page of a list as one statement: first the keys of its orders, out of indexes alone, then these orders whole."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from chassis.paging import Page
from orders.sheets.filters import OrderFilter, Sort, conditions
from orders.tables import orders

Conditions = list[sa.ColumnElement[bool]]
# A merge asks each day once. Of longer periods the walk through all orders finds the first ones soon enough.
_MOST_DAYS = 1830
# A page that people look at. An export's is longer, and there are many of them: the walk costs it only once.
_SHORT = 200


def page_statement(
    wanted: OrderFilter, page: Page, columns: Sequence[sa.ColumnElement[Any]]
) -> sa.Select[Any]:
    """`columns` of one order more than the page holds, if there are more."""
    keys = _keys(wanted, page).subquery("page")
    sort = wanted.sort
    return _sorted(
        sa.select(*columns).select_from(orders.join(keys, orders.c.id == keys.c.id)),
        sort,
        sort.column,
        orders.c.id,
    )


def _keys(wanted: OrderFilter, page: Page) -> sa.Select[Any]:
    """The orders that a payer has for itself and those it pays for others are found apart. For several accounts, and
    for the oldest of a period, the first ones of each account or day are merged: each is one short index scan."""
    found, sort = conditions(wanted), wanted.sort
    payer = wanted.payer_account_id
    if wanted.accounts is None and payer is not None:
        own: Conditions = [orders.c.account_id == payer, orders.c.payer_account_id == orders.c.account_id]
        others: Conditions = [
            orders.c.payer_account_id == payer,
            orders.c.payer_account_id != orders.c.account_id,
        ]
        parts = [_one_scan(wanted, [*found, *part], page).subquery() for part in (own, others)]
        return _merged(sa.union_all(*(sa.select(part) for part in parts)).subquery("both"), sort, page)
    if payer is not None:
        found.append(orders.c.payer_account_id == payer)
    if wanted.accounts is not None and len(wanted.accounts) > 1 and sort.by_creation:
        return _each(list(wanted.accounts), sa.Uuid(), orders.c.account_id, found, sort, page)
    days = _days(wanted)
    if days and page.size <= _SHORT:
        return _each(days, sa.Date(), orders.c.place_date, found, sort, page)
    return _one_scan(wanted, [*found, *_of_accounts(wanted)], page)


def _of_accounts(wanted: OrderFilter) -> Conditions:
    if wanted.accounts is None:
        return []
    if len(wanted.accounts) == 1:
        return [orders.c.account_id == wanted.accounts[0]]
    return [orders.c.account_id == sa.any_(sa.literal(list(wanted.accounts), sa.ARRAY(sa.Uuid)))]


def _days(wanted: OrderFilter) -> list[datetime.date]:
    """Of a period whose oldest orders are wanted: the walk from the oldest of all would pass everything before it."""
    first, last = wanted.place_from, wanted.place_to
    if wanted.sort is not Sort.OLDEST or not wanted.only_period or first is None or last is None:
        return []
    count = (last - first).days + 1
    return [first + datetime.timedelta(days=n) for n in range(count)] if count <= _MOST_DAYS else []


def _one_scan(wanted: OrderFilter, found: Conditions, page: Page) -> sa.Select[Any]:
    """Orders of somebody, sorted as no index has them, are all looked at in the index that names them: behind OFFSET 0
    the planner cannot walk through everybody's in the hope to meet theirs soon."""
    sort = wanted.sort
    if sort.by_creation or not wanted.of_few:
        return _first(found, sort, page)
    all_of_them = sa.select(sort.column.label("key"), orders.c.id).where(*found, *_after(sort, page))
    return _merged(all_of_them.offset(sa.literal_column("0")).subquery("theirs"), sort, page)


def _first(found: Conditions, sort: Sort, page: Page) -> sa.Select[Any]:
    statement = sa.select(sort.column.label("key"), orders.c.id).where(*found, *_after(sort, page))
    return _sorted(statement, sort, sort.column, orders.c.id).limit(page.size + 1)


def _after(sort: Sort, page: Page) -> Conditions:
    if page.after is None:
        return []
    key, last = sa.tuple_(sort.column, orders.c.id), sa.tuple_(*page.after)
    return [key > last if sort is Sort.OLDEST else key < last]


def _each(
    values: list[Any], kind: Any, column: sa.Column[Any], found: Conditions, sort: Sort, page: Page
) -> sa.Select[Any]:
    given = sa.func.unnest(sa.literal(values, sa.ARRAY(kind))).table_valued(
        sa.column("value", kind), name="given"
    )
    one = given.render_derived()
    each = _first([column == one.c.value, *found], sort, page).lateral("each")
    return _merged(sa.select(each).select_from(one.join(each, sa.true())).subquery("all_of_them"), sort, page)


def _merged(keys: sa.Subquery, sort: Sort, page: Page) -> sa.Select[Any]:
    return _sorted(sa.select(keys), sort, keys.c.key, keys.c.id).limit(page.size + 1)


def _sorted(statement: sa.Select[Any], sort: Sort, key: Any, identity: Any) -> sa.Select[Any]:
    if sort is Sort.OLDEST:
        return statement.order_by(key.asc(), identity.asc())
    return statement.order_by(key.desc(), identity.desc())
