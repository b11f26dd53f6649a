"""Neighbours in memory: customers, a catalogue with stock and prices, budgets. They hold and release by attempt."""

from __future__ import annotations

import asyncio
import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from uuid import UUID, uuid5

from commis.catalog.v1 import pricing_pb2
from google.type import decimal_pb2

from chassis import context, money
from chassis.errors import FieldViolation, Unavailable
from chassis.ids import new_id
from orders.domain.errors import AccountNotFound
from orders.domain.model import Address, Contact, PaymentMethod, PricingCustomer, Quote
from orders.domain.parties import Assistance, Party
from orders.ports import (
    Authorization,
    BudgetNeed,
    CodeMatch,
    OrderingContext,
    PlatformAccess,
    QuotedLine,
    Refusal,
    ResolvedCode,
    SpendingControl,
    WantedLine,
)

_NAMESPACE = UUID("0199d0c2-5b7e-7c3a-9f00-000000000000")
BRUSSELS = Address(
    recipient="Boekhandel De Linde",
    street_lines=("Kerkstraat 12",),
    postal_code="1000",
    city="Brussel",
    region_code="BE",
)


@dataclass
class Article:
    sku: str
    price: Decimal
    rate: Decimal = Decimal(21)
    category: str = "S"
    weight: int = 500
    stock: int = 1_000_000
    tax_inclusive: bool = False
    currency: str = "EUR"
    discontinued: bool = False
    legal_cap: pricing_pb2.LegalCapProof | None = None
    floor: Decimal = Decimal(0)
    isbn: str = ""

    @property
    def id(self) -> UUID:
        return uuid5(_NAMESPACE, self.sku)


class FakeCustomers:
    """`roles`: of persons, where it is not what their token says; "" for somebody who was removed. `clients`: the
    community each client is in now. `controls`: spending control of users, by account."""

    def __init__(self) -> None:
        self.contexts: dict[UUID, OrderingContext] = {}
        self.reps: dict[UUID, set[str]] = {}
        self.names: dict[str, str] = {}
        self.findings: tuple[FieldViolation, ...] = ()
        self.roles: dict[str, str] = {}
        self.clients: dict[UUID, UUID] = {}
        self.controls: dict[UUID, SpendingControl] = {}
        self.platforms: dict[UUID, PlatformAccess] = {}
        self.down = False
        self.calls: Counter[str] = Counter()

    def add(self, account_id: UUID | None = None, **facts: object) -> UUID:
        account = account_id or new_id()
        made = OrderingContext(
            account_id=account,
            display_name="Boekhandel De Linde",
            language="nl",
            region_code="BE",
            groups=("TRADE",),
            buyer_class="BUSINESS",
            business=True,
            vat_number="BE0403170701",
            pay_later_allowed=True,
            billing=BRUSSELS,
            delivery=BRUSSELS,
            contact=Contact("Lies Peeters", "lies@linde.example"),
            actor=Party("PERSON", ""),
        )
        self.contexts[account] = replace(made, **facts)  # type: ignore[arg-type]
        self.reps[account] = set()
        return account

    def _context(self, account_id: UUID) -> OrderingContext:
        if self.down:
            raise Unavailable("customers is away")
        who = context.current().principal
        if who is None:  # a service asks for itself
            if account_id not in self.contexts:
                raise AccountNotFound(account_id)
            return self.contexts[account_id]
        kind, actor = who.effective_actor
        own = kind == "PERSON" and who.acts_for_account == account_id
        role = self.roles.get(actor, who.membership_role) if own else ""
        assigned = kind == "REP" and actor in self.reps.get(account_id, set())
        assistance = self._assistance(account_id) if kind == "CARE_WORKER" else None
        may = (own and role) or assigned or assistance or kind == "STAFF"
        if account_id not in self.contexts or not may:
            raise AccountNotFound(account_id)
        party = Party(kind, actor, self.names.get(actor, f"Name of {kind}"))
        found = replace(
            self.contexts[account_id],
            actor=party,
            rep_code="REP01" if kind == "REP" else "",
            role=role,
            spending_control=self.controls.get(account_id) if role == "USER" else None,
        )
        if assistance is None:  # agreed for assisted sessions only
            return replace(found, residence=None, residence_email="", payment_methods=())
        return replace(found, assistance=assistance, community_name="Residentie Ter Linden")

    def _assistance(self, account_id: UUID) -> Assistance | None:
        """As the token's session says, while the client is in that community."""
        who = context.principal()
        given = who.details
        if who.acts_for_account != account_id or str(self.clients.get(account_id)) != given["community"]:
            return None
        return Assistance(
            UUID(given["platform"]), UUID(given["community"]), given["community_external_id"],
            given["care_worker_subject"], given["client_external_id"], given["assisted"],
        )  # fmt: skip

    async def ordering_context(self, account_id: UUID) -> OrderingContext:
        self.calls["ordering_context"] += 1
        return self._context(account_id)

    async def authorize(self, order_id: UUID, account_id: UUID, payment_method: str) -> Authorization:
        self.calls["authorize"] += 1
        found = self._context(account_id)
        against = self.findings
        if not payment_method:
            against += (FieldViolation("payment_method", "is required", "REQUIRED"),)
        if against:
            return Authorization(None, findings=against)
        allowed = found.payment_methods if found.assistance is not None else tuple(PaymentMethod)
        if payment_method not in allowed:
            text = "was not agreed"
            return Authorization(
                None, findings=(FieldViolation("payment_method", text, "PAYMENT_NOT_ALLOWED"),)
            )
        return Authorization(found, tuple(allowed))

    async def visible_accounts(self) -> list[UUID] | None:
        _, actor = context.principal().effective_actor
        return [account for account, reps in self.reps.items() if actor in reps]

    async def platform_access(self) -> PlatformAccess:
        subject = context.principal().subject
        assert isinstance(subject, UUID)
        return self.platforms.get(subject, PlatformAccess(frozenset(), product_detail=False))

    async def is_representative(self, representative_id: UUID) -> bool:
        return any(str(representative_id) in assigned for assigned in self.reps.values())


