"""FeedService over a real channel: numbers without gaps, each reader sees what it may see now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import grpc
import pytest
import sqlalchemy as sa
from commis.library.v1 import events_pb2 as library
from commis.notifications.v1 import feed_pb2 as pb
from commis.notifications.v1 import feed_pb2_grpc
from commis.orders.v1 import events_pb2 as orders
from commis.orders.v1 import orders_pb2, shared_orders_pb2

from chassis.context import Principal
from chassis.db import Sessions
from chassis.errors import ServiceError
from chassis.ids import new_id
from chassis.status import from_rpc_error
from chassis.testing import as_rep, as_staff, grpc_server, issuer
from notifications.feeds import consumers, facts
from notifications.feeds.ports import ReaderFacts
from notifications.feeds.rpc import FeedServicer
from notifications.housekeeping import Housekeeping
from services.notifications.tests.factories import meta

ACCOUNT, OTHER, COMMUNITY = new_id(), new_id(), new_id()
MINE, FOREIGN = new_id(), new_id()


class FakeAccess:
    """Who may see the account, with which role now; and which orders the reader may see."""

    def __init__(self) -> None:
        self.facts: ReaderFacts | None = ReaderFacts("ADMINISTRATOR", None)
        self.orders = {MINE}
        self.asked: list[UUID] = []

    async def find_facts(self, account_id: UUID) -> ReaderFacts | None:
        return self.facts

    async def may_see_order(self, order_id: UUID) -> bool:
        self.asked.append(order_id)
        return order_id in self.orders


def reader(role: str = "ADMINISTRATOR", kind: str = "PERSON", **details: str) -> Any:
    who = Principal(ACCOUNT, "ACCOUNT", actor_id=str(new_id()), actor_kind=kind, membership_role=role)
    return (("authorization", f"Bearer {issuer.token(who, ctx=details or None)}"),)


@pytest.fixture
def access() -> FakeAccess:
    return FakeAccess()


@pytest.fixture
async def feed(sessions: Sessions, access: FakeAccess) -> AsyncIterator[feed_pb2_grpc.FeedServiceStub]:
    name = "commis.notifications.v1.FeedService"
    servicer = (feed_pb2_grpc.add_FeedServiceServicer_to_server, FeedServicer(sessions, access), name)
    async with grpc_server([servicer], domain="notifications.commis") as running:
        yield feed_pb2_grpc.FeedServiceStub(running.channel)


def placed(order_id: UUID = MINE, account_id: UUID = ACCOUNT, kind: Any = orders.OrderPlaced) -> Any:
    return kind(order_id=str(order_id), account_id=str(account_id))


async def tell(sessions: Sessions, *events: Any) -> None:
    async with sessions.begin() as session:
        batch = [(event, meta(event.DESCRIPTOR.full_name), None) for event in events]
        await consumers.write(session, [one for one in batch if facts.concerns(one[0])])


async def read(
    feed: Any, after: int | None = 0, as_: Any = None, size: int = 0
) -> pb.ListFeedEntriesResponse:
    request = pb.ListFeedEntriesRequest(page_size=size)
    if after is not None:
        request.after_sequence = after
    return await feed.ListFeedEntries(request, metadata=as_ or reader())


async def refused(call: Any) -> ServiceError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return from_rpc_error(caught.value, "notifications")


@pytest.mark.spec("M-04")
async def test_events_become_numbered_entries_of_their_account(feed: Any, sessions: Sessions) -> None:
    budget = library.BudgetChanged(budget_id=str(new_id()), account_id=str(ACCOUNT), movement="HOLD")
    payment = orders.PaymentChanged(
        order_id=str(MINE), account_id=str(ACCOUNT), state="PAID", order_payment_state="PAID"
    )
    await tell(sessions, placed(), placed(FOREIGN, OTHER), budget)
    await tell(sessions, placed(kind=orders.OrderMessageWritten), payment, placed(kind=orders.OrderShipped))
    answer = await read(feed)
    assert [(one.sequence, one.type, one.state) for one in answer.entries] == [
        (1, "order.placed", "PLACED"),
        (2, "budget.changed", ""),
        (3, "order.message", ""),
        (4, "order.payment", "PAID"),
        (5, "order.shipped", "SHIPPED"),
    ]
    assert (answer.last_sequence, answer.more) == (5, False)
    assert answer.entries[1].budget_id == budget.budget_id
    assert {one.account_id for one in answer.entries} == {str(ACCOUNT)}
    newest = await read(feed, None)
    assert (list(newest.entries), newest.last_sequence) == ([], 5)


@pytest.mark.spec("M-04", "N-09")
async def test_an_amended_order_has_changed_and_one_that_is_not_approved_is_what_it_was(
    feed: Any, sessions: Sessions
) -> None:
    negotiated = orders.ApprovalRefused(order_id=str(MINE), account_id=str(ACCOUNT), shared=True)
    await tell(sessions, placed(kind=orders.OrderAmended), negotiated, placed(kind=orders.ApprovalRefused))
    assert [(one.type, one.state) for one in (await read(feed)).entries] == [
        ("order.changed", "PLACED"),
        ("order.changed", "NEGOTIATING"),
        ("order.changed", "DRAFT"),
    ]
    [ours, _] = consumers.subscriptions()
    assert "commis.orders.v1.order_amended" in ours.subjects


@pytest.mark.spec("M-04")
async def test_pages_go_on_where_the_last_one_ended(feed: Any, sessions: Sessions) -> None:
    await tell(sessions, *(placed() for _ in range(5)))
    first = await read(feed, 0, size=2)
    assert (first.last_sequence, first.more) == (2, True)
    rest = await read(feed, first.last_sequence)
    assert [one.sequence for one in rest.entries] == [3, 4, 5]
    assert not rest.more
    assert not (await read(feed, 5)).entries


@pytest.mark.spec("M-04", "A-12")
async def test_a_user_sees_what_orders_shows_it(feed: Any, sessions: Sessions, access: FakeAccess) -> None:
    budget = library.BudgetChanged(budget_id=str(new_id()), account_id=str(ACCOUNT))
    await tell(sessions, placed(), placed(FOREIGN), budget, placed(FOREIGN))
    access.facts = ReaderFacts("USER", None)
    answer = await read(feed, as_=reader("USER"))
    assert [one.sequence for one in answer.entries] == [1, 3]
    assert answer.last_sequence == 4, "so that nothing is looked at twice"
    assert sorted(access.asked) == sorted([MINE, FOREIGN]), "each order once"
    demoted = await read(feed, as_=reader("ADMINISTRATOR"))
    assert [one.sequence for one in demoted.entries] == [1, 3], "what customers says now counts"


@pytest.mark.spec("M-04", "H-06")
async def test_a_care_worker_is_vouched_for_by_the_session_s_community(
    feed: Any, sessions: Sessions, access: FakeAccess
) -> None:
    await tell(sessions, placed(), placed(FOREIGN))
    carer = reader("", "CARE_WORKER", community=str(COMMUNITY))
    access.facts = ReaderFacts("", COMMUNITY)
    assert [one.order_id for one in (await read(feed, as_=carer)).entries] == [str(MINE)]
    for facts_now in (ReaderFacts("", new_id()), ReaderFacts("", None), None):
        access.facts = facts_now
        assert (await refused(read(feed, as_=carer))).reason == "ACCOUNT_NOT_FOUND"


@pytest.mark.spec("M-04", "A-12")
async def test_who_acts_for_no_account_reads_nothing(feed: Any, access: FakeAccess) -> None:
    for who in (as_staff("ADMIN"), as_rep(new_id())):
        assert (await refused(read(feed, as_=who))).reason == "PERMISSION_DENIED"
    access.facts = None
    assert (await refused(read(feed))).reason == "ACCOUNT_NOT_FOUND"


@pytest.mark.spec("M-04")
async def test_what_is_gone_is_said(feed: Any, sessions: Sessions) -> None:
    await tell(sessions, *(placed() for _ in range(6)))
    async with sessions.begin() as session:
        await session.execute(
            sa.text("UPDATE feed_entries SET create_time = now() - interval '31 days' WHERE sequence <= 4")
        )
    await Housekeeping(sessions, mail_text_days=400).purge()
    for number in (0, 3, 7, 2**63 - 1):
        assert (await refused(read(feed, number))).reason == "FEED_GONE", number
    assert [one.sequence for one in (await read(feed, 4)).entries] == [5, 6]
    assert (await refused(read(feed, -1))).reason == "INVALID_FIELDS"
    assert (await refused(read(feed, 0, size=-1))).reason == "INVALID_FIELDS"


@pytest.mark.spec("M-04", "N-06")
async def test_changes_of_a_shared_order_are_news_once_the_other_side_sees_it(
    feed: Any, sessions: Sessions
) -> None:
    def sheet(revision: int, visible_to: Any = shared_orders_pb2.SIDE_UNSPECIFIED) -> Any:
        return shared_orders_pb2.SheetChanged(
            order_id=str(MINE),
            account_id=str(ACCOUNT),
            revision=revision,
            visible_to=visible_to,
            state=orders_pb2.Order.STATE_NEGOTIATING,
        )

    await tell(sessions, sheet(1, shared_orders_pb2.SIDE_VENDOR))
    await tell(sessions, sheet(2), sheet(3), placed(kind=orders.OrderMessageWritten), sheet(4))
    abandoned = orders.OrderCancelled(order_id=str(MINE), account_id=str(ACCOUNT), was_placed=False)
    complete = orders.ShipmentCreated(order_id=str(MINE), account_id=str(ACCOUNT), complete=True)
    assert not facts.concerns(abandoned)
    assert not facts.concerns(complete)
    told = [(one.type, one.state) for one in (await read(feed)).entries]
    assert told == [("order.message", ""), ("shared_order.changed", "NEGOTIATING")]


@pytest.mark.spec("M-04", "M-05")
async def test_followers_are_told_once_per_batch_and_the_numbers_never_overtake(
    feed: Any, sessions: Sessions
) -> None:
    await asyncio.gather(*(tell(sessions, placed(), placed(FOREIGN, OTHER), placed()) for _ in range(8)))
    assert [one.sequence for one in (await read(feed)).entries] == list(range(1, 17))
    async with sessions() as session:
        rows = (await session.execute(sa.text("SELECT subject, payload FROM outbox ORDER BY position"))).all()
    mine = [pb.FeedAppended.FromString(row.payload) for row in rows if row.subject.endswith(str(ACCOUNT))]
    assert len(mine) == 8
    assert sorted(one.entry.sequence for one in mine) == list(range(2, 17, 2))
    assert {row.subject for row in rows} == {
        f"commis.notifications.v1.feeds.{one}" for one in (ACCOUNT, OTHER)
    }


@pytest.mark.spec("M-04", "O-24")
async def test_an_order_that_waited_for_approval_is_told_to_be_cancelled(
    feed: Any, sessions: Sessions
) -> None:
    ids = {"order_id": str(MINE), "account_id": str(ACCOUNT)}
    cancelled = orders.OrderCancelled(**ids, approval_asked=True)
    assert facts.concerns(cancelled)
    await tell(sessions, orders.ApprovalRequested(**ids), cancelled)
    told = [(one.type, one.state) for one in (await read(feed)).entries]
    assert told == [("order.changed", "PENDING_APPROVAL"), ("order.cancelled", "CANCELLED")]
