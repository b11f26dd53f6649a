"""Errors about people and their credentials."""

from __future__ import annotations

from chassis.errors import AlreadyExists, FailedPrecondition, NotFound


class EmailTaken(AlreadyExists):
    reason = "EMAIL_TAKEN"

    def __init__(self) -> None:
        super().__init__("Somebody already signs in with this e-mail address.")


class PersonNotFound(NotFound):
    reason = "PERSON_NOT_FOUND"

    def __init__(self, person_id: object) -> None:
        super().__init__(f"There is no person {person_id}.", person_id=person_id)


class PersonAlreadyActive(FailedPrecondition):
    reason = "PERSON_ALREADY_ACTIVE"

    def __init__(self, person_id: object) -> None:
        super().__init__(f"Person {person_id} has set a password already.", person_id=person_id)


class LinkNotValid(FailedPrecondition):
    """Used, replaced by a newer one, expired, or never issued: the answer does not tell which."""

    reason = "LINK_NOT_VALID"

    def __init__(self) -> None:
        super().__init__("This link was used, replaced or has expired; ask for a new one.")
