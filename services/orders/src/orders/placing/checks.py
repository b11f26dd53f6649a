"""What is checked of one placing attempt beside what others are asked for: its content, its terms, its caller."""

from __future__ import annotations

from chassis.errors import FieldViolation
from orders import access
from orders.access import Caller
from orders.approval import domain as approvals
from orders.domain.model import Order
from orders.domain.states import Verb
from orders.infrastructure import Infrastructure
from orders.placing import domain
from orders.placing.claiming import PlaceOrder
from orders.placing.domain import Accepted
from orders.placing.store import Picture
from orders.ports import OrderingContext


def own_findings(
    infra: Infrastructure, cmd: PlaceOrder, caller: Caller, picture: Picture
) -> list[FieldViolation]:
    """What we can tell by ourselves."""
    found = domain.findings(
        picture.order,
        method=picture.method,
        terms=picture.terms,
        accepted=accepted(cmd, picture.order),
        actor_kind=caller.actor_kind,
        online=infra.online is not None,
        now=infra.clock(),
    )
    if cmd.verb is Verb.APPROVE:
        return [*approvals.content_findings(picture.order), *found]
    return found


def accepted(cmd: PlaceOrder, order: Order) -> Accepted:
    """The terms that whoever asks to place it has accepted."""
    return approvals.accepted_of(order) if cmd.verb is Verb.APPROVE else cmd.accepted


def check_caller(cmd: PlaceOrder, caller: Caller, order: Order, facts: OrderingContext) -> None:
    """As customers sees the caller now. Raises OrderNotFound, ApprovalNotAllowed."""
    access.check_still(caller, order, facts)
    if cmd.verb is Verb.APPROVE:
        approvals.check_decider(caller, order, facts)
