"""What a representative reads about its own orders, and staff about anybody's."""

from __future__ import annotations

from uuid import UUID

from chassis import context, ids
from chassis.errors import FieldViolation, InvalidFields, NotFound
from chassis.paging import Page
from orders.domain.model import REP
from orders.infrastructure import Infrastructure
from orders.statistics import rep_queries
from orders.statistics.queries import Period
from orders.statistics.rep_queries import NamedFigures


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


async def by_account(
    infra: Infrastructure, rep_id: UUID, period: Period, currency: str, page: Page
) -> list[NamedFigures]:
    """A rep is told of the accounts that are its own now; an account that it lost only counts in its totals."""
    theirs = await infra.ports.customers.visible_accounts() if context.principal().kind == REP else None
    return await rep_queries.by_account(infra.engine, rep_id, period, currency, page, theirs)
