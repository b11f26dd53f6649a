"""Price lists, prices and discount rows as they go over the wire, and requests turned into values."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from commis.catalog.v1 import pricing_pb2 as pb

from catalog.pricing.grid import NewRow, RowView
from catalog.pricing.history import Ladder
from catalog.pricing.lists import PriceListView
from catalog.pricing.queries import PriceView
from catalog.pricing.requests import MAX_PRICE, MAX_QUANTITY
from catalog.pricing.wire import date_to_proto, decimal_to_proto
from chassis import etag, fields, money
from chassis.errors import Violations

MAX_STEPS = 50
FIRST_DAY, LAST_DAY = datetime.date(1900, 1, 1), datetime.date(2999, 12, 31)
_USES = {name.removeprefix("DEFAULT_USE_"): number for name, number in pb.PriceList.DefaultUse.items()}


def list_to_proto(view: PriceListView) -> pb.PriceList:
    built = pb.PriceList(
        id=str(view.id),
        code=view.code,
        display_name=view.display_name,
        currency_code=view.currency_code,
        tax_inclusive=view.tax_inclusive,
        default_use=_USES[view.default_use],
        publisher_region_code=view.publisher_region_code,
        etag=etag.format(view.version),
    )
    built.create_time.FromDatetime(view.create_time)
    return built


def price_to_proto(view: PriceView) -> pb.Price:
    built = pb.Price(
        id=str(view.id),
        price_list_id=str(view.list_id),
        variant_id=str(view.variant_id),
        sku=view.sku,
        valid_from=date_to_proto(view.valid_from),
        valid_to=date_to_proto(view.valid_to),
        ladder=[
            pb.LadderStep(min_quantity=quantity, unit_price=money.price_to_proto(price, view.currency))
            for quantity, price in view.ladder
        ],
    )
    built.create_time.FromDatetime(view.create_time)
    return built


def row_to_proto(view: RowView) -> pb.DiscountRow:
    built = pb.DiscountRow(
        id=str(view.id),
        account_id=str(view.account_id or ""),
        group=view.group_name or "",
        variant_id=str(view.variant_id or ""),
        product_id=str(view.product_id or ""),
        category_id=str(view.category_id or ""),
        brand=view.brand or "",
        min_quantity=view.min_quantity,
        percent=decimal_to_proto(view.percent),
        valid_from=date_to_proto(view.valid_from),
        valid_to=date_to_proto(view.valid_to),
    )
    built.create_time.FromDatetime(view.create_time)
    return built


def currency(v: Violations, field: str, sent: str) -> str:
    try:
        money.exponent(sent)
    except ValueError:
        v.add(field, "must be an ISO 4217 currency code")
        return "EUR"
    return sent


def validity(
    v: Violations, path: str, begin: datetime.date | None, end: datetime.date | None
) -> tuple[datetime.date, datetime.date | None]:
    """A range [begin, end) of days between 1900 and 2999."""
    if begin is None:
        v.add(f"{path}valid_from", "is required", "REQUIRED")
        return FIRST_DAY, None
    if not FIRST_DAY <= begin <= LAST_DAY or (end is not None and end > LAST_DAY):
        v.add(f"{path}valid_from", f"and valid_to must be between {FIRST_DAY} and {LAST_DAY}", "OUT_OF_RANGE")
    elif end is not None and end <= begin:
        v.add(f"{path}valid_to", "must be after valid_from")
    return begin, end


def ladder(v: Violations, path: str, sent: Sequence[pb.LadderStep], currency_code: str) -> Ladder:
    """Ascending by quantity, the first at 1; prices of the list's currency with up to four decimals."""
    if not 1 <= len(sent) <= MAX_STEPS:
        v.add(path, f"must have 1 to {MAX_STEPS} steps", "OUT_OF_RANGE")
        return ()
    steps: list[tuple[int, Decimal]] = []
    for number, step in enumerate(sent):
        quantity = fields.integer(
            v, f"{path}[{number}].min_quantity", step.min_quantity, minimum=1, maximum=MAX_QUANTITY
        )
        steps.append((quantity, _unit_price(v, f"{path}[{number}].unit_price", step, currency_code)))
    quantities = [quantity for quantity, _ in steps]
    if quantities[0] != 1 or sorted(set(quantities)) != quantities:
        v.add(path, "must begin at quantity 1 and ascend")
    return tuple(steps)


def _unit_price(v: Violations, path: str, step: pb.LadderStep, currency_code: str) -> Decimal:
    try:
        price, sent_currency = money.price_from_proto(step.unit_price)
    except ValueError as error:
        v.add(path, str(error))
        return Decimal(0)
    if sent_currency != currency_code:
        v.add(f"{path}.currency_code", f"must be {currency_code} as the list", "CURRENCY_MISMATCH")
    if not 0 <= price <= MAX_PRICE:
        v.add(path, f"must be between 0 and {MAX_PRICE}", "OUT_OF_RANGE")
    return price


def selecting(v: Violations, field: str, sent: str, *, max_length: int = 200) -> str:
    """Empty selects nothing; what is given and blank would be taken for that, and select everything."""
    clean = fields.text(v, field, sent, max_length=max_length)
    if sent and not sent.strip():
        v.add(field, "must not be blank", "BLANK")
    return clean


def new_row(v: Violations, sent: pb.DiscountRow) -> NewRow:
    path = "discount_row."
    begin = fields.date(v, f"{path}valid_from", sent.valid_from)
    end = fields.date(v, f"{path}valid_to", sent.valid_to)
    valid_from, valid_to = validity(v, path, begin, end)
    if sum(map(bool, (sent.account_id, sent.group))) > 1:
        v.add("discount_row", "may name an account or a group, not both")
    if sum(map(bool, (sent.variant_id, sent.product_id, sent.category_id, sent.brand))) > 1:
        v.add("discount_row", "may name one of variant, product, category and brand")
    percent = fields.decimal(v, f"{path}percent", sent.percent, minimum=0, maximum=100, places=4)
    if sent.percent.value and percent == 0 and not any(found.field == f"{path}percent" for found in v):
        v.add(f"{path}percent", "must be greater than 0", "OUT_OF_RANGE")
    ids: dict[str, UUID | None] = {
        name: fields.identifier(v, f"{path}{name}", getattr(sent, name), required=False)
        for name in ("account_id", "variant_id", "product_id", "category_id")
    }
    return NewRow(
        **ids,
        group_name=selecting(v, f"{path}group", sent.group, max_length=100) or None,
        brand=selecting(v, f"{path}brand", sent.brand) or None,
        min_quantity=fields.integer(
            v, f"{path}min_quantity", sent.min_quantity or 1, minimum=1, maximum=MAX_QUANTITY
        ),
        percent=percent,
        valid_from=valid_from,
        valid_to=valid_to,
    )
