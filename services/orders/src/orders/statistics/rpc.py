"""AssistedStatisticsService."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.orders.v1 import orders_pb2 as pb
from commis.orders.v1 import orders_pb2_grpc

from chassis import access as rules
from chassis import fields
from chassis.access import Rule
from chassis.errors import Violations
from orders.infrastructure import Infrastructure
from orders.statistics import use_cases
from orders.statistics.parsing import amounts, period
from orders.statistics.queries import Figures
from orders.statistics.use_cases import CARE_PLATFORM, GetStatistics


class AssistedStatisticsServicer(orders_pb2_grpc.AssistedStatisticsServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "GetCommunityStatistics": rules.any_of(
            rules.of_kind(CARE_PLATFORM, "a care platform"), rules.staff("ORDER_DESK", "FINANCE")
        )
    }

    def __init__(self, infra: Infrastructure) -> None:
        self._infra = infra

    async def GetCommunityStatistics(
        self, request: pb.GetCommunityStatisticsRequest, ctx: Any
    ) -> pb.GetCommunityStatisticsResponse:
        v = Violations()
        community_id = fields.identifier(v, "community_id", request.community_id)
        days = period(v, request)
        v.raise_if_any()
        assert community_id is not None
        assert days is not None
        command = GetStatistics(community_id, days, request.products)
        found = await use_cases.get_statistics(self._infra, command)
        return pb.GetCommunityStatisticsResponse(
            community_id=request.community_id,
            total=_figures(found.total),
            care_workers=[
                pb.CareWorkerFigures(
                    care_worker_id=str(each.id),
                    care_worker_subject=each.subject,
                    figures=_figures(each.figures),
                )
                for each in found.care_workers
            ],
            products=[
                pb.ProductFigures(
                    product_id=str(each.id),
                    description=each.description,
                    article_count=each.articles,
                    amounts=amounts(each.amounts),
                )
                for each in found.products
            ],
        )


def _figures(figures: Figures) -> pb.CommunityFigures:
    return pb.CommunityFigures(
        order_count=figures.orders,
        client_count=figures.clients,
        article_count=figures.articles,
        amounts=amounts(figures.amounts),
    )
