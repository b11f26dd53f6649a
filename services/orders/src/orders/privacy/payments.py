"""Payments of orders: handed in for an export; what staff wrote about a refund, and addresses of pages, are emptied.

The amounts stay: bookkeeping needs them, and no name is in them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from chassis.db import Sessions
from orders.privacy import paging
from orders.privacy.paging import PAGE, typed
from orders.privacy.statements import BATCH

_MINE = "o.account_id = :account_id AND (:person = '' OR o.owner_kind = 'PERSON' AND o.owner_id = :person)"


_PAYMENTS = typed(
    "SELECT p.id, (to_jsonb(p) - '{checkout_address,return_address,check_time,to_cancel}'::text[])::text AS row"  # noqa: S608
    f" FROM payments p JOIN orders o ON o.id = p.order_id WHERE {_MINE} AND p.id > :after ORDER BY p.id LIMIT {PAGE}"
)
_REFUNDS = typed(
    "SELECT r.id, to_jsonb(r)::text AS row FROM refunds r JOIN payments p ON p.id = r.payment_id"  # noqa: S608
    f" JOIN orders o ON o.id = p.order_id WHERE {_MINE} AND r.id > :after ORDER BY r.id LIMIT {PAGE}"
)
_NO_REASON = typed(
    f"""
    UPDATE refunds SET reason = '' WHERE id IN (
        SELECT r.id FROM refunds r JOIN payments p ON p.id = r.payment_id JOIN orders o ON o.id = p.order_id
        WHERE {_MINE} AND r.reason <> '' LIMIT {BATCH})"""  # noqa: S608
)
# Of payments that have ended; the others are still to be made or paid.
_NO_ADDRESS = typed(
    f"""
    UPDATE payments SET checkout_address = '', return_address = '' WHERE id IN (
        SELECT p.id FROM payments p JOIN orders o ON o.id = p.order_id
        WHERE {_MINE} AND p.state NOT IN ('OPEN', 'PENDING', 'AUTHORIZED')
            AND (p.checkout_address <> '' OR p.return_address <> '') LIMIT {BATCH})"""  # noqa: S608
)


def rows(sessions: Sessions, account_id: UUID, person: str) -> AsyncIterator[tuple[str, str]]:
    """Section and row, a page at a time."""
    sections = (("payments", _PAYMENTS), ("refunds", _REFUNDS))
    return paging.rows_of(sessions, sections, account_id, person)


async def erase(sessions: Sessions, given: Mapping[str, Any]) -> None:
    """`given`: account_id, and person or ''. In batches that each commit."""
    await paging.empty(sessions, (_NO_REASON, _NO_ADDRESS), given)
