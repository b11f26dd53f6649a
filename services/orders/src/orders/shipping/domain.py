"""Shipping methods: pure. Amounts in minor units, weights in grams, bands half-open."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

from chassis.errors import AlreadyExists, NotFound


class ShippingMethodCodeTaken(AlreadyExists):
    reason = "SHIPPING_METHOD_CODE_TAKEN"

    def __init__(self, code: str) -> None:
        super().__init__(f"A shipping method with code {code} exists already.", code=code)


class ShippingMethodNotFound(NotFound):
    reason = "SHIPPING_METHOD_NOT_FOUND"

    def __init__(self, method_id: object) -> None:
        super().__init__(f"There is no shipping method {method_id}.", shipping_method_id=method_id)


@dataclass(frozen=True, slots=True)
class Band:
    """Weight in [min, max) and goods' amount in [min, max); a maximum of 0 is no limit."""

    price: int
    min_weight: int = 0
    max_weight: int = 0
    min_amount: int = 0
    max_amount: int = 0

    def holds_weight(self, weight: int) -> bool:
        return self.min_weight <= weight and (not self.max_weight or weight < self.max_weight)

    def holds_amount(self, amount: int) -> bool:
        return self.min_amount <= amount and (not self.max_amount or amount < self.max_amount)


@dataclass(frozen=True, slots=True)
class Zone:
    """Countries, narrowed by prefixes of the postal code when there are any."""

    region_codes: tuple[str, ...]
    bands: tuple[Band, ...]
    postal_prefixes: tuple[str, ...] = ()
    free_from: int | None = None

    def contains(self, region_code: str, postal_code: str) -> bool:
        if region_code not in self.region_codes:
            return False
        if not self.postal_prefixes:
            return True
        return compact(postal_code).startswith(self.postal_prefixes)

    def price(self, weight: int, amount: int) -> int | None:
        """None when no band fits. From `free_from` on the amount no longer matters, the weight still does."""
        by_weight = [band for band in self.bands if band.holds_weight(weight)]
        if self.free_from is not None and amount >= self.free_from and (by_weight or not self.bands):
            return 0
        return next((band.price for band in by_weight if band.holds_amount(amount)), None)


@dataclass(frozen=True, slots=True)
class ShippingMethod:
    """`tax_inclusive`: its prices, thresholds and amount bands are all with tax. A pick-up has the place where it is
    collected, other methods have none."""

    id: object
    code: str
    name: dict[str, str]
    currency: str
    pick_up: bool = False
    zones: tuple[Zone, ...] = ()
    active: bool = True
    tax_inclusive: bool = False
    pick_up_region_code: str = ""
    pick_up_postal_code: str = ""
    version: int = 1
    create_time: datetime.datetime | None = field(default=None, compare=False)

    def price(
        self, *, region_code: str, postal_code: str, weight: int, amount: int, currency: str
    ) -> int | None:
        """What it costs, or None when it does not serve this. The first zone with the address decides."""
        if not self.active or (currency and currency != self.currency):
            return None
        if self.pick_up:
            return 0
        zone = next((each for each in self.zones if each.contains(region_code, postal_code)), None)
        return None if zone is None else zone.price(weight, amount)

    def display_name(self, language: str) -> str:
        return self.name.get(language) or self.name.get("en") or self.code


def compact(postal_code: str) -> str:
    """Upper case without blanks and dashes, so that prefixes match however it was typed."""
    return postal_code.replace(" ", "").replace("-", "").upper()
