"""However large what is given, the answer is small and nobody else waits for it."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import pytest

from orders.entry import table
from orders.entry.given import Record, Sheet
from services.orders.tests.rpc.test_quick_entry import add, check
from services.orders.tests.shop import Shop

pytestmark = pytest.mark.spec("O-04")


async def test_an_answer_is_not_as_long_as_the_headings(shop: Shop) -> None:
    sheet = await shop.sheet()
    content = (
        ";".join(["ISBN", "Qty", "x" * 100_000, *(f"column {number}" for number in range(100))]) + "\nA;1"
    )
    checked = await check(shop, sheet.id, content)
    assert checked.unread_columns[:2] == ["x" * 200, "column 0"]
    assert len(checked.unread_columns) == 50
    assert (await add(shop, sheet.id, content)).unread_columns == checked.unread_columns


async def test_nobody_waits_while_a_text_is_read(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = await shop.sheet()
    read, threads = table.sheet_of, []

    def noted(records: Iterable[Record]) -> Sheet:
        threads.append(threading.current_thread())
        return read(records)

    monkeypatch.setattr(table, "sheet_of", noted)
    await check(shop, sheet.id, "A;1")
    assert threads
    assert threading.main_thread() not in threads
