"""The network address a request came from, in one spelling, without the port."""

from __future__ import annotations

import ipaddress
from urllib.parse import unquote

from chassis import context


def current() -> str:
    """From `x-forwarded-for` as the gateway sets it, else gRPC's peer ("ipv4:10.0.0.7:47"); "" if neither."""
    return parse(context.current().peer)


def parse(peer: str) -> str:
    text = unquote(peer.split(",", 1)[0].strip())
    for prefix in ("ipv4:", "ipv6:"):
        if text.startswith(prefix):
            text = text.removeprefix(prefix).rpartition(":")[0]
    text = text.strip("[]")
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def network(address: str) -> str:
    """What one client controls: an IPv4 address, or the /64 that every IPv6 customer gets."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network(f"{parsed}/64", strict=False))
