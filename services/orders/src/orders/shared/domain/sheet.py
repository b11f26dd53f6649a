"""The sheet: its items, whose turn it is, and the log that every change goes through.

`revision` counts the changes one by one and is the number of the last one in the log. The last change of an item in a
command carries a picture of the item after it, so that any past revision is the newest picture of each item up to it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from chassis.errors import FieldViolation
from orders.domain.parties import Party, Spender
from orders.shared.domain import codec
from orders.shared.domain.items import HEADER, Colour, HeaderItem, Item, LineItem, Touch, worst
from orders.shared.domain.terms import Side, digest

SHEET = "sheet"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it and for which side. `side` is None for what happens by itself."""

    party: Party
    side: Side | None

    @property
    def key(self) -> str:
        return f"{self.party.kind}:{self.party.id}"


@dataclass(frozen=True, slots=True)
class Command:
    """One command: whose, which revision its maker saw, and when."""

    actor: Actor
    revision: int
    time: datetime.datetime

    @property
    def side(self) -> Side:
        assert self.actor.side is not None, "only a side negotiates"
        return self.actor.side


@dataclass(slots=True)
class Change:
    """One line of the log. `item`: a line id, "header" or "sheet". `picture`: the item afterwards, where this is its
    last change in the command; `gone`: the item is no more."""

    sequence: int
    time: datetime.datetime
    actor: Actor
    kind: str
    item: str = SHEET
    field: str = ""
    before: str = ""
    after: str = ""
    text: str = ""
    picture: dict[str, Any] | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The terms of sale, as the customer's side accepted them."""

    version: str
    hash: str
    party: Party
    time: datetime.datetime


@dataclass(slots=True)
class Sheet:
    """`sent`: the revision of the first hand-over, 0 before it. `expire_side`: who set the date. `seen`: up to which
    change a side has looked. `expired`: the end of the offer is in the log. `obstacles`: what stood against placing.
    `spender`: who of the customer's side is bound by a limit to what it agreed to."""

    order_id: UUID
    started_by: Side
    header: HeaderItem
    lines: dict[UUID, LineItem] = field(default_factory=dict)
    next_position: int = 1
    revision: int = 0
    sent: int = 0
    waiting_for: Side | None = None
    send_time: datetime.datetime | None = None
    expire_date: datetime.date | None = None
    expire_side: Side | None = None
    expired: bool = False
    seen: dict[Side, int] = field(default_factory=dict)
    acceptance: Acceptance | None = None
    spender: Spender | None = None
    obstacles: tuple[FieldViolation, ...] = ()
    update_time: datetime.datetime | None = None
    changes: list[Change] = field(default_factory=list)

    def items(self) -> Iterator[Item]:
        yield self.header
        yield from self.lines.values()

    @property
    def agreed(self) -> bool:
        """Everything is, and there is something to deliver."""
        return self.sent > 0 and bool(self.lines) and all(item.settled for item in self.items())

    def visible_to(self, side: Side) -> bool:
        return self.sent > 0 or side is self.started_by

    def colour(self, viewer: Side) -> Colour:
        """Never green without a line: there is nothing to deliver."""
        if not self.sent:
            return Colour.GREY
        found = worst(item.colour(viewer) for item in self.items())
        return Colour.RED if found is Colour.GREEN and not self.lines else found

    def item_colour(self, item: Item, viewer: Side) -> Colour:
        return item.colour(viewer) if self.sent else Colour.GREY

    def field_colour(self, item: Item, name: str, viewer: Side) -> Colour:
        if self.sent or (item.agreed and name not in item.proposals):
            return item.field_colour(name, viewer)
        return Colour.GREY

    def hash(self, totals: str) -> str:
        """Over the header, all lines and what they cost together: what "accept all" names."""
        lines = [[item.key, item.hash] for item in self.lines.values()]
        return digest([str(self.order_id), self.header.hash, lines, totals])

    def record(
        self,
        command: Command,
        kind: str,
        item: Item | None = None,
        name: str = "",
        before: str = "",
        after: str = "",
        text: str = "",
    ) -> Change:
        """The next change of the log; a change of a field marks it as touched: by nobody, where it came on top of one
        that its maker had not seen, so that it stays unseen to its maker too."""
        self.revision += 1
        key = SHEET if item is None else item.key
        change = Change(self.revision, command.time, command.actor, kind, key, name, before, after, text)
        self.changes.append(change)
        self.update_time = command.time
        if item is not None and name:
            hidden = name in item.unseen(command.revision, command.actor.key)
            item.touched[name] = Touch(self.revision, "" if hidden else command.actor.key)
        return change

    def remove(self, item: LineItem, change: Change) -> None:
        """The line is no more, since this change."""
        del self.lines[item.id]
        change.gone = True

    def finish(self) -> list[Change]:
        """The changes since the last call, with the pictures of what they left behind."""
        done, self.changes = self.changes, []
        last = {change.item: change for change in done}
        for key, change in last.items():
            if change.gone:
                continue
            if key == SHEET:
                change.picture = codec.turn_json(
                    self.sent, self.waiting_for, self.send_time, self.expire_date
                )
            elif key == HEADER:
                change.picture = codec.header_json(self.header)
            else:
                change.picture = codec.line_json(self.lines[UUID(key)])
        return done
