"""What an event about a shared order means for mails: who has to learn of it, and how soon."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from commis.orders.v1 import orders_pb2
from commis.orders.v1 import shared_orders_pb2 as pb

VENDOR, CUSTOMER = "VENDOR", "CUSTOMER"
OTHER = {VENDOR: CUSTOMER, CUSTOMER: VENDOR}
SIDES = {pb.SIDE_VENDOR: VENDOR, pb.SIDE_CUSTOMER: CUSTOMER}
NUMBERS = {name: number for number, name in SIDES.items()}
# What the other side is told together, after a while. Prices that moved by themselves are the vendor's.
GATHERED = frozenset(
    (
        *("line_added", "proposed", "countered", "withdrawn", "accepted", "declined", "agreed"),
        *("header_changed", "reference_changed", "price_moved", "file_added", "file_removed"),
    )
)


@dataclass(frozen=True, slots=True)
class News:
    """`sent_to`, `ended_for`: who is mailed at once, and about which change. `dropped`: what ended is only the talk
    about an order that is being processed. `gathered_for`: whose digest waits, with the last revision for it. `over`:
    nothing more will come. What an amendment agreed to stays in the digest: its confirmation says what the order is
    now, and does not reach everybody."""

    order_id: UUID
    account_id: UUID
    revision: int
    sent_to: str = ""
    sent_sequence: int = 0
    ended_for: str = ""
    ended_sequence: int = 0
    dropped: bool = False
    gathered_for: tuple[tuple[str, int], ...] = ()
    over: bool = False


def news(event: pb.SheetChanged) -> News | None:
    """None for what concerns nobody but who did it: a sheet that was not sent yet."""
    if event.visible_to:
        return None
    sent = next((each for each in event.changes if each.kind == "sent" and not each.line_id), None)
    ended = next((each for each in event.changes if each.kind == "ended"), None)
    over = ended is not None or any(_first_placed(each) for each in event.changes)
    gathered: dict[str, int] = {}
    for each in event.changes:
        side = SIDES.get(each.side, VENDOR if each.kind == "price_moved" else "")
        if each.kind in GATHERED and side:
            gathered[OTHER[side]] = event.revision
    sent_to = _other(sent)
    return News(
        order_id=UUID(event.order_id),
        account_id=UUID(event.account_id),
        revision=event.revision,
        sent_to="" if over else sent_to,
        sent_sequence=sent.sequence if sent is not None else 0,
        ended_for=_other(ended),
        ended_sequence=ended.sequence if ended is not None else 0,
        dropped=event.state != orders_pb2.Order.STATE_CANCELLED,
        gathered_for=() if over else tuple(item for item in gathered.items() if item[0] != sent_to),
        over=over,
    )


def _first_placed(change: pb.SheetChange) -> bool:
    """An amended order had its number before."""
    return change.kind == "placed" and not change.from_value


def loses(sheet: pb.SharedOrder, side: str) -> bool:
    """The talk ended with proposals of this side open, or with nothing open: then both agreed to what did not come."""
    fields = [*sheet.header.fields, *(field for line in sheet.lines for field in line.fields)]
    proposers = {field.proposed_by for field in fields if field.proposed_by}
    return not proposers or NUMBERS[side] in proposers


def _other(change: pb.SheetChange | None) -> str:
    """Whom somebody's change is told to."""
    return "" if change is None or change.side not in SIDES else OTHER[SIDES[change.side]]
