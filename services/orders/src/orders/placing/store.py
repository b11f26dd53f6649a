"""The claim on an order that is being placed, and what its holders ask about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from chassis.db import Sessions
from sqlalchemy.ext.asyncio import AsyncConnection

from orders import reading, rows, statements
from orders.access import Caller
from orders.answers import Key
from orders.domain.model import Order, PricingCustomer
from orders.placing.domain import TermsInForce
from orders.shipping.domain import ShippingMethod
from orders.shipping.store import method

# The database's clock alone decides whether a claim lives, whatever the clocks of several replicas say.
_CLAIM = sa.text("""
    WITH answer AS (
        SELECT fingerprint, response FROM idempotency
        WHERE caller = :caller AND method = :method AND request_id = :request_id
    ), claimed AS (
        UPDATE orders SET placing_attempt = :attempt, placing_request = :request_id,
            placing_until = clock_timestamp() + make_interval(secs => :seconds)
        WHERE id = :id AND state = 'DRAFT'
            AND (placing_until IS NULL OR placing_until <= clock_timestamp())
            AND (CAST(:etag AS text) IN ('', '*') OR '"' || version || '"' = CAST(:etag AS text))
            AND (CAST(:account AS uuid) IS NULL OR account_id = CAST(:account AS uuid))
            AND (CAST(:owner AS text) IS NULL OR owner_id = CAST(:owner AS text))
            AND NOT EXISTS (SELECT 1 FROM answer)
        RETURNING id
    )
    SELECT (SELECT id FROM claimed) AS id, (SELECT fingerprint FROM answer) AS fingerprint,
        (SELECT response FROM answer) AS response""")
_RENEW = sa.text("""
    UPDATE orders SET placing_attempt = :next, pricing_customer = CAST(:pricing AS jsonb)
    WHERE id = :id AND placing_attempt = :attempt AND placing_until > clock_timestamp() RETURNING 1""")
_GIVE_UP = sa.text("""
    UPDATE orders SET placing_attempt = NULL, placing_request = NULL, placing_until = NULL
    WHERE id = :id AND placing_attempt = :attempt AND state = 'DRAFT'""")
# Waits for a placing that is about to commit, so that the answer cannot be overtaken by it.
_PLACEMENTS = sa.text("""
    SELECT id, state, placing_attempt, place_time IS NOT NULL AS placed,
        placing_until > clock_timestamp() AS claim_live
    FROM orders WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR SHARE""")


@dataclass(frozen=True, slots=True)
class Claimed:
    """`response`: the stored answer of this very request, when there is one."""

    mine: bool
    fingerprint: bytes | None = None
    response: bytes | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """An order with what is in force beside it."""

    order: Order
    method: ShippingMethod | None
    terms: TermsInForce | None


@dataclass(frozen=True, slots=True)
class PlacementRow:
    order_id: UUID
    state: str
    attempt_id: UUID | None
    placed: bool
    claim_live: bool


async def autocommit(session: Any) -> AsyncConnection:
    """For single statements that need no transaction around them."""
    connection: AsyncConnection = await session.connection(
        execution_options={"isolation_level": "AUTOCOMMIT"}
    )
    return connection


async def claim(
    connection: AsyncConnection,
    order_id: UUID,
    key: Key,
    caller: Caller,
    *,
    attempt: UUID,
    etag: str,
    seconds: float,
) -> Claimed:
    """Claim the order for one attempt, unless it is gone, changed, claimed, placed, or answered already."""
    given = {
        "id": order_id,
        "caller": key.caller,
        "method": key.method,
        "request_id": key.request_id,
        "attempt": attempt,
        "seconds": seconds,
        "etag": etag.removeprefix("W/"),
        "account": caller.account,
        "owner": caller.actor_id if caller.only_own else None,
    }
    row = (await connection.execute(_CLAIM, given)).one()
    return Claimed(row.id is not None, row.fingerprint, row.response)


async def picture(connection: AsyncConnection, order_id: UUID) -> Picture | None:
    row = (await connection.execute(statements.LOAD_FOR_PLACING, {"id": order_id})).one_or_none()
    if row is None:
        return None
    terms = None
    if row.current_terms is not None:
        terms = TermsInForce(row.current_terms, row.current_hashes)
    return Picture(reading.order(row), None if row.method is None else method(row.method), terms)


async def renew(
    sessions: Sessions, order: Order, attempt: UUID, following: UUID, customer: PricingCustomer
) -> bool:
    """Go on under a new attempt, with the customer's facts as they are now. False when the claim is gone."""
    given = {
        "id": order.id,
        "attempt": attempt,
        "next": following,
        "pricing": rows.pricing_json(customer),
    }
    async with sessions() as session:
        found = await (await autocommit(session)).execute(_RENEW, given)
        return found.one_or_none() is not None


async def give_up(sessions: Sessions, order_id: UUID, attempt: UUID) -> None:
    """Take back the claim of this attempt, if it still has it."""
    async with sessions() as session:
        await (await autocommit(session)).execute(_GIVE_UP, {"id": order_id, "attempt": attempt})


async def placements(sessions: Sessions, ids: Sequence[UUID]) -> list[PlacementRow]:
    """Those of the orders that exist."""
    async with sessions.begin() as session:
        found = await (await session.connection()).execute(_PLACEMENTS, {"ids": list(ids)})
        return [
            PlacementRow(row.id, row.state, row.placing_attempt, row.placed, bool(row.claim_live))
            for row in found
        ]
