"""When an order waits, what exactly was asked for, and who may decide. Pure."""

from __future__ import annotations

import datetime
import hashlib
import json
from dataclasses import asdict, replace
from typing import Any

from chassis.errors import FieldViolation, PermissionDenied
from orders.access import Caller
from orders.domain.model import HistoryEntry, Line, Order
from orders.domain.parties import Approval, Party, Spender
from orders.domain.states import State
from orders.placing.domain import Accepted
from orders.ports import OrderingContext

_ADMINISTRATOR = "ADMINISTRATOR"
# After these nobody can approve what was asked for: the one who asked has to look at the order again.
ENDING = frozenset(("PRICE_CHANGED", "TERMS_OUTDATED", "CONTENT_CHANGED"))


class ApprovalNotAllowed(PermissionDenied):
    """Only an administrator of the account decides, and nobody on the own order."""

    reason = "APPROVAL_NOT_ALLOWED"

    def __init__(self, order_id: object) -> None:
        super().__init__(
            f"Order {order_id} is decided on by another administrator of the account.", order_id=order_id
        )


def spender_of(facts: OrderingContext) -> Spender | None:
    """The caller, unless it is free to order whatever it likes."""
    control = facts.spending_control
    return None if control is None else Spender(facts.actor, control.limit)


def asking(
    order: Order, caller: Caller, facts: OrderingContext, agreed: Spender | None = None
) -> Party | None:
    """For whom an administrator is asked first; None when nobody has to be. `agreed`: who of the customer's side is
    bound by a limit on the sheet of a shared order; the vendor's last word frees nobody of it. A limit in another
    currency than the order's allows nothing."""
    spender = agreed if order.shared and caller.is_vendor else spender_of(facts)
    if spender is None or order.totals.total <= spender.allowance(order.currency):
        return None
    return spender.party


def check_decider(caller: Caller, order: Order, facts: OrderingContext) -> None:
    """Raises ApprovalNotAllowed. `facts` say what the caller is in the account now, whatever the token says."""
    asked = order.approval
    own = asked is not None and (asked.requested_by.kind, asked.requested_by.id) == caller.owner
    if caller.actor_kind != "PERSON" or facts.role != _ADMINISTRATOR or own:
        raise ApprovalNotAllowed(order.id)


def asked_by_caller(caller: Caller, order: Order) -> bool:
    asked = order.approval
    return asked is not None and (asked.requested_by.kind, asked.requested_by.id) == caller.owner


def request(order: Order, requester: Party, accepted: Accepted, now: datetime.datetime) -> Approval:
    """Of the order as it stands."""
    return Approval(requester, now, digest(order, accepted), accepted.version, accepted.hash)


def accepted_of(order: Order) -> Accepted:
    """The terms that the one who asked accepted."""
    asked = order.approval
    return Accepted() if asked is None else Accepted(asked.terms_version, asked.terms_hash)


def content_findings(order: Order) -> list[FieldViolation]:
    """Is this what was asked for, to the last reference? A change ends the request, so this only finds what went past
    the rules."""
    asked = order.approval
    if asked is not None and digest(order, accepted_of(order)) == asked.digest:
        return []
    text = "The order is no longer what approval was asked for."
    return [FieldViolation("approval", text, "CONTENT_CHANGED")]


def send_back(order: Order, now: datetime.datetime, *, by: Party | None = None, reason: str = "") -> None:
    """The order is a draft again, or negotiated again; `by` decided so, or the request ended by itself."""
    assert order.approval is not None, "an order that waits knows who asked"
    order.state = State.NEGOTIATING if order.shared else State.DRAFT
    order.approval = replace(order.approval, decided_by=by, decide_time=now, reason=reason)


def ended(
    order: Order,
    now: datetime.datetime,
    actor: Party,
    channel: str,
    *,
    action: str,
    by: Party | None = None,
    reason: str = "",
) -> HistoryEntry:
    """`send_back` as a change of its own, which `actor` made or caused: its line in the history."""
    came = order.state
    order.version += 1
    order.update_time = now
    send_back(order, now, by=by, reason=reason)
    return HistoryEntry(
        sequence=order.version,
        time=now,
        actor=actor,
        account_id=order.account_id,
        channel=channel,
        action=action,
        from_state=came,
        to_state=order.state,
        detail=reason,
    )


def digest(order: Order, accepted: Accepted) -> str:
    """SHA-256 over everything that somebody who approves agrees to, hexadecimal."""
    header = order.header
    content = {
        "account": order.account_id,
        "currency": order.currency,
        "tax_inclusive": order.tax_inclusive,
        "references": [header.order_reference, header.cost_centre, header.note, header.language],
        "addresses": [asdict(header.billing), asdict(header.delivery), asdict(header.contact)],
        "shipping": header.shipping_method,
        "payment": header.payment_method,
        "dates": [header.taken_time, header.requested_delivery_date],
        "lines": [_line(line) for line in order.lines],
        "totals": _totals(order),
        "terms": [accepted.version, accepted.hash],
    }
    written = json.dumps(content, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()


def _line(line: Line) -> list[Any]:
    return [
        *(line.id, line.position, line.quote.variant_id, line.quantity),
        *(f"{line.unit_price.normalize():f}", line.total, f"{line.tax_rate.normalize():f}"),
        *(line.tax_category, line.line_reference, line.cost_centre, line.requested_delivery_date),
        *(line.note, line.budget_code),
    ]


def _totals(order: Order) -> list[Any]:
    now = order.totals
    taxes = [[f"{each.rate.normalize():f}", each.category, each.taxable, each.tax] for each in now.taxes]
    return [now.goods, now.discount, now.shipping, now.tax, now.total, now.net, taxes]
