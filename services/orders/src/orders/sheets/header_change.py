"""Main fields in requests: what is given at creating, and what an update mask names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from commis.orders.v1 import entry_pb2, orders_pb2

from chassis import fields
from chassis.errors import Violations
from orders import parsing
from orders.sheets.domain import HeaderChange

_Message = orders_pb2.Order | orders_pb2.CreateOrderRequest | entry_pb2.OfflineOrder
_Parser = Callable[[Violations, str, Any], Any]


def _short(v: Violations, field: str, value: str) -> str:
    return fields.text(v, field, value)


def _note(v: Violations, field: str, value: str) -> str:
    return fields.text(v, field, value, max_length=parsing.NOTE_LENGTH)


def _code(v: Violations, field: str, value: str) -> str:
    return fields.text(v, field, value, max_length=50)


# Field of the message, field of Header, its check.
_FIELDS: dict[str, tuple[str, _Parser]] = {
    "order_reference": ("order_reference", _short),
    "cost_centre": ("cost_centre", _short),
    "note": ("note", _note),
    "billing_address": ("billing", parsing.address),
    "delivery_address": ("delivery", parsing.address),
    "contact": ("contact", parsing.contact),
    "shipping_method": ("shipping_method", _code),
    "payment_method": ("payment_method", parsing.payment_method),
    "taken_time": ("taken_time", fields.timestamp),
    "requested_delivery_date": ("requested_delivery_date", fields.date),
}
_MESSAGES = frozenset(
    ("billing_address", "delivery_address", "contact", "taken_time", "requested_delivery_date")
)
_PARTS = frozenset(("billing_address", "delivery_address", "contact"))
# May be named, and is never written.
_OUTPUT_ONLY = frozenset(orders_pb2.Order.DESCRIPTOR.fields_by_name) - frozenset(_FIELDS)


def _is_given(message: _Message, name: str) -> bool:
    return message.HasField(name) if name in _MESSAGES else bool(getattr(message, name))  # type: ignore[arg-type]


def given(v: Violations, message: _Message, prefix: str = "") -> HeaderChange:
    """The fields that are set; the others fill themselves or stay."""
    return _parsed(v, message, [name for name in _FIELDS if _is_given(message, name)], prefix)


def masked(v: Violations, order: orders_pb2.Order, paths: Iterable[str]) -> HeaderChange:
    """The fields an update mask names, parts of addresses and contact included; none: those that are set."""
    named = list(paths)
    if not named:
        return given(v, order, "order.")
    if "*" in named:
        return _parsed(v, order, list(_FIELDS), "order.")
    known = []
    for path in named[:200]:
        top, _, part = path.partition(".")
        sub = orders_pb2.Order.DESCRIPTOR.fields_by_name[top].message_type if top in _PARTS else None
        if path in _FIELDS or (sub is not None and part in sub.fields_by_name):
            known.append(path)
        elif top not in _OUTPUT_ONLY:
            v.add("update_mask", f"{path[:100]!r} is not a field that can be changed", "UNKNOWN_FIELD")
    return _parsed(v, order, known, "order.")


def _parsed(v: Violations, message: _Message, paths: list[str], prefix: str) -> HeaderChange:
    values: dict[str, Any] = {}
    for path in paths:
        top, _, part = path.partition(".")
        target, parse = _FIELDS[top]
        checked = Violations() if part else v
        value = parse(checked, prefix + top, getattr(message, top))
        if not part:
            values[target] = value
        elif not isinstance(values.get(target, {}), dict):
            continue  # the whole field is named as well
        else:
            values.setdefault(target, {})[part] = getattr(value, part)
            v.extend("", (found for found in checked if found.field.startswith(f"{prefix}{path}")))
    return HeaderChange(values)
