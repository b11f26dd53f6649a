"""Errors about staff."""

from __future__ import annotations

from chassis.errors import FailedPrecondition, NotFound


class StaffMemberNotFound(NotFound):
    reason = "STAFF_MEMBER_NOT_FOUND"

    def __init__(self, staff_member_id: object) -> None:
        super().__init__(f"There is no staff member {staff_member_id}.", staff_member_id=staff_member_id)


class LastAdmin(FailedPrecondition):
    """Without an active ADMIN nobody could give anybody a role again."""

    reason = "LAST_ADMIN"

    def __init__(self) -> None:
        super().__init__("The last active ADMIN cannot be deactivated or lose the role.")