@dataclass
class FakeCatalog:
    articles: dict[str, Article] = field(default_factory=dict)
    holds: dict[UUID, tuple[UUID, Counter[UUID]]] = field(default_factory=dict)
    released: dict[UUID, UUID] = field(default_factory=dict)
    amending: dict[UUID, UUID] = field(default_factory=dict)
    fail_reserve: Exception | None = None
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event | None = None
    calls: Counter[str] = field(default_factory=Counter)
    customers: list[PricingCustomer] = field(default_factory=list)

    def add(self, sku: str, price: str = "10.00", **facts: object) -> Article:
        made = Article(sku, Decimal(price), **facts)  # type: ignore[arg-type]
        self.articles[sku] = made
        return made

    def find(self, line: WantedLine) -> Article | None:
        for article in self.articles.values():
            if article.sku == line.sku or article.id == line.variant_id:
                return article
        return None

    def _answer(self, line: WantedLine, free: Counter[UUID]) -> QuotedLine:
        article = self.find(line)
        if article is None:
            return QuotedLine(line.line_id, None, Refusal("VARIANT_NOT_FOUND", "There is no such article."))
        if article.discontinued:
            return QuotedLine(line.line_id, None, Refusal("VARIANT_DISCONTINUED", "No longer sold."))
        free[article.id] -= line.quantity
        refusal = None
        if line.negotiated is not None and line.negotiated < article.floor:
            return QuotedLine(line.line_id, None, Refusal("BELOW_LEGAL_FLOOR", f"At least {article.floor}."))
        if free[article.id] < 0:
            left = max(0, free[article.id] + line.quantity)
            refusal = Refusal("STOCK_SHORTAGE", f"Not enough in stock. Available: {left}.")
        return QuotedLine(line.line_id, quote_of(article, line.quantity, line.negotiated), refusal)

    def _free(self, order_id: UUID | None = None) -> Counter[UUID]:
        free = Counter({article.id: article.stock for article in self.articles.values()})
        for holder, (_, held) in self.holds.items():
            if holder != order_id:
                free.subtract(held)
        return free

    async def resolve(self, codes: Sequence[str], language: str) -> list[ResolvedCode]:
        self.calls["resolve"] += 1
        return [self._resolved(code, code.replace("-", "").replace(" ", "")) for code in codes]

    def _resolved(self, code: str, bare: str) -> ResolvedCode:
        by_sku = [article for article in self.articles.values() if article.sku == code]
        by_isbn = [article for article in self.articles.values() if bare and article.isbn == bare]
        matches = tuple(
            CodeMatch(article.id, article.sku, f"Article {article.sku}", article.discontinued)
            for article in by_sku or by_isbn
        )
        return ResolvedCode(matches, bare if matches and bare != code else "")

    async def quote(
        self, customer: PricingCustomer, lines: Sequence[WantedLine], language: str
    ) -> list[QuotedLine]:
        self.calls["quote"] += 1
        self.customers.append(customer)
        free = self._free()
        return [self._answer(line, free) for line in lines]

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
        self.calls["reserve"] += 1
        self.customers.append(customer)
        self.entered.set()
        if self.gate is not None:
            await self.gate.wait()
        await asyncio.sleep(0)
        if self.fail_reserve is not None:
            raise self.fail_reserve
        free = self._free(order_id)
        answers = [self._answer(line, free) for line in lines]
        if any(answer.refusal for answer in answers):
            return answers, False
        held: Counter[UUID] = Counter()
        for line, answer in zip(lines, answers, strict=True):
            assert answer.quote is not None
            held[answer.quote.variant_id] += line.quantity
        if amends:
            assert order_id in self.holds, "the order has something"
            self.amending[order_id] = attempt_id
            return answers, True
        self.holds[order_id] = (attempt_id, held)
        return answers, True

    async def release(self, order_id: UUID, attempt_id: UUID, *, amends: bool = False) -> None:
        self.calls["release"] += 1
        if amends:
            self.amending.pop(order_id, None)
            return
        self.released[order_id] = attempt_id
        if order_id in self.holds and self.holds[order_id][0] <= attempt_id:
            del self.holds[order_id]

    def held(self, article: Article) -> int:
        return sum(held[article.id] for _, held in self.holds.values())


