"""Files at an order through the gateway: up in pieces, down as data that nothing executes, seen by who may see it."""

import hashlib
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.orders.tests.files import PDF, PNG, png
from tests.api import Api, Json
from tests.world import World

pytestmark = pytest.mark.spec("N-14")


async def upload(who: Api, path: str, content: bytes | AsyncIterator[bytes], **options: Any) -> Json:
    answered = await who.send("POST", path, content=content, **options)
    assert answered.status_code == 201, answered.text
    found: Json = answered.json() | {"location": answered.headers["location"]}
    return found


async def in_pieces(whole: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(whole), 50_000):
        yield whole[start : start + 50_000]


async def test_a_drawing_goes_with_its_line_from_the_customer_to_the_vendor(world: World) -> None:
    customer = await world.ordering(world.accounts[0])
    order = await world.sheet(customer, (world.skus[3], 2))
    path = f"/v1/orders/{order['id']}/attachments"
    whole = b"Drawing of a shelf.\n" * 400_000
    named = {"file_name": "../étagère.html", "line_id": order["lines"][0]["id"]}
    key = {"Idempotency-Key": str(uuid.uuid4()), "Content-Type": "text/html"}
    added = await upload(customer, path, in_pieces(whole), params=named, headers=key)
    assert (added["file_name"], added["media_type"]) == ("étagère.html.txt", "text/plain")
    assert added["sha256"] == hashlib.sha256(whole).hexdigest()
    again = await upload(customer, path, whole, params=named, headers=key)
    assert again["id"] == added["id"]
    await upload(customer, path, PDF, params={"file_name": "ordonnance.pdf"})

    for who in (world.admin, customer):
        listed = (await who.get(path))["items"]
        assert [item["file_name"] for item in listed] == ["étagère.html.txt", "ordonnance.pdf"]
        got = await who.send("GET", added["location"])
        assert got.content == whole
        assert got.headers["content-length"] == str(len(whole))
        assert got.headers["content-type"] == "text/plain"
        assert got.headers["content-disposition"].startswith("attachment; ")
        assert "%C3%A9tag%C3%A8re.html.txt" in got.headers["content-disposition"]
        assert got.headers["x-content-type-options"] == "nosniff"
        assert got.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert got.headers["cache-control"] == "private, no-store"


async def test_nobody_else_learns_of_the_files(world: World) -> None:
    customer = await world.ordering(world.accounts[0])
    stranger = await world.ordering(world.foreign, world.other_rep)
    order = await world.sheet(customer, (world.skus[4], 1))
    path = f"/v1/orders/{order['id']}/attachments"
    added = await upload(customer, path, PNG)
    absent = f"/v1/orders/{uuid.uuid4()}/attachments"
    for method, there, nowhere in (
        ("GET", path, absent),
        ("POST", path, absent),
        ("GET", added["location"], f"{absent}/{added['id']}/content"),
        ("DELETE", f"{path}/{added['id']}", f"{absent}/{added['id']}"),
    ):
        content = {"content": PNG} if method == "POST" else {}
        refused = [await stranger.send(method, each, **content) for each in (there, nowhere)]
        assert [each.status_code for each in refused] == [404, 404]
        assert refused[0].json()["reason"] == refused[1].json()["reason"]
    assert (await customer.send("DELETE", f"{path}/{added['id']}")).status_code == 204
    assert (await customer.send("GET", added["location"])).status_code == 404


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (b"<!doctype html><script>alert(1)</script>", 400, "ATTACHMENT_TYPE_NOT_ALLOWED"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', 400, "ATTACHMENT_TYPE_NOT_ALLOWED"),
        (png()[:-4], 400, "ATTACHMENT_TYPE_NOT_ALLOWED"),
        (PNG + b"PK\x05\x06" + bytes(18), 400, "ATTACHMENT_TYPE_NOT_ALLOWED"),
        (b"", 400, "INVALID_FIELDS"),
        (b"a" * (10 * 1024**2 + 1), 413, "BODY_TOO_LARGE"),
    ],
    ids=("html", "svg", "cut off", "two in one", "empty", "large"),
)
async def test_what_is_refused_is_not_there(world: World, content: bytes, status: int, reason: str) -> None:
    customer = await world.ordering(world.accounts[0])
    order = await world.sheet(customer, (world.skus[5], 1))
    path = f"/v1/orders/{order['id']}/attachments"
    refused = await customer.send("POST", path, content=content, params={"file_name": "photo.png"})
    assert (refused.status_code, refused.json()["reason"]) == (status, reason)
    assert (await customer.get(path))["items"] == []
