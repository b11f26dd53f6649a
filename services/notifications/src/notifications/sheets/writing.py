"""From a shared order to mails: for the vendor's desk and the representative, or for the customer's contact."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from commis.common.v1 import common_pb2
from commis.orders.v1 import orders_pb2
from commis.orders.v1 import shared_orders_pb2 as pb

from chassis import ids
from notifications.mails.drafting import About, Vendor, draft
from notifications.mails.store import Draft
from notifications.ports import Customers, Orders, Recipient, SharedOrders
from notifications.sheets.told import OTHER, SIDES, VENDOR
from notifications.wording import languages
from notifications.wording.orders import named_facts, persons_in
from notifications.wording.sheets import SheetView

# Of the talk nothing counts any more, such as its amounts: what there is, or was, is an order that was placed.
_OF_PLACED = ("sheet_dropped", "sheet_cancelled")
_ENDED = ("sheet_withdrawn", "sheet_declined", *_OF_PLACED)


@dataclass(frozen=True, slots=True)
class Letter:
    """`kind` as in the texts: sheet_sent, sheet_changed ...; `said`: the change whose words are quoted. With `changes`
    the mail lists what the side has not seen."""

    kind: str
    cause_id: UUID
    order_id: UUID
    side: str
    said: int = 0
    changes: bool = False


class Writer:
    """Whoever cannot be written to gets nothing. Raises ServiceError while a neighbour is away."""

    def __init__(
        self,
        orders: Orders,
        shared: SharedOrders,
        customers: Customers,
        vendor: Vendor,
    ) -> None:
        self._orders = orders
        self._shared = shared
        self._customers = customers
        self._vendor = vendor

    async def sheet(self, order_id: UUID, side: str) -> pb.SharedOrder | None:
        """As this side sees it; None when there is none any more."""
        return await self._shared.find_shared_order(order_id, side)

    async def drafts(self, letter: Letter, sheet: pb.SharedOrder | None = None) -> list[Draft]:
        """One for each reader, in that reader's language. `sheet`: as the side sees it, where it was read already."""
        sheet = sheet or await self.sheet(letter.order_id, letter.side)
        if sheet is None:
            return []
        said = None
        if letter.said:
            said = await self._shared.find_change(letter.order_id, letter.said)
        order = await self._orders.get_order(letter.order_id)
        shown = unseen(sheet, letter.side) if letter.changes else []
        named = _named(order, [*shown, *([said] if said is not None else [])])
        readers = await self._readers(letter.side, sheet, order)
        account_id = ids.parse_id(sheet.account_id)
        about = About(letter.cause_id, account_id, order_id=letter.order_id, named=named)
        drafts = []
        for to in readers:
            language = languages.known(to.language)
            values = {**SheetView(sheet, language).values(shown), "name": to.display_name, **_quoted(said)}
            if letter.kind in _ENDED:
                values |= {"state": None, "lines": []}
            if letter.kind in _OF_PLACED:
                values["facts"] = named_facts(order, language)
            kind = f"vendor_{letter.kind}" if letter.side == VENDOR else letter.kind
            drafts.append(draft(kind, about, to.email, language, values, self._vendor))
        return drafts

    async def _readers(
        self, side: str, sheet: pb.SharedOrder, order: orders_pb2.Order
    ) -> Iterable[Recipient]:
        """By address, so that a representative who is the desk gets one mail."""
        if side != VENDOR:
            return await self._customer(sheet, order)
        found = {self._vendor.address.lower(): Recipient(self._vendor.address, "", self._vendor.language)}
        rep_id = ids.parse_id(sheet.representative.id)
        if rep_id is not None and sheet.representative.kind == common_pb2.PARTY_KIND_REP:
            rep = await self._customers.find_representative(rep_id, UUID(sheet.account_id))
            if rep is not None and rep.email:
                found.setdefault(rep.email.lower(), rep)
        return found.values()

    async def _customer(self, sheet: pb.SharedOrder, order: orders_pb2.Order) -> list[Recipient]:
        """The contact of the sheet; the holder of the account where it has none."""
        contact = sheet.header.contact if sheet.header.contact.email else order.contact
        if contact.email:
            return [Recipient(contact.email, contact.name or sheet.account_name, order.language_code)]
        holder = await self._customers.find_holder(UUID(sheet.account_id))
        return [holder] if holder is not None and holder.email else []


def _quoted(said: pb.SheetChange | None) -> dict[str, Any]:
    if said is None:
        return {"author": "", "quote": []}
    return {"author": said.actor.display_name, "quote": said.text.splitlines()}


def unseen(sheet: pb.SharedOrder, side: str) -> list[pb.SheetChange]:
    """What others than this side did since it last looked."""
    return [each for each in sheet.unseen if SIDES.get(each.side, OTHER[side]) != side]


def _named(order: orders_pb2.Order, changes: Iterable[pb.SheetChange]) -> tuple[UUID, ...]:
    """Whose names the mail may show."""
    acted = {
        ids.parse_id(each.actor.id)
        for each in changes
        if each.actor.kind == common_pb2.PARTY_KIND_PERSON and each.actor.id
    }
    persons = {each for each in (*acted, *persons_in(order)) if each is not None}
    return tuple(sorted(persons))
