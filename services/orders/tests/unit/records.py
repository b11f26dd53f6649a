"""The tests' own record of a negotiation: which whole terms each side saw and stood for, and whose offer a field is."""

from typing import Any

from chassis.errors import ServiceError
from orders.shared.domain.items import HEADER, Item
from orders.shared.domain.sheet import Actor, Change, Sheet
from orders.shared.domain.terms import Side
from services.orders.tests.unit.negotiation import Table

Values = dict[str, str]


def values(item: Item) -> Values:
    """What somebody who looks at the item reads."""
    read = {name: item.current.text(name) for name in item.current.FIELDS}
    if item.key == HEADER:
        return read
    return read | {"total": str(item.current.quote.total), "tax": str(item.current.quote.tax_rate)}


def frozen(read: Values) -> frozenset[tuple[str, str]]:
    return frozenset(read.items())


def status(sheet: Sheet) -> dict[str, Any]:
    return {
        item.key: (values(item), item.hash, [(sheet.item_colour(item, side)) for side in Side])
        for item in sheet.items()
    }


class Record:
    """Apart from the sheet; what becomes agreed has to be in the records of both sides."""

    table: Table
    stood: set[tuple[Side, str, frozenset[tuple[str, str]]]]
    past: dict[int, dict[str, Any]]
    offers: dict[tuple[str, str], Side]

    def stand(self, actor: Actor, key: str, read: Values) -> None:
        assert actor.side is not None
        self.stood.add((actor.side, key, frozen(read)))

    def fold(self, changes: list[Change]) -> None:
        """Whose offer each field is, from the words of the log alone."""
        for each in changes:
            side = each.actor.side
            assert side is not None
            if each.kind in ("proposed", "countered"):
                self.offers[each.item, each.field] = side
            elif (
                each.kind == "price_moved"
            ):  # what one side proposed on top of the other's terms is its proposal still
                item = next((i for i in self.table.sheet.items() if i.key == each.item), None)
                whose = self.offers.get((each.item, each.field))
                if whose is None or (item and not item.agreed and item.offered_by is whose):
                    self.offers[each.item, each.field] = side
            elif each.kind in ("withdrawn", "declined", "agreed"):
                names = [each.field] if each.field else [n for k, n in self.offers if k == each.item]
                for name in names:
                    self.offers.pop((each.item, name), None)

    def visible(self, actor: Actor) -> bool:
        return self.table.sheet.visible_to(actor.side or Side.VENDOR)

    def attempt(self, act: Any) -> list[Change]:
        """Refused or done; what was agreed before moves by agreement alone."""
        before = {item.key: item.base for item in self.table.sheet.items() if item.agreed}
        revision = self.table.sheet.revision
        refused: list[ServiceError] = []
        try:
            done: list[Change] = act()
        except ServiceError as refusal:
            refused.append(refusal)
        if refused:
            assert refused[0].violations, "a refusal says what stood in the way"
            assert self.table.sheet.revision == revision
            return []
        self.fold(done)
        agreed = {each.item for each in done if each.kind == "agreed"}
        for item in self.table.sheet.items():
            if item.key in before and item.base != before[item.key]:
                assert item.key in agreed
        assert [each.sequence for each in done] == list(range(revision + 1, revision + 1 + len(done)))
        self.past[self.table.sheet.revision] = status(self.table.sheet)
        self.check_bound(done)
        return done

    def check_bound(self, done: list[Change]) -> None:
        """Both sides stood for exactly the terms that were agreed."""
        for each in done:
            if each.kind != "agreed":
                continue
            item = next((i for i in self.table.sheet.items() if i.key == each.item), None)
            if item is None:  # both wanted it removed
                removed = {
                    side for side, key, read in self.stood if key == each.item and ("removed", "true") in read
                }
                assert removed == set(Side)
                continue
            for side in Side:
                assert (side, each.item, frozen(values(item))) in self.stood, (side, values(item))
