"""PricingService: quotes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.catalog.v1 import pricing_pb2, pricing_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog.accounts import Accounts
from catalog.pricing import requests
from catalog.pricing.quote import Quoter
from catalog.pricing.wire import quoted_to_proto
from chassis import access, context, fields
from chassis.access import Rule
from chassis.errors import Violations

SCOPE = "catalog.reserve"


def asked_by_service() -> bool:
    """A Commis service vouches for the facts it sends about the customer."""
    current = context.current()
    callers = (current.service, current.principal)
    return any(who is not None and who.kind == "SERVICE" and SCOPE in who.scopes for who in callers)


class PricingServicer(pricing_pb2_grpc.PricingServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "QuoteLines": access.any_of(access.anyone_signed_in(), access.services(SCOPE)),
    }

    def __init__(self, hot: AsyncEngine, quoter: Quoter, accounts: Accounts) -> None:
        self._hot = hot
        self._quoter = quoter
        self._accounts = accounts

    async def QuoteLines(
        self, request: pricing_pb2.QuoteLinesRequest, _context: Any
    ) -> pricing_pb2.QuoteLinesResponse:
        v = Violations()
        by_service = request.HasField("customer") and asked_by_service()
        lines = requests.lines(v, request.lines, may_agree=by_service)
        language = requests.language(v, request.language_code)
        as_of = fields.timestamp(v, "as_of_time", request.as_of_time)
        account_id = fields.identifier(v, "account_id", request.account_id, required=False)
        customer = requests.customer(v, request.customer) if by_service else None
        if request.HasField("customer") and not by_service:
            v.add("customer", "is only for services; name the account instead")
        v.raise_if_any()
        customer = customer or await self._accounts.get(account_id)
        clock = self._quoter.clock(as_of)
        quoted = await self._quoter.quote_in_parts(self._hot, customer, lines, clock)
        return pricing_pb2.QuoteLinesResponse(lines=[quoted_to_proto(line, language) for line in quoted])
