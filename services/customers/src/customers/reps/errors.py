"""Errors about representatives."""

from __future__ import annotations

from chassis.errors import AlreadyExists, NotFound


class RepresentativeNotFound(NotFound):
    reason = "REPRESENTATIVE_NOT_FOUND"

    def __init__(self, representative_id: object) -> None:
        super().__init__(
            f"There is no representative {representative_id}.", representative_id=representative_id
        )


class RepCodeTaken(AlreadyExists):
    reason = "REP_CODE_TAKEN"

    def __init__(self, rep_code: str) -> None:
        super().__init__(f"There is a representative {rep_code} already.", rep_code=rep_code)
