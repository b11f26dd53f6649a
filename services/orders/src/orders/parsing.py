"""Parts of requests that several RPCs share: each check adds to `v` and gives a harmless default."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from uuid import UUID

from commis.common.v1 import common_pb2
from commis.orders.v1 import orders_pb2

from chassis import fields
from chassis.errors import Violations
from orders.domain.model import MAX_LINES, MAX_QUANTITY, Address, Contact, PaymentMethod
from orders.domain.states import State
from orders.sheets.domain import LineFields

_MAX_STREET_LINES = 3
NOTE_LENGTH = 2000
# As chassis.etag reads them; here because placing compares them in SQL.
_ETAG = re.compile(r'(?:\*|(?:W/)?"[0-9]{1,18}")?', re.ASCII)


def order_id(value: str, etag: str = "") -> tuple[Violations, UUID | None]:
    v = Violations()
    if not _ETAG.fullmatch(etag):
        v.add("etag", 'must be a quoted number such as "3"')
    return v, fields.identifier(v, "order_id", value)


def order_ids(v: Violations, given: Sequence[str], at_most: int) -> list[UUID]:
    """Those that are well formed, in their order."""
    if len(given) > at_most:
        v.add("order_ids", f"has at most {at_most} ids", "TOO_MANY")
    found = [fields.identifier(v, f"order_ids[{index}]", each) for index, each in enumerate(given[:at_most])]
    return [each for each in found if each is not None]


def address(v: Violations, field: str, pb: common_pb2.Address) -> Address:
    """Well formed only; whether it is complete is asked at placing, so that a sheet may be half filled."""
    lines = [
        fields.text(v, f"{field}.street_lines[{index}]", line, max_length=100)
        for index, line in enumerate(pb.street_lines[:_MAX_STREET_LINES])
    ]
    if len(pb.street_lines) > _MAX_STREET_LINES:
        v.add(f"{field}.street_lines", f"has at most {_MAX_STREET_LINES} lines", "TOO_MANY")
    region = pb.region_code and fields.country(v, f"{field}.region_code", pb.region_code)
    return Address(
        recipient=fields.text(v, f"{field}.recipient", pb.recipient),
        company=fields.text(v, f"{field}.company", pb.company),
        street_lines=tuple(line for line in lines if line),
        postal_code=fields.text(v, f"{field}.postal_code", pb.postal_code, max_length=20),
        city=fields.text(v, f"{field}.city", pb.city, max_length=100),
        administrative_area=fields.text(
            v, f"{field}.administrative_area", pb.administrative_area, max_length=100
        ),
        region_code=region,
        phone=fields.text(v, f"{field}.phone", pb.phone, max_length=50),
    )


def contact(v: Violations, field: str, pb: orders_pb2.Contact) -> Contact:
    return Contact(
        name=fields.text(v, f"{field}.name", pb.name),
        email=fields.text(v, f"{field}.email", pb.email, max_length=254),
        phone=fields.text(v, f"{field}.phone", pb.phone, max_length=50),
    )


def payment_method(v: Violations, field: str, number: int) -> PaymentMethod | None:
    name = fields.enum(v, field, number, orders_pb2.PaymentMethod, required=False)
    return PaymentMethod(name.removeprefix("PAYMENT_METHOD_")) if name else None


def states(v: Violations, field: str, numbers: Sequence[int]) -> tuple[State, ...]:
    names = [
        fields.enum(v, f"{field}[{index}]", number, orders_pb2.Order.State)
        for index, number in enumerate(numbers[:50])
    ]
    return tuple(sorted({State(name.removeprefix("STATE_")) for name in names if name}))


def quantity(v: Violations, field: str, value: int) -> int:
    return fields.integer(v, field, value, minimum=1, maximum=MAX_QUANTITY)


def line_references(
    v: Violations, field: str, pb: orders_pb2.LineInput
) -> dict[str, str | datetime.date | None]:
    """The customer's own fields of a line, by name."""
    return {
        "line_reference": fields.text(v, f"{field}.line_reference", pb.line_reference),
        "cost_centre": fields.text(v, f"{field}.cost_centre", pb.cost_centre),
        "requested_delivery_date": fields.date(
            v, f"{field}.requested_delivery_date", pb.requested_delivery_date
        ),
        "note": fields.text(v, f"{field}.note", pb.note, max_length=NOTE_LENGTH),
        "budget_code": fields.text(v, f"{field}.budget_code", pb.budget_code, max_length=50).upper(),
    }


def _line(v: Violations, field: str, pb: orders_pb2.LineInput) -> LineFields:
    variant_id = fields.identifier(v, f"{field}.variant_id", pb.variant_id, required=False)
    sku = fields.text(v, f"{field}.sku", pb.sku, max_length=100)
    if bool(pb.variant_id) == bool(pb.sku):
        v.add(field, "needs either variant_id or sku", "REQUIRED")
    date = fields.date(v, f"{field}.requested_delivery_date", pb.requested_delivery_date)
    return LineFields(
        quantity=quantity(v, f"{field}.quantity", pb.quantity),
        variant_id=variant_id,
        sku=sku,
        line_reference=fields.text(v, f"{field}.line_reference", pb.line_reference),
        cost_centre=fields.text(v, f"{field}.cost_centre", pb.cost_centre),
        requested_delivery_date=date,
        note=fields.text(v, f"{field}.note", pb.note, max_length=NOTE_LENGTH),
        budget_code=fields.text(v, f"{field}.budget_code", pb.budget_code, max_length=50).upper(),
    )


def lines(v: Violations, given: Sequence[orders_pb2.LineInput], *, required: bool) -> tuple[LineFields, ...]:
    if len(given) > MAX_LINES:
        v.add("lines", f"an order has at most {MAX_LINES} lines", "TOO_MANY")
        return ()
    if required and not given:
        v.add("lines", "is required", "REQUIRED")
    return tuple(_line(v, f"lines[{index}]", line) for index, line in enumerate(given))
