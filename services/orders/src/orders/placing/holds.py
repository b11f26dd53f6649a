"""What one placing attempt asks of other services, in parallel; and how it gives everything back."""

from __future__ import annotations

import asyncio
import datetime
from dataclasses import dataclass
from uuid import UUID

from chassis.errors import FieldViolation, RemoteError
from chassis.logs import log
from orders.domain.errors import AccountNotFound, OrderNotFound
from orders.domain.model import Order
from orders.domain.states import PlacementInProgress
from orders.placing.domain import budget_needs, line_findings, payer_findings
from orders.ports import Authorization, Ports, QuotedLine, WantedLine

# A hold of this attempt was released or replaced meanwhile: a later attempt is under way.
_OVERTAKEN = frozenset(("RESERVATION_RELEASED", "RESERVATION_FIRM", "HOLD_RELEASED"))


@dataclass(frozen=True, slots=True)
class Held:
    """What the others answered. `stock` and `budgets`: that is held now."""

    authorization: Authorization
    quoted: list[QuotedLine]
    findings: tuple[FieldViolation, ...]
    stock: bool
    budgets: bool

    @property
    def complete(self) -> bool:
        """Everything is held and authorised."""
        return self.stock and self.authorization.context is not None and not self.findings


def wanted(order: Order) -> list[WantedLine]:
    return [
        WantedLine(
            line_id=str(line.id),
            quantity=line.quantity,
            variant_id=line.quote.variant_id,
            negotiated=line.unit_price if line.negotiated else None,
            currency=line.quote.currency if line.negotiated else "",
        )
        for line in order.lines
    ]


async def _nothing() -> tuple[FieldViolation, ...]:
    return ()


async def hold(ports: Ports, order: Order, attempt: UUID, day: datetime.date) -> Held:
    """Authorise, price and hold. Raises OrderNotFound, PlacementInProgress, or what a service failed with; by then
    every call has ended, so that a release cannot overtake its hold."""
    needs = budget_needs(order)
    authorized, reserved, budgets = await asyncio.gather(
        ports.customers.authorize(order.id, order.account_id, order.header.payment_method or ""),
        ports.catalog.reserve(order.id, attempt, order.pricing, wanted(order), order.header.language),
        ports.library.hold(order.id, attempt, order.account_id, day, needs) if needs else _nothing(),
        return_exceptions=True,
    )
    for answer in (authorized, reserved, budgets):
        if isinstance(answer, BaseException):
            raise _named(answer, order)
    assert isinstance(authorized, Authorization)
    assert isinstance(reserved, tuple)
    assert isinstance(budgets, tuple)
    quoted, all_held = reserved
    assert isinstance(quoted, list)
    payer = payer_findings(order.header.payment_method, authorized.context)
    found = (*authorized.findings, *payer, *line_findings(order, quoted), *budgets)
    return Held(authorized, quoted, found, stock=all_held is True, budgets=bool(needs) and not budgets)


def _named(error: BaseException, order: Order) -> BaseException:
    if isinstance(error, AccountNotFound):
        return OrderNotFound(order.id)
    if isinstance(error, RemoteError) and error.reason in _OVERTAKEN:
        return PlacementInProgress(order.id)
    return error


async def look(
    ports: Ports, order: Order, day: datetime.date
) -> tuple[Authorization, list[QuotedLine], list[FieldViolation]]:
    """The same findings without holding anything. Raises OrderNotFound."""
    needs = budget_needs(order)
    authorized, quoted, budgets = await asyncio.gather(
        ports.customers.authorize(order.id, order.account_id, order.header.payment_method or ""),
        ports.catalog.quote(order.pricing, wanted(order), order.header.language)
        if order.lines
        else _no_lines(),
        ports.library.check(order.account_id, day, needs) if needs else _nothing(),
        return_exceptions=True,
    )
    for answer in (authorized, quoted, budgets):
        if isinstance(answer, BaseException):
            raise _named(answer, order)
    assert isinstance(authorized, Authorization)
    assert isinstance(quoted, list)
    assert isinstance(budgets, tuple)
    payer = payer_findings(order.header.payment_method, authorized.context)
    return authorized, quoted, [*authorized.findings, *payer, *line_findings(order, quoted), *budgets]


async def _no_lines() -> list[QuotedLine]:
    return []


async def release(ports: Ports, order: Order, attempt: UUID, held: Held | None = None) -> None:
    """Give back what this attempt holds; without `held`, what it may hold. Failing is no harm: a hold ends by itself
    once its owner has asked us."""
    work = []
    if held is None or held.stock:
        work.append(ports.catalog.release(order.id, attempt))
    if held.budgets if held is not None else budget_needs(order):
        work.append(ports.library.release(order.id, attempt))
    for outcome in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(outcome, BaseException):
            log.warning("release failed", order_id=str(order.id), error=repr(outcome))
