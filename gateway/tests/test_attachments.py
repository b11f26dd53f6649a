"""Files at an order pass through the gateway in pieces, and come out as data that nothing executes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
import httpx
import pytest
from commis.orders.v1 import attachments_pb2 as pb

from chassis.errors import Kind
from gateway.attachments import disposition

from .fakes import ANY_ID, OTHER_ID, Services, refusal

pytestmark = pytest.mark.spec("N-14")
PATH = f"/v1/orders/{ANY_ID}/attachments"
CONTENT = f"{PATH}/{OTHER_ID}/content"


def attachment(**fields: object) -> pb.Attachment:
    given = {"id": OTHER_ID, "order_id": ANY_ID, "file_name": "plan.pdf", "media_type": "application/pdf"}
    return pb.Attachment(**(given | fields))  # type: ignore[arg-type]


async def test_a_file_arrives_in_pieces(http: httpx.AsyncClient, services: Services) -> None:
    services.answer("AddAttachment", pb.AddAttachmentResponse(attachment=attachment(size_bytes=2_800_000)))
    sent = [bytes([65 + index % 26]) * 70_000 for index in range(40)]

    async def content() -> AsyncIterator[bytes]:
        for chunk in sent:
            yield chunk

    url = f"{PATH}?file_name=plan%20d%27%C3%A9t%C3%A9.pdf&line_id={OTHER_ID}"
    headers = {"Idempotency-Key": ANY_ID, "Content-Type": "text/html"}
    answered = await http.post(url, content=content(), headers=headers)
    assert answered.status_code == 201
    assert answered.headers["location"] == CONTENT
    assert answered.json()["size_bytes"] == 2_800_000
    first, *pieces = services.last.request
    assert (first.order_id, first.line_id, first.request_id) == (ANY_ID, OTHER_ID, ANY_ID)
    assert first.file_name == "plan d'été.pdf"
    assert b"".join(piece.content for piece in pieces) == b"".join(sent)
    assert all(0 < len(piece.content) <= 1024 * 1024 for piece in pieces)
    assert len(pieces) < 10


async def test_an_upload_that_is_too_long_is_not_read_to_its_end(
    http: httpx.AsyncClient, services: Services
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"a" * 100_000

    for body in (b"a" * (10 * 1024**2 + 1), endless()):
        refused = await http.post(PATH, content=body)
        assert (refused.status_code, refused.json()["reason"]) == (413, "BODY_TOO_LARGE")
    assert not services.calls


async def test_bad_requests(http: httpx.AsyncClient, services: Services) -> None:
    answered = await http.post(f"{PATH}?file_name=a%00&order_id=x&content=y", content=b"a")
    found = {item["field"] for item in answered.json()["violations"]}
    assert (answered.status_code, found) == (400, {"file_name", "order_id", "content"})
    packed = await http.post(PATH, content=b"a", headers={"Content-Encoding": "gzip"})
    assert (packed.status_code, packed.json()["reason"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    for method, path, reason in (
        ("POST", "/v1/orders/nothing/attachments", "ORDER_NOT_FOUND"),
        ("GET", f"{PATH}/nothing/content", "ATTACHMENT_NOT_FOUND"),
    ):
        missing = await http.request(method, path)
        assert (missing.status_code, missing.json()["reason"]) == (404, reason)
    assert not services.calls


async def test_refusals_of_the_service(http: httpx.AsyncClient, services: Services) -> None:
    found = [("content", "must not be empty", "REQUIRED"), ("request_id", "no", "INVALID")]
    services.answer(
        "AddAttachment",
        refusal(Kind.INVALID_ARGUMENT, "INVALID_FIELDS", violations=found),
        refusal(Kind.INVALID_ARGUMENT, "ATTACHMENT_TYPE_NOT_ALLOWED", found="text/html"),
    )
    answered = await http.post(PATH, content=b"")
    assert [item["field"] for item in answered.json()["violations"]] == ["body", "Idempotency-Key"]
    answered = await http.post(PATH, content=b"<html>")
    assert (answered.status_code, answered.json()["metadata"]) == (400, {"found": "text/html"})


async def test_what_comes_out_is_saved_and_never_shown(http: httpx.AsyncClient, services: Services) -> None:
    whole = [bytes([index]) * 200_000 for index in range(20)]
    told = attachment(file_name='plan "été"; x.pdf', size_bytes=4_000_000)
    parts = [pb.ReadAttachmentResponse(content=each) for each in whole]
    parts[0].attachment.CopyFrom(told)
    services.answer("ReadAttachment", parts)
    async with http.stream("GET", CONTENT, headers={"Authorization": "Bearer abc"}) as answered:
        got = b"".join([chunk async for chunk in answered.aiter_raw()])
    assert got == b"".join(whole)
    assert answered.status_code == 200
    sent = answered.headers
    assert sent["content-type"] == "application/pdf"
    assert sent["content-length"] == "4000000"
    assert sent["content-disposition"] == (
        "attachment; filename=\"plan __t__; x.pdf\"; filename*=UTF-8''plan%20%22%C3%A9t%C3%A9%22%3B%20x.pdf"
    )
    assert sent["x-content-type-options"] == "nosniff"
    assert sent["content-security-policy"] == "sandbox; default-src 'none'"
    assert sent["cache-control"] == "private, no-store"
    assert (services.last.request.order_id, services.last.request.attachment_id) == (ANY_ID, OTHER_ID)
    assert services.last.metadata["authorization"] == "Bearer abc"


@pytest.mark.parametrize(
    "name", ["a\r\nSet-Cookie: x=1", 'a"b', "a\\b", "100%.pdf", "日本.pdf", "\u202egnp.exe"]
)
def test_no_name_leaves_its_header(name: str) -> None:
    header = disposition(name)
    assert header.isascii()
    assert not set(header) & {0x0D, 0x0A}
    assert header.count(b'"') == 2
    assert header.startswith(b'attachment; filename="')


async def test_a_refusal_before_the_first_piece_is_a_problem_and_a_later_one_cuts_off(
    http: httpx.AsyncClient, services: Services
) -> None:
    services.answer("ReadAttachment", refusal(Kind.NOT_FOUND, "ATTACHMENT_NOT_FOUND"))
    answered = await http.get(CONTENT)
    assert (answered.status_code, answered.json()["reason"]) == (404, "ATTACHMENT_NOT_FOUND")
    first = pb.ReadAttachmentResponse(attachment=attachment(size_bytes=10), content=b"%PDF")
    services.answer("ReadAttachment", [first, grpc.StatusCode.UNAVAILABLE])
    with pytest.raises(grpc.aio.AioRpcError):
        await http.get(CONTENT)


async def test_listing_and_removing(http: httpx.AsyncClient, services: Services) -> None:
    services.answer("ListAttachments", pb.ListAttachmentsResponse(attachments=[attachment()]))
    listed = await http.get(PATH)
    assert [item["id"] for item in listed.json()["items"]] == [OTHER_ID]
    removed = await http.delete(f"{PATH}/{OTHER_ID}", headers={"Idempotency-Key": ANY_ID})
    assert removed.status_code == 204
    assert services.last.request.attachment_id == OTHER_ID
    assert services.last.request.request_id == ANY_ID
