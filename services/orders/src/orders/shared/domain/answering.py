"""Everything else that is done to a sheet: begin, hand over, accept, decline, withdraw, end; and what happens to it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from chassis.errors import FieldViolation, InvalidFields, Violations
from orders.domain.model import Quote
from orders.shared.domain.errors import OfferExpired, TermsMoved
from orders.shared.domain.items import HEADER, HeaderItem, Item, LineItem, Touch
from orders.shared.domain.moving import PRICE_MOVED, follow_destination, leave, move, revert, settle
from orders.shared.domain.prices import Prices
from orders.shared.domain.proposing import LineWish, add_line
from orders.shared.domain.sheet import Acceptance, Command, Sheet
from orders.shared.domain.terms import REMOVED, HeaderTerms, LineTerms, Side


def start(
    order_id: UUID,
    command: Command,
    header: HeaderItem,
    lines: Iterable[tuple[LineWish, LineTerms]],
) -> Sheet:
    """Everything is offered by the side that starts it."""
    sheet = Sheet(order_id=order_id, started_by=command.side, header=header)
    header.consents[command.side] = header.hash
    change = sheet.record(command, "started", header)
    header.touched = dict.fromkeys(HeaderTerms.FIELDS, Touch(change.sequence, command.actor.key))
    for wish, terms in lines:
        add_line(sheet, command, terms, wish)
    return sheet


def send(sheet: Sheet, command: Command, message: str, expire: datetime.date | None) -> None:
    """What one side prepared alone it offers as it stands by sending it. The date is for the side that set it to move
    on; the other side may only bring it forward. Raises InvalidFields."""
    side = command.side
    if expire is not None and expire != sheet.expire_date:
        theirs = sheet.expire_side is side.other and sheet.expire_date is not None
        if theirs and sheet.expire_date is not None and expire > sheet.expire_date:
            text = f"is the other side's offer, which ends on {sheet.expire_date}"
            raise InvalidFields([FieldViolation("expire_date", text, "NOT_ALLOWED")])
        sheet.expire_date, sheet.expired = expire, False
        sheet.expire_side = sheet.expire_side if theirs else side
    sheet.waiting_for, sheet.send_time = side.other, command.time
    change = sheet.record(command, "sent", text=message, after=str(sheet.expire_date or ""))
    if not sheet.sent:
        sheet.sent = change.sequence
        for item in sheet.items():
            if not item.consented(side):
                item.consents[side] = item.hash
                sheet.record(command, "sent", item)


@dataclass(frozen=True, slots=True)
class Seen:
    """The terms that somebody accepts: each named item with its hash; or all, by the hash of the sheet. `totals`: what
    it costs now, as text. `today`: where the vendor does business."""

    terms: Mapping[str, str] = field(default_factory=dict)
    sheet: str = ""
    totals: str = ""
    today: datetime.date = datetime.date.min


def accept(sheet: Sheet, command: Command, seen: Seen) -> None:
    """Consent to exactly these terms. Raises OfferExpired, TermsMoved; then nothing is accepted."""
    if sheet.expire_date is not None and sheet.expire_date < seen.today:
        raise OfferExpired(sheet.order_id, sheet.expire_date)
    items = {item.key: item for item in sheet.items()}
    moved: list[FieldViolation] = []
    if seen.sheet and seen.sheet != sheet.hash(seen.totals):
        moved += differences(command, items.values(), {})
        moved = moved or [FieldViolation("hash", f"is now {sheet.hash(seen.totals)}", "TERMS_MOVED")]
    for key, hash_ in seen.terms.items():
        if key not in items:
            moved.append(FieldViolation(key, "is no longer on the sheet", "TERMS_MOVED"))
        elif items[key].hash != hash_:
            moved += differences(command, [items[key]], {key: hash_})
    if moved:
        raise TermsMoved(sheet.order_id, moved, sheet.revision)
    for key in seen.terms or list(items):
        _accept(sheet, command, items[key])


def _accept(sheet: Sheet, command: Command, item: Item) -> None:
    if item.settled or item.consented(command.side):
        return
    item.consents[command.side] = item.hash
    sheet.record(command, "accepted", item, after=item.hash)
    settle(sheet, command, item)


def differences(command: Command, items: Iterable[Item], seen: Mapping[str, str]) -> list[FieldViolation]:
    """What somebody else changed since the command's revision, field by field; of an item in `seen` that nobody
    changed, its hash."""
    found = []
    for item in items:
        names = [
            name for name in item.unseen(command.revision, command.actor.key) if name in item.base.FIELDS
        ]
        for name in names:
            text = f"is now {item.current.text(name) or 'empty'}"
            found.append(FieldViolation(f"{item.key}.{name}", text, "TERMS_MOVED"))
        if not names and item.key in seen:
            found.append(FieldViolation(item.key, f"has the hash {item.hash}", "TERMS_MOVED"))
    return found


def _named(sheet: Sheet, keys: Sequence[str]) -> list[Item]:
    """All when none is named. Raises InvalidFields."""
    items = {item.key: item for item in sheet.items()}
    wrong = Violations()
    for index, key in enumerate(keys):
        if key not in items:
            wrong.add(f"line_ids[{index}]", "is not on the sheet", "ORDER_LINE_NOT_FOUND")
    wrong.raise_if_any()
    return [items[key] for key in dict.fromkeys(keys)] if keys else list(items.values())


def withdraw(sheet: Sheet, command: Command, keys: Sequence[str], prices: Prices) -> None:
    """Take back the own offers. Raises InvalidFields, MissingPrices."""
    _undo(sheet, command, _named(sheet, keys), command.side, prices, "", named=bool(keys))


def decline(sheet: Sheet, command: Command, keys: Sequence[str], prices: Prices, reason: str) -> None:
    """Undo the other side's offers. Raises InvalidFields, MissingPrices, TermsMoved for what was not seen."""
    items = _named(sheet, keys)
    moved = differences(command, items, {})
    if moved:
        raise TermsMoved(sheet.order_id, moved, sheet.revision)
    _undo(sheet, command, items, command.side.other, prices, reason, named=bool(keys))


