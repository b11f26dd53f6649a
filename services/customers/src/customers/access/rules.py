"""Which payment methods an account may use now, and what stands against an order of it."""

from __future__ import annotations

from collections.abc import Iterable

from chassis.errors import FieldViolation
from customers.platforms.models import MONTHLY_RESIDENCE

ALWAYS = ("BANK_TRANSFER", "CHEQUE", "CASH_ON_DELIVERY")
PAY_LATER = "PAY_LATER"
ELECTRONIC = "ELECTRONIC"


def payment_methods(*, pay_later_allowed: bool, by_customer: bool) -> list[str]:
    """Paying later is for approved business accounts to which the vendor gave it.

    Electronic payment is for the account's own people: nobody who acts for them may see payment data. Whether there
    is a provider, orders knows."""
    later = [PAY_LATER] if pay_later_allowed else []
    return [*ALWAYS, *later, *([ELECTRONIC] if by_customer else [])]


def assisted_methods(agreed: Iterable[str], *, residence_active: bool) -> list[str]:
    """What was agreed for the client or the community, as far as it is possible now, and nothing else: monthly
    billing needs a residence that can be billed. An electronic payment is made by a link that is mailed to the
    client, so that the care worker sees nothing of it."""
    possible = {PAY_LATER, ELECTRONIC, *([MONTHLY_RESIDENCE] if residence_active else [])}
    return [
        method for method in (MONTHLY_RESIDENCE, PAY_LATER, ELECTRONIC) if method in possible & set(agreed)
    ]


def findings(account_state: str, payment_method: str, allowed: list[str]) -> list[FieldViolation]:
    """Everything that stands against placing; empty when nothing does."""
    found = []
    if account_state != "ACTIVE":
        found.append(FieldViolation("account_id", f"the account is {account_state}", "ACCOUNT_NOT_ACTIVE"))
    if not payment_method:
        found.append(FieldViolation("payment_method", "is required", "REQUIRED"))
    elif payment_method not in allowed:
        found.append(
            FieldViolation(
                "payment_method", f"must be one of {', '.join(allowed)}", "PAYMENT_METHOD_NOT_ALLOWED"
            )
        )
    return found
