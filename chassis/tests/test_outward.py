"""Calls to foreign addresses: refused into internal networks, bounded in size and time."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from chassis import outward
from chassis.outward import AddressRefused, ForeignCallFailed, ForeignHttp


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.9.9", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
        "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
        "2001:0:7f00:1::", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_internal_addresses_are_not_public(address: str) -> None:
    assert not outward.is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert outward.is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/", "ftp://example.com/", "https://", "https://user:secret@example.com/", "https://localhost/",
        "https://10.1.2.3/", "https://[::1]/", "https://metadata.google.internal/", "https://example.com/#part",
        "https://example.com:99999/", "https://example.com:0/", "nonsense",
    ],
)  # fmt: skip
def test_an_address_is_refused_before_it_is_called(address: str) -> None:
    with pytest.raises(AddressRefused):
        outward.check_address(address)


def test_a_public_https_address_is_accepted() -> None:
    outward.check_address("https://example.com:8443/hooks?x=1")


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    path = head.split()[1]
    if path == b"/slow":
        await asyncio.sleep(5)
    body = b"x" * 100_000 if path == b"/large" else b"hello"
    status = b"302 Found\r\nLocation: http://127.0.0.1/" if path == b"/moved" else b"200 OK"
    writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    writer.close()


@pytest.fixture
async def port() -> AsyncIterator[int]:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_a_name_that_leads_inside_is_refused_when_it_is_resolved(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outward, "_is_internal_literal", lambda host: False)
    with pytest.raises(AddressRefused):
        await ForeignHttp().call("GET", f"https://localhost:{port}/")


async def test_the_local_profile_may_call_itself_and_does_not_follow_redirects(port: int) -> None:
    http = ForeignHttp(internal_allowed=True)
    assert await http.call("GET", f"http://127.0.0.1:{port}/") == outward.Answer(200, b"hello")
    assert (await http.call("GET", f"http://127.0.0.1:{port}/moved")).status == 302


@pytest.mark.parametrize(("path", "why"), [("slow", "within"), ("large", "larger")])
async def test_slow_and_large_answers_are_given_up(port: int, path: str, why: str) -> None:
    with pytest.raises(ForeignCallFailed, match=why):
        await ForeignHttp(internal_allowed=True).call("GET", f"http://127.0.0.1:{port}/{path}", seconds=0.3)


async def test_an_answer_has_headers_and_need_not_be_read(port: int) -> None:
    http = ForeignHttp(internal_allowed=True)
    assert (await http.call("GET", f"http://127.0.0.1:{port}/")).headers["content-length"] == "5"
    answer = await http.call("GET", f"http://127.0.0.1:{port}/large", max_bytes=None)
    assert (answer.status, answer.body) == (200, b"")


async def test_where_a_name_leads_is_checked_before_anything_is_called() -> None:
    http = ForeignHttp()
    for inside in ("https://2130706433/", "https://127.1/", "https://0x7f000001/"):
        with pytest.raises(AddressRefused):
            await http.check(inside)
    await http.check("https://nobody-knows-this-name.invalid/")
    await http.check("https://93.184.216.34/")
    await ForeignHttp(internal_allowed=True).check("http://127.0.0.1:8080/")


async def test_nobody_there_is_a_failed_call() -> None:
    with pytest.raises(ForeignCallFailed):
        await ForeignHttp(internal_allowed=True).call("GET", "http://127.0.0.1:9/", seconds=2)


async def test_a_sink_takes_the_body_by_pieces_and_within_the_limit(port: int) -> None:
    http = ForeignHttp(internal_allowed=True)
    taken = bytearray()

    async def sink(piece: bytes) -> None:
        taken.extend(piece)

    answer = await http.call("GET", f"http://127.0.0.1:{port}/large", max_bytes=100_000, sink=sink)
    assert (answer.status, answer.body, len(taken)) == (200, b"", 100_000)
    taken.clear()
    moved = await http.call("GET", f"http://127.0.0.1:{port}/moved", sink=sink)
    assert (moved.status, taken) == (302, b"")
    with pytest.raises(ForeignCallFailed, match="larger"):
        await http.call("GET", f"http://127.0.0.1:{port}/large", max_bytes=99_999, sink=sink)
    await http.close()
