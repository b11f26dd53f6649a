"""What is checked of one placing attempt beside what others are asked for: its content, its terms, its caller."""

from __future__ import annotations

from dataclasses import replace

from chassis.errors import FieldViolation
from orders import access
from orders.access import Caller
from orders.approval import domain as approvals
from orders.domain.model import Order
from orders.domain.states import Verb
from orders.infrastructure import Infrastructure
from orders.placing import domain
from orders.placing.claiming import PlaceOrder
from orders.placing.store import Picture
from orders.ports import OrderingContext
from orders.shared.standing import standing


async def own_findings(
    infra: Infrastructure, cmd: PlaceOrder, caller: Caller, picture: Picture
) -> tuple[PlaceOrder, list[FieldViolation]]:
    """What we can tell by ourselves; and the command with the terms that were accepted, whoever did so."""
    order = picture.order
    cmd = replace(cmd, accepted=approvals.accepted_of(order)) if cmd.verb is Verb.APPROVE else cmd
    found: list[FieldViolation] = []
    if order.shared:
        stands = await standing(infra.engine, order, cmd.accepted)
        cmd, found = replace(cmd, accepted=stands.accepted, spender=stands.spender), stands.findings
    if cmd.verb is Verb.APPROVE:
        found += approvals.content_findings(order)
    found += domain.findings(
        order,
        method=picture.method,
        terms=picture.terms,
        accepted=cmd.accepted,
        actor_kind=caller.actor_kind,
        online=infra.online is not None,
        now=infra.clock(),
    )
    return cmd, found


def check_caller(cmd: PlaceOrder, caller: Caller, order: Order, facts: OrderingContext) -> None:
    """As customers sees the caller now. Raises OrderNotFound, ApprovalNotAllowed."""
    access.check_still(caller, order, facts)
    if cmd.verb is Verb.APPROVE:
        approvals.check_decider(caller, order, facts)
