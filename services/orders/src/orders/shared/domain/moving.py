"""How one item moves to other terms: the log, whose proposal it is, and what the mover consents to.

A side's own change is its consent to the terms that come of it only where it had seen every other change of the item,
and had accepted what the other side still proposes there: naming a date is no acceptance of a price.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from orders.domain.model import Address
from orders.shared.domain.items import Item, LineItem, Proposal
from orders.shared.domain.prices import Prices
from orders.shared.domain.sheet import Command, Sheet
from orders.shared.domain.terms import PRICE, HeaderTerms, LineTerms

WITHDRAWN, DECLINED, PRICE_MOVED = "withdrawn", "declined", "price_moved"


def move(
    sheet: Sheet,
    command: Command,
    item: Item,
    target: Any,
    prices: Prices,
    *,
    text: str = "",
    kind: str = "",
    undoing: bool = False,
) -> None:
    """Make `target` the current terms, one change of the log per field that differs. `kind`: what a new value is
    called instead of proposed or countered. `undoing`: taking something back accepts nothing that is left."""
    knew = not undoing and item.consented(command.side)
    covered = not item.unseen(
        command.revision, command.actor.key
    )  # before what follows touches the fields itself
    own = not item.agreed and item.offered_by is command.side
    names = [name for name in item.current.FIELDS if target.value(name) != item.current.value(name)]
    for name in names:
        called = _propose(sheet, command, item, name, target, own=own, follows=kind == PRICE_MOVED)
        said = kind if kind and called not in (WITHDRAWN, DECLINED) else called
        before, after = _texts(item.current, target, name)
        sheet.record(command, said, item, name, before, after, text)
    item.current = target
    if own:
        _offer_anew(item, names, prices)
    if names:
        _consent(command, item, knew=knew, covered=covered)
        settle(sheet, command, item)


def _offer_anew(item: Item, names: list[str], prices: Prices) -> None:
    """Whoever offered an item that was never agreed changes the offer itself, under the other side's proposals."""
    if not item.proposals:
        item.base = item.current
        return
    base = item.base
    for name in names:
        if name not in item.proposals:  # of the other side still
            base = base.taking(name, item.current)
    item.base = priced(item, base, None, prices, item.key) if isinstance(item, LineItem) else base


def _propose(
    sheet: Sheet, command: Command, item: Item, name: str, target: Any, *, own: bool, follows: bool
) -> str:
    """The kind of change. A value that is offered or agreed already ends the proposal on top of it. `follows`: from
    something else that was changed; what the other side proposes there stays its proposal."""
    open_ = item.proposals.get(name)
    if target.value(name) == item.base.value(name) and open_ is not None:
        del item.proposals[name]
        return WITHDRAWN if open_.side is command.side else DECLINED
    countered = item.offering(name) is command.side.other
    if own and not (follows and open_ is not None):
        item.proposals.pop(name, None)
    else:
        side = open_.side if follows and open_ is not None else command.side
        item.proposals[name] = Proposal(side, sheet.revision + 1)
    return "countered" if countered else "proposed"


def _texts(before: Any, after: Any, name: str) -> tuple[str, str]:
    texts = before.text(name), after.text(name)
    if name == PRICE and texts[0] == texts[1]:  # only its tax differs
        return before.price.with_tax, after.price.with_tax
    return texts


def _consent(command: Command, item: Item, *, knew: bool, covered: bool) -> None:
    if covered and (knew or not item.offers_of(command.side.other)):
        item.consents[command.side] = item.hash
    else:
        item.consents.pop(command.side, None)


def settle(sheet: Sheet, command: Command, item: Item) -> None:
    """Terms that both sides consent to are agreed; a line that both want removed goes."""
    if item.settled or not all(item.consented(side) for side in (command.side, command.side.other)):
        return
    item.base, item.agreed = item.current, True
    item.proposals.clear()
    item.consents.clear()
    change = sheet.record(command, "agreed", item, after=line_text(item.current))
    if isinstance(item, LineItem) and item.current.removed:
        sheet.remove(item, change)


def line_text(terms: Any) -> str:
    return f"{terms.quantity} x {terms.quote.sku}" if isinstance(terms, LineTerms) else ""


def priced(item: LineItem, wish: LineTerms, article: Any, prices: Prices, path: str) -> LineTerms:
    """`wish` with the price of what it asks for; unpriced while that has to be asked first. The price of terms that are
    on the sheet is never asked anew."""
    need = replace(wish.need, article=article if article is not None else wish.quote.variant_id)
    for known in (item.current, item.base):
        if need == known.need:
            return replace(wish, quote=known.quote)
    found = prices.find(need, path)
    return wish if found is None else replace(wish, quote=found)


def revert(
    sheet: Sheet, command: Command, item: Item, names: Iterable[str], prices: Prices, text: str = ""
) -> None:
    """Take these fields back to the terms under the proposals."""
    target = item.current
    for name in names:
        target = target.taking(name, item.base)
    if isinstance(item, LineItem):
        target = priced(item, target, None, prices, item.key)
    move(sheet, command, item, target, prices, text=text, undoing=True)


def leave(sheet: Sheet, command: Command, item: LineItem, text: str = "") -> None:
    """A line that was never agreed goes: its side withdraws it, or the other one declines it."""
    kind = WITHDRAWN if item.offered_by is command.side else DECLINED
    sheet.remove(item, sheet.record(command, kind, item, before=line_text(item.current), text=text))


def follow_destination(sheet: Sheet, command: Command, before: HeaderTerms, prices: Prices) -> None:
    """Taxes follow the destination of the goods: when it moved, every line is priced for the new one."""
    header = sheet.header.current
    basis = basis_of(header, prices)
    if basis == basis_of(before, prices):
        return
    moved = "delivery_address" if header.shipping_method == before.shipping_method else "shipping_method"
    for item in list(sheet.lines.values()):
        target = priced(item, replace(item.current, basis=basis), None, prices, f"header.{moved}")
        move(sheet, command, item, target, prices, kind=PRICE_MOVED)


def basis_of(header: HeaderTerms, prices: Prices) -> str:
    """What of the destination prices depend on: of where it is collected, else of the delivery address."""
    return prices.places.get(header.shipping_method) or basis_at(header.delivery_address)


def basis_at(delivery: Address) -> str:
    return f"{delivery.region_code} {delivery.postal_code}"
