"""Errors about addresses."""

from __future__ import annotations

from chassis.errors import FailedPrecondition, NotFound

MAX_ADDRESSES = 200


class AddressNotFound(NotFound):
    reason = "ADDRESS_NOT_FOUND"

    def __init__(self, address_id: object) -> None:
        super().__init__(f"There is no address {address_id} in this account.", address_id=address_id)


class TooManyAddresses(FailedPrecondition):
    reason = "TOO_MANY_ADDRESSES"

    def __init__(self) -> None:
        super().__init__(f"An account has at most {MAX_ADDRESSES} addresses.", maximum=MAX_ADDRESSES)
