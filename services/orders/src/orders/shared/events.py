"""The public fact of a sheet that changed."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from commis.orders.v1 import shared_orders_pb2 as pb
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import outbox
from orders import wire
from orders.attribution import attribution
from orders.domain.model import Order
from orders.shared import wire as shared_wire
from orders.shared.domain.items import HEADER
from orders.shared.domain.sheet import SHEET, Change, Sheet
from orders.shared.domain.terms import Side
from orders.shared.projecting import sheet_hash

SUBJECT = "commis.orders.v1.sheets"
# An event has to fit into a message of the broker (1 MiB): beyond these the sheet is to be read again.
MAX_CHANGES = 500
MAX_LINES = 200


def sheet_changed(order: Order, sheet: Sheet, changes: Sequence[Change]) -> pb.SheetChanged:
    """`order` is projected. Ids, terms and states; no names and no free text."""
    language = order.header.language
    touched = {each.item for each in changes}
    keys = dict.fromkeys(UUID(each.item) for each in changes if each.item not in (HEADER, SHEET))
    items = [sheet.lines[key] for key in keys if key in sheet.lines]
    seen = {
        side: [
            shared_wire.line(sheet, item, side, language, public=True)
            for item in items[:MAX_LINES]
            if sheet.visible_to(side)
        ]
        for side in Side
    }
    return pb.SheetChanged(
        attribution=attribution(changes[-1].time, account_id=order.account_id, order_id=order.id),
        order_id=str(order.id),
        account_id=str(order.account_id),
        changes=[shared_wire.change(each, public=True) for each in changes[:MAX_CHANGES]],
        revision=sheet.revision,
        state=wire.state(order.state),
        waiting_for=shared_wire.side(sheet.waiting_for),
        vendor_lines=seen[Side.VENDOR],
        customer_lines=seen[Side.CUSTOMER],
        vendor_status=shared_wire.status(sheet.colour(Side.VENDOR), language),
        customer_status=shared_wire.status(sheet.colour(Side.CUSTOMER), language),
        hash=sheet_hash(order, sheet),
        header_changed=HEADER in touched,
        totals=wire.totals(order.totals, order.currency, order.tax_inclusive),
        visible_to=shared_wire.side(None if sheet.sent else sheet.started_by),
        partial=len(changes) > MAX_CHANGES or len(items) > MAX_LINES,
        aggregate_version=sheet.revision,
    )


def add(session: AsyncSession, order: Order, sheet: Sheet, changes: Sequence[Change]) -> None:
    """Published with the transaction."""
    outbox.add(
        session,
        sheet_changed(order, sheet, changes),
        subject=f"{SUBJECT}.{order.id}",
        aggregate_id=str(order.id),
        aggregate_version=sheet.revision,
    )
