"""Commands of shared orders in requests: each check adds to `v` and gives a harmless default."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from commis.orders.v1 import shared_orders_pb2 as pb
from google.type import money_pb2

from chassis import fields, ids, money
from chassis.errors import Violations
from chassis.ids import new_id
from orders import parsing
from orders.domain.model import MAX_LINES
from orders.shared.domain.items import HEADER
from orders.shared.domain.proposing import HeaderWish, LineWish
from orders.shared.domain.terms import Mark, PaymentChoice, Side
from orders.shared.use_cases import Accepting

_NOTHING_ID = UUID(int=0)
# Per unit; far below what totals can hold with the largest quantity.
_MAX_PRICE = Decimal(10_000_000)
MESSAGE_LENGTH = 2000
REASON_LENGTH = 500


def order_id(v: Violations, value: str) -> UUID:
    return fields.identifier(v, "order_id", value) or _NOTHING_ID


def revision(v: Violations, value: int) -> int:
    if value < 0:
        v.add("revision", "must not be negative", "OUT_OF_RANGE")
    return value


def side(v: Violations, field: str, number: int) -> Side | None:
    name = fields.enum(v, field, number, pb.Side, required=False)
    return Side(name.removeprefix("SIDE_")) if name else None


def _price(v: Violations, field: str, given: money_pb2.Money) -> Decimal | None:
    if not given.currency_code:
        v.add(f"{field}.currency_code", "is required", "REQUIRED")
        return None
    try:
        price, _ = money.price_from_proto(given)
    except ValueError as error:
        v.add(field, str(error))
        return None
    if not 0 <= price <= _MAX_PRICE:
        v.add(field, f"must be between 0 and {_MAX_PRICE}", "OUT_OF_RANGE")
        return None
    return price


def line(v: Violations, path: str, given: pb.LineProposal) -> tuple[LineWish, str]:
    """With the currency of its negotiated price, "" without one."""
    line_id = fields.identifier(v, f"{path}.line_id", given.line_id, required=False)
    variant_id = fields.identifier(v, f"{path}.variant_id", given.variant_id, required=False)
    sku = fields.text(v, f"{path}.sku", given.sku, max_length=100)
    new = not given.line_id
    if given.variant_id and given.sku:
        v.add(path, "needs either variant_id or sku, not both", "INVALID")
    if new and not (given.variant_id or given.sku):
        v.add(path, "a new line needs variant_id or sku", "REQUIRED")
    if new and not given.HasField("quantity"):
        v.add(f"{path}.quantity", "is required", "REQUIRED")
    if given.HasField("unit_price") and given.list_price:
        v.add(f"{path}.list_price", "excludes a negotiated unit_price", "INVALID")
    if new and given.removed:
        v.add(f"{path}.removed", "a new line cannot be removed", "INVALID")
    price = _price(v, f"{path}.unit_price", given.unit_price) if given.HasField("unit_price") else None
    wish = LineWish(
        path=path,
        id=line_id or new_id(),
        new=new,
        article=variant_id or sku or None,
        values=_values(v, path, given),
        price=price,
        list_price=given.list_price and not new,
        references=_references(v, path, given),
    )
    return wish, given.unit_price.currency_code if price is not None else ""


def _values(v: Violations, path: str, given: pb.LineProposal) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if given.HasField("quantity"):
        found["quantity"] = parsing.quantity(v, f"{path}.quantity", given.quantity)
    if given.HasField("delivery_date"):
        found["delivery_date"] = fields.date(v, f"{path}.delivery_date", given.delivery_date)
    mark = fields.enum(v, f"{path}.mark", given.mark, pb.LineTerms.Mark, required=False)
    if mark:
        found["mark"] = Mark(mark.removeprefix("MARK_"))
    if given.HasField("removed"):
        found["removed"] = given.removed
    return found


def _references(v: Violations, path: str, given: pb.LineProposal) -> dict[str, Any]:
    lengths = {"line_reference": 200, "cost_centre": 200, "note": parsing.NOTE_LENGTH, "budget_code": 50}
    found = {
        name: fields.text(v, f"{path}.{name}", getattr(given, name), max_length=length)
        for name, length in lengths.items()
        if given.HasField(name)  # type: ignore[arg-type]
    }
    return found | ({"budget_code": found["budget_code"].upper()} if "budget_code" in found else {})


def lines(v: Violations, given: Sequence[pb.LineProposal]) -> tuple[list[LineWish], set[str]]:
    """And the currencies that prices are named in."""
    if len(given) > MAX_LINES:
        v.add("lines", f"an order has at most {MAX_LINES} lines", "TOO_MANY")
        return [], set()
    found = [line(v, f"lines[{index}]", each) for index, each in enumerate(given)]
    return [wish for wish, _ in found], {currency for _, currency in found if currency}


def header(v: Violations, given: pb.HeaderProposal) -> HeaderWish:
    values: dict[str, Any] = {}
    for name in ("delivery_address", "billing_address"):
        if given.HasField(name):
            values[name] = parsing.address(v, f"header.{name}", getattr(given, name))
    if given.HasField("shipping_method"):
        values["shipping_method"] = fields.text(
            v, "header.shipping_method", given.shipping_method, max_length=50
        )
    method = parsing.payment_method(v, "header.payment_method", given.payment_method)
    if method is not None:
        values["payment_method"] = PaymentChoice(method)
    references: dict[str, Any] = {}
    if given.HasField("contact"):
        references["contact"] = parsing.contact(v, "header.contact", given.contact)
    for name, length in (("order_reference", 200), ("cost_centre", 200), ("note", parsing.NOTE_LENGTH)):
        if given.HasField(name):  # type: ignore[arg-type]
            references[name] = fields.text(v, f"header.{name}", getattr(given, name), max_length=length)
    return HeaderWish(values, references)


def keys(v: Violations, given: Sequence[str]) -> list[str]:
    """Ids of lines, "header"."""
    if len(given) > MAX_LINES + 1:
        v.add("line_ids", f"has at most {MAX_LINES + 1} ids", "TOO_MANY")
        return []
    for index, each in enumerate(given):
        if each != HEADER and ids.parse_id(each) is None:
            v.add(f"line_ids[{index}]", 'must be a UUID in canonical lower-case text, or "header"')
    return list(given)


def accepting(v: Violations, given: pb.AcceptChangesRequest) -> Accepting:
    if len(given.terms) > MAX_LINES + 1:
        v.add("terms", f"has at most {MAX_LINES + 1} terms", "TOO_MANY")
        return Accepting()
    if bool(given.terms) == bool(given.hash):
        v.add("terms", "names the accepted terms, or hash those of the whole sheet", "REQUIRED")
    named: dict[str, str] = {}
    for index, each in enumerate(given.terms):
        path = f"terms[{index}]"
        if each.line_id != HEADER and ids.parse_id(each.line_id) is None:
            v.add(f"{path}.line_id", 'must be a UUID in canonical lower-case text, or "header"')
        elif each.line_id in named:
            v.add(f"{path}.line_id", "is named twice", "REPEATED")
        named[each.line_id] = fields.text(v, f"{path}.hash", each.hash, required=True, max_length=64)
    version = fields.text(v, "terms_version", given.terms_version, max_length=100)
    hash_ = fields.text(v, "terms_hash", given.terms_hash, max_length=100)
    if bool(version) != bool(hash_):
        v.add("terms_hash" if version else "terms_version", "is required with the other", "REQUIRED")
    return Accepting(named, fields.text(v, "hash", given.hash, max_length=64), version, hash_)
