"""Mails about shared orders that end, wait, or make no sense."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from commis.orders.v1 import events_pb2, orders_pb2
from commis.orders.v1 import shared_orders_pb2 as pb

from chassis.consumer import Permanent
from chassis.db import Sessions
from chassis.ids import new_id
from notifications.sheets.told import CUSTOMER, VENDOR
from services.notifications.tests.factories import ACCOUNT_ID, ORDER_ID, meta
from services.notifications.tests.sheetdesk import QUANTITY, Desk, event, sent_to
from services.notifications.tests.sheetfactories import FakeShared, a_change, a_sheet

pytestmark = pytest.mark.spec("N-13", "M-01")


@pytest.mark.parametrize(
    ("by", "template", "quoted"),
    [(CUSTOMER, "vendor_sheet_withdrawn", "Not now."), (VENDOR, "sheet_declined", "Not now.")],
)
async def test_an_end_is_told_with_its_reason(
    sessions: Sessions, by: str, template: str, quoted: str
) -> None:
    ended = a_change(12, "ended", by, text=quoted)
    change = a_change(9, "proposed", by, **QUANTITY)
    gone = orders_pb2.Order.STATE_CANCELLED
    sheets = [a_sheet(side, change, state=gone) for side in (VENDOR, CUSTOMER)]
    desk = Desk(sessions, FakeShared(*sheets, said=[ended]))
    await desk.take(event(change))
    await desk.take(event(ended, state=gone))
    await desk.digests.turn()
    mails = await desk.mails()
    assert {mail.template for mail in mails} == {template}
    assert all(quoted in mail.text and quoted in mail.html for mail in mails)


@pytest.mark.parametrize(
    ("proposed_by", "told"),
    [
        (pb.SIDE_VENDOR, []),  # who ends it ends the own proposal
        (pb.SIDE_CUSTOMER, [("sheet_dropped", "marie@parc.example")]),
        (pb.SIDE_UNSPECIFIED, [("sheet_dropped", "marie@parc.example")]),  # agreed, and not amended in time
    ],
)
async def test_an_order_that_is_processed_was_not_declined(
    sessions: Sessions, proposed_by: pb.Side.ValueType, told: list[tuple[str, str]]
) -> None:
    """What was still open about it ends, and nothing else; whoever proposed it, or counted on it, learns of it."""
    processed = {"state": orders_pb2.Order.STATE_PROCESSING}
    change, ended = a_change(9, "proposed", VENDOR, **QUANTITY), a_change(12, "ended", VENDOR, text="Packed.")
    sheet = a_sheet(CUSTOMER, change, **processed)
    sheet.lines[0].fields.add(field="quantity", proposed_by=proposed_by)
    sheet.lines[0].fields.add(field="unit_price")
    desk = Desk(sessions, FakeShared(sheet, said=[ended]))
    await desk.take(event(change, state=orders_pb2.Order.STATE_PLACED))
    await desk.take(event(ended, **processed))
    await desk.digests.turn()
    assert await sent_to(desk) == told
    for mail in await desk.mails():
        assert "2026-000123" in mail.text
        assert "Packed." in mail.text
        assert "1.234,50" not in mail.text  # what the talk would have come to


@pytest.mark.spec("O-33")
@pytest.mark.parametrize(
    ("by", "template"), [(CUSTOMER, "vendor_sheet_cancelled"), (VENDOR, "sheet_cancelled")]
)
async def test_of_an_order_that_was_placed_nobody_hears_that_nothing_was_ordered(
    sessions: Sessions, by: str, template: str
) -> None:
    """Its cancellation ends the sheet, whoever had started that; a change of it that was open goes with it."""
    gone = orders_pb2.Order.STATE_CANCELLED
    change, ended = a_change(31, "proposed", by, **QUANTITY), a_change(32, "ended", by, text="Not now.")
    sheets = [a_sheet(side, change, state=gone, number="2026-000123") for side in (VENDOR, CUSTOMER)]
    desk = Desk(sessions, FakeShared(*sheets, said=[ended]))
    await desk.take(event(change, state=orders_pb2.Order.STATE_PLACED))
    await desk.take(event(ended, state=gone))
    await desk.digests.turn()
    mails = await desk.mails()
    assert {mail.template for mail in mails} == {template}
    assert all("2026-000123" in mail.text and "Not now." in mail.text for mail in mails)
    assert not any("1.234,50" in mail.text for mail in mails)


@pytest.mark.spec("N-06", "N-09")
async def test_an_amendment_ends_no_digest(sessions: Sessions) -> None:
    """Whoever proposed it still learns that the other side agreed, also where nobody is mailed the confirmation."""
    placed = {"state": orders_pb2.Order.STATE_PLACED}
    accepted, agreed = (
        a_change(31 + n, kind, CUSTOMER, **QUANTITY) for n, kind in enumerate(("accepted", "agreed"))
    )
    amended = a_change(33, "placed", CUSTOMER, from_value="2026-000123", to_value="2026-000123")
    desk = Desk(sessions, FakeShared(a_sheet(VENDOR, accepted, agreed, amended, **placed)))
    await desk.take(event(accepted, agreed, **placed))
    await desk.take(event(amended, **placed))
    await desk.digests.turn()
    assert {template for template, _ in await sent_to(desk)} == {"vendor_sheet_changed"}


async def test_a_placed_order_ends_its_digests(sessions: Sessions) -> None:
    accepted = a_change(9, "accepted", VENDOR)
    desk = Desk(sessions, FakeShared(a_sheet(CUSTOMER, accepted)))
    await desk.take(event(accepted, a_change(10, "placed", VENDOR)))
    await desk.digests.turn()
    assert await desk.mails() == []


@pytest.mark.parametrize("why", ["waiting", "expiring", "expired"])
async def test_reminders_reach_the_side_that_is_waited_for(sessions: Sessions, why: str) -> None:
    desk = Desk(sessions, FakeShared(a_sheet(CUSTOMER)))
    due = events_pb2.SheetReminderDue(
        order_id=str(ORDER_ID), account_id=str(ACCOUNT_ID), side=CUSTOMER, why=why
    )
    cause = new_id()
    for _ in range(2):
        await desk.take(due, cause)
    assert await sent_to(desk) == [(f"sheet_{why}", "marie@parc.example")]


async def test_an_event_that_makes_no_sense_is_set_aside(sessions: Sessions) -> None:
    desk = Desk(sessions, FakeShared())
    for wrong in (
        event(a_change(1, "sent"), order_id="x"),
        events_pb2.SheetReminderDue(order_id=str(ORDER_ID), side="NOBODY", why="waiting"),
        events_pb2.SheetReminderDue(order_id=str(ORDER_ID), side=VENDOR, why="because"),
    ):
        with pytest.raises(Permanent):
            await desk.consumer.prepare(wrong, meta())


async def test_of_a_sheet_that_is_no_more_nothing_is_told(sessions: Sessions) -> None:
    desk = Desk(sessions, FakeShared())
    await desk.take(event(a_change(8, "sent", VENDOR)))
    await desk.take(event(a_change(9, "proposed", VENDOR, **QUANTITY)))
    await desk.run("UPDATE sheet_digests SET due_time = now()")
    await desk.digests.turn()
    assert await desk.mails() == []
    async with sessions() as session:
        assert (await session.execute(sa.text("SELECT count(*) FROM sheet_digests"))).scalar_one() == 0
