"""What a care platform may read about its communities, and staff about all."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis import context
from chassis.errors import NotFound
from orders.infrastructure import Infrastructure
from orders.statistics import queries
from orders.statistics.queries import CareWorker, Figures, Period, Product

CARE_PLATFORM = "CARE_PLATFORM"


class CommunityNotFound(NotFound):
    """Also for a community of somebody else."""

    reason = "COMMUNITY_NOT_FOUND"

    def __init__(self, community_id: object) -> None:
        super().__init__(f"There is no community {community_id}.", community_id=community_id)


@dataclass(frozen=True, slots=True)
class GetStatistics:
    community_id: UUID
    period: Period
    products: bool


@dataclass(frozen=True, slots=True)
class Statistics:
    total: Figures
    care_workers: list[CareWorker]
    products: list[Product]


async def get_statistics(infra: Infrastructure, cmd: GetStatistics) -> Statistics:
    """Products only as far as was configured for the platform. Staff may name any community; one without orders, or
    unknown, has no figures. Raises CommunityNotFound."""
    wants_products = cmd.products
    if context.principal().kind == CARE_PLATFORM:
        allowed = await infra.ports.customers.platform_access()
        if cmd.community_id not in allowed.communities:
            raise CommunityNotFound(cmd.community_id)
        wants_products = wants_products and allowed.product_detail
    total, workers = await queries.care_workers(infra.engine, cmd.community_id, cmd.period)
    products = await queries.products(infra.engine, cmd.community_id, cmd.period) if wants_products else []
    return Statistics(total, workers, products)
