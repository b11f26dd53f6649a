"""What a representative reads about its own orders, and staff about anybody's."""

from __future__ import annotations

from uuid import UUID

from chassis import context, ids
from chassis.errors import FieldViolation, InvalidFields, NotFound
from orders.domain.model import REP
from orders.infrastructure import Infrastructure


class RepresentativeNotFound(NotFound):
    """Also for somebody else."""

    reason = "REPRESENTATIVE_NOT_FOUND"

    def __init__(self, representative_id: object) -> None:
        message = f"There is no representative {representative_id}."
        super().__init__(message, representative_id=representative_id)


async def representative(infra: Infrastructure, wanted: UUID | None) -> UUID:
    """Whose figures the caller reads: a rep its own. Raises
    RepresentativeNotFound, InvalidFields when staff name none."""
    who = context.principal()
    own = ids.parse_id(str(who.subject)) if who.kind == REP else None
    rep_id = wanted or own
    if rep_id is None:
        raise InvalidFields([FieldViolation("representative_id", "is required", "REQUIRED")])
    if own not in (None, rep_id) or not await infra.ports.customers.is_representative(rep_id):
        raise RepresentativeNotFound(rep_id)
    return rep_id
