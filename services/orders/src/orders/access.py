"""Who may see and change which order. What the caller may not see does not exist for it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis import context, ids
from chassis.access import ADMIN
from chassis.context import Principal, Request
from chassis.errors import FieldViolation, InvalidFields
from orders.domain.errors import AccountNotFound, OrderNotFound
from orders.domain.model import CARE_WORKER, REP, Order
from orders.ports import Customers, OrderingContext

READ_SCOPE = "orders.read"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `account`: the only account it acts for. `only_own`: a user who sees the own orders alone.
    `community`: of a care worker's session, which is for one client of one community."""

    actor_kind: str
    actor_id: str
    channel: str
    account: UUID | None
    only_own: bool
    everything: bool
    community: UUID | None = None

    @property
    def is_rep(self) -> bool:
        return self.actor_kind == REP

    @property
    def is_vendor(self) -> bool:
        """Staff and representatives; everybody else is the customer's side."""
        return self.everything or self.is_rep

    @property
    def acts_for_others(self) -> bool:
        """Its right to do so may end at any moment, and is asked of customers at each use."""
        return self.is_rep or self.account is not None

    @property
    def owner(self) -> tuple[str, str]:
        """Whose sheets it makes: kind and id."""
        return self.actor_kind, self.actor_id

    def owns(self, order: Order) -> bool:
        return (order.owner_kind, order.owner_id) == self.owner

    def sees(self, order: Order) -> bool:
        """By the token alone; whether it still holds is asked of customers."""
        if self.everything:
            return True
        if self.account is None:
            return self.is_rep
        if order.account_id != self.account:
            return False
        if self.actor_kind == CARE_WORKER:
            assistance = order.parties.assistance
            return assistance is not None and assistance.community_id == self.community
        return not self.only_own or self.owns(order)

    def still_sees(self, order: Order, facts: OrderingContext) -> bool:
        """By what customers says now: the community vouches, and an administrator is one still."""
        if self.actor_kind == CARE_WORKER:
            assistance = facts.assistance
            return assistance is not None and assistance.community_id == self.community
        return self.actor_kind != "PERSON" or facts.role != "USER" or self.owns(order)


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
        community=ids.parse_id(who.details.get("community", "")),
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


async def facts_of(customers: Customers, caller: Caller, account_id: UUID) -> OrderingContext:
    """The customer's facts, for a caller who may order for this account now. Raises AccountNotFound."""
    facts = await customers.ordering_context(account_id)
    vouched = facts.assistance.community_id if facts.assistance is not None else None
    if caller.actor_kind == CARE_WORKER and (vouched is None or vouched != caller.community):
        raise AccountNotFound(account_id)
    return facts


async def context_of(customers: Customers, caller: Caller, order: Order) -> OrderingContext:
    """The customer's facts, for a caller who may change this order. Raises OrderNotFound."""
    if not caller.sees(order):
        raise OrderNotFound(order.id)
    try:
        facts = await customers.ordering_context(order.account_id)
    except AccountNotFound:
        raise OrderNotFound(order.id) from None
    check_still(caller, order, facts)
    return facts


def check_still(caller: Caller, order: Order, facts: OrderingContext) -> None:
    """Raises OrderNotFound when the caller's token says more than customers says now."""
    if not caller.still_sees(order, facts):
        raise OrderNotFound(order.id)


async def check_visible(customers: Customers, caller: Caller, order: Order | None, order_id: UUID) -> Order:
    """The order, if the caller may see it; whoever acts for an account is checked with customers each time.

    Raises OrderNotFound.
    """
    if order is None or not caller.sees(order):
        raise OrderNotFound(order_id)
    if caller.acts_for_others:
        await context_of(customers, caller, order)
    return order
