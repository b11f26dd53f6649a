"""The ports over real gRPC against servicers that answer as the neighbours' contracts say."""

import datetime
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from commis.catalog.v1 import pricing_pb2, pricing_pb2_grpc, stock_pb2, stock_pb2_grpc
from commis.common.v1 import common_pb2
from commis.customers.v1 import accounts_pb2, sessions_pb2, sessions_pb2_grpc
from commis.library.v1 import budgets_pb2, budgets_pb2_grpc
from google.type import date_pb2, decimal_pb2

from chassis import access, context
from chassis.context import Principal, Request
from chassis.errors import FailedPrecondition, FieldViolation, NotFound, RemoteError, Unavailable
from chassis.ids import new_id
from chassis.money import Money
from chassis.testing import grpc_server, issuer
from chassis.tokens import ServiceTokens
from orders.budget_client import LibraryClient
from orders.clients import CatalogClient, CustomersClient
from orders.domain.errors import AccountNotFound
from orders.domain.model import PricingCustomer
from orders.domain.parties import Assistance, Party
from orders.ports import BudgetNeed, WantedLine
from services.orders.tests.shop import eur

ACCOUNT = new_id()
TODAY = datetime.date(2026, 11, 21)


class Refuses(FailedPrecondition):
    reason = "ORDER_NOT_AUTHORIZED"


class NoAccount(NotFound):
    reason = "ACCOUNT_NOT_FOUND"


class NoPlatform(NotFound):
    reason = "CARE_PLATFORM_NOT_FOUND"


class Exceeded(FailedPrecondition):
    reason = "BUDGET_EXCEEDED"


class NoBudget(NotFound):
    reason = "BUDGET_NOT_FOUND"


@dataclass
class Neighbours:
    """All three in one process; `error` is raised by the next call, `seen` are the requests."""

    error: Exception | None = None
    answer: Any = None
    seen: list[Any] = field(default_factory=list)
    metadata: list[dict[str, str]] = field(default_factory=list)

    async def handle(self, request: Any, ctx: Any) -> Any:
        self.seen.append(request)
        self.metadata.append(dict(ctx.invocation_metadata()))
        if self.error is not None:
            raise self.error
        return self.answer

    def servicer(self, base: type, *rpcs: str) -> Any:
        members: dict[str, Any] = {name: lambda _, request, ctx: self.handle(request, ctx) for name in rpcs}
        members["RULES"] = dict.fromkeys((n for n in dir(base) if n[0].isupper()), access.anyone_signed_in())
        return type("Fake", (base,), members)()


@dataclass
class Wired:
    neighbours: Neighbours
    customers: CustomersClient
    catalog: CatalogClient
    library: LibraryClient


@pytest.fixture
async def wired() -> AsyncIterator[Wired]:
    made = Neighbours()
    s, p, t, b = sessions_pb2_grpc, pricing_pb2_grpc, stock_pb2_grpc, budgets_pb2_grpc
    access_servicer = made.servicer(
        s.AccessServiceServicer,
        "GetOrderingContext",
        "AuthorizeOrder",
        "ListVisibleAccounts",
        "GetPlatformAccess",
    )
    servicers = [
        (s.add_AccessServiceServicer_to_server, access_servicer, "commis.customers.v1.AccessService"),
        (
            p.add_PricingServiceServicer_to_server,
            made.servicer(p.PricingServiceServicer, "QuoteLines"),
            "commis.catalog.v1.PricingService",
        ),
        (
            t.add_ReservationServiceServicer_to_server,
            made.servicer(t.ReservationServiceServicer, "ReserveStock", "ReleaseStock"),
            "commis.catalog.v1.ReservationService",
        ),
        (
            b.add_BudgetHoldServiceServicer_to_server,
            made.servicer(b.BudgetHoldServiceServicer, "HoldBudgets", "ReleaseBudgets"),
            "commis.library.v1.BudgetHoldService",
        ),
        (
            b.add_BudgetServiceServicer_to_server,
            made.servicer(b.BudgetServiceServicer, "ListBudgets"),
            "commis.library.v1.BudgetService",
        ),
    ]
    person = Principal(ACCOUNT, "ACCOUNT", str(new_id()), "PERSON", channel="STOREFRONT")
    token = issuer.token(person)

    async def own() -> tuple[str, float]:
        return issuer.token(Principal("orders", "SERVICE", scopes=frozenset(("library.hold",)))), 600.0

    tokens = ServiceTokens(own)
    async with grpc_server(servicers, domain="elsewhere.commis") as running:
        signed = Principal(ACCOUNT, "ACCOUNT", person.actor_id, "PERSON", channel="STOREFRONT", token=token)
        with context.bind(Request("r1", principal=signed)):
            yield Wired(
                made,
                CustomersClient(running.channel, tokens),
                CatalogClient(running.channel, tokens),
                LibraryClient(running.channel, tokens),
            )


