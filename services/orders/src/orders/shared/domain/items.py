"""One thing to agree to, a line or the header: terms offered or agreed, open proposals on top, and who consents."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from orders.shared.domain.terms import HeaderTerms, LineTerms, Side

HEADER = "header"


class Colour(StrEnum):
    """Never shown alone: `icon` goes with it (WCAG 2.2, 1.4.1), and a word."""

    GREY = "GREY"
    YELLOW = "YELLOW"
    RED = "RED"
    GREEN = "GREEN"

    @property
    def icon(self) -> str:
        return _ICONS[self]


_ICONS = {Colour.GREY: "pencil", Colour.YELLOW: "clock", Colour.RED: "exclamation", Colour.GREEN: "check"}


@dataclass(frozen=True, slots=True)
class Proposal:
    """Whose, and by which change. Its value is the one in the current terms."""

    side: Side
    sequence: int


@dataclass(frozen=True, slots=True)
class Touch:
    """The last change of a field, and who made it; empty where its maker had not seen the one before it."""

    sequence: int
    actor: str


@dataclass(slots=True)
class Item:
    """`base`: the terms last agreed, or as `offered_by` offers them while nothing was `agreed`. `current`: with the
    open proposals on top, at most one per field. `consents`: the hash of the terms that a side consents to.
    `references`: the customer's own words, which need no agreement."""

    key: str
    offered_by: Side
    base: Any
    current: Any
    agreed: bool = False
    proposals: dict[str, Proposal] = field(default_factory=dict)
    consents: dict[Side, str] = field(default_factory=dict)
    touched: dict[str, Touch] = field(default_factory=dict)
    references: dict[str, Any] = field(default_factory=dict)
    # Terms never change, only which are current: their hash is reckoned once, though every colour asks for it.
    _hashed: tuple[Any, str] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def hash(self) -> str:
        if self._hashed is None or self._hashed[0] is not self.current:
            self._hashed = self.current, str(self.current.hash(self.key))
        return self._hashed[1]

    @property
    def settled(self) -> bool:
        """Both sides are bound to the current terms."""
        return self.agreed and not self.proposals

    def consented(self, side: Side) -> bool:
        return self.consents.get(side) == self.hash

    def offering(self, name: str) -> Side | None:
        """Whose offer the field is; None once it is agreed."""
        proposal = self.proposals.get(name)
        if proposal is not None:
            return proposal.side
        return None if self.agreed else self.offered_by

    def offers_of(self, side: Side) -> list[str]:
        """The fields that are this side's offer."""
        return [name for name in self.base.FIELDS if self.offering(name) is side]

    def unseen(self, revision: int, actor: str) -> list[str]:
        """Fields that somebody else changed after `revision`."""
        return [
            name for name, last in self.touched.items() if last.sequence > revision and last.actor != actor
        ]

    def colour(self, viewer: Side) -> Colour:
        if self.settled:
            return Colour.GREEN
        return Colour.YELLOW if self.consented(viewer) else Colour.RED

    def field_colour(self, name: str, viewer: Side) -> Colour:
        """What the viewer accepted waits for the other side, as its own proposals do."""
        whose = self.offering(name)
        if whose is None:
            return Colour.GREEN
        return Colour.YELLOW if whose is viewer or self.consented(viewer) else Colour.RED


@dataclass(slots=True)
class LineItem(Item):
    """`base` and `current` are LineTerms."""

    id: UUID = field(kw_only=True)
    position: int = field(kw_only=True)
    base: LineTerms
    current: LineTerms


@dataclass(slots=True)
class HeaderItem(Item):
    """`base` and `current` are HeaderTerms."""

    base: HeaderTerms
    current: HeaderTerms


def worst(colours: Iterable[Colour]) -> Colour:
    """Of a whole sheet: red before yellow before green."""
    found = set(colours)
    return next((colour for colour in (Colour.RED, Colour.YELLOW) if colour in found), Colour.GREEN)
