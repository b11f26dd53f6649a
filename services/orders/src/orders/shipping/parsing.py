"""Shipping methods in requests: every zone and band checked, all findings at once."""

from __future__ import annotations

from commis.orders.v1 import checkout_pb2 as pb
from google.type import money_pb2

from chassis import fields, money
from chassis.errors import Violations
from orders.shipping.domain import Band, Zone, compact

MAX_ZONES = 200
_MAX_ITEMS = 2000
_MAX_WEIGHT = 10**9
_MAX_AMOUNT = 10**12


def currency(v: Violations, field: str, value: str) -> str:
    try:
        money.exponent(value)
    except ValueError:
        v.add(field, "must be an ISO 4217 currency code", "UNKNOWN_CURRENCY")
    return value


def _amount(v: Violations, field: str, pb_money: money_pb2.Money, expected: str) -> int:
    amount = fields.money(v, field, pb_money, minimum=0)
    if amount is None:
        return 0
    if amount.currency != expected:
        v.add(field, "must be in the currency of the method", "CURRENCY_MISMATCH")
    if amount.minor > _MAX_AMOUNT:
        v.add(field, "is too large", "OUT_OF_RANGE")
        return 0
    return amount.minor


def _band(v: Violations, field: str, band: pb.ShippingBand, expected: str) -> Band:
    parsed = Band(
        price=_amount(v, f"{field}.price", band.price, expected),
        min_weight=fields.integer(
            v, f"{field}.min_weight_grams", band.min_weight_grams, minimum=0, maximum=_MAX_WEIGHT
        ),
        max_weight=fields.integer(
            v, f"{field}.max_weight_grams", band.max_weight_grams, minimum=0, maximum=_MAX_WEIGHT
        ),
        min_amount=_amount(v, f"{field}.min_amount", band.min_amount, expected)
        if band.HasField("min_amount")
        else 0,
        max_amount=_amount(v, f"{field}.max_amount", band.max_amount, expected)
        if band.HasField("max_amount")
        else 0,
    )
    if parsed.max_weight and parsed.max_weight <= parsed.min_weight:
        v.add(f"{field}.max_weight_grams", "must be above the minimum, or 0 for no limit", "OUT_OF_RANGE")
    if parsed.max_amount and parsed.max_amount <= parsed.min_amount:
        v.add(f"{field}.max_amount", "must be above the minimum, or absent for no limit", "OUT_OF_RANGE")
    return parsed


def zone(v: Violations, field: str, given: pb.ShippingZone, expected: str) -> Zone:
    if len(given.bands) + len(given.postal_prefixes) + len(given.region_codes) > _MAX_ITEMS:
        v.add(field, f"has at most {_MAX_ITEMS} countries, prefixes and bands", "TOO_MANY")
        return Zone((), ())
    if not given.region_codes:
        v.add(f"{field}.region_codes", "is required", "REQUIRED")
    if not given.bands and not given.HasField("free_from"):
        v.add(f"{field}.bands", "is required without a free-from amount", "REQUIRED")
    prefixes = [
        compact(fields.text(v, f"{field}.postal_prefixes[{index}]", prefix, required=True, max_length=12))
        for index, prefix in enumerate(given.postal_prefixes)
    ]
    return Zone(
        region_codes=tuple(
            fields.country(v, f"{field}.region_codes[{index}]", code)
            for index, code in enumerate(given.region_codes)
        ),
        bands=tuple(
            _band(v, f"{field}.bands[{index}]", band, expected) for index, band in enumerate(given.bands)
        ),
        postal_prefixes=tuple(prefix for prefix in prefixes if prefix),
        free_from=_amount(v, f"{field}.free_from", given.free_from, expected)
        if given.HasField("free_from")
        else None,
    )


def zones(v: Violations, field: str, given: pb.ShippingMethod) -> tuple[Zone, ...]:
    if len(given.zones) > MAX_ZONES:
        v.add(f"{field}.zones", f"has at most {MAX_ZONES} zones", "TOO_MANY")
        return ()
    return tuple(
        zone(v, f"{field}.zones[{index}]", each, given.currency_code)
        for index, each in enumerate(given.zones)
    )
