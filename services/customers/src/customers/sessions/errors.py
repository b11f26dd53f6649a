"""Errors of signing in and of sessions."""

from __future__ import annotations

from chassis.errors import FailedPrecondition, NotFound, ResourceExhausted, Unauthenticated


class SignInFailed(Unauthenticated):
    """The same for an unknown e-mail, a wrong password and a person who may no longer sign in."""

    reason = "SIGN_IN_FAILED"

    def __init__(self) -> None:
        super().__init__("E-mail address and password do not match.")


class SignInThrottled(ResourceExhausted):
    reason = "SIGN_IN_THROTTLED"

    def __init__(self, retry_after: float) -> None:
        super().__init__("Too many attempts; try again later.", retry_after=retry_after)


class RefreshRefused(Unauthenticated):
    reason = "REFRESH_REFUSED"

    def __init__(self) -> None:
        super().__init__("The refresh token is not valid; sign in again.")


class SessionEnded(Unauthenticated):
    reason = "SESSION_ENDED"

    def __init__(self) -> None:
        super().__init__("This session has ended; sign in again.")


class TicketNotValid(Unauthenticated):
    """The same for a ticket that is unknown, used or too old, and when its session ended."""

    reason = "TICKET_NOT_VALID"

    def __init__(self) -> None:
        super().__init__("The ticket is not valid; ask for another one.")


class IdentityNotFound(NotFound):
    reason = "IDENTITY_NOT_FOUND"

    def __init__(self, identity_id: object) -> None:
        super().__init__(f"There is no identity {identity_id} to choose.", identity_id=identity_id)


class AccountNotActive(FailedPrecondition):
    reason = "ACCOUNT_NOT_ACTIVE"

    def __init__(self, account_id: object) -> None:
        super().__init__(f"Account {account_id} is not active.", account_id=account_id)
