"""The prices that a command needs: it is tried without them first, which tells what to ask catalog for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orders.domain.model import Quote
from orders.shared.domain.terms import PriceNeed


class MissingPrices(Exception):
    """What has to be asked, each with the field of the request it comes from. Nothing of the command may be kept."""

    def __init__(self, needs: Mapping[PriceNeed, str]) -> None:
        super().__init__(f"{len(needs)} prices")
        self.needs = dict(needs)


@dataclass(slots=True)
class Prices:
    """`places`: what prices depend on where goods are collected, by the code of the pick-up."""

    known: Mapping[PriceNeed, Quote] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    missing: dict[PriceNeed, str] = field(default_factory=dict)

    def find(self, need: PriceNeed, path: str) -> Quote | None:
        """None is remembered, so that `check` names all that is missing at once."""
        found = self.known.get(need)
        if found is None:
            self.missing.setdefault(need, path)
        return found

    def check(self) -> None:
        """Raises MissingPrices."""
        if self.missing:
            raise MissingPrices(self.missing)
