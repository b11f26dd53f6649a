"""Customers and catalog over gRPC: translation and named errors only. Library is in `budget_client`."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from commis.catalog.v1 import (
    pricing_pb2,
    pricing_pb2_grpc,
    products_pb2,
    products_pb2_grpc,
    stock_pb2,
    stock_pb2_grpc,
)
from commis.customers.v1 import (
    representatives_pb2,
    representatives_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
)
from grpc.aio import Channel

from chassis import client
from chassis.errors import FieldViolation, RemoteError
from chassis.tokens import ServiceTokens
from orders import context_wire
from orders.domain.errors import AccountNotFound
from orders.domain.model import PricingCustomer
from orders.ports import (
    Authorization,
    CodeMatch,
    OrderingContext,
    PlatformAccess,
    QuotedLine,
    ResolvedCode,
    WantedLine,
)
from orders.pricing_wire import customer_to_proto, lines_to_proto, quoted, quoted_lines

# A release is a courtesy: holds that nobody releases end by themselves.
RELEASE_SECONDS = 2.0
# What catalog prices in one call.
_QUOTE_LINES = 1000
_CODES = 2000


class CustomersClient:
    def __init__(self, channel: Channel, tokens: ServiceTokens) -> None:
        self._stub = sessions_pb2_grpc.AccessServiceStub(channel)
        self._reps = representatives_pb2_grpc.RepresentativeServiceStub(channel)
        self._tokens = tokens

    async def ordering_context(self, account_id: UUID) -> OrderingContext:
        request = sessions_pb2.GetOrderingContextRequest(account_id=str(account_id))
        try:
            answer = await client.call(self._stub.GetOrderingContext, request, service=self._tokens)
        except RemoteError as error:
            raise _account_error(error, account_id) from error
        return context_wire.context(answer.context)

    async def authorize(self, order_id: UUID, account_id: UUID, payment_method: str) -> Authorization:
        request = sessions_pb2.AuthorizeOrderRequest(
            order_id=str(order_id), account_id=str(account_id), payment_method=payment_method
        )
        try:
            answer = await client.call(self._stub.AuthorizeOrder, request, service=self._tokens)
        except RemoteError as error:
            if error.reason == "ORDER_NOT_AUTHORIZED":
                return Authorization(None, findings=tuple(_finding(each) for each in error.violations))
            raise _account_error(error, account_id) from error
        return Authorization(context_wire.context(answer.context), tuple(answer.payment_methods))

    async def visible_accounts(self) -> list[UUID] | None:
        found: list[UUID] = []
        token = ""
        while True:
            request = sessions_pb2.ListVisibleAccountsRequest(page_size=200, page_token=token)
            answer = await client.call(self._stub.ListVisibleAccounts, request, service=self._tokens)
            if answer.all:
                return None
            found += [UUID(account_id) for account_id in answer.account_ids]
            token = answer.next_page_token
            if not token:
                return found

    async def platform_access(self) -> PlatformAccess:
        request = sessions_pb2.GetPlatformAccessRequest()
        try:
            answer = await client.call(self._stub.GetPlatformAccess, request, service=self._tokens)
        except RemoteError as error:
            if error.reason != "CARE_PLATFORM_NOT_FOUND":
                raise
            return PlatformAccess(frozenset(), product_detail=False)
        return PlatformAccess(frozenset(map(UUID, answer.community_ids)), answer.product_detail)

    async def is_representative(self, representative_id: UUID) -> bool:
        request = representatives_pb2.GetRepresentativeRequest(representative_id=str(representative_id))
        try:  # with the caller's own rights alone
            await client.call(self._reps.GetRepresentative, request)
        except RemoteError as error:
            if error.reason != "REPRESENTATIVE_NOT_FOUND":
                raise
            return False
        return True


def _finding(violation: FieldViolation) -> FieldViolation:
    """In the words of our own contract."""
    if violation.reason != "PAYMENT_METHOD_NOT_ALLOWED":
        return violation
    return FieldViolation(violation.field, violation.description, "PAYMENT_NOT_ALLOWED")


def _account_error(error: RemoteError, account_id: UUID) -> Exception:
    return AccountNotFound(account_id) if error.reason == "ACCOUNT_NOT_FOUND" else error


def _resolved(code: products_pb2.ResolvedCode) -> ResolvedCode:
    matches = tuple(
        CodeMatch(UUID(match.variant_id), match.sku, match.description, match.discontinued)
        for match in code.matches
    )
    return ResolvedCode(matches, code.read_as)


class CatalogClient:
    def __init__(self, channel: Channel, tokens: ServiceTokens) -> None:
        self._products = products_pb2_grpc.ProductServiceStub(channel)
        self._pricing = pricing_pb2_grpc.PricingServiceStub(channel)
        self._stock = stock_pb2_grpc.ReservationServiceStub(channel)
        self._tokens = tokens

    async def resolve(self, codes: Sequence[str], language: str) -> list[ResolvedCode]:
        found: list[ResolvedCode] = []
        for start in range(0, len(codes), _CODES):
            request = products_pb2.ResolveCodesRequest(
                codes=codes[start : start + _CODES], language_code=language
            )
            answer = await client.call(self._products.ResolveCodes, request, service=self._tokens)
            found += map(_resolved, answer.codes)
        return found

    async def quote(
        self, customer: PricingCustomer, lines: Sequence[WantedLine], language: str
    ) -> list[QuotedLine]:
        answers: list[pricing_pb2.QuotedLine] = []
        for start in range(0, len(lines), _QUOTE_LINES):
            request = pricing_pb2.QuoteLinesRequest(
                account_id=str(customer.account_id),
                customer=customer_to_proto(customer),
                lines=lines_to_proto(lines[start : start + _QUOTE_LINES]),
                language_code=language,
            )
            answer = await client.call(self._pricing.QuoteLines, request, service=self._tokens)
            answers += answer.lines
        return quoted_lines(answers)

    async def reserve(
        self,
        order_id: UUID,
        attempt_id: UUID,
        customer: PricingCustomer,
        lines: Sequence[WantedLine],
        language: str,
        *,
        amends: bool = False,
    ) -> tuple[list[QuotedLine], bool]:
        request = stock_pb2.ReserveStockRequest(
            order_id=str(order_id),
            attempt_id=str(attempt_id),
            customer=customer_to_proto(customer),
            lines=lines_to_proto(lines),
            language_code=language,
            amends=amends,
        )
        answer = await client.call(self._stock.ReserveStock, request, service=self._tokens)
        return [quoted(line) for line in answer.lines], answer.reserved

    async def release(self, order_id: UUID, attempt_id: UUID, *, amends: bool = False) -> None:
        reason = "not amended" if amends else "not placed"
        request = stock_pb2.ReleaseStockRequest(
            order_id=str(order_id), attempt_id=str(attempt_id), reason=reason, amends=amends
        )
        await client.call(self._stock.ReleaseStock, request, service=self._tokens, timeout=RELEASE_SECONDS)
