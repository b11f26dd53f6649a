"""Spending control of a shared order follows the customer's side: who of it agreed, not who spoke last.

The sheet keeps the user with the lowest limit of those who had a part in what the customer's side agreed to. Somebody
with a higher one, or with none, takes that user's place by accepting the whole sheet; placing ends it.
"""

from __future__ import annotations

from collections.abc import Sequence

from orders.access import Caller
from orders.approval.domain import spender_of
from orders.ports import OrderingContext
from orders.shared.domain.sheet import SHEET, Change, Sheet


def takes_all(sheet: Sheet, caller: Caller, context: OrderingContext, currency: str) -> None:
    """The caller agrees to everything as it is now, whoever of its side did so before."""
    if caller.is_vendor or sheet.spender is None:
        return
    mine = spender_of(context)
    if mine is not None:
        mine = max(mine, sheet.spender, key=lambda each: each.allowance(currency))
    sheet.spender = mine


def takes_part(
    sheet: Sheet, changes: Sequence[Change], caller: Caller, context: OrderingContext, currency: str
) -> None:
    """The caller made these changes; a mere hand-over agrees to nothing."""
    mine = spender_of(context)
    if caller.is_vendor or mine is None or all((each.kind, each.item) == ("sent", SHEET) for each in changes):
        return
    if sheet.spender is not None:
        mine = min(mine, sheet.spender, key=lambda each: each.allowance(currency))
    sheet.spender = mine