async def test_the_users_token_goes_on_and_our_own_beside_it(wired: Wired) -> None:
    wired.neighbours.answer = sessions_pb2.GetOrderingContextResponse(
        context=sessions_pb2.OrderingContext(
            account_id=str(ACCOUNT),
            display_name="Linde",
            language_code="fr",
            region_code="BE",
            groups=["T"],
            buyer_class=accounts_pb2.BUYER_CLASS_PUBLIC_LIBRARY,
            business=True,
            pay_later_allowed=True,
            contact_name="Lies",
            rep_code="REP01",
            actor=common_pb2.Party(kind=common_pb2.PARTY_KIND_REP, id="r", display_name="Robin"),
            billing_address=common_pb2.Address(city="Gent", street_lines=["a", "b"]),
        )
    )
    found = await wired.customers.ordering_context(ACCOUNT)
    assert (found.display_name, found.language, found.groups) == ("Linde", "fr", ("T",))
    assert (found.buyer_class, found.actor.kind, found.actor.name) == ("PUBLIC_LIBRARY", "REP", "Robin")
    assert found.billing.street_lines == ("a", "b")
    assert found.delivery.region_code == ""
    sent = wired.neighbours.metadata[0]
    assert sent["authorization"].startswith("Bearer ey")
    assert sent["x-commis-service"].startswith("Bearer ey")
    assert sent["authorization"] != sent["x-commis-service"]


@pytest.mark.spec("H-08", "H-11")
async def test_an_assisted_context_is_read_whole(wired: Wired) -> None:
    platform, community, residence = new_id(), new_id(), new_id()
    wired.neighbours.answer = sessions_pb2.AuthorizeOrderResponse(
        context=sessions_pb2.OrderingContext(
            account_id=str(ACCOUNT),
            assistance=common_pb2.Assistance(
                platform_id=str(platform),
                community_id=str(community),
                community_external_id="ter-linden",
                care_worker_id="w",
                care_worker_subject="w-1",
                client_external_id="c-1",
                session_id="s",
            ),
            community_name="Ter Linden",
            residence=common_pb2.Party(
                kind=common_pb2.PARTY_KIND_ACCOUNT, id=str(residence), display_name="vzw"
            ),
            residence_email="onthaal@terlinden.example",
            payment_methods=["MONTHLY_RESIDENCE"],
        ),
        payment_methods=["MONTHLY_RESIDENCE"],
    )
    answer = await wired.customers.authorize(new_id(), ACCOUNT, "MONTHLY_RESIDENCE")
    found = answer.context
    assert found is not None
    assert found.assistance == Assistance(platform, community, "ter-linden", "w-1", "c-1", "s")
    assert (found.community_name, found.residence) == ("Ter Linden", Party("ACCOUNT", str(residence), "vzw"))
    assert (found.residence_email, found.payment_methods) == (
        "onthaal@terlinden.example",
        ("MONTHLY_RESIDENCE",),
    )
    assert (found.role, found.spending_control) == ("", None)


@pytest.mark.spec("O-24")
async def test_a_users_role_and_limit_are_read(wired: Wired) -> None:
    control = sessions_pb2.SpendingControl(limit=eur("100.50"))
    for given, limit in ((control, Money(10050, "EUR")), (sessions_pb2.SpendingControl(), None)):
        wired.neighbours.answer = sessions_pb2.GetOrderingContextResponse(
            context=sessions_pb2.OrderingContext(
                account_id=str(ACCOUNT),
                spending_control=given,
                membership_role=accounts_pb2.Person.ROLE_USER,
            )
        )
        found = await wired.customers.ordering_context(ACCOUNT)
        assert (found.role, found.assistance, found.residence) == ("USER", None, None)
        assert found.spending_control is not None
        assert found.spending_control.limit == limit


@pytest.mark.spec("H-12")
async def test_a_platform_that_is_not_known_may_read_nothing(wired: Wired) -> None:
    community = new_id()
    wired.neighbours.answer = sessions_pb2.GetPlatformAccessResponse(
        platform_id=str(new_id()), community_ids=[str(community)], product_detail=True
    )
    found = await wired.customers.platform_access()
    assert (found.communities, found.product_detail) == (frozenset((community,)), True)
    wired.neighbours.error = NoPlatform("no")
    assert not (await wired.customers.platform_access()).communities
    wired.neighbours.error = Unavailable("away")
    with pytest.raises(RemoteError):
        await wired.customers.platform_access()


