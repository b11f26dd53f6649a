"""Who may see and change which order. What the caller may not see does not exist for it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis import context
from chassis.access import ADMIN
from chassis.context import Principal, Request
from chassis.errors import FieldViolation, InvalidFields
from orders.domain.errors import AccountNotFound, OrderNotFound
from orders.domain.model import REP, Order
from orders.ports import Customers, OrderingContext

READ_SCOPE = "orders.read"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `account`: the only account it acts for. `only_own`: a user who sees the own orders alone."""

    actor_kind: str
    actor_id: str
    channel: str
    account: UUID | None
    only_own: bool
    everything: bool

    @property
    def is_rep(self) -> bool:
        return self.actor_kind == REP

    def sees(self, order: Order) -> bool:
        """By the token alone; a rep's assignment is asked of customers."""
        if self.everything:
            return True
        if self.account is None:
            return self.is_rep
        if order.account_id != self.account:
            return False
        return not self.only_own or (order.owner_kind, order.owner_id) == (self.actor_kind, self.actor_id)


def _is_reader(request: Request) -> bool:
    return any(
        who is not None and who.kind == "SERVICE" and READ_SCOPE in who.scopes
        for who in (request.service, request.principal)
    )


def _is_staff(who: Principal) -> bool:
    return who.kind == "STAFF" and not who.roles.isdisjoint((ADMIN, "ORDER_DESK", "FINANCE"))


def caller() -> Caller:
    """From the tokens of the current request; a service that reads for itself sees everything."""
    request = context.current()
    if request.principal is None or _is_reader(request):
        return Caller("SERVICE", "", "API", None, False, _is_reader(request))
    who = request.principal
    kind, identity = who.effective_actor
    return Caller(
        actor_kind=kind,
        actor_id=identity,
        channel=who.channel,
        account=who.acts_for_account,
        only_own=kind == "PERSON" and who.membership_role != "ADMINISTRATOR",
        everything=_is_staff(who),
    )


def account_for(caller: Caller, wanted: UUID | None) -> UUID:
    """The account to order for: the caller's own unless it may name one.

    Raises AccountNotFound, InvalidFields when it has to be named and is not.
    """
    if caller.account is not None:
        if wanted is not None and wanted != caller.account:
            raise AccountNotFound(wanted)
        return caller.account
    if wanted is None:
        raise InvalidFields([FieldViolation("account_id", "is required", "REQUIRED")])
    return wanted


async def context_of(customers: Customers, caller: Caller, order: Order) -> OrderingContext:
    """The customer's facts, for a caller who may change this order. Raises OrderNotFound."""
    if not caller.sees(order):
        raise OrderNotFound(order.id)
    try:
        return await customers.ordering_context(order.account_id)
    except AccountNotFound:
        raise OrderNotFound(order.id) from None


async def check_visible(customers: Customers, caller: Caller, order: Order | None, order_id: UUID) -> Order:
    """The order, if the caller may see it; a rep is checked with customers each time. Raises OrderNotFound."""
    if order is None or not caller.sees(order):
        raise OrderNotFound(order_id)
    if caller.is_rep:
        await context_of(customers, caller, order)
    return order
