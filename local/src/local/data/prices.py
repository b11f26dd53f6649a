"""Rows of the price import, and the three price lists of the demo."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from local.data import tables

PRICE_COLUMNS = ("price_list", "sku", "min_quantity", "amount", "currency", "valid_from", "valid_to")
_VALID_FROM = "2026-01-01"


def in_list(
    price_list: str,
    sku: str,
    amount: Decimal,
    *,
    min_quantity: int = 1,
    valid_from: str = _VALID_FROM,
    valid_to: str = "",
) -> tables.Row:
    """One step of a price; ``valid_to`` is the first day on which it no longer holds, empty for open."""
    return {
        "price_list": price_list,
        "sku": sku,
        "min_quantity": str(min_quantity),
        "amount": str(amount),
        "currency": "EUR",
        "valid_from": valid_from,
        "valid_to": valid_to,
    }


def net_of(gross: Decimal, rate_percent: Decimal) -> Decimal:
    """The unit price without tax, with the four decimals a unit price may have."""
    return (gross / (1 + rate_percent / 100)).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def reduced(amount: Decimal, percent: int) -> Decimal:
    """The amount less a percentage, to the cent."""
    return (amount * (100 - percent) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
