"""AssistedStatisticsService."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, ClassVar

from commis.orders.v1 import orders_pb2 as pb
from commis.orders.v1 import orders_pb2_grpc
from google.type import money_pb2

from chassis import access as rules
from chassis import fields
from chassis.access import Rule
from chassis.errors import Violations
from orders import wire
from orders.infrastructure import Infrastructure
from orders.statistics import use_cases
from orders.statistics.queries import Figures, Period
from orders.statistics.use_cases import CARE_PLATFORM, GetStatistics

_MAX_DAYS = 366


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
        period = _period(v, request)
        v.raise_if_any()
        assert community_id is not None
        assert period is not None
        command = GetStatistics(community_id, period, request.products)
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
                    amounts=_amounts(each.amounts),
                )
                for each in found.products
            ],
        )


def _period(v: Violations, request: pb.GetCommunityStatisticsRequest) -> Period | None:
    first, last = _day(v, "from_date", request), _day(v, "to_date", request)
    if first is None or last is None:
        return None
    if last < first:
        v.add("to_date", "must not lie before from_date", "OUT_OF_RANGE")
    elif (last - first).days >= _MAX_DAYS:
        v.add("to_date", f"must lie within {_MAX_DAYS} days of from_date", "OUT_OF_RANGE")
    return Period(first, last)


def _day(v: Violations, name: str, request: pb.GetCommunityStatisticsRequest) -> datetime.date | None:
    """Within the years that a period around it can be computed in."""
    given = getattr(request, name)
    day = fields.date(v, name, given)
    if day is None:
        if not (given.year or given.month or given.day):
            v.add(name, "is required", "REQUIRED")
    elif day.year > datetime.MAXYEAR - 1:
        v.add(name, "lies too far in the future", "OUT_OF_RANGE")
        return None
    return day


def _amounts(amounts: Mapping[str, int]) -> list[money_pb2.Money]:
    return [wire.amount(minor, currency) for currency, minor in sorted(amounts.items())]


def _figures(figures: Figures) -> pb.CommunityFigures:
    return pb.CommunityFigures(
        order_count=figures.orders,
        client_count=figures.clients,
        article_count=figures.articles,
        amounts=_amounts(figures.amounts),
    )
