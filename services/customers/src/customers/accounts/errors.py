"""Errors about accounts."""

from __future__ import annotations

from chassis.errors import FailedPrecondition, NotFound, PermissionDenied


class AccountNotFound(NotFound):
    """Also the answer about an account that the caller may not see."""

    reason = "ACCOUNT_NOT_FOUND"

    def __init__(self, account_id: object) -> None:
        super().__init__(f"There is no account {account_id}.", account_id=account_id)


class ChangeNotAllowed(PermissionDenied):
    """The caller may see the account but not change these fields of it."""

    reason = "CHANGE_NOT_ALLOWED"

    def __init__(self, *fields: str) -> None:
        listed = ", ".join(sorted(fields))
        super().__init__(f"You may not change {listed}.", fields=listed)


class MemberNotFound(NotFound):
    """Also the answer about a person whom the caller may not see in the account."""

    reason = "MEMBER_NOT_FOUND"

    def __init__(self, person_id: object) -> None:
        super().__init__(f"There is no member {person_id} in the account.", person_id=person_id)


class LastAdministrator(FailedPrecondition):
    """Without an administrator nobody of the account could keep it, or invite one again."""

    reason = "LAST_ADMINISTRATOR"

    def __init__(self, account_id: object) -> None:
        super().__init__(
            f"Account {account_id} would be left without an administrator; make somebody else one first.",
            account_id=account_id,
        )


class AccountErased(FailedPrecondition):
    """Data protection: nothing may be written about somebody who was erased."""

    reason = "ACCOUNT_ERASED"

    def __init__(self, account_id: object) -> None:
        super().__init__(f"Account {account_id} was erased and stays closed.", account_id=account_id)
