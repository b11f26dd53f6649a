"""RepresentativeStatisticsService."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.orders.v1 import entry_pb2 as pb
from commis.orders.v1 import entry_pb2_grpc

from chassis import access as rules
from chassis import fields, money, paging
from chassis.access import Rule
from chassis.errors import Violations
from orders import wire
from orders.infrastructure import Infrastructure
from orders.statistics import rep_queries, rep_use_cases
from orders.statistics.parsing import amounts, period
from orders.statistics.rep_queries import NamedFigures, RepFigures

_READERS = rules.any_of(rules.reps(), rules.staff("ORDER_DESK", "FINANCE"))


class RepresentativeStatisticsServicer(entry_pb2_grpc.RepresentativeStatisticsServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "GetRepresentativeStatistics": _READERS,
        "ListRepresentativeFigures": _READERS,
    }

    def __init__(self, infra: Infrastructure) -> None:
        self._infra = infra

    async def GetRepresentativeStatistics(
        self, request: pb.GetRepresentativeStatisticsRequest, ctx: Any
    ) -> pb.GetRepresentativeStatisticsResponse:
        v = Violations()
        wanted = fields.identifier(v, "representative_id", request.representative_id, required=False)
        days = period(v, request)
        v.raise_if_any()
        assert days is not None
        rep_id = await rep_use_cases.representative(self._infra, wanted)
        total, months = await rep_queries.figures(self._infra.engine, rep_id, days)
        return pb.GetRepresentativeStatisticsResponse(
            representative_id=str(rep_id),
            total=_figures(total),
            months=[
                pb.MonthFigures(month=wire.date(month), figures=_figures(each))
                for month, each in months.items()
            ],
        )

    async def ListRepresentativeFigures(
        self, request: pb.ListRepresentativeFiguresRequest, ctx: Any
    ) -> pb.ListRepresentativeFiguresResponse:
        v = Violations()
        wanted = fields.identifier(v, "representative_id", request.representative_id, required=False)
        days = period(v, request)
        by = fields.enum(v, "by", request.by, pb.ListRepresentativeFiguresRequest.By)
        currency = _currency(v, request.currency_code) or self._infra.currency
        v.raise_if_any()
        assert days is not None
        rep_id = await rep_use_cases.representative(self._infra, wanted)
        filters = {"rep": str(rep_id), "period": str(days), "by": by, "currency": currency}
        page = paging.decode(request.page_size, request.page_token, filters)
        if by == "BY_PRODUCT":
            found = await rep_queries.by_product(self._infra.engine, rep_id, days, currency, page)
        else:
            found = await rep_use_cases.by_account(self._infra, rep_id, days, currency, page)
        token = ""
        if len(found) > page.size:
            found = found[: page.size]
            token = paging.next_token((found[-1].amount, found[-1].id), filters)
        return pb.ListRepresentativeFiguresResponse(
            figures=[_named(each, currency) for each in found], next_page_token=token
        )


def _currency(v: Violations, code: str) -> str:
    if code:
        try:
            money.exponent(code)
        except ValueError:
            v.add("currency_code", "must be an ISO 4217 code")
    return code


def _figures(figures: RepFigures) -> pb.RepresentativeFigures:
    return pb.RepresentativeFigures(
        order_count=figures.orders,
        customer_count=figures.customers,
        article_count=figures.articles,
        amounts=amounts(figures.amounts),
    )


def _named(each: NamedFigures, currency: str) -> pb.NamedFigures:
    return pb.NamedFigures(
        id=str(each.id),
        display_name=each.name,
        order_count=each.orders,
        article_count=each.articles,
        amount=wire.amount(each.amount, currency),
    )
