"""Whether an address may be a target of webhooks."""

from __future__ import annotations

from chassis.errors import Violations
from chassis.outward import AddressRefused, ForeignHttp

MAX_LENGTH = 2000


async def check(v: Violations, field: str, address: str, http: ForeignHttp) -> None:
    """As far as it can be said now; every delivery checks again where the name leads."""
    if not address.isascii() or not address.isprintable() or " " in address:
        v.add(field, "must be an address in ASCII, without blanks")
        return
    try:
        await http.check(address)
    except AddressRefused as error:
        v.add(field, str(error), "ADDRESS_REFUSED")
