"""Stock, reservations and imports over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from commis.catalog.v1 import imports_pb2, pricing_pb2
from commis.catalog.v1 import stock_pb2 as pb

from chassis.ids import new_id
from chassis.testing import as_customer, as_service, as_staff

from .. import factories as a
from .conftest import ORDERS, STAFF, Catalog, refusal

RECEIPT, CORRECTION = pb.StockMovement.KIND_RECEIPT, pb.StockMovement.KIND_CORRECTION


@pytest.mark.spec("C-20")
async def test_movements_make_the_balance(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions)
    made = pb.CreateWarehouseRequest(
        warehouse=pb.Warehouse(code="MAIN", display_name="Main", region_code="BE")
    )
    place = (await catalog.stock.CreateWarehouse(made, metadata=STAFF)).warehouse
    assert (
        await refusal(catalog.stock.CreateWarehouse(made, metadata=STAFF))
    ).reason == "WAREHOUSE_CODE_TAKEN"
    assert (await catalog.stock.ListWarehouses(pb.ListWarehousesRequest(), metadata=STAFF)).warehouses[
        0
    ] == place

    async def move(
        quantity: int, kind: pb.StockMovement.Kind = RECEIPT, **fields: object
    ) -> pb.MoveStockResponse:
        request = pb.MoveStockRequest(
            sku=chair.sku,
            warehouse_id=place.id,
            kind=kind,
            quantity=quantity,
            reason="because",
            **fields,  # type: ignore[arg-type]
        )
        return await catalog.stock.MoveStock(request, metadata=STAFF)

    await move(10, request_id=str(new_id()))
    level = (await move(-3, CORRECTION)).level
    assert (level.on_hand_quantity, level.available_quantity) == (7, 7)
    await catalog.reservations.ReserveStock(reservation(chair, 5), metadata=ORDERS)
    below = await refusal(move(-3, CORRECTION))
    assert (below.code, below.reason, below.metadata["reserved"]) == (
        "FAILED_PRECONDITION", "STOCK_WOULD_BE_NEGATIVE", "5",
    )  # fmt: skip
    listed = await catalog.stock.ListStock(pb.ListStockRequest(sku=chair.sku), metadata=STAFF)
    found = listed.levels[0]
    assert (found.on_hand_quantity, found.reserved_quantity, found.available_quantity) == (7, 5, 2)
    ledger = pb.ListStockMovementsRequest(variant_id=str(chair.id), page_size=1)
    first = await catalog.stock.ListStockMovements(ledger, metadata=STAFF)
    ledger.page_token = first.next_page_token
    second = await catalog.stock.ListStockMovements(ledger, metadata=STAFF)
    assert [m.quantity for m in (*first.movements, *second.movements)] == [-3, 10]
    await a.assert_ledger_holds(catalog.sessions)


@pytest.mark.spec("C-20")
async def test_the_ledger_cannot_be_rewritten(catalog: Catalog) -> None:
    await a.a_variant(catalog.sessions, stock=5)
    for statement in ("UPDATE stock_movements SET quantity = 6", "DELETE FROM stock_movements"):
        async with catalog.sessions.begin() as session:
            with pytest.raises(sa.exc.DBAPIError, match="append-only"):
                await session.execute(sa.text(statement))


@pytest.mark.spec("C-20")
async def test_movements_at_once_add_up(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions)
    place = await a.a_warehouse(catalog.sessions)
    request = pb.MoveStockRequest(sku=chair.sku, warehouse_id=str(place), kind=RECEIPT, quantity=2)
    await asyncio.gather(*(catalog.stock.MoveStock(request, metadata=STAFF) for _ in range(20)))
    assert await a.level(catalog.sessions, chair) == (40, 0)
    await a.assert_ledger_holds(catalog.sessions)


async def test_wrong_movements_are_named(catalog: Catalog) -> None:
    wrong = pb.MoveStockRequest(kind=pb.StockMovement.KIND_SHIPMENT, quantity=0)
    assert (await refusal(catalog.stock.MoveStock(wrong, metadata=STAFF))).fields == {
        "variant_id", "warehouse_id", "kind", "quantity",
    }  # fmt: skip
    wrong = pb.MoveStockRequest(sku="x", warehouse_id=str(new_id()), kind=RECEIPT, quantity=-1)
    assert (await refusal(catalog.stock.MoveStock(wrong, metadata=STAFF))).fields == {"quantity"}
    wrong = pb.MoveStockRequest(sku="x", warehouse_id=str(new_id()), kind=CORRECTION, quantity=1)
    assert (await refusal(catalog.stock.MoveStock(wrong, metadata=STAFF))).fields == {"reason"}
    wrong.reason = "x"
    assert (await refusal(catalog.stock.MoveStock(wrong, metadata=STAFF))).reason == "VARIANT_NOT_FOUND"
    chair = await a.a_variant(catalog.sessions)
    wrong.sku = chair.sku
    assert (await refusal(catalog.stock.MoveStock(wrong, metadata=STAFF))).reason == "WAREHOUSE_NOT_FOUND"
    place = await a.a_warehouse(catalog.sessions)
    wrong.warehouse_id, wrong.quantity = str(place), 100_000_000
    await catalog.stock.MoveStock(wrong, metadata=STAFF)
    assert (await refusal(catalog.stock.MoveStock(wrong, metadata=STAFF))).reason == "STOCK_TOO_LARGE"


def reservation(variant: a.AVariant, quantity: int, **fields: object) -> pb.ReserveStockRequest:
    customer = pricing_pb2.PricingCustomer(account_id=str(new_id()), region_code="BE", business=True)
    line = pricing_pb2.QuoteLine(line_id="1", variant_id=str(variant.id), quantity=quantity)
    values = {
        "order_id": str(new_id()),
        "attempt_id": str(new_id()),
        "customer": customer,
        "lines": [line],
    } | fields
    return pb.ReserveStockRequest(**values)  # type: ignore[arg-type]


@pytest.mark.spec("C-21")
async def test_reserve_and_release_over_the_wire(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, stock=5)
    request = reservation(chair, 2)
    answer = await catalog.reservations.ReserveStock(request, metadata=ORDERS)
    assert answer.reserved
    assert answer.lines[0].price.total.units == 20
    release = pb.ReleaseStockRequest(order_id=request.order_id, attempt_id=request.attempt_id)
    await catalog.reservations.ReleaseStock(release, metadata=ORDERS)
    assert await a.level(catalog.sessions, chair) == (5, 0)
    refused = await refusal(catalog.reservations.ReserveStock(request, metadata=ORDERS))
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "RESERVATION_RELEASED")


async def test_reservations_are_for_orders_only(catalog: Catalog) -> None:
    chair = await a.a_variant(catalog.sessions, stock=5)
    for metadata in (STAFF, as_customer(new_id(), new_id()), as_service("orders.read")):
        refused = await refusal(catalog.reservations.ReserveStock(reservation(chair, 1), metadata=metadata))
        assert refused.code == "PERMISSION_DENIED"
    wrong = pb.ReserveStockRequest(
        order_id="x", lines=[pricing_pb2.QuoteLine(sku="a"), pricing_pb2.QuoteLine()]
    )
    assert (await refusal(catalog.reservations.ReserveStock(wrong, metadata=ORDERS))).fields == {
        "order_id", "customer.account_id", "lines", "lines[0].quantity", "lines[1]", "lines[1].quantity",
    }  # fmt: skip
    assert (
        await refusal(catalog.stock.ListStock(pb.ListStockRequest(), metadata=as_staff("FINANCE")))
    ).code == ("PERMISSION_DENIED")


async def _upload(
    *content: bytes, kind: str = "PRODUCTS", whole: bool = True
) -> AsyncIterator[imports_pb2.UploadImportRequest]:
    header = imports_pb2.UploadImportHeader(
        kind=imports_pb2.Import.Kind.Value(f"KIND_{kind}"),
        format=imports_pb2.Import.FORMAT_CSV,
        file_name="a.csv",
    )
    yield imports_pb2.UploadImportRequest(header=header)
    for part in content:
        yield imports_pb2.UploadImportRequest(content=part)
    if whole:
        yield imports_pb2.UploadImportRequest(content=b"")


@pytest.mark.spec("C-04")
async def test_an_import_over_the_wire(catalog: Catalog) -> None:
    parts = _upload(b"sku,name_en,isbn10\nA,Cha", b"ir,\nB,Book,43902348\nC,Book,439023483\n")
    job = getattr(await catalog.imports.UploadImport(parts, metadata=STAFF), "import")
    assert job.state == imports_pb2.Import.STATE_PENDING
    await catalog.runner.run_next("PRODUCTS")
    got = imports_pb2.GetImportRequest(import_id=job.id)
    done = getattr(await catalog.imports.GetImport(got, metadata=STAFF), "import")
    assert (done.state, done.accepted_count, done.refused_count) == (imports_pb2.Import.STATE_SUCCEEDED, 2, 1)
    asked = imports_pb2.ListImportVerdictsRequest(
        import_id=job.id, outcome=imports_pb2.ImportVerdict.OUTCOME_REFUSED
    )
    verdicts = (await catalog.imports.ListImportVerdicts(asked, metadata=STAFF)).verdicts
    assert [(v.record_number, v.record_ref, v.findings[0].field, v.findings[0].value) for v in verdicts] == [
        (3, "B", "isbn10", "43902348")
    ]
    asked = imports_pb2.ListImportVerdictsRequest(import_id=job.id, page_size=2)
    page = await catalog.imports.ListImportVerdicts(asked, metadata=STAFF)
    asked.page_token = page.next_page_token
    rest = await catalog.imports.ListImportVerdicts(asked, metadata=STAFF)
    assert [v.record_number for v in (*page.verdicts, *rest.verdicts)] == [2, 3, 4]
    cancel = imports_pb2.CancelImportRequest(import_id=job.id)
    assert (await refusal(catalog.imports.CancelImport(cancel, metadata=STAFF))).reason == "IMPORT_ENDED"
    listed = await catalog.imports.ListImports(imports_pb2.ListImportsRequest(), metadata=STAFF)
    assert [found.id for found in listed.imports] == [job.id]
    async with catalog.sessions() as session:
        subjects = (await session.execute(sa.text("SELECT DISTINCT subject FROM outbox"))).scalars().all()
    assert subjects == ["commis.catalog.v1.import_finished"]


@pytest.mark.spec("C-04")
async def test_an_upload_that_is_none(catalog: Catalog) -> None:
    async def nothing() -> AsyncIterator[imports_pb2.UploadImportRequest]:
        return
        yield

    assert (await refusal(catalog.imports.UploadImport(nothing(), metadata=STAFF))).fields == {"header"}
    big = _upload(b"x" * (1024**2 + 1))
    assert (await refusal(catalog.imports.UploadImport(big, metadata=STAFF))).fields == {"content"}
    job = getattr(await catalog.imports.UploadImport(_upload(b"sku\n"), metadata=STAFF), "import")
    cancelled = imports_pb2.CancelImportRequest(import_id=job.id)
    ended = getattr(await catalog.imports.CancelImport(cancelled, metadata=STAFF), "import")
    assert ended.state == imports_pb2.Import.STATE_CANCELLED
    gone = imports_pb2.GetImportRequest(import_id=str(new_id()))
    assert (await refusal(catalog.imports.GetImport(gone, metadata=STAFF))).reason == "IMPORT_NOT_FOUND"


@pytest.mark.spec("C-04")
async def test_an_upload_that_was_cut_off_is_no_job(catalog: Catalog) -> None:
    cut = _upload(b"sku,name_en\nA,Chair\nB,Ta", whole=False)
    refused = await refusal(catalog.imports.UploadImport(cut, metadata=STAFF))
    assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "IMPORT_INCOMPLETE")
    started = asyncio.Event()

    async def abandoned() -> AsyncIterator[imports_pb2.UploadImportRequest]:
        async for part in _upload(b"sku,name_en\nA,Chair\n", whole=False):
            yield part
        started.set()
        await asyncio.sleep(60)

    call = catalog.imports.UploadImport(abandoned(), metadata=STAFF)
    await started.wait()
    await asyncio.sleep(0.2)
    call.cancel()
    async with asyncio.timeout(10):
        while True:
            async with catalog.sessions() as session:
                left = (await session.execute(sa.text("SELECT count(*) FROM imports"))).scalar_one()
            if left == 0:
                break
            await asyncio.sleep(0.05)
