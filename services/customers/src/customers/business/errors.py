"""Errors about business profiles and requests for one."""

from __future__ import annotations

from collections.abc import Iterable

from chassis.errors import AlreadyExists, FailedPrecondition, NotFound


class RegistrationClosed(FailedPrecondition):
    """The vendor has not opened self-registration (CUSTOMERS_SELF_REGISTRATION)."""

    reason = "REGISTRATION_CLOSED"

    def __init__(self) -> None:
        super().__init__("Business profiles are given by the vendor only; self-registration is closed.")


class BusinessProfileExists(AlreadyExists):
    """Approved, or waiting for the vendor's decision."""

    reason = "BUSINESS_PROFILE_EXISTS"

    def __init__(self, account_id: object, state: str) -> None:
        super().__init__(
            f"Account {account_id} has a business profile that is {state}.",
            account_id=account_id,
            state=state,
        )


class BusinessProfileNotFound(NotFound):
    reason = "BUSINESS_PROFILE_NOT_FOUND"

    def __init__(self, account_id: object) -> None:
        super().__init__(f"Account {account_id} has no business profile.", account_id=account_id)


class BusinessRequestNotFound(NotFound):
    """Also the answer about a request that the caller may not see, and about a message that is not of it."""

    reason = "BUSINESS_REQUEST_NOT_FOUND"

    def __init__(self, request_id: object) -> None:
        super().__init__(f"There is no business request {request_id}.", business_request_id=request_id)


class BusinessRequestState(FailedPrecondition):
    reason = "BUSINESS_REQUEST_STATE"

    def __init__(self, request_id: object, state: str, allowed: Iterable[str]) -> None:
        listed = ", ".join(sorted(allowed))
        super().__init__(
            f"Business request {request_id} is {state}; this is possible while it is {listed}.",
            business_request_id=request_id,
            state=state,
            allowed_states=listed,
        )


class ReceiptNotFound(NotFound):
    reason = "RECEIPT_NOT_FOUND"

    def __init__(self, receipt_id: object) -> None:
        super().__init__(f"There is no receipt {receipt_id} to mail.", receipt_id=receipt_id)
