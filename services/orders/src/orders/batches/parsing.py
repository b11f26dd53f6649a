"""One order of an upload: what is wrong with it is its own answer."""

from __future__ import annotations

import hashlib
import re

from commis.orders.v1 import entry_pb2 as pb

from chassis import fields, money
from chassis.errors import Violations
from orders import parsing
from orders.batches.domain import MAX_ORDERS, OfflineLine, OfflineOrder, ShownPrice
from orders.placing.domain import Accepted
from orders.sheets import header_change

# Of a line of ours in the name of a field: what the client gave is one level deeper.
_LINE = re.compile(r"^(lines\[[0-9]+\])(?=\.|$)")


def check_batch(v: Violations, request: pb.UploadOrdersRequest) -> None:
    """The request as a whole."""
    if not request.orders:
        v.add("orders", "is required", "REQUIRED")
    if len(request.orders) > MAX_ORDERS:
        v.add("orders", f"has at most {MAX_ORDERS} orders", "TOO_MANY")
        return
    seen: set[str] = set()
    for index, each in enumerate(request.orders):
        if each.order_id and each.order_id in seen:
            v.add(f"orders[{index}].order_id", "is there already in this upload", "REPEATED")
        seen.add(each.order_id)


def offline_order(sent: pb.OfflineOrder) -> OfflineOrder:
    """Raises InvalidFields with every violation, named from the order on."""
    v = Violations()
    order_id = fields.identifier(v, "order_id", sent.order_id)
    if order_id is not None and order_id.version != 7:
        v.add("order_id", "must be a UUID of version 7")
    account_id = fields.identifier(v, "account_id", sent.account_id)
    of_lines = Violations()
    lines = parsing.lines(of_lines, [each.line for each in sent.lines], required=True)
    for found in of_lines:
        v.add(_LINE.sub(r"\1.line", found.field), found.description, found.reason)
    shown = [_shown(v, f"lines[{index}].shown_unit_price", each) for index, each in enumerate(sent.lines)]
    header = header_change.given(v, sent)
    accepted = Accepted(
        fields.text(v, "terms_version", sent.terms_version, max_length=100),
        fields.text(v, "terms_hash", sent.terms_hash, max_length=100),
    )
    v.raise_if_any()
    assert order_id is not None
    assert account_id is not None
    made = [OfflineLine(line, price) for line, price in zip(lines, shown, strict=True)]
    fingerprint = hashlib.sha256(sent.SerializeToString(deterministic=True)).digest()
    return OfflineOrder(order_id, account_id, tuple(made), header, accepted, fingerprint)


def _shown(v: Violations, field: str, line: pb.OfflineLine) -> ShownPrice | None:
    if not line.HasField("shown_unit_price"):
        return None
    try:
        amount, currency = money.price_from_proto(line.shown_unit_price)
    except ValueError as error:
        v.add(field, str(error))
        return None
    if amount < 0:
        v.add(field, "must not be negative", "OUT_OF_RANGE")
    return ShownPrice(amount, currency)
