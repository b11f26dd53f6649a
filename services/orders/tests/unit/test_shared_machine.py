"""Two sides, four people, random moves on views that may be stale: whatever they do, the sheet keeps its promises.

The tests keep their own record, apart from the sheet: which whole terms each side saw and stood for. Terms that become
agreed have to be in the records of both.
"""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from orders.shared.domain.items import Colour, Item
from orders.shared.domain.proposing import HeaderWish
from orders.shared.domain.replay import replay
from orders.shared.domain.sheet import Actor, Change
from orders.shared.domain.terms import Mark, Side
from services.orders.tests.unit import negotiation
from services.orders.tests.unit.negotiation import ACTORS, BELGIUM, BUYER, FRANCE, LIST, VENDOR, a_table
from services.orders.tests.unit.records import Record, Values, frozen, status, values

pytestmark = pytest.mark.spec("N-03", "N-05", "N-07", "N-10", "N-12")

DAYS = (None, datetime.date(2026, 12, 1), datetime.date(2026, 12, 24))


class Negotiation(Record, RuleBasedStateMachine):
    @initialize(by=st.sampled_from((VENDOR, BUYER)), sent=st.booleans())
    def begin(self, by: Actor, sent: bool) -> None:
        self.table = a_table(("A", 5), ("B", 2), by=by)
        self.stood = set()
        for item in self.table.sheet.items():
            self.stand(by, item.key, values(item))
        self.past = {self.table.sheet.revision: status(self.table.sheet)}
        self.offers = {}
        self.fold(self.table.log)
        if sent:
            self.send(by)
            self.table.refresh()

    @rule(actor=st.sampled_from(ACTORS))
    def look(self, actor: Actor) -> None:
        self.table.look(actor)

    @rule(
        actor=st.sampled_from(ACTORS),
        pick=st.integers(0, 3),
        quantity=st.sampled_from((None, 1, 5, 10)),
        price=st.sampled_from((None, Decimal("8"), Decimal("9.5"))),
        day=st.sampled_from(("keep", *DAYS)),
        article=st.sampled_from((None, *LIST)),
        removed=st.sampled_from((None, None, None, True, False)),
        to_list=st.booleans(),
    )
    def propose(self, actor: Actor, pick: int, **wish: Any) -> None:
        seen = list(self.table.view(actor).lines.values()) if self.visible(actor) else []
        if not seen:
            return
        line = seen[pick % len(seen)]
        given: dict[str, Any] = {}
        if wish["quantity"]:
            given["quantity"] = wish["quantity"]
        if wish["day"] != "keep":
            given["delivery_date"] = wish["day"]
        if wish["removed"] is not None:
            given["removed"] = wish["removed"]
        if wish["price"]:
            given["price"] = wish["price"]
        elif wish["to_list"]:
            given["list_price"] = True
        if wish["article"]:
            given["article"] = wish["article"]
        # Named values on top of what was read are what the side now stands for; the prices of the lists are known.
        known = self.known(actor, line)
        expected = self.expected(known, given)
        if self.attempt(lambda: self.table.change(actor, line, **given)):
            self.stand_if_seen(actor, known, expected)

    def expected(self, line: Item, given: dict[str, Any]) -> Values:
        read = values(line)
        quantity = given.get("quantity", int(read["quantity"]))
        sku = given.get("article", read["variant"])
        basis = line.current.basis
        asked = line.current.asked
        if "price" in given or "list_price" in given:
            asked = given.get("price")
        elif sku != read["variant"]:
            asked = line.base.asked if sku == line.base.quote.sku else None
        quoted = negotiation.quote(negotiation.PriceNeed(sku, quantity, asked, basis))
        day = given.get("delivery_date", line.current.delivery_date)
        source = "list" if asked is None else "negotiated"
        return read | {
            "quantity": str(quantity),
            "variant": sku,
            "unit_price": f"{quoted.unit_price.normalize():f} EUR {source}",
            "total": str(quoted.total),
            "tax": str(quoted.tax_rate),
            "delivery_date": str(day or ""),
            "removed": str(given.get("removed", line.current.removed)).lower(),
        }

    def stand_if_seen(self, actor: Actor, line: Item, expected: Values) -> None:
        """A change of one's own stands for the whole only where nothing of it was the other side's open offer."""
        assert actor.side is not None
        stood = (actor.side, line.key, frozen(values(line))) in self.stood
        if stood or not self.foreign(actor, line):
            self.stand(actor, line.key, expected)

    def foreign(self, actor: Actor, item: Item) -> bool:
        """Something of it is the other side's open offer."""
        assert actor.side is not None
        theirs = actor.side.other
        offered = any(key == item.key and side is theirs for (key, _), side in self.offers.items())
        return offered or (not item.agreed and item.offered_by is theirs)

    @rule(actor=st.sampled_from(ACTORS), sku=st.sampled_from(sorted(LIST)), quantity=st.sampled_from((1, 10)))
    def add(self, actor: Actor, sku: str, quantity: int) -> None:
        if self.visible(actor) and len(self.table.sheet.lines) < 5:
            made = [each.item for each in self.attempt(lambda: self.added(actor, sku, quantity))]
            for item in self.table.sheet.items():
                if item.key in made:
                    self.stand(actor, item.key, values(item))

    def added(self, actor: Actor, sku: str, quantity: int) -> list[Change]:
        start = len(self.table.log)
        self.table.add(actor, sku, quantity)
        return self.table.log[start:]

    @rule(actor=st.sampled_from(ACTORS), line=st.integers(0, 3), mark=st.sampled_from(list(Mark)))
    def mark(self, actor: Actor, line: int, mark: Mark) -> None:
        seen = list(self.table.view(actor).lines.values())
        if seen and self.visible(actor):
            known = self.known(actor, item := seen[line % len(seen)])
            if self.attempt(lambda: self.table.change(actor, item, mark=mark)):
                assert actor.side is Side.VENDOR
                self.stand_if_seen(actor, known, values(known) | {"mark": mark})

    @rule(actor=st.sampled_from(ACTORS), place=st.sampled_from((BELGIUM, FRANCE)), method=st.booleans())
    def change_header(self, actor: Actor, place: Any, method: bool) -> None:
        if not self.visible(actor):
            return
        given: dict[str, Any] = {"shipping_method": "EXPRESS"} if method else {"delivery_address": place}
        header = self.known(actor, self.table.view(actor).header)
        before = {key: line for key, line in self.table.sheet.lines.items() if self.covered(actor, line)}
        if not self.attempt(lambda: self.table.propose(actor, header=HeaderWish(given))):
            return
        name, after = next(iter(given)), self.table.sheet.header.current
        self.stand_if_seen(actor, header, values(header) | {name: after.text(name)})
        # Lines that are taxed anew with it stand for themselves where their side had seen the rest.
        for key, line in before.items():
            self.stand_if_seen(actor, line, values(self.table.sheet.lines[key]))

    @rule(actor=st.sampled_from(ACTORS), pick=st.integers(0, 5), whole=st.booleans())
    def accept(self, actor: Actor, pick: int, whole: bool) -> None:
        seen = list(self.table.view(actor).items())
        if not self.visible(actor):
            return
        item = seen[pick % len(seen)]
        for each in seen if whole else [item]:
            self.stand(actor, each.key, values(each))
        keys = () if whole else (item.key,)
        self.attempt(lambda: self.table.accept(actor, *keys))

    @rule(actor=st.sampled_from(ACTORS), pick=st.integers(0, 5), whole=st.booleans(), own=st.booleans())
    def undo(self, actor: Actor, pick: int, whole: bool, own: bool) -> None:
        if self.visible(actor):
            seen = list(self.table.view(actor).items())
            keys = () if whole else (seen[pick % len(seen)].key,)
            act = self.table.withdraw if own else self.table.decline
            known = {item.key for item in self.table.sheet.items() if self.covered(actor, item)}
            self.attempt(lambda: act(actor, *keys))
            for item in self.table.sheet.items():
                # What is left stands for itself where nothing of it is the other side's.
                if item.key in known and not self.foreign(actor, item):
                    self.stand(actor, item.key, values(item))

    def known(self, actor: Actor, item: Item) -> Item:
        """With what the actor changed since looking, which it knows too."""
        now = {each.key: each for each in self.table.sheet.items()}
        return now[item.key] if item.key in now and self.covered(actor, item) else item

    def covered(self, actor: Actor, item: Item) -> bool:
        """The actor saw every change that others made to the item."""
        since = self.table.log[self.table.view(actor).revision :]
        others = [each for each in since if each.item == item.key and each.actor.key != actor.key]
        return not any(each.field or each.kind == "line_added" for each in others)

    @rule(actor=st.sampled_from(ACTORS))
    def send(self, actor: Actor) -> None:
        if self.visible(actor):
            first = not self.table.sheet.sent
            self.attempt(lambda: self.table.send(actor))
            for item in self.table.sheet.items() if first else ():
                self.stand(actor, item.key, values(item))

    @invariant()
    def colours_mirror(self) -> None:
        if not hasattr(self, "table"):
            return
        sheet = self.table.sheet
        for item in sheet.items():
            vendor, customer = (sheet.item_colour(item, side) for side in Side)
            if not sheet.sent:
                assert {vendor, customer} == {Colour.GREY}
            elif item.settled:
                assert {vendor, customer} == {Colour.GREEN}
            else:
                assert Colour.RED in (vendor, customer)
                assert Colour.GREEN not in (vendor, customer)
            for name in item.current.FIELDS:
                offered = self.offers.get((item.key, name), None if item.agreed else item.offered_by)
                assert item.offering(name) is offered
                for side in Side:
                    waits = offered is side or item.consented(side)
                    colour = Colour.YELLOW if waits else Colour.RED
                    expected = Colour.GREEN if offered is None else colour
                    assert item.field_colour(name, side) is expected

    @invariant()
    def nobody_consents_to_what_was_not_seen(self) -> None:
        for item in self.table.sheet.items() if hasattr(self, "table") else ():
            for side in Side:
                if not item.settled and item.consented(side):
                    assert (side, item.key, frozen(values(item))) in self.stood

    @invariant()
    def the_log_gives_the_sheet(self) -> None:
        if not hasattr(self, "table"):
            return
        for revision in {self.table.sheet.revision, max(self.past, key=lambda at: at % 7)}:
            pictures: dict[str, Any] = {}
            for each in self.table.log:
                if each.sequence <= revision and (each.picture is not None or each.gone):
                    pictures[each.item] = each.picture
            again = replay(self.table.sheet.order_id, self.table.sheet.started_by, revision, pictures)
            assert again is not None
            assert status(again) == self.past[revision]


TestNegotiation = Negotiation.TestCase
TestNegotiation.settings = settings(
    max_examples=300,
    stateful_step_count=25,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow],
)
