"""Files beside the database: crashes between bytes and row, sweeping, erasure, several processes in one directory."""

import json
import os
import time
from pathlib import Path
from uuid import UUID

import pytest
from commis.customers.v1 import events_pb2

from chassis.ids import new_id
from chassis.testing import as_customer
from orders.attachments import store, sweeping
from orders.attachments.blobs import DirectoryBlobs, DirectoryNotWritable
from orders.privacy import collecting, erasing
from services.orders.tests.files import PDF, PNG, add, listed, read
from services.orders.tests.integration.test_privacy import FakeCustomers, requested, scope
from services.orders.tests.shop import Shop, refused

pytestmark = pytest.mark.spec("N-14")


def stored(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "attachments").rglob("*") if path.is_file()]


def make_old(*paths: Path) -> None:
    for path in paths:
        os.utime(path, (time.time() - 7200, time.time() - 7200))


class Crash(Exception):
    """The process dies here."""


async def test_a_crash_between_bytes_and_row_leaves_bytes_that_are_swept(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = await shop.sheet(("A", 1))
    kept = await add(shop, sheet.id)

    async def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(store, "add", crash)
        async with refused("DEPENDENCY_FAILED"):  # what the client makes of a crash
            await add(shop, sheet.id, PDF)
    assert len(stored(tmp_path)) == 2
    assert await listed(shop, sheet.id) == [kept]
    assert await sweeping.sweep(shop.infra.sessions, shop.infra.blobs) == 0  # a row may follow yet
    make_old(*stored(tmp_path))
    assert await sweeping.sweep(shop.infra.sessions, shop.infra.blobs) == 1
    assert [path.name for path in stored(tmp_path)] == [kept.id]
    assert await read(shop, sheet.id, kept.id)


async def test_what_a_crash_left_of_an_upload_is_swept(shop: Shop, tmp_path: Path) -> None:
    upload = await shop.infra.blobs.receive()
    await upload.write(b"half")
    (left,) = stored(tmp_path)
    await sweeping.sweep(shop.infra.sessions, shop.infra.blobs)
    assert left.exists()
    make_old(left)
    await sweeping.sweep(shop.infra.sessions, shop.infra.blobs)
    assert stored(tmp_path) == []


async def test_a_row_without_bytes_is_an_alarm_and_told_to_the_reader(shop: Shop, tmp_path: Path) -> None:
    sheet = await shop.sheet(("A", 1))
    lost, cut, whole = [await add(shop, sheet.id) for _ in range(3)]
    assert await sweeping.missing(shop.infra.sessions, shop.infra.blobs) == []
    for path in stored(tmp_path):
        if path.name == lost.id:
            path.unlink()
        elif path.name == cut.id:
            path.write_bytes(PNG[:20])
    assert await sweeping.missing(shop.infra.sessions, shop.infra.blobs) == [UUID(lost.id)]
    for each in (lost, cut):
        async with refused("ATTACHMENT_UNAVAILABLE"):
            await read(shop, sheet.id, each.id)
    assert await read(shop, sheet.id, whole.id)


async def test_all_pages_of_rows_are_looked_at(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "_PAGE", 2)
    sheet = await shop.sheet(("A", 1))
    added = [UUID((await add(shop, sheet.id)).id) for _ in range(5)]
    await shop.infra.blobs.delete(added)
    assert await sweeping.missing(shop.infra.sessions, shop.infra.blobs) == added


async def test_another_process_reads_what_this_one_wrote(shop: Shop, tmp_path: Path) -> None:
    sheet = await shop.sheet(("A", 1))
    added = await add(shop, sheet.id)
    other = DirectoryBlobs(tmp_path / "attachments")
    other.prepare()
    pieces = [piece async for piece in other.read(UUID(added.id), len(PNG))]
    assert b"".join(pieces) == PNG


def test_orders_does_not_start_where_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DirectoryNotWritable, match="file"):
        DirectoryBlobs(tmp_path / "file").prepare()


