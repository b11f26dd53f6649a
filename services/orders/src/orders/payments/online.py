"""How payments are taken online; built once by the composition root when a provider is configured."""

from __future__ import annotations

import asyncio
import datetime
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from orders.payments.ports import PaymentProvider

_ADDRESS_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class Online:
    """`link_address`: the page that payment links lead to. `return_addresses`: where customers may be sent back to.
    `unpaid_hours`: after which an order with online payment is cancelled. `wake`: there is something to follow."""

    provider: PaymentProvider
    link_address: str
    return_addresses: tuple[str, ...]
    link_days: int = 14
    unpaid_hours: float = 24.0
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def link_life(self) -> datetime.timedelta:
        return datetime.timedelta(days=self.link_days)

    def may_return_to(self, address: str) -> bool:
        """Below one of the allowed addresses: same scheme, host and port, and a path that begins with theirs."""
        return any(_below(address, allowed) for allowed in self.return_addresses)


def _below(address: str, allowed: str) -> bool:
    if (
        len(address) > _ADDRESS_LENGTH
        or not address.isascii()
        or any(ch <= " " or ch in "\\\x7f" for ch in address)
    ):
        return False
    try:
        given, base = urlsplit(address), urlsplit(allowed)
        same = (given.scheme, given.hostname, given.port) == (base.scheme, base.hostname, base.port)
    except ValueError:
        return False
    if not same or given.scheme not in ("http", "https") or given.username is not None:
        return False
    path = base.path.rstrip("/")
    if "/../" in f"{given.path}/" or "%2e" in given.path.lower():
        return False
    return given.path == path or given.path.startswith(f"{path}/")