def quote_of(article: Article, quantity: int, negotiated: Decimal | None = None) -> Quote:
    kinds = pricing_pb2.PriceTraceStep
    kind = kinds.KIND_PRICE_LIST if negotiated is None else kinds.KIND_NEGOTIATED
    word = "list" if negotiated is None else "agreed"
    unit_price = article.price if negotiated is None else negotiated
    total = money.line_total(unit_price, quantity, Decimal(0), article.currency)
    price = pricing_pb2.LinePrice(
        currency_code=article.currency,
        tax_inclusive=article.tax_inclusive,
        unit_price=money.price_to_proto(unit_price, article.currency),
        total=money.to_proto(total),
        tax_rate_percent=decimal_pb2.Decimal(value=str(article.rate)),
        tax_category=article.category,
        weight_grams=article.weight,
        legal_cap=article.legal_cap,
        trace=[
            pricing_pb2.PriceTraceStep(kind=kind, description=f"{word} price of {article.sku}"),
        ],
    )
    availability = pricing_pb2.Availability(
        state=pricing_pb2.Availability.STATE_AVAILABLE, available_quantity=article.stock
    )
    return Quote(
        variant_id=article.id,
        product_id=article.id,
        sku=article.sku,
        description=f"Article {article.sku}",
        currency=article.currency,
        tax_inclusive=article.tax_inclusive,
        unit_price=unit_price,
        total=total.minor,
        tax_rate=article.rate,
        tax_category=article.category,
        weight_grams=article.weight,
        price=price.SerializeToString(),
        availability=availability.SerializeToString(),
    )


@dataclass
class FakeLibrary:
    """Remaining minor units by budget code."""

    budgets: dict[str, int] = field(default_factory=dict)
    holds: dict[UUID, tuple[UUID, Counter[str]]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    days: list[datetime.date] = field(default_factory=list)

    def _findings(self, order_id: UUID | None, needs: Sequence[BudgetNeed]) -> tuple[FieldViolation, ...]:
        needed: Counter[str] = Counter()
        for need in needs:
            needed[need.budget_code] += need.amount.minor
        taken: Counter[str] = Counter()
        for holder, (_, held) in self.holds.items():
            if holder != order_id:
                taken.update(held)
        return tuple(
            FieldViolation(f"lines[{need.line}].budget_code", "not enough left", "BUDGET_EXCEEDED")
            for need in needs
            if self.budgets.get(need.budget_code, 0) - taken[need.budget_code] < needed[need.budget_code]
        )

    async def hold(
        self,
        order_id: UUID,
        attempt_id: UUID,
        account_id: UUID,
        as_of: datetime.date,
        needs: Sequence[BudgetNeed],
        *,
        amends: bool = False,
    ) -> tuple[FieldViolation, ...]:
        self.calls["hold"] += 1
        self.days.append(as_of)
        found = self._findings(order_id, needs)
        if not found and not amends:
            held: Counter[str] = Counter()
            for need in needs:
                held[need.budget_code] += need.amount.minor
            self.holds[order_id] = (attempt_id, held)
        return found

    async def check(
        self, account_id: UUID, as_of: datetime.date, needs: Sequence[BudgetNeed]
    ) -> tuple[FieldViolation, ...]:
        self.calls["check"] += 1
        return self._findings(None, needs)

    async def release(self, order_id: UUID, attempt_id: UUID, *, amends: bool = False) -> None:
        self.calls["release"] += 1
        if not amends and order_id in self.holds and self.holds[order_id][0] <= attempt_id:
            del self.holds[order_id]
