"""Files at an order: upload, list, read, remove; what is refused leaves nothing behind."""

import asyncio
import hashlib
from pathlib import Path

import pytest
from commis.orders.v1 import attachments_pb2 as pb
from commis.orders.v1 import orders_pb2

from chassis.ids import new_id
from chassis.testing import as_customer, as_rep, as_service, as_staff
from services.orders.tests.files import (
    GIF,
    JPEG,
    PDF,
    PNG,
    TEXT,
    add,
    listed,
    messages,
    png,
    read,
    remove,
    stub,
)
from services.orders.tests.shop import Shop, found, refused

pytestmark = pytest.mark.spec("N-14")


def stored(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "attachments").rglob("*") if path.is_file()]


async def test_a_file_comes_back_as_it_was_sent(shop: Shop, tmp_path: Path) -> None:
    sheet = await shop.sheet(("A", 1))
    whole = PNG[:-12] + png()[-12:]
    added = await add(shop, sheet.id, whole, file_name="../plan van de keuken.exe", line_id=sheet.lines[0].id)
    assert (added.order_id, added.line_id) == (sheet.id, sheet.lines[0].id)
    assert (added.file_name, added.media_type) == ("plan van de keuken.exe.png", "image/png")
    assert (added.size_bytes, added.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert (added.added_by.id, added.added_by.display_name) == (str(shop.person), "Name of PERSON")
    assert await listed(shop, sheet.id) == [added]
    parts = await read(shop, sheet.id, added.id)
    assert parts[0].attachment == added
    assert b"".join(part.content for part in parts) == whole
    assert [path.name for path in stored(tmp_path)] == [added.id]


async def test_a_large_file_is_sent_back_in_pieces(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    whole = TEXT * (3_000_000 // len(TEXT))
    added = await add(shop, sheet.id, whole)
    parts = await read(shop, sheet.id, added.id)
    assert b"".join(part.content for part in parts) == whole
    assert max(len(part.content) for part in parts) <= 256 * 1024
    assert [part.HasField("attachment") for part in parts] == [True, *[False] * (len(parts) - 1)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html><script>alert(1)</script></html>", "ATTACHMENT_TYPE_NOT_ALLOWED"),
        (GIF + b"PK\x05\x06" + bytes(18), "ATTACHMENT_TYPE_NOT_ALLOWED"),
        (b"MZ" + bytes(20_000), "ATTACHMENT_TYPE_NOT_ALLOWED"),
        (b"a" * (10 * 1024**2 + 1), "ATTACHMENT_TOO_LARGE"),
        (b"", "INVALID_FIELDS"),
    ],
    ids=("markup", "two in one", "program", "large", "empty"),
)
async def test_what_is_refused_is_not_kept(shop: Shop, tmp_path: Path, content: bytes, reason: str) -> None:
    sheet = await shop.sheet(("A", 1))
    async with refused(reason):
        await add(shop, sheet.id, content)
    assert await listed(shop, sheet.id) == []
    assert stored(tmp_path) == []


async def test_a_file_of_exactly_ten_mebibytes_is_taken(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    assert (await add(shop, sheet.id, b"a" * 10 * 1024**2)).size_bytes == 10 * 1024**2


async def test_an_upload_that_is_cut_off_leaves_nothing(shop: Shop, tmp_path: Path) -> None:
    sheet = await shop.sheet(("A", 1))
    async with refused("ATTACHMENT_INCOMPLETE"):
        sent = iter(messages(sheet.id, PNG, file_name="plan.png")[:-1])
        await stub(shop).AddAttachment(sent, metadata=shop.customer)
    async with refused("ATTACHMENT_INCOMPLETE"):
        await stub(shop).AddAttachment(iter(()), metadata=shop.customer)
    assert stored(tmp_path) == []


async def test_a_client_who_goes_away_leaves_nothing(shop: Shop, tmp_path: Path) -> None:
    sheet = await shop.sheet(("A", 1))
    call = stub(shop).AddAttachment(metadata=shop.customer)
    await call.write(pb.AddAttachmentRequest(order_id=sheet.id, file_name="a.txt"))
    await call.write(pb.AddAttachmentRequest(content=b"a" * 900_000))
    async with asyncio.timeout(10):
        while not stored(tmp_path):
            await asyncio.sleep(0.01)
    call.cancel()
    async with asyncio.timeout(10):
        while stored(tmp_path):
            await asyncio.sleep(0.01)
    assert await listed(shop, sheet.id) == []


async def test_wrong_fields_are_named_at_once(shop: Shop) -> None:
    async with refused("INVALID_FIELDS") as errors:
        await add(shop, "x", file_name="a\x00b", line_id="y", request_id="z")
    assert {name for name, _ in found(errors)} == {"order_id", "line_id", "file_name", "request_id"}
    sheet = await shop.sheet(("A", 1))
    async with refused("INVALID_FIELDS") as errors:
        await add(shop, sheet.id, bytes(2_000_000), file_name="f" * 300)
    assert {name for name, _ in found(errors)} == {"file_name"}
    for part in (
        pb.AddAttachmentRequest(content=b"a" * (1024**2 + 1)),
        pb.AddAttachmentRequest(content=b"a", order_id=sheet.id),
    ):
        async with refused("INVALID_FIELDS") as errors:
            sent = iter([pb.AddAttachmentRequest(order_id=sheet.id), part])
            await stub(shop).AddAttachment(sent, metadata=shop.customer)
        assert {name for name, _ in found(errors)} == {"content"}
    async with refused("ORDER_LINE_NOT_FOUND"):
        await add(shop, sheet.id, line_id=str(new_id()))


async def test_the_same_request_adds_a_file_once(shop: Shop, tmp_path: Path) -> None:
    sheet = await shop.sheet(("A", 1))
    request_id = str(new_id())
    first = await add(shop, sheet.id, request_id=request_id)
    assert await add(shop, sheet.id, request_id=request_id) == first
    async with refused("REQUEST_ID_REUSED"):
        await add(shop, sheet.id, JPEG, request_id=request_id)
    async with refused("REQUEST_ID_REUSED"):
        await add(shop, sheet.id, request_id=request_id, file_name="other.png")
    await shop.place(sheet.id)
    assert await add(shop, sheet.id, request_id=request_id) == first
    assert [path.name for path in stored(tmp_path)] == [first.id]


async def test_of_the_same_request_at_once_one_file_is_kept(shop: Shop, tmp_path: Path) -> None:
    sheet = await shop.sheet(("A", 1))
    request_id = str(new_id())
    answers = await asyncio.gather(*(add(shop, sheet.id, request_id=request_id) for _ in range(6)))
    assert {answer.id for answer in answers} == {path.name for path in stored(tmp_path)}
    assert len(await listed(shop, sheet.id)) == 1


async def test_the_fifty_first_file_is_never_kept(shop: Shop, tmp_path: Path) -> None:
    sheet = await shop.sheet(("A", 1))
    for _ in range(48):
        await add(shop, sheet.id)
    outcomes = await asyncio.gather(*(add(shop, sheet.id) for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(each, pb.Attachment) for each in outcomes) == 2
    async with refused("TOO_MANY_ATTACHMENTS") as errors:
        await add(shop, sheet.id)
    assert errors[0].metadata == {"limit": "50", "unit": "files"}
    assert len(await listed(shop, sheet.id)) == len(stored(tmp_path)) == 50


async def test_an_order_has_a_hundred_mebibytes_of_files(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    for _ in range(10):
        await add(shop, sheet.id, b"a" * 10 * 1024**2)
    async with refused("TOO_MANY_ATTACHMENTS") as errors:
        await add(shop, sheet.id, b"a")
    assert errors[0].metadata["unit"] == "bytes"


async def test_a_file_is_removed_by_who_added_it_or_by_staff(shop: Shop, tmp_path: Path) -> None:
    sheet = await shop.sheet(("A", 1))
    first, second = await add(shop, sheet.id), await add(shop, sheet.id, PDF)
    colleague = as_customer(new_id(), shop.account)
    for who in (colleague, shop.as_rep):
        async with refused("ATTACHMENT_NOT_YOURS"):
            await remove(shop, sheet.id, first.id, who)
    request_id = str(new_id())
    for _ in range(2):
        await remove(shop, sheet.id, first.id, request_id=request_id)
    async with refused("ATTACHMENT_NOT_FOUND"):
        await remove(shop, sheet.id, first.id)
    assert [each.id for each in await listed(shop, sheet.id)] == [second.id]
    await remove(shop, sheet.id, second.id, as_staff("ORDER_DESK"))
    assert stored(tmp_path) == []
    async with refused("ATTACHMENT_NOT_FOUND"):
        await read(shop, sheet.id, first.id)


async def test_files_stay_as_they_are_once_the_order_is_placed(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    added = await add(shop, sheet.id)
    await shop.place(sheet.id)
    async with refused("ORDER_NOT_EDITABLE"):
        await add(shop, sheet.id)
    async with refused("ORDER_NOT_EDITABLE"):
        await remove(shop, sheet.id, added.id)
    assert await listed(shop, sheet.id) == [added]
    cancel = orders_pb2.CancelOrderRequest(order_id=sheet.id, reason="changed my mind")
    await shop.orders.CancelOrder(cancel, metadata=shop.customer)
    assert b"".join(part.content for part in await read(shop, sheet.id, added.id)) == PNG


async def test_files_are_seen_by_who_may_see_the_order(shop: Shop) -> None:
    sheet = await shop.sheet(("A", 1))
    added = await add(shop, sheet.id)
    for who in (shop.as_rep, as_staff("FINANCE"), as_staff("ORDER_DESK"), as_service("orders.read")):
        assert await listed(shop, sheet.id, who) == [added]
        assert await read(shop, sheet.id, added.id, who)
    strangers = (
        as_customer(new_id(), shop.customers.add()),
        as_customer(new_id(), shop.account, role="USER"),
        as_rep(new_id()),
    )
    other = await shop.sheet(("B", 1))
    for who in strangers:
        async with refused("ORDER_NOT_FOUND"):
            await listed(shop, sheet.id, who)
        async with refused("ORDER_NOT_FOUND"):
            await add(shop, sheet.id, who=who)
        async with refused("ATTACHMENT_NOT_FOUND"):
            await read(shop, sheet.id, added.id, who)
        async with refused("ATTACHMENT_NOT_FOUND"):
            await remove(shop, sheet.id, added.id, who)
    async with refused("ATTACHMENT_NOT_FOUND"):
        await read(shop, other.id, added.id)
    async with refused("PERMISSION_DENIED"):
        await add(shop, sheet.id, who=as_staff("CATALOGUE"))