async def test_an_account_that_is_not_the_callers_does_not_exist(wired: Wired) -> None:
    wired.neighbours.error = NoAccount("no")
    with pytest.raises(AccountNotFound):
        await wired.customers.ordering_context(ACCOUNT)
    with pytest.raises(AccountNotFound):
        await wired.customers.authorize(new_id(), ACCOUNT, "CHEQUE")


async def test_what_customers_finds_is_told_in_our_words(wired: Wired) -> None:
    wired.neighbours.error = Refuses(
        "no",
        violations=[
            FieldViolation("payment_method", "must be one of CHEQUE", "PAYMENT_METHOD_NOT_ALLOWED"),
            FieldViolation("account_id", "the account is SUSPENDED", "ACCOUNT_NOT_ACTIVE"),
        ],
    )
    answer = await wired.customers.authorize(new_id(), ACCOUNT, "PAY_LATER")
    assert answer.context is None
    assert [each.reason for each in answer.findings] == ["PAYMENT_NOT_ALLOWED", "ACCOUNT_NOT_ACTIVE"]


def a_quoted(sku: str = "A", quantity: int = 1, available: int = 10, **fields: Any) -> pricing_pb2.QuotedLine:
    variant = str(new_id()) if "variant_id" not in fields else fields.pop("variant_id")
    return pricing_pb2.QuotedLine(
        line_id=f"line {sku}",
        variant_id=variant,
        product_id=str(new_id()),
        sku=sku,
        quantity=quantity,
        price=pricing_pb2.LinePrice(
            currency_code="EUR",
            unit_price=pricing_price("19.9555"),
            total=eur("19.96"),
            tax_rate_percent=decimal_pb2.Decimal(value="21"),
            tax_category="S",
            weight_grams=1200,
        ),
        availability=pricing_pb2.Availability(
            state=fields.pop("state", pricing_pb2.Availability.STATE_AVAILABLE),
            available_quantity=available,
            expected_date=date_pb2.Date(year=2026, month=12, day=1),
        ),
    )


def pricing_price(text: str) -> Any:
    units, _, rest = text.partition(".")
    price = eur("0")
    price.units, price.nanos = int(units), int(rest.ljust(9, "0"))
    return price


async def test_quotes_are_read_exactly_and_shortages_seen(wired: Wired) -> None:
    same = str(new_id())
    wired.neighbours.answer = pricing_pb2.QuoteLinesResponse(
        lines=[
            a_quoted("A"),
            a_quoted("B", quantity=6, variant_id=same),
            a_quoted("B", quantity=5, variant_id=same),
            a_quoted("C", quantity=9, available=0, state=pricing_pb2.Availability.STATE_BACKORDER),
            pricing_pb2.QuotedLine(
                line_id="line D", refusal=pricing_pb2.LineRefusal(reason="NO_PRICE", description="none")
            ),
        ]
    )
    asked = PricingCustomer(ACCOUNT, ("T",), "BE", "1000", "BUSINESS", True, "BE1")
    answers = await wired.catalog.quote(asked, [WantedLine("x", 1, sku="A")], "nl")
    quote = answers[0].quote
    assert quote is not None
    assert (quote.unit_price, quote.total, quote.tax_rate) == (Decimal("19.9555"), 1996, Decimal(21))
    assert (quote.weight_grams, quote.currency, quote.tax_inclusive) == (1200, "EUR", False)
    assert pricing_pb2.LinePrice.FromString(quote.price) == wired.neighbours.answer.lines[0].price
    reasons = [answer.refusal.reason if answer.refusal else "" for answer in answers]
    assert reasons == ["", "STOCK_SHORTAGE", "STOCK_SHORTAGE", "", "NO_PRICE"]
    assert answers[1].refusal is not None
    assert answers[1].refusal.description == "Not enough in stock. Available: 10. Expected: 2026-12-01."
    sent = wired.neighbours.seen[0]
    assert (sent.customer.region_code, sent.customer.vat_number, sent.lines[0].sku) == ("BE", "BE1", "A")


async def test_long_sheets_are_quoted_in_parts(wired: Wired) -> None:
    wired.neighbours.answer = pricing_pb2.QuoteLinesResponse(lines=[a_quoted()])
    lines = [WantedLine(str(number), 1, sku="A") for number in range(1500)]
    await wired.catalog.quote(PricingCustomer(ACCOUNT), lines, "nl")
    assert [len(request.lines) for request in wired.neighbours.seen] == [1000, 500]


