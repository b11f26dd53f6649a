"""The mapping of prices and subjects, as an operator sets it. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from catalog.onix.reading.message import OnixPrice
from catalog.onix.reading.supply import includes

KEYWORDS = "20"
MAX_PRICE_RULES, MAX_SUBJECT_RULES = 200, 10_000


@dataclass(frozen=True, slots=True)
class PriceRule:
    """Prices of this type, qualifier and currency that are valid in all of this country."""

    price_type: str
    qualifier: str
    currency: str
    region: str
    list_id: UUID

    def takes(self, price: OnixPrice) -> bool:
        same = (price.type, price.qualifier, price.currency) == (
            self.price_type,
            self.qualifier,
            self.currency,
        )
        return same and includes(price.territory, self.region)


@dataclass(frozen=True, slots=True)
class SubjectRule:
    scheme: str
    code: str
    category_id: UUID


@dataclass(frozen=True, slots=True)
class Rules:
    """`subjects`: category by (scheme, beginning of the code)."""

    version: int = 0
    prices: tuple[PriceRule, ...] = ()
    subjects: Mapping[tuple[str, str], UUID] = field(default_factory=dict)

    @property
    def categories(self) -> frozenset[UUID]:
        """Those that subjects decide; all other categories of a product are left to people and other files."""
        return frozenset(self.subjects.values())

    def category_of(self, scheme: str, code: str) -> UUID | None:
        """By the longest beginning of the code that has a rule: Thema and CLIL say more with every character."""
        for length in range(min(len(code), 20), 0, -1):
            found = self.subjects.get((scheme, code[:length]))
            if found is not None:
                return found
        return None


def lists_of(
    rules: Iterable[PriceRule], prices: Iterable[OnixPrice]
) -> tuple[dict[UUID, list[OnixPrice]], list[OnixPrice]]:
    """Prices by list, and those without one."""
    chosen = tuple(rules)
    found: dict[UUID, list[OnixPrice]] = {}
    without: list[OnixPrice] = []
    for price in prices:
        lists = [rule.list_id for rule in chosen if rule.takes(price)]
        for list_id in dict.fromkeys(lists):
            found.setdefault(list_id, []).append(price)
        if not lists:
            without.append(price)
    return found, without