def _undo(
    sheet: Sheet, command: Command, items: list[Item], whose: Side, prices: Prices, text: str, *, named: bool
) -> None:
    before = sheet.header.current
    for item in items:
        if not item.agreed and item.offered_by is whose:
            if isinstance(item, LineItem):
                leave(sheet, command, item, text)
            elif named:
                said = "was never agreed, so there is nothing to go back to; another one can be proposed"
                raise InvalidFields([FieldViolation("line_ids", said, "NEVER_AGREED")])
            continue
        names = [name for name, proposal in item.proposals.items() if proposal.side is whose]
        if names:
            revert(sheet, command, item, names, prices, text)
    follow_destination(sheet, command, before, prices)
    prices.check()


def move_prices(sheet: Sheet, command: Command, quotes: Mapping[UUID, Quote]) -> None:
    """Prices that lists or taxes moved come back as the vendor's proposal; nobody is bound to them yet. A negotiated
    price stays as it is, only its tax may move."""
    for line_id, quote in quotes.items():
        item = sheet.lines.get(line_id)
        if item is not None:
            target = replace(item.current, quote=quote)
            move(sheet, command, item, target, Prices(), kind=PRICE_MOVED)


def accept_terms(sheet: Sheet, command: Command, version: str, hash_: str) -> None:
    """The terms of sale, kept for when the order is placed."""
    known = sheet.acceptance
    if known is not None and (known.version, known.hash) == (version, hash_):
        return
    sheet.record(command, "accepted", name="terms_of_sale", after=version)
    sheet.acceptance = Acceptance(version, hash_, command.actor.party, command.time)


def end(sheet: Sheet, command: Command, reason: str) -> None:
    sheet.waiting_for = None
    sheet.record(command, "ended", text=reason)


def placed(sheet: Sheet, command: Command, number: str, *, before: str = "") -> None:
    """`before`: the number that an order had already which is amended. The offer was taken: its end says nothing of
    what is proposed from now on."""
    sheet.waiting_for, sheet.obstacles = None, ()
    sheet.expire_date, sheet.expire_side, sheet.expired = None, None, False
    sheet.record(command, "placed", before=before, after=number)


def check_lines(sheet: Sheet) -> None:
    """After placing nobody removes the last line. Raises InvalidFields."""
    removes = any(change.field == REMOVED for change in sheet.changes)
    if not sheet.lines or (removes and all(item.current.removed for item in sheet.lines.values())):
        text = "a placed order has at least one line; with :cancel nothing of it is delivered"
        raise InvalidFields([FieldViolation("lines", text, "REQUIRED")])


def expire(sheet: Sheet, command: Command) -> None:
    """Into the log, once; accepting is refused since the date itself."""
    sheet.expired = True
    sheet.record(command, "expired", before=str(sheet.expire_date or ""))


def look(sheet: Sheet, side: Side, sequence: int) -> None:
    """The side has seen everything up to this change. Raises InvalidFields for one that is not there."""
    if not 0 <= sequence <= sheet.revision:
        text = f"must be between 0 and {sheet.revision}"
        raise InvalidFields([FieldViolation("sequence", text, "OUT_OF_RANGE")])
    sheet.seen[side] = max(sheet.seen.get(side, 0), sequence)


def header_item(side: Side, terms: HeaderTerms, references: dict[str, object]) -> HeaderItem:
    return HeaderItem(key=HEADER, offered_by=side, base=terms, current=terms, references=references)
