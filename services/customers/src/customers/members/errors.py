"""Errors about the persons of an account."""

from __future__ import annotations

from chassis.errors import AlreadyExists, FailedPrecondition

MAX_MEMBERS = 1000


class AlreadyMember(AlreadyExists):
    reason = "ALREADY_MEMBER"

    def __init__(self, person_id: object) -> None:
        super().__init__("Somebody with this e-mail address is a member already.", person_id=person_id)


class NotABusiness(FailedPrecondition):
    """A consumer's account is one person's; only a business has several, and controls their spending."""

    reason = "NOT_A_BUSINESS"

    def __init__(self, account_id: object) -> None:
        super().__init__(f"Account {account_id} is not a business account.", account_id=account_id)


class TooManyMembers(FailedPrecondition):
    reason = "TOO_MANY_MEMBERS"

    def __init__(self) -> None:
        super().__init__(f"An account has at most {MAX_MEMBERS} members.", maximum=MAX_MEMBERS)
