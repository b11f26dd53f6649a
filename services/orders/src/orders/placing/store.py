"""The claim on an order that is being placed, and what its holders ask about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.db import Sessions
from orders import answers, direct, reading, rows, statements
from orders.access import Caller
from orders.answers import Key
from orders.domain.model import Order, PricingCustomer
from orders.domain.states import State
from orders.placing.domain import TermsInForce
from orders.shipping.domain import ShippingMethod
from orders.shipping.store import method

_RENEW = direct.statement("""
    UPDATE orders SET placing_attempt = :next, pricing_customer = CAST(:pricing AS jsonb)
    WHERE id = :id AND placing_attempt = :attempt AND placing_until > clock_timestamp() RETURNING 1""")
_GIVE_UP = direct.statement("""
    UPDATE orders SET placing_attempt = NULL, placing_request = NULL, placing_until = NULL
    WHERE id = :id AND placing_attempt = :attempt AND state IN ('DRAFT', 'NEGOTIATING', 'PENDING_APPROVAL')""")
# Waits for a placing that is about to commit, so that the answer cannot be overtaken by it.
_PLACEMENTS = sa.text("""
    SELECT o.id, state, place_time IS NOT NULL AS placed, placing_until > clock_timestamp() AS claim_live,
        CASE WHEN amending_until > clock_timestamp() THEN amending_attempt ELSE placing_attempt END AS placing_attempt
    FROM orders o LEFT JOIN shared_orders s ON s.order_id = o.id
    WHERE o.id = ANY(CAST(:ids AS uuid[])) ORDER BY o.id FOR SHARE OF o""")


@dataclass(frozen=True, slots=True)
class Picture:
    """An order with what is in force beside it."""

    order: Order
    method: ShippingMethod | None
    terms: TermsInForce | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """`picture`: the order if it is ours now. `order`: what stood in the way. `response`: the stored answer."""

    picture: Picture | None = None
    order: Order | None = None
    response: bytes | None = None


@dataclass(frozen=True, slots=True)
class PlacementRow:
    order_id: UUID
    state: str
    attempt_id: UUID | None
    placed: bool
    claim_live: bool


async def claim(
    engine: AsyncEngine,
    order_id: UUID,
    key: Key,
    caller: Caller,
    *,
    attempt: UUID,
    from_states: Sequence[State],
    etag: str,
    seconds: float,
) -> Claimed:
    """Claim the order for one attempt, unless it is gone, changed, claimed, placed, or answered already.

    Raises RequestIdReused.
    """
    given = key.row() | {
        "id": order_id,
        "attempt": attempt,
        "from_states": from_states,
        "seconds": seconds,
        "etag": etag.removeprefix("W/"),
        "account": caller.account,
        "owner": caller.actor_id if caller.only_own else None,
        "community": caller.community,
    }
    row = await direct.alone(engine, statements.CLAIM, given)
    if row is None:
        return Claimed()
    if row["answer_response"] is not None:
        answers.check(key, row["answer_fingerprint"])
        return Claimed(response=bytes(row["answer_response"]))
    if row["claimed_version"] is None:
        return Claimed(order=reading.order(row))
    if row["claimed_version"] != row["version"]:
        # The claim waited for an edit; what was read with it is from before that edit.
        row = await direct.alone(engine, statements.PICTURE, {"id": order_id})
    return Claimed(picture=_picture(row))


def _picture(row: direct.Row) -> Picture:
    terms = None
    if row["current_terms"] is not None:
        terms = TermsInForce(row["current_terms"], row["current_hashes"])
    return Picture(reading.order(row), None if row["method"] is None else method(row["method"]), terms)


async def picture(engine: AsyncEngine, order_id: UUID) -> Picture | None:
    row = await direct.alone(engine, statements.PICTURE, {"id": order_id})
    return None if row is None else _picture(row)


async def renew(
    engine: AsyncEngine, order: Order, attempt: UUID, following: UUID, customer: PricingCustomer
) -> bool:
    """Go on under a new attempt, with the customer's facts as they are now. False when the claim is gone."""
    given = {
        "id": order.id,
        "attempt": attempt,
        "next": following,
        "pricing": rows.pricing_json(customer),
    }
    return await direct.alone(engine, _RENEW, given) is not None


async def give_up(engine: AsyncEngine, order_id: UUID, attempt: UUID) -> None:
    """Take back the claim of this attempt, if it still has it."""
    await direct.alone(engine, _GIVE_UP, {"id": order_id, "attempt": attempt})


async def placements(sessions: Sessions, ids: Sequence[UUID]) -> list[PlacementRow]:
    """Those of the orders that exist."""
    async with sessions.begin() as session:
        found = await (await session.connection()).execute(_PLACEMENTS, {"ids": list(ids)})
        return [
            PlacementRow(row.id, row.state, row.placing_attempt, row.placed, bool(row.claim_live))
            for row in found
        ]
