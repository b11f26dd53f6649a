"""Refusals of the shared order."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.errors import Aborted, FailedPrecondition, FieldViolation, InvalidArgument, NotFound


class SharedOrderNotFound(NotFound):
    """Also for one that the caller may not see, or that was not sent to the caller's side yet."""

    reason = "SHARED_ORDER_NOT_FOUND"

    def __init__(self, order_id: object) -> None:
        super().__init__(f"There is no shared order {order_id}.", order_id=order_id)


class RevisionNotFound(NotFound):
    reason = "REVISION_NOT_FOUND"

    def __init__(self, order_id: object, revision: int, current: int) -> None:
        super().__init__(
            f"Shared order {order_id} has no revision {revision} to show; it is at {current}.",
            order_id=order_id,
            revision=revision,
            current_revision=current,
        )


class SharedOrderState(FailedPrecondition):
    reason = "SHARED_ORDER_STATE"

    def __init__(self, order_id: object, state: str) -> None:
        super().__init__(
            f"Shared order {order_id} is {state}; nothing is negotiated any more.",
            order_id=order_id,
            state=state,
        )


class OfferExpired(FailedPrecondition):
    reason = "OFFER_EXPIRED"

    def __init__(self, order_id: object, expire_date: object) -> None:
        super().__init__(
            f"The offer of shared order {order_id} ended on {expire_date}; it can be sent again with a new date.",
            order_id=order_id,
            expire_date=expire_date,
        )


class FieldChanged(Aborted):
    """Somebody else changed the same field since the revision that the caller saw; each with its value now."""

    reason = "FIELD_CHANGED"

    def __init__(self, order_id: object, found: Sequence[FieldViolation], revision: int) -> None:
        names = ", ".join(violation.field for violation in found)
        super().__init__(
            f"Changed by somebody else meanwhile: {names}.",
            violations=found,
            order_id=order_id,
            fields=names,
            current_revision=revision,
        )


class TermsMoved(Aborted):
    """The terms are not those that the caller names; one violation per difference."""

    reason = "TERMS_MOVED"

    def __init__(self, order_id: object, found: Sequence[FieldViolation], revision: int) -> None:
        names = ", ".join(violation.field for violation in found)
        super().__init__(
            f"The terms are no longer those that were seen: {names}.",
            violations=found,
            order_id=order_id,
            fields=names,
            current_revision=revision,
        )


class BelowLegalFloor(InvalidArgument):
    """A price that the law does not allow, whoever agrees to it."""

    reason = "BELOW_LEGAL_FLOOR"

    def __init__(self, order_id: object, found: Sequence[FieldViolation]) -> None:
        names = ", ".join(violation.field for violation in found)
        super().__init__(
            f"Below what the law allows: {names}.", violations=found, order_id=order_id, fields=names
        )
