"""Errors of the last word before placing."""

from __future__ import annotations

from collections.abc import Iterable

from chassis.errors import FailedPrecondition, FieldViolation


class OrderNotAuthorized(FailedPrecondition):
    """One violation per finding, all at once."""

    reason = "ORDER_NOT_AUTHORIZED"

    def __init__(self, account_id: object, violations: Iterable[FieldViolation]) -> None:
        super().__init__(
            f"Account {account_id} may not place this order.", violations=violations, account_id=account_id
        )