@pytest.mark.spec("A-24")
async def test_an_erasure_takes_the_files_of_the_account(shop: Shop, tmp_path: Path) -> None:
    sheet, placed = await shop.sheet(("A", 1)), await shop.sheet(("A", 1))
    await add(shop, sheet.id, file_name="Zzcanary.png")
    await add(shop, placed.id, who=shop.as_rep)
    await shop.place(placed.id)
    others = shop.customers.add()
    theirs = as_customer(new_id(), others)
    foreign = await add(shop, (await shop.sheet(("A", 1), who=theirs)).id, who=theirs)
    who = scope(requested(shop))
    for _ in range(2):
        await erasing.erase(shop.infra.sessions, shop.infra.blobs, who)
        erased, _ = await erasing.counted(shop.infra.sessions, who)
        assert [item.count for item in erased if item.subject == "files at orders"] == [2]
    assert [path.name for path in stored(tmp_path)] == [foreign.id]
    rows = await shop.rows("SELECT a::text AS text FROM attachments a WHERE erasure_id IS NOT NULL")
    assert len(rows) == 2
    assert not [row for row in rows if "Zzcanary" in row.text or str(shop.person) in row.text]
    assert await listed(shop, placed.id, shop.staff) == []
    assert await sweeping.missing(shop.infra.sessions, shop.infra.blobs) == []


@pytest.mark.spec("A-24")
async def test_a_crash_in_the_middle_of_an_erasure_leaves_no_bytes_in_the_end(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(shop, (await shop.sheet(("A", 1))).id)
    who = scope(requested(shop))

    async def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(DirectoryBlobs, "delete", crash)
        with pytest.raises(Crash):
            await erasing.erase(shop.infra.sessions, shop.infra.blobs, who)
    assert len(stored(tmp_path)) == 1
    await erasing.erase(shop.infra.sessions, shop.infra.blobs, who)
    assert stored(tmp_path) == []


@pytest.mark.spec("A-24")
async def test_a_person_takes_its_own_files_along(shop: Shop, tmp_path: Path) -> None:
    colleague = as_customer(new_id(), shop.account)
    shared = await shop.sheet(("A", 1), who=colleague)
    mine = await add(shop, shared.id)
    theirs = await add(shop, shared.id, who=colleague)
    at_mine = await add(shop, (await shop.sheet(("B", 1))).id, who=colleague)
    await erasing.erase(shop.infra.sessions, shop.infra.blobs, scope(requested(shop, shop.person)))
    assert [each.id for each in await listed(shop, shared.id)] == [theirs.id]
    assert {path.name for path in stored(tmp_path)} == {theirs.id}
    assert {mine.id, at_mine.id} & {path.name for path in stored(tmp_path)} == set()


@pytest.mark.spec("A-24")
async def test_an_export_lists_the_files(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    mine = await add(shop, sheet.id)
    theirs = await add(shop, sheet.id, who=shop.as_rep)
    colleagues = await shop.sheet(("B", 1), who=as_customer(new_id(), shop.account))
    elsewhere = await add(shop, colleagues.id)
    await add(shop, colleagues.id, who=as_customer(new_id(), shop.account))
    documents = []
    for person in (None, shop.person):
        client = FakeCustomers()
        event = events_pb2.DataExportRequested(account_id=str(shop.account))
        await collecting.hand_in(shop.infra.sessions, client, new_id(), UUID(event.account_id), person)  # type: ignore[arg-type]
        documents.append(json.loads(client.parts[1])["attachments"])
    for document in documents:
        assert [row["id"] for row in document[:3]] == [mine.id, theirs.id, elsewhere.id]
        assert document[0]["file_name"] == "plan.png"
        assert document[0]["added_name"] == "Name of PERSON"
        assert "erasure_id" not in document[0]
    assert [len(document) for document in documents] == [4, 3]
    assert documents[0][1]["added_name"] == "Name of REP"
    assert "added_name" not in documents[1][1]


async def test_the_list_of_an_order_is_read_by_its_index(shop: Shop) -> None:
    plan = await shop.rows(
        "EXPLAIN SELECT * FROM attachments WHERE order_id = :id AND erasure_id IS NULL ORDER BY id",
        id=new_id(),
    )
    assert "ix_attachments" in " ".join(row[0] for row in plan)