@pytest.mark.spec("N-08")
async def test_an_agreed_price_is_passed_on_and_none_is_not(wired: Wired) -> None:
    wired.neighbours.answer = pricing_pb2.QuoteLinesResponse(lines=[a_quoted()])
    agreed = WantedLine("a", 1, sku="A", negotiated=Decimal("12.3456"), currency="EUR")
    await wired.catalog.quote(PricingCustomer(ACCOUNT), [agreed, WantedLine("b", 1, sku="B")], "nl")
    first, second = wired.neighbours.seen[0].lines
    money = first.negotiated_unit_price
    assert (money.currency_code, money.units, money.nanos) == ("EUR", 12, 345_600_000)
    assert not second.HasField("negotiated_unit_price")


async def test_a_reservation_tells_whether_it_holds(wired: Wired) -> None:
    wired.neighbours.answer = stock_pb2.ReserveStockResponse(lines=[a_quoted()], reserved=True)
    order_id, attempt = new_id(), new_id()
    wanted = [WantedLine("l", 2, variant_id=new_id())]
    answers, held = await wired.catalog.reserve(order_id, attempt, PricingCustomer(ACCOUNT), wanted, "nl")
    assert held
    assert answers[0].quote is not None
    sent = wired.neighbours.seen[0]
    assert (sent.order_id, sent.attempt_id, sent.lines[0].quantity) == (str(order_id), str(attempt), 2)
    wired.neighbours.answer = stock_pb2.ReleaseStockResponse()
    await wired.catalog.release(order_id, attempt)
    assert wired.neighbours.seen[1].attempt_id == str(attempt)


NEEDS = [
    BudgetNeed(0, new_id(), "FICTION", Money(1000, "EUR")),
    BudgetNeed(2, new_id(), "YOUTH", Money(500, "EUR")),
    BudgetNeed(3, new_id(), "FICTION", Money(250, "EUR")),
]


async def test_budgets_are_held_in_one_sum_per_code_and_refused_by_line(wired: Wired) -> None:
    wired.neighbours.answer = budgets_pb2.HoldBudgetsResponse()
    assert await wired.library.hold(new_id(), new_id(), ACCOUNT, TODAY, NEEDS) == ()
    sent = wired.neighbours.seen[0]
    assert [(each.budget_code, each.amount) for each in sent.amounts] == [
        ("FICTION", eur("12.50")),
        ("YOUTH", eur("5.00")),
    ]
    assert list(sent.amounts[0].line_ids) == [str(NEEDS[0].line_id), str(NEEDS[2].line_id)]
    assert sent.as_of_date == date_pb2.Date(year=2026, month=11, day=21)
    for error in (
        Exceeded("no", violations=[FieldViolation("amounts[0]", "remaining 1.00 EUR", "BUDGET_EXCEEDED")]),
        NoBudget("no", violations=[FieldViolation("amounts[0].budget_code", "unknown", "BUDGET_NOT_FOUND")]),
    ):
        wired.neighbours.error = error
        findings = await wired.library.hold(new_id(), new_id(), ACCOUNT, TODAY, NEEDS)
        assert [(each.field, each.reason) for each in findings] == [
            ("lines[0].budget_code", error.reason),
            ("lines[3].budget_code", error.reason),
        ]
    wired.neighbours.error = Unavailable("away")
    with pytest.raises(Exception, match="away"):
        await wired.library.hold(new_id(), new_id(), ACCOUNT, TODAY, NEEDS)


async def test_budgets_are_looked_at_without_holding(wired: Wired) -> None:
    def budget(code: str, remaining: str, overspending: Any) -> budgets_pb2.Budget:
        return budgets_pb2.Budget(code=code, remaining=eur(remaining), overspending=overspending)

    refuse, warn = budgets_pb2.Budget.OVERSPENDING_REFUSE, budgets_pb2.Budget.OVERSPENDING_WARN
    wired.neighbours.answer = budgets_pb2.ListBudgetsResponse(budgets=[budget("FICTION", "12.49", refuse)])
    findings = await wired.library.check(ACCOUNT, TODAY, NEEDS)
    assert [(each.field, each.reason) for each in findings] == [
        ("lines[0].budget_code", "BUDGET_EXCEEDED"),
        ("lines[2].budget_code", "BUDGET_NOT_FOUND"),
        ("lines[3].budget_code", "BUDGET_EXCEEDED"),
    ]
    wired.neighbours.answer.budgets[0].overspending = warn
    wired.neighbours.answer.budgets.append(budget("YOUTH", "5.00", refuse))
    assert await wired.library.check(ACCOUNT, TODAY, NEEDS) == ()


async def test_all_pages_of_visible_accounts_are_read(wired: Wired) -> None:
    wired.neighbours.answer = sessions_pb2.ListVisibleAccountsResponse(account_ids=[str(ACCOUNT)])
    assert await wired.customers.visible_accounts() == [ACCOUNT]
    wired.neighbours.answer = sessions_pb2.ListVisibleAccountsResponse(all=True)
    assert await wired.customers.visible_accounts() is None
