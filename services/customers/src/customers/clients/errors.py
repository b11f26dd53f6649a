"""Errors about clients of communities."""

from __future__ import annotations

from chassis.errors import FailedPrecondition, NotFound


class ClientNotFound(NotFound):
    reason = "CLIENT_NOT_FOUND"

    def __init__(self, external_id: str) -> None:
        super().__init__(f"There is no client {external_id} of this platform.", external_id=external_id)


class ClientIdentityChanged(FailedPrecondition):
    """First and last name are both others than before: the id may have been given to somebody else, who must
    not inherit the account and its orders."""

    reason = "CLIENT_IDENTITY_CHANGED"

    def __init__(self, external_id: str) -> None:
        super().__init__(
            f"Client {external_id} has another first and last name now; close the client before its id is used"
            " for somebody else.",
            client_external_id=external_id,
        )
