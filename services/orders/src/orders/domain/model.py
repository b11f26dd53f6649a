"""The order as a value: what was asked, for whom, at which prices, in which state."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from orders.domain.parties import Approval, Parties, Party
from orders.domain.states import FulfilmentState, PaymentState, State
from orders.domain.totals import Totals

REP = "REP"
CARE_WORKER = "CARE_WORKER"
# They never see payment data, so online payment is not theirs to choose.
VENDOR_SIDE = frozenset((REP, "STAFF"))
MAX_LINES = 2000
MAX_QUANTITY = 100_000


class PaymentMethod(StrEnum):
    PAY_LATER = "PAY_LATER"
    MONTHLY_RESIDENCE = "MONTHLY_RESIDENCE"
    BANK_TRANSFER = "BANK_TRANSFER"
    CHEQUE = "CHEQUE"
    CASH_ON_DELIVERY = "CASH_ON_DELIVERY"
    ELECTRONIC = "ELECTRONIC"


@dataclass(frozen=True, slots=True)
class Address:
    recipient: str = ""
    company: str = ""
    street_lines: tuple[str, ...] = ()
    postal_code: str = ""
    city: str = ""
    administrative_area: str = ""
    region_code: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    name: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class PricingCustomer:
    """For whom prices were asked; kept with the sheet, so that a change of these facts shows."""

    account_id: UUID
    groups: tuple[str, ...] = ()
    region_code: str = ""
    postal_code: str = ""
    buyer_class: str = ""
    business: bool = False
    vat_number: str = ""


@dataclass(slots=True)
class Header:
    """The main fields. `payment_actor` is the kind of actor that chose the payment method."""

    language: str = "en"
    order_reference: str = ""
    cost_centre: str = ""
    note: str = ""
    billing: Address = field(default_factory=Address)
    delivery: Address = field(default_factory=Address)
    contact: Contact = field(default_factory=Contact)
    shipping_method: str = ""
    payment_method: PaymentMethod | None = None
    payment_actor: str | None = None
    taken_time: datetime.datetime | None = None
    requested_delivery_date: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """What catalog answered for a line. `price` and `availability` are its messages as serialised bytes, kept as
    they came (with the whole price trace); the figures beside them are what the order computes with."""

    variant_id: UUID
    product_id: UUID
    sku: str
    description: str
    currency: str
    tax_inclusive: bool
    unit_price: Decimal
    total: int
    tax_rate: Decimal
    tax_category: str
    weight_grams: int
    price: bytes
    availability: bytes

    def same_price(self, other: Quote) -> bool:
        """Nothing that the customer pays differs; the trace and the availability may."""
        return (
            self.total == other.total
            and self.unit_price == other.unit_price
            and self.tax_rate == other.tax_rate
            and self.tax_category == other.tax_category
            and self.currency == other.currency
            and self.tax_inclusive == other.tax_inclusive
        )


@dataclass(slots=True)
class Line:
    """A line with its quote; the customer's own references travel with it. `negotiated`: its price was agreed in a
    shared order, so that no list changes it."""

    id: UUID
    position: int
    quantity: int
    quote: Quote
    line_reference: str = ""
    cost_centre: str = ""
    requested_delivery_date: datetime.date | None = None
    note: str = ""
    budget_code: str = ""
    negotiated: bool = False

    @property
    def unit_price(self) -> Decimal:
        return self.quote.unit_price

    @property
    def total(self) -> int:
        return self.quote.total

    @property
    def tax_rate(self) -> Decimal:
        return self.quote.tax_rate

    @property
    def tax_category(self) -> str:
        return self.quote.tax_category

    @property
    def weight_grams(self) -> int:
        return self.quote.weight_grams


@dataclass(frozen=True, slots=True)
class TermsAcceptance:
    version: str
    hash: str
    accepted_by: Party
    accepted_for: UUID
    time: datetime.datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """A placing attempt; `live` as the database's clock saw it when the order was read."""

    attempt: UUID
    request: UUID
    live: bool


@dataclass(slots=True)
class Order:
    """`owner_*` is who made the sheet and whose cart it is; `parties.actor` who placed it, once it is placed. `shared`:
    it is negotiated, or was, on a sheet that both sides see."""

    id: UUID
    version: int
    state: State
    cart: bool
    account_id: UUID
    owner_kind: str
    owner_id: str
    parties: Parties
    header: Header
    pricing: PricingCustomer
    currency: str
    tax_inclusive: bool
    lines: list[Line]
    totals: Totals
    next_position: int
    create_time: datetime.datetime
    update_time: datetime.datetime
    payment_state: PaymentState = PaymentState.NONE
    fulfilment_state: FulfilmentState = FulfilmentState.NONE
    number: str = ""
    acceptance: TermsAcceptance | None = None
    approval: Approval | None = None
    claim: Claim | None = None
    place_time: datetime.datetime | None = None
    create_fingerprint: bytes | None = None
    shared: bool = False


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change of an order. `sequence` is the version that the change led to."""

    sequence: int
    time: datetime.datetime
    actor: Party
    account_id: UUID
    channel: str
    action: str
    from_state: State | None
    to_state: State
    detail: str = ""
