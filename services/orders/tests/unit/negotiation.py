"""A sheet in memory for tests: a price list, actors of both sides, and commands that are all or nothing."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from chassis import money
from chassis.ids import new_id
from orders.domain.model import Address, Contact, PaymentMethod, Quote
from orders.domain.parties import Party
from orders.shared.domain import answering
from orders.shared.domain.answering import Seen
from orders.shared.domain.items import HEADER, Item
from orders.shared.domain.prices import MissingPrices, Prices
from orders.shared.domain.proposing import HeaderWish, LineWish, propose
from orders.shared.domain.sheet import Actor, Change, Command, Sheet
from orders.shared.domain.terms import HeaderTerms, LineTerms, PaymentChoice, PriceNeed, Side

NOW = datetime.datetime(2026, 11, 22, 9, tzinfo=datetime.UTC)
LIST = {"A": Decimal("10.00"), "B": Decimal("19.95"), "C": Decimal("0.3333")}
TAX = {"BE": Decimal(21), "FR": Decimal(20)}
_NAMESPACE = UUID("0199d0c2-5b7e-7c3a-9f00-000000000000")
BELGIUM = Address(
    "De Linde", street_lines=("Kerkstraat 12",), postal_code="1000", city="Brussel", region_code="BE"
)
FRANCE = Address(
    "De Linde", street_lines=("Rue du Bac 1",), postal_code="75007", city="Paris", region_code="FR"
)

VENDOR = Actor(Party("STAFF", "v1", "Vera"), Side.VENDOR)
REP = Actor(Party("REP", "v2", "Robin"), Side.VENDOR)
BUYER = Actor(Party("PERSON", "c1", "Lies"), Side.CUSTOMER)
COLLEAGUE = Actor(Party("PERSON", "c2", "Karel"), Side.CUSTOMER)
ACTORS = (VENDOR, REP, BUYER, COLLEAGUE)


def variant(sku: str) -> UUID:
    return uuid5(_NAMESPACE, sku)


def list_price(sku: str, quantity: int) -> Decimal:
    """Ten or more cost a tenth less."""
    return LIST[sku] * (Decimal("0.9") if quantity >= 10 else 1)


def quote(need: PriceNeed) -> Quote:
    sku = next(sku for sku in LIST if need.article in (sku, variant(sku)))
    price = need.asked if need.asked is not None else list_price(sku, need.quantity)
    price = price.quantize(Decimal("0.0001"))
    return Quote(
        variant_id=variant(sku),
        product_id=variant(sku),
        sku=sku,
        description=f"Article {sku}",
        currency="EUR",
        tax_inclusive=False,
        unit_price=price,
        total=money.line_total(price, need.quantity, Decimal(0), "EUR").minor,
        tax_rate=TAX[need.basis[:2]],
        tax_category="S",
        weight_grams=100,
        price=b"price",
        availability=b"",
    )


def command(actor: Actor, revision: int) -> Command:
    return Command(actor, revision, NOW)


def new_sheet(actor: Actor, *lines: tuple[str, int]) -> Sheet:
    terms = HeaderTerms(BELGIUM, BELGIUM, "STANDARD", PaymentChoice(PaymentMethod.PAY_LATER, "PERSON"))
    assert actor.side is not None
    header = answering.header_item(actor.side, terms, {"contact": Contact("Lies", "l@x.example"), "note": ""})
    made = []
    for sku, quantity in lines:
        basis = "BE 1000"
        priced = LineTerms(quote(PriceNeed(sku, quantity, None, basis)), quantity, basis=basis)
        made.append((LineWish("lines", new_id(), new=True, references={"note": ""}), priced))
    return answering.start(new_id(), command(actor, 0), header, made)


@dataclass
class Table:
    """The sheet on the table. Each actor acts on what it saw last."""

    sheet: Sheet
    log: list[Change] = field(default_factory=list)
    views: dict[str, Sheet] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.log += self.sheet.finish()
        for actor in ACTORS:
            self.look(actor)

    def look(self, actor: Actor) -> Sheet:
        self.views[actor.key] = copy.deepcopy(self.sheet)
        return self.views[actor.key]

    def view(self, actor: Actor) -> Sheet:
        return self.views[actor.key]

    def run(self, actor: Actor, act: Callable[[Sheet, Command, Prices], Any]) -> list[Change]:
        """All or nothing, with the revision that the actor saw last; prices are asked when they are missing."""
        known: dict[PriceNeed, Quote] = {}
        while True:
            trial = copy.deepcopy(self.sheet)
            try:
                act(trial, command(actor, self.view(actor).revision), Prices(known))
            except MissingPrices as missing:
                known |= {need: quote(need) for need in missing.needs}
                continue
            done = trial.finish()
            self.sheet = trial
            self.log += done
            return done

    def propose(self, actor: Actor, *wishes: LineWish, header: HeaderWish | None = None) -> list[Change]:
        return self.run(actor, lambda s, c, p: propose(s, c, wishes, header or HeaderWish(), p))

    def change(self, actor: Actor, item: Item, **values: Any) -> list[Change]:
        """`price`, `article`, `list_price` and `references` as in LineWish; all others are values."""
        special = {
            name: values.pop(name)
            for name in ("price", "article", "list_price", "references")
            if name in values
        }
        return self.propose(actor, LineWish("lines[0]", UUID(item.key), values=values, **special))

    def add(self, actor: Actor, sku: str, quantity: int) -> UUID:
        made = new_id()
        self.propose(actor, LineWish("lines[0]", made, new=True, article=sku, values={"quantity": quantity}))
        return made

    def send(self, actor: Actor, **kw: Any) -> list[Change]:
        return self.run(actor, lambda s, c, p: answering.send(s, c, kw.get("message", ""), kw.get("expire")))

    def accept(self, actor: Actor, *keys: str, **kw: Any) -> list[Change]:
        """The terms that the actor saw last; all of them when none is named."""
        seen = self.view(actor)
        if keys:
            wanted = Seen({item.key: item.hash for item in seen.items() if item.key in keys}, **kw)
        else:
            wanted = Seen(sheet=seen.hash(""), **kw)
        return self.run(actor, lambda s, c, p: answering.accept(s, c, wanted))

    def withdraw(self, actor: Actor, *keys: str) -> list[Change]:
        return self.run(actor, lambda s, c, p: answering.withdraw(s, c, keys, p))

    def decline(self, actor: Actor, *keys: str, reason: str = "") -> list[Change]:
        return self.run(actor, lambda s, c, p: answering.decline(s, c, keys, p, reason))

    def refresh(self) -> None:
        for actor in ACTORS:
            self.look(actor)

    def line(self, index: int = 0) -> Item:
        return list(self.sheet.lines.values())[index]

    @property
    def header(self) -> Item:
        return next(item for item in self.sheet.items() if item.key == HEADER)


def a_table(*lines: tuple[str, int], by: Actor = VENDOR) -> Table:
    return Table(new_sheet(by, *(lines or (("A", 5), ("B", 2)))))


def an_agreed_table(*lines: tuple[str, int]) -> Table:
    table = a_table(*lines)
    table.send(VENDOR)
    table.refresh()
    table.accept(BUYER)
    table.refresh()
    return table
