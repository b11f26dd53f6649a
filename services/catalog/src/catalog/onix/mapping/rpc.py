"""OnixMappingService."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from commis.catalog.v1 import onix_pb2 as pb
from commis.catalog.v1 import onix_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import commands
from catalog.onix.mapping import store, wire
from catalog.onix.mapping.domain import PriceRule
from catalog.onix.reading import codes
from catalog.pricing.lists import PriceListView, find
from catalog.pricing.prices import PriceListNotFound
from catalog.products import categories
from chassis import access, etag
from chassis.access import Rule
from chassis.db import Sessions
from chassis.errors import Violations

_STAFF = access.staff("CATALOGUE")


class OnixMappingServicer(onix_pb2_grpc.OnixMappingServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = dict.fromkeys(("GetOnixMapping", "SetOnixMapping"), _STAFF)

    def __init__(self, sessions: Sessions, country: str) -> None:
        """`country` is the vendor's."""
        self._sessions = sessions
        self._country = country

    async def GetOnixMapping(
        self, _request: pb.GetOnixMappingRequest, _context: Any
    ) -> pb.GetOnixMappingResponse:
        async with self._sessions() as session:
            return pb.GetOnixMappingResponse(mapping=wire.to_proto(await store.read(session)))

    async def SetOnixMapping(
        self, request: pb.SetOnixMappingRequest, _context: Any
    ) -> pb.SetOnixMappingResponse:
        v = Violations()
        prices = wire.price_rules(v, request.mapping, self._country)
        subjects = wire.subject_rules(v, request.mapping)
        v.raise_if_any()

        async def work(session: AsyncSession) -> pb.SetOnixMappingResponse:
            etag.check("The ONIX mapping", request.etag, await store.lock(session) - 1)
            _check_lists(prices, await find(session, [rule.list_id for rule in prices]))
            await categories.check(session, [rule.category_id for rule in subjects])
            await store.replace(session, prices, subjects)
            return pb.SetOnixMappingResponse(mapping=wire.to_proto(await store.read(session)))

        return await commands.once(self._sessions, "SetOnixMapping", request, pb.SetOnixMappingResponse, work)


def _check_lists(prices: Sequence[PriceRule], lists: Sequence[PriceListView]) -> None:
    """A list has the currency and the tax of the prices it takes. Raises PriceListNotFound, INVALID_FIELDS."""
    known = {view.id: view for view in lists}
    v = Violations()
    for number, rule in enumerate(prices):
        view = known.get(rule.list_id)
        if view is None:
            raise PriceListNotFound(rule.list_id)
        path = f"mapping.price_rules[{number}]"
        if view.currency_code != rule.currency:
            v.add(f"{path}.currency_code", f"must be {view.currency_code} as the list", "CURRENCY_MISMATCH")
        if view.tax_inclusive != (rule.price_type in codes.PRICE_TYPES_WITH_TAX):
            included = "includes" if view.tax_inclusive else "excludes"
            v.add(
                f"{path}.price_type", f"must be one whose amount {included} tax as the list", "TAX_MISMATCH"
            )
    v.raise_if_any()
