"""A shared order as orders tells it, and the mails about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from commis.common.v1 import common_pb2
from commis.orders.v1 import orders_pb2
from commis.orders.v1 import shared_orders_pb2 as pb
from google.type import date_pb2

from chassis.errors import Unavailable
from chassis.ids import new_id
from notifications.mails.drafting import Vendor
from notifications.mails.store import Draft
from notifications.ports import Recipient
from notifications.sheets.told import CUSTOMER, NUMBERS, VENDOR
from notifications.sheets.writing import Letter, Writer
from services.notifications.tests.factories import (
    ACCOUNT_ID,
    ORDER_ID,
    VENDOR_MAIL,
    FakeCustomers,
    FakeOrders,
    an_order,
    eur,
)

REP = UUID("01933f5e-7a10-7000-8000-0000000000e1")
BUYER = UUID("01933f5e-7a10-7000-8000-0000000000e2")
LINES = [UUID(f"01933f5e-7a10-7000-8000-0000000000d{number}") for number in range(3)]
RED = pb.SheetStatus.COLOUR_RED
YELLOW = pb.SheetStatus.COLOUR_YELLOW


def a_change(sequence: int, kind: str, side: str = VENDOR, **fields: Any) -> pb.SheetChange:
    person = common_pb2.Party(kind=common_pb2.PARTY_KIND_PERSON, id=str(BUYER), display_name="Marie Dupont")
    rep = common_pb2.Party(kind=common_pb2.PARTY_KIND_REP, id=str(REP), display_name="Jan Peeters")
    given = {"side": NUMBERS[side] if side else 0, "actor": rep if side == VENDOR else person}
    return pb.SheetChange(sequence=sequence, kind=kind, **(given | fields))


def a_sheet(side: str, *unseen: pb.SheetChange, **changes: Any) -> pb.SharedOrder:
    """As this side sees it."""
    colour = RED if unseen else YELLOW
    lines = [
        pb.SharedLine(
            id=str(line_id),
            position=number,
            status=pb.SheetStatus(colour=colour),
            current=pb.LineTerms(
                sku=f"BK-{number}",
                description=description,
                quantity=10 * number,
                unit_price=eur("12.5"),
                total=eur(str(125 * number)),
            ),
        )
        for number, (line_id, description) in enumerate(
            zip(LINES[:2], ("Het verdriet van België", "Sac en toile"), strict=True), 1
        )
    ]
    made = pb.SharedOrder(
        order_id=str(ORDER_ID),
        state=orders_pb2.Order.STATE_NEGOTIATING,
        account_id=str(ACCOUNT_ID),
        account_name="Librairie du Parc",
        revision=max([20, *(each.sequence for each in unseen)]),
        side=NUMBERS[side],
        started_by=pb.SIDE_CUSTOMER,
        status=pb.SheetStatus(colour=colour),
        header=pb.SharedHeader(
            order_reference="PO-2026-17",
            contact=orders_pb2.Contact(name="Marie Dupont", email="marie@parc.example"),
        ),
        lines=lines,
        totals=orders_pb2.Totals(total=eur("1234.50")),
        expire_date=date_pb2.Date(year=2026, month=12, day=1),
        currency_code="EUR",
        unseen=unseen,
        representative=common_pb2.Party(kind=common_pb2.PARTY_KIND_REP, id=str(REP)),
    )
    for name in changes:
        made.ClearField(name)  # type: ignore[arg-type]
    made.MergeFrom(pb.SharedOrder(**changes))
    return made


def many_changes(by: str) -> list[pb.SheetChange]:
    """One of every kind that a mail shows."""
    first, second, gone = map(str, LINES)
    return [
        a_change(8, "sent", by, text="Hello"),
        a_change(9, "countered", by, line_id=first, field="unit_price",
                 from_value="12.3456 EUR list", to_value="12 EUR negotiated"),
        a_change(10, "proposed", by, line_id=first, field="quantity", from_value="10", to_value="1000"),
        a_change(11, "proposed", by, line_id=first, field="quantity", from_value="1000", to_value="1200"),
        a_change(12, "proposed", by, line_id=first, field="delivery_date", to_value="2026-12-24"),
        a_change(13, "proposed", by, line_id=first, field="mark", from_value="NONE", to_value="BACKORDERED"),
        a_change(14, "line_added", by, line_id=second, to_value="20 x BK-2"),
        a_change(15, "declined", by, line_id=gone, from_value="3 x BK-9", text="Out of print."),
        a_change(16, "proposed", by, line_id=second, field="removed", from_value="false", to_value="true"),
        a_change(17, "header_changed", by, line_id="header", field="note", to_value="Sonner deux fois"),
        a_change(18, "proposed", by, line_id="header", field="payment_method", to_value="CHEQUE"),
        a_change(19, "file_added", by, to_value="plan.pdf"),
        a_change(20, "proposed", by, line_id=second, field="quantity", from_value="20", to_value="21"),
        a_change(21, "proposed", by, line_id=second, field="quantity", from_value="21", to_value="20"),
    ]  # fmt: skip


class FakeShared:
    """By side; `said` are the lines of the log with their words."""

    def __init__(self, *sheets: pb.SharedOrder, said: Sequence[pb.SheetChange] = ()) -> None:
        self.sheets = {sheet.side: sheet for sheet in sheets}
        self.said = {each.sequence: each for each in said}
        self.down = False
        self.asked = 0

    async def find_shared_order(self, order_id: UUID, side: str) -> pb.SharedOrder | None:
        self.asked += 1
        if self.down:
            raise Unavailable("orders is away")
        sheet = self.sheets.get(NUMBERS[side])
        return sheet if sheet is not None and sheet.order_id == str(order_id) else None

    async def find_change(self, order_id: UUID, sequence: int) -> pb.SheetChange | None:
        return self.said.get(sequence)


def known_customers(language: str = "fr") -> FakeCustomers:
    known = FakeCustomers()
    known.representatives[REP] = Recipient("jan@vendor.example", "Jan Peeters", "nl")
    known.holders[ACCOUNT_ID] = Recipient("owner@parc.example", "Luc Janssens", language)
    return known


def writer(shared: FakeShared, *, customers: FakeCustomers | None = None, language: str = "fr") -> Writer:
    vendor = Vendor("Boek & Zoon", VENDOR_MAIL, language)
    return Writer(FakeOrders(an_order(language)), shared, customers or known_customers(language), vendor)


async def every_sheet_mail(language: str) -> list[Draft]:
    """One of every kind to each side; the readers and the vendor all read this language."""
    said = {side: a_change(8, "sent", side, text="Please have a look.\nThank you.") for side in NUMBERS}
    drafts: list[Draft] = []
    for to, by in ((CUSTOMER, VENDOR), (VENDOR, CUSTOMER)):
        shared = FakeShared(a_sheet(to, *many_changes(by)), said=[said[by]])
        made = writer(shared, customers=FakeCustomers(), language=language)
        for kind, quoted, listed in (
            ("sheet_sent", True, True),
            ("sheet_changed", False, True),
            ("sheet_waiting", False, True),
            ("sheet_expiring", False, False),
            ("sheet_expired", False, False),
            ("sheet_withdrawn", True, False),
            ("sheet_declined", True, False),
            ("sheet_dropped", True, False),
            ("sheet_cancelled", True, False),
        ):
            letter = Letter(kind, new_id(), ORDER_ID, to, 8 if quoted else 0, changes=listed)
            drafts += await made.drafts(letter)
    return drafts
