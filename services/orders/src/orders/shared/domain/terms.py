"""What two sides can agree to: the terms of a line and of the header, field by field, and their hashes."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from orders.domain.model import Address, PaymentMethod, Quote

VARIANT, QUANTITY, PRICE = "variant", "quantity", "unit_price"
DELIVERY_DATE, MARK, REMOVED = "delivery_date", "mark", "removed"


class Side(StrEnum):
    VENDOR = "VENDOR"
    CUSTOMER = "CUSTOMER"

    @property
    def other(self) -> Side:
        return Side.CUSTOMER if self is Side.VENDOR else Side.VENDOR


class Mark(StrEnum):
    """What the vendor says of the goods."""

    NONE = "NONE"
    SHORT = "SHORT"
    BACKORDERED = "BACKORDERED"
    SUBSTITUTED = "SUBSTITUTED"


@dataclass(frozen=True, slots=True)
class PriceNeed:
    """What catalog is asked for one line: `article` is a variant, or a SKU that names one; `asked` the negotiated price
    per unit, None for the lists'; `basis` names the facts of the customer that lists and taxes follow."""

    article: UUID | str
    quantity: int
    asked: Decimal | None
    basis: str


@dataclass(frozen=True, slots=True)
class Price:
    """A unit price as a value to agree to. Its tax belongs to it: what is paid follows from both."""

    unit_price: Decimal
    negotiated: bool
    currency: str
    tax_inclusive: bool
    tax_rate: Decimal
    tax_category: str

    def __str__(self) -> str:
        source = "negotiated" if self.negotiated else "list"
        return f"{self.unit_price.normalize():f} {self.currency} {source}"

    @property
    def with_tax(self) -> str:
        return f"{self}, tax {self.tax_rate.normalize():f} % {self.tax_category}"


def digest(content: Sequence[Any]) -> str:
    """SHA-256 over JSON, hexadecimal."""
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class LineTerms:
    """`quote`: what catalog answered to `need`; figures follow from it alone. `asked` as in PriceNeed."""

    FIELDS: ClassVar[tuple[str, ...]] = (VARIANT, QUANTITY, PRICE, DELIVERY_DATE, MARK, REMOVED)

    quote: Quote
    quantity: int
    asked: Decimal | None = None
    delivery_date: datetime.date | None = None
    mark: Mark = Mark.NONE
    removed: bool = False
    basis: str = ""

    @property
    def need(self) -> PriceNeed:
        return PriceNeed(self.quote.variant_id, self.quantity, self.asked, self.basis)

    @property
    def price(self) -> Price:
        quote = self.quote
        return Price(
            unit_price=quote.unit_price,
            negotiated=self.asked is not None,
            currency=quote.currency,
            tax_inclusive=quote.tax_inclusive,
            tax_rate=quote.tax_rate,
            tax_category=quote.tax_category,
        )

    def value(self, name: str) -> Any:
        match name:
            case "variant":
                return self.quote.variant_id
            case "unit_price":
                return self.price
            case _:
                return getattr(self, name)

    def taking(self, name: str, other: LineTerms) -> LineTerms:
        """With this field as `other` has it; its price is to be asked again when that follows from the field."""
        match name:
            case "variant":
                return replace(self, quote=other.quote)
            case "unit_price":
                return replace(self, asked=other.asked)
            case _:
                return replace(self, **{name: getattr(other, name)})

    def text(self, name: str) -> str:
        """The value as the log shows it."""
        match name:
            case "variant":
                return self.quote.sku
            case "delivery_date":
                return self.delivery_date.isoformat() if self.delivery_date is not None else ""
            case "removed":
                return "true" if self.removed else "false"
            case _:
                return str(self.value(name))

    def hash(self, key: str) -> str:
        """Of everything that whoever accepts these terms of line `key` is bound to."""
        price = self.price
        return digest(
            [
                *(key, str(self.quote.variant_id), self.quantity, str(price), price.tax_inclusive),
                *(f"{price.tax_rate.normalize():f}", price.tax_category, self.quote.total),
                *(self.text(DELIVERY_DATE), self.mark, self.removed),
            ]
        )


@dataclass(frozen=True, slots=True)
class PaymentChoice:
    """`actor_kind`: of whoever chose it; the same choice by somebody else is the same choice."""

    method: PaymentMethod | None = None
    actor_kind: str | None = field(default=None, compare=False)


_HEADER = ("delivery_address", "billing_address", "shipping_method", "payment_method")


def _address_text(address: Address) -> str:
    parts = [address.recipient, address.company, *address.street_lines]
    parts.append(f"{address.postal_code} {address.city}".strip())
    parts += [address.administrative_area, address.region_code, address.phone]
    return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class HeaderTerms:
    FIELDS: ClassVar[tuple[str, ...]] = _HEADER

    delivery_address: Address = field(default_factory=Address)
    billing_address: Address = field(default_factory=Address)
    shipping_method: str = ""
    payment_method: PaymentChoice = field(default_factory=PaymentChoice)

    def value(self, name: str) -> Any:
        return getattr(self, name)

    def taking(self, name: str, other: HeaderTerms) -> HeaderTerms:
        return replace(self, **{name: getattr(other, name)})

    def text(self, name: str) -> str:
        value = getattr(self, name)
        if isinstance(value, Address):
            return _address_text(value)
        return (value.method or "") if isinstance(value, PaymentChoice) else value

    def hash(self, key: str) -> str:
        addresses = [list(astuple(each)) for each in (self.delivery_address, self.billing_address)]
        return digest([key, addresses, self.shipping_method, self.payment_method.method or ""])
