"""Mails about shared orders: at once for what was sent, digests for what changed, each once."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa
from commis.orders.v1 import shared_orders_pb2 as pb

from chassis.db import Sessions
from chassis.errors import Unavailable
from chassis.ids import new_id
from notifications.ports import Recipient
from notifications.sheets.store import Pace
from notifications.sheets.told import CUSTOMER, VENDOR
from services.notifications.tests.factories import ACCOUNT_ID, ORDER_ID, VENDOR_MAIL, meta
from services.notifications.tests.sheetdesk import QUANTITY, Desk, event, sent_to
from services.notifications.tests.sheetfactories import (
    REP,
    FakeShared,
    a_change,
    a_sheet,
    known_customers,
)

pytestmark = pytest.mark.spec("N-02", "N-04", "N-06", "M-01")
REPS_MAIL = "jan@vendor.example"


async def test_what_the_customer_sends_reaches_the_desk_and_the_representative(sessions: Sessions) -> None:
    sent = a_change(8, "sent", CUSTOMER, text="Please check.")
    desk = Desk(sessions, FakeShared(a_sheet(VENDOR, a_change(7, "line_added", CUSTOMER)), said=[sent]))
    cause = new_id()
    for _ in range(2):
        await desk.take(event(sent), cause)
    assert await sent_to(desk) == [("vendor_sheet_sent", VENDOR_MAIL), ("vendor_sheet_sent", REPS_MAIL)]
    first, second = await desk.mails()
    assert (first.language, second.language) == ("fr", "nl")
    assert "Please check." in first.text
    assert (first.order_id, first.account_id, first.cause_id) == (ORDER_ID, ACCOUNT_ID, cause)
    assert len(first.named_ids) == 1


async def test_what_the_vendor_sends_reaches_the_contact(sessions: Sessions) -> None:
    sent = a_change(8, "sent", VENDOR, text="An offer.")
    desk = Desk(sessions, FakeShared(a_sheet(CUSTOMER), said=[sent]))
    await desk.take(event(sent))
    assert await sent_to(desk) == [("sheet_sent", "marie@parc.example")]


async def test_a_sheet_that_comes_for_the_first_time_shows_its_lines(sessions: Sessions) -> None:
    first = a_change(8, "sent", VENDOR)
    desk = Desk(sessions, FakeShared(a_sheet(CUSTOMER, first), said=[first]))
    await desk.take(event(first))
    (mail,) = await desk.mails()
    assert "Sac en toile" in mail.text
    assert "Sac en toile" in mail.html


async def test_without_a_contact_the_holder_of_the_account_is_written_to(sessions: Sessions) -> None:
    sheet = a_sheet(CUSTOMER, header=pb.SharedHeader(note="x"))
    known = known_customers()
    desk = Desk(sessions, FakeShared(sheet), customers=known)
    desk.consumer._writer._orders.orders[ORDER_ID].ClearField("contact")  # type: ignore[attr-defined]
    await desk.take(event(a_change(8, "sent", VENDOR)))
    assert await sent_to(desk) == [("sheet_sent", "owner@parc.example")]


async def test_a_representative_who_is_the_desk_gets_one_mail(sessions: Sessions) -> None:
    known = known_customers()
    known.representatives[REP] = Recipient(VENDOR_MAIL.upper(), "Jan Peeters", "nl")
    desk = Desk(sessions, FakeShared(a_sheet(VENDOR)), customers=known)
    await desk.take(event(a_change(8, "sent", CUSTOMER)))
    assert await sent_to(desk) == [("vendor_sheet_sent", VENDOR_MAIL)]


async def test_nobody_is_mailed_about_a_sheet_that_was_not_sent(sessions: Sessions) -> None:
    desk = Desk(sessions, FakeShared(a_sheet(CUSTOMER)))
    await desk.take(event(a_change(1, "started"), a_change(2, "line_added"), visible_to=pb.SIDE_VENDOR))
    await desk.digests.turn()
    assert await desk.mails() == []
    assert desk.shared.asked == 0


async def test_changes_are_one_digest_and_the_next_one_waits(sessions: Sessions) -> None:
    changes = [a_change(number, "proposed", VENDOR, **QUANTITY) for number in range(9, 14)]
    desk = Desk(sessions, FakeShared(a_sheet(CUSTOMER, *changes)))
    for each in changes:
        await desk.take(event(each))
    await desk.digests.turn()
    await desk.digests.turn()
    assert await sent_to(desk) == [("sheet_changed", "marie@parc.example")]
    later = a_change(21, "proposed", VENDOR, **QUANTITY)
    desk.shared.sheets[pb.SIDE_CUSTOMER] = a_sheet(CUSTOMER, later)
    await desk.take(event(later))
    await desk.digests.turn()
    assert len(await desk.mails()) == 1  # not twice in a quarter of an hour
    await desk.run("UPDATE sheet_digests SET due_time = now()")
    await desk.digests.turn()
    assert len(await desk.mails()) == 2


async def test_who_still_types_is_waited_for(sessions: Sessions) -> None:
    change = a_change(9, "proposed", VENDOR, **QUANTITY)
    desk = Desk(sessions, FakeShared(a_sheet(CUSTOMER, change)), Pace(3600, 7200))
    await desk.take(event(change))
    await desk.digests.turn()
    assert await desk.mails() == []


async def test_whoever_never_stops_typing_is_told_of_all_the_same(sessions: Sessions) -> None:
    change = a_change(9, "proposed", VENDOR, **QUANTITY)
    desk = Desk(sessions, FakeShared(a_sheet(CUSTOMER, change)), Pace(3600, 7200))
    await desk.take(event(change))
    await desk.run("UPDATE sheet_digests SET waiting_since = now() - interval '3 hours'")
    await desk.take(event(a_change(10, "proposed", VENDOR, **QUANTITY)))
    await desk.digests.turn()
    assert len(await desk.mails()) == 1


async def test_no_digest_of_what_was_sent_or_seen_meanwhile(sessions: Sessions) -> None:
    change = a_change(9, "proposed", VENDOR, **QUANTITY)
    sent = a_change(10, "sent", VENDOR)
    desk = Desk(sessions, FakeShared(a_sheet(CUSTOMER, change)))
    await desk.take(event(change))
    await desk.take(event(sent))
    await desk.digests.turn()
    assert await sent_to(desk) == [("sheet_sent", "marie@parc.example")]
    seen = Desk(sessions, FakeShared(a_sheet(VENDOR)))
    await seen.take(event(a_change(11, "accepted", CUSTOMER)))
    await seen.digests.turn()
    assert len(await seen.mails()) == 1


async def test_a_change_that_was_taken_back_is_no_digest(sessions: Sessions) -> None:
    changes = [
        a_change(9, "proposed", VENDOR, line_id="x", field="quantity", from_value="10", to_value="12"),
        a_change(10, "withdrawn", VENDOR, line_id="x", field="quantity", from_value="12", to_value="10"),
    ]
    desk = Desk(sessions, FakeShared(a_sheet(CUSTOMER, *changes)))
    for each in changes:
        await desk.take(event(each))
    await desk.digests.turn()
    assert await desk.mails() == []
    async with sessions() as session:
        waiting = await session.scalar(sa.text("SELECT count(due_time) FROM sheet_digests"))
    assert waiting == 0
    later = a_change(21, "proposed", VENDOR, **QUANTITY)
    desk.shared.sheets[pb.SIDE_CUSTOMER] = a_sheet(CUSTOMER, later)
    await desk.take(event(later))
    await desk.digests.turn()
    assert len(await desk.mails()) == 1


async def test_a_hand_over_that_is_heard_late_ends_no_later_change(sessions: Sessions) -> None:
    """Of two processes the one with the later event was first."""
    sent, change = a_change(10, "sent", CUSTOMER), a_change(11, "proposed", CUSTOMER, **QUANTITY)
    first, second = (Desk(sessions, FakeShared(a_sheet(VENDOR, change))) for _ in range(2))
    await second.take(event(change))
    await first.take(event(sent))
    await first.digests.turn()
    assert {template for template, _ in await sent_to(first)} == {"vendor_sheet_sent"}
    await first.run("UPDATE sheet_digests SET due_time = now() WHERE due_time IS NOT NULL")
    await first.digests.turn()
    assert "vendor_sheet_changed" in {template for template, _ in await sent_to(first)}


@pytest.mark.spec("A-11", "A-12")
async def test_a_representative_who_no_longer_looks_after_the_account_is_not_written_to(
    sessions: Sessions,
) -> None:
    known = known_customers()
    known.looked_after.clear()
    desk = Desk(sessions, FakeShared(a_sheet(VENDOR)), customers=known)
    await desk.take(event(a_change(8, "sent", CUSTOMER)))
    assert await sent_to(desk) == [("vendor_sheet_sent", VENDOR_MAIL)]


async def test_each_side_has_its_own_digest(sessions: Sessions) -> None:
    theirs = a_change(9, "proposed", VENDOR, **QUANTITY)
    ours = a_change(10, "countered", CUSTOMER, **QUANTITY)
    moved = a_change(11, "price_moved", "", field="unit_price")
    desk = Desk(sessions, FakeShared(a_sheet(CUSTOMER, theirs, moved), a_sheet(VENDOR, ours)))
    for each in (theirs, ours, moved):
        await desk.take(event(each))
    await desk.digests.turn()
    assert sorted(await sent_to(desk)) == [
        ("sheet_changed", "marie@parc.example"),
        ("vendor_sheet_changed", VENDOR_MAIL),
        ("vendor_sheet_changed", REPS_MAIL),
    ]


async def test_of_two_processes_one_writes_a_digest(sessions: Sessions) -> None:
    change = a_change(9, "proposed", VENDOR, **QUANTITY)
    shared = FakeShared(a_sheet(CUSTOMER, change))
    first, second = Desk(sessions, shared), Desk(sessions, shared)
    await first.take(event(change))
    async with sessions.begin() as session:
        due = (await session.execute(sa.text("SELECT * FROM sheet_digests"))).one()
    await asyncio.gather(first.digests.turn(), second.digests.turn())
    assert len(await first.mails()) == 1
    await asyncio.gather(first.digests._write(due), second.digests._write(due))  # both had it in hand
    assert len(await first.mails()) == 1


async def test_a_crash_or_a_neighbour_away_loses_no_digest(sessions: Sessions) -> None:
    change = a_change(9, "proposed", VENDOR, **QUANTITY)
    desk = Desk(sessions, FakeShared(a_sheet(CUSTOMER, change)))
    await desk.take(event(change))
    desk.shared.down = True
    await desk.digests.turn()
    desk.shared.down = False
    assert await desk.mails() == []
    await desk.digests.turn()
    assert await desk.mails() == []  # leased still
    await desk.run("UPDATE sheet_digests SET due_time = now()")
    again = Desk(sessions, desk.shared)
    await again.digests.turn()
    assert len(await desk.mails()) == 1
    desk.shared.down = True
    with pytest.raises(Unavailable):
        await desk.consumer.prepare(event(a_change(12, "sent", VENDOR)), meta())
