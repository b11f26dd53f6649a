"""What is known about one HTTP request before its route runs: headers, correlation, token, client address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from chassis.ids import new_id
from gateway import headers as header
from gateway.config import Network

if TYPE_CHECKING:
    from gateway.limits import Verdict

Scope = dict[str, Any]


class Exchange:
    """Lives in `scope["exchange"]`. Repeated headers are joined with a comma, as RFC 9110 has it."""

    __slots__ = (
        "address",
        "authorization",
        "client_path",
        "head_bytes",
        "headers",
        "request_id",
        "route",
        "status",
        "token",
        "traceparent",
        "verdict",
    )

    def __init__(self, scope: Scope, trusted: Sequence[Network] = ()) -> None:
        headers: dict[bytes, bytes] = {}
        self.head_bytes = len(scope["raw_path"]) + len(scope["query_string"])
        for name, value in scope["headers"]:
            self.head_bytes += len(name) + len(value)
            headers[name] = headers[name] + b", " + value if name in headers else value
        self.headers = headers
        self.request_id = header.correlation(headers.get(b"x-request-id")) or str(new_id())
        self.traceparent = header.traceparent(headers.get(b"traceparent"))
        self.authorization = headers.get(b"authorization")
        self.token = header.bearer(self.authorization) if self.authorization else None
        client = scope.get("client")
        self.address = client_address(
            client[0] if client else "", headers.get(b"x-forwarded-for", b""), tuple(trusted)
        )
        # Filled in on the way.
        self.route = ""
        self.client_path: Callable[[str], str] = str
        self.status = 0
        self.verdict: Verdict | None = None

    def metadata(self) -> list[tuple[str, str]]:
        """What the services are told beside the request itself."""
        sent = [("x-request-id", self.request_id)]
        if self.token is not None:
            sent.append(("authorization", "Bearer " + self.token))
        if self.traceparent:
            sent.append(("traceparent", self.traceparent))
        if self.address:
            sent.append(("x-forwarded-for", self.address))
        return sent


def client_address(peer: str, forwarded: bytes, trusted: tuple[Network, ...]) -> str:
    """The peer, or the last address in X-Forwarded-For that no trusted proxy added."""
    if not trusted or not forwarded or not _within(peer, trusted):
        return peer
    found = peer
    for hop in reversed(forwarded.decode("latin-1").split(",")):
        try:
            found = str(ip_address(hop.strip()))
        except ValueError:
            return found
        if not _within(found, trusted):
            return found
    return found


@lru_cache(maxsize=4096)
def _within(address: str, trusted: tuple[Network, ...]) -> bool:
    try:
        known = ip_address(address)
    except ValueError:
        return False
    return any(known in network for network in trusted)
