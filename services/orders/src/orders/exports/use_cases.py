"""All orders of a list, a page at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator

from chassis.paging import Page
from orders.exports import columns
from orders.exports.columns import Row
from orders.infrastructure import Infrastructure
from orders.sheets import listing
from orders.sheets.filters import NOTHING
from orders.sheets.listing import ListOrders
from orders.sheets.pages import page_statement

PAGE = 500


async def export_orders(infra: Infrastructure, command: ListOrders) -> AsyncIterator[list[Row]]:
    """The heading first. Each page is a statement of its own, after the last key of the one before: a slow reader holds
    no connection and no snapshot. An order that changes its place meanwhile may be missing or there twice."""
    wanted = await listing.visible(infra, command)
    yield [columns.HEADING]
    if wanted.accounts == NOTHING.accounts:
        return
    after = None
    read = (*columns.READ, wanted.sort.column.label("sort_key"))
    while True:
        async with infra.sessions() as session:
            found = (await session.execute(page_statement(wanted, Page(PAGE, after), read))).all()
        rows = found[:PAGE]
        yield [columns.row(each) for each in rows]
        if len(found) <= PAGE:
            return
        after = (rows[-1].sort_key, rows[-1].id)
