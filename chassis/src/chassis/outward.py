"""HTTP to addresses that others gave us: never to an internal network, never without limits.

The name is resolved once, every address it has must be public, and the connection goes to the address that was
checked, so that a second answer of the name server changes nothing (OWASP, "Server Side Request Forgery
Prevention"; ASVS 5.0 1.3.6). Redirects are answers like any other and are not followed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpcore

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SIX_TO_FOUR = ipaddress.ip_network("2002::/16")
_TEREDO = ipaddress.ip_network("2001::/32")
_HTTP_ERRORS = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)


class AddressRefused(Exception):
    """The address leads, or may lead, into an internal network, or is no https address."""


class ForeignCallFailed(Exception):
    """No usable answer: refused, timed out, too large, or not HTTP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Names of `headers` are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, compare=False)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, also when it is wrapped in an IPv6 one."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        elif any(found in wrapped for wrapped in (_NAT64, _SIX_TO_FOUR, _TEREDO)):
            return False
    return found.is_global and not found.is_multicast


def check_address(address: str, *, internal_allowed: bool = False) -> None:
    """What can be said about an address before it is called. Raises AddressRefused."""
    parts = urlsplit(address)
    try:
        port = parts.port
    except ValueError:
        raise AddressRefused("the port is not a number up to 65535") from None
    if parts.scheme != "https" and not (internal_allowed and parts.scheme == "http"):
        raise AddressRefused("must be an https address")
    if not parts.hostname or parts.username is not None or parts.password is not None or port == 0:
        raise AddressRefused("must name a host, and no user or password")
    if parts.fragment:
        raise AddressRefused("must have no fragment")
    if not internal_allowed and _is_internal_literal(parts.hostname):
        raise AddressRefused("must not lead into an internal network")


def _is_internal_literal(host: str) -> bool:
    try:
        return not is_public(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))


async def _addresses(host: str, port: int, internal_allowed: bool) -> list[str]:
    """None when the name is unknown. Raises AddressRefused."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    addresses = [str(entry[4][0]) for entry in found]
    if not internal_allowed and not all(map(is_public, addresses)):
        raise AddressRefused("leads into an internal network")
    return addresses


class _CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to checked addresses only; TLS still sees the host's name."""

    def __init__(self, internal_allowed: bool) -> None:
        self._plain = httpcore.AnyIOBackend()
        self._internal_allowed = internal_allowed

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await _addresses(host, port, self._internal_allowed)
        if not addresses:
            raise httpcore.ConnectError(f"{host} has no address")
        return await self._plain.connect_tcp(addresses[0], port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await self._plain.sleep(seconds)


class ForeignHttp:
    """One per process. `internal_allowed` (http and private addresses) is for the local profile alone."""

    def __init__(self, *, internal_allowed: bool = False, connections: int = 20) -> None:
        self._internal_allowed = internal_allowed
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=connections,
            max_keepalive_connections=0,
            network_backend=_CheckedNetwork(internal_allowed),
        )

    async def check(self, address: str) -> None:
        """`check_address`, and where its name leads now. Raises AddressRefused; a name nobody knows is no reason."""
        check_address(address, internal_allowed=self._internal_allowed)
        parts = urlsplit(address)
        await _addresses(parts.hostname or "", parts.port or 443, self._internal_allowed)

    async def call(
        self,
        method: str,
        address: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        max_bytes: int | None = 65536,
        seconds: float = 10.0,
        sink: Callable[[bytes], Awaitable[None]] | None = None,
    ) -> Answer:
        """One call, at most `seconds` in all. Raises AddressRefused; ForeignCallFailed, also when the answer is
        larger than `max_bytes`; with None the body is not read at all. `sink` takes the body of a 200, by pieces."""
        check_address(address, internal_allowed=self._internal_allowed)
        sent = list((headers or {}).items())
        try:
            async with (
                asyncio.timeout(seconds),
                self._pool.stream(method, address, headers=sent, content=content) as answer,
            ):
                unread = max_bytes is None or (sink is not None and answer.status != 200)
                body = b"" if unread else await _read(answer, max_bytes or 0, sink)
                named = {
                    name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers
                }
                return Answer(answer.status, body, named)
        except TimeoutError:
            raise ForeignCallFailed(f"no answer within {seconds:g} s") from None
        except (*_HTTP_ERRORS, httpcore.UnsupportedProtocol, ssl.SSLError, UnicodeError, ValueError) as error:
            raise ForeignCallFailed(f"{type(error).__name__}: {error}") from None

    async def close(self) -> None:
        await self._pool.aclose()


async def _read(answer: httpcore.Response, max_bytes: int, sink: Any) -> bytes:
    body, size = bytearray(), 0
    async for piece in answer.aiter_stream():
        if (size := size + len(piece)) > max_bytes:
            raise ForeignCallFailed(f"the answer is larger than {max_bytes} bytes")
        await sink(piece) if sink is not None else body.extend(piece)
    return bytes(body)
