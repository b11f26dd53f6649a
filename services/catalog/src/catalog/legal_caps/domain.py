"""Legal caps as values, where they hold, and their errors. No I/O."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from chassis.errors import FailedPrecondition, NotFound

BUYER_CLASSES = ("CONSUMER", "BUSINESS", "PUBLIC_LIBRARY", "EDUCATION")
CERTAINTIES = ("LAW", "OFFICIAL", "SECONDARY")
BRUSSELS, WALLONIA, FLANDERS = "BE-BRU", "BE-WAL", "BE-VLG"
PARTS = (BRUSSELS, FLANDERS, WALLONIA)
# Where the French law holds overseas (loi 81-766, art. 10; décret 2018-170 of 7 March 2018).
FRENCH_OVERSEAS = frozenset(("BL", "GF", "GP", "MF", "MQ", "PM", "RE", "YT"))
# Belgian postal codes, both ends included. Brussels 1000-1299, Walloon Brabant 1300-1499, Flemish Brabant 1500-1999
# and 3000-3499, Antwerp 2000-2999, Limburg 3500-3999, Liège to Hainaut 4000-7999, the two Flanders 8000-9999.
_POSTAL = (
    (1000, 1299, BRUSSELS),
    (1300, 1499, WALLONIA),
    (1500, 3999, FLANDERS),
    (4000, 7999, WALLONIA),
    (8000, 9999, FLANDERS),
)


class LegalCapNotFound(NotFound):
    reason = "LEGAL_CAP_NOT_FOUND"

    def __init__(self, cap_id: UUID) -> None:
        super().__init__(f"There is no legal cap {cap_id}.", legal_cap_id=cap_id)


class LegalCapEnded(FailedPrecondition):
    reason = "LEGAL_CAP_ENDED"

    def __init__(self, cap_id: UUID, ended: datetime.date) -> None:
        message = f"Legal cap {cap_id} ends on {ended} already; its validity can only be shortened."
        super().__init__(message, legal_cap_id=cap_id, valid_to=ended)


class LegalCapOverlap(FailedPrecondition):
    reason = "LEGAL_CAP_OVERLAP"

    def __init__(self, jurisdiction: str, buyer_class: str, begins: datetime.date) -> None:
        message = (
            f"A legal cap of {jurisdiction} for {buyer_class}, the same languages, forms and quantity holds from"
            f" {begins} on already; end it first."
        )
        super().__init__(message, jurisdiction=jurisdiction, buyer_class=buyer_class, valid_from=begins)


class LegalCap(NamedTuple):
    """At most `max_discount_percent` off the publisher's price, for lines of `min_quantity` and more, until `months`
    after the first availability (0: without end). No languages or forms: all. Valid in [valid_from, valid_to)."""

    id: UUID
    jurisdiction: str
    languages: frozenset[str]
    forms: tuple[str, ...]
    buyer_class: str
    months: int
    min_quantity: int
    max_discount_percent: Decimal
    valid_from: datetime.date
    valid_to: datetime.date | None

    def valid(self, day: datetime.date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


def buyer_class_of(told: str) -> str:
    """Who is not known to be anything else is a consumer, whom the laws allow least."""
    return told if told in BUYER_CLASSES else "CONSUMER"


def country_of(region: str) -> str:
    """Whose law on book prices holds there, and for whose market publishers set the price."""
    return "FR" if region in FRENCH_OVERSEAS else region


def places_of(region: str, postal_code: str) -> tuple[tuple[str, ...], ...]:
    """The jurisdictions of a sale by its destination: one tuple for each place that it can be.

    In a place the rules of the country and of its part hold; French overseas regions are parts of France. A Belgian
    address whose postal code says no part can be in any of them.
    """
    if region != "BE":
        return (tuple(dict.fromkeys((country_of(region), region))),)
    digits = postal_code.strip().upper().removeprefix("BE").removeprefix("B").lstrip("- ")
    number = int(digits) if len(digits) == 4 and digits.isascii() and digits.isdecimal() else 0
    part = next((part for first, last, part in _POSTAL if first <= number <= last), None)
    return tuple((region, each) for each in ((part,) if part else PARTS))
