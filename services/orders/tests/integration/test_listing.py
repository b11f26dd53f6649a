"""Pages of order summaries over one, several and all accounts."""

import uuid

import pytest

from chassis.db import Sessions
from chassis.paging import Page
from orders.sheets import queries
from orders.sheets.filters import OrderFilter


@pytest.mark.spec("A-12")
@pytest.mark.parametrize("count", [0, 1, 2, 300])
async def test_a_rep_without_orders_gets_an_empty_page_however_many_accounts(
    sessions: Sessions, count: int
) -> None:
    accounts = tuple(uuid.uuid4() for _ in range(count))
    assert await queries.list_orders(sessions, OrderFilter(accounts=accounts), Page(200, None)) == []
