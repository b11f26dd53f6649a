"""Tickets for live feeds: used once, for seconds, by the session that asked and for as long as that lives."""

import asyncio
import json
from typing import Any

import pytest
import sqlalchemy as sa
from commis.customers.v1 import sessions_pb2 as pb

from chassis.testing import as_service
from customers import housekeeping
from customers.sessions import events, store

from ..conftest import bearer

EMAIL = "lies@shops.example"


async def ticket_of(world: Any, as_: Any) -> str:
    answer = await world.call("SessionService", "CreateFeedTicket", pb.CreateFeedTicketRequest(), as_)
    return str(answer.ticket)


async def redeem(world: Any, ticket: str) -> pb.RedeemFeedTicketResponse:
    request = pb.RedeemFeedTicketRequest(ticket=ticket)
    return await world.call("SessionService", "RedeemFeedTicket", request, ())


async def session_of(world: Any, as_: Any) -> pb.Session:
    return (await world.call("SessionService", "GetSession", pb.GetSessionRequest(), as_)).session


async def not_valid(world: Any, refused: Any, ticket: str) -> None:
    with pytest.raises(refused) as error:
        await redeem(world, ticket)
    assert (error.value.code, error.value.reason) == ("UNAUTHENTICATED", "TICKET_NOT_VALID")


@pytest.mark.spec("N-11")
async def test_a_ticket_gives_a_token_of_the_same_session_once(world: Any, refused: Any) -> None:
    await world.account(EMAIL)
    mine = bearer((await world.enter(EMAIL)).tokens.access_token)
    ticket = await ticket_of(world, mine)
    outcomes = await asyncio.gather(*(redeem(world, ticket) for _ in range(50)), return_exceptions=True)
    won = [one for one in outcomes if not isinstance(one, BaseException)]
    assert len(won) == 1
    assert {one.reason for one in outcomes if isinstance(one, refused)} == {"TICKET_NOT_VALID"}
    assert await session_of(world, bearer(won[0].access_token)) == await session_of(world, mine)
    stored = await world.scalar("SELECT string_agg(to_jsonb(t)::text, '') FROM feed_tickets t")
    assert ticket not in stored
    assert json.loads(stored)["use_time"]


@pytest.mark.spec("N-11", "A-21")
async def test_a_ticket_ends_with_its_session(world: Any, refused: Any) -> None:
    await world.account(EMAIL)
    mine = bearer((await world.enter(EMAIL)).tokens.access_token)
    ticket = await ticket_of(world, mine)
    await world.call("SessionService", "SignOut", pb.SignOutRequest(), mine)
    await not_valid(world, refused, ticket)
    with pytest.raises(refused) as error:
        await ticket_of(world, mine)
    assert error.value.reason == "SESSION_ENDED"
    (fact,) = await world.facts("commis.customers.v1.sessions_ended")
    assert [await world.scalar("SELECT id::text FROM session_families")] == list(fact.session_ids)


@pytest.mark.spec("N-11", "M-05")
async def test_very_many_sessions_that_end_at_once_are_told_in_parts(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "SESSIONS_AT_ONCE", 2)
    await world.account(EMAIL)
    for number in range(5):
        await world.enter(EMAIL, activated=number > 0)
    async with world.sessions.begin() as session:
        assert await store.end_families(session, sa.true(), "TEST") == 5
    facts = await world.facts("commis.customers.v1.sessions_ended")
    assert [len(fact.session_ids) for fact in facts] == [2, 2, 1]
    assert len({one for fact in facts for one in fact.session_ids}) == 5


@pytest.mark.spec("N-11", "A-13")
async def test_a_rep_who_lost_the_account_gets_no_token_for_the_ticket(world: Any, refused: Any) -> None:
    account = await world.business()
    rep, signed_in = await world.rep_session(account.id)
    opened = await world.open_session(account.id, signed_in)
    ticket = await ticket_of(world, bearer(opened.tokens.access_token))
    await world.unassign(rep.id, account.id)
    await not_valid(world, refused, ticket)


@pytest.mark.spec("N-11")
async def test_a_ticket_is_for_half_a_minute_and_then_forgotten(world: Any, refused: Any) -> None:
    await world.account(EMAIL)
    mine = bearer((await world.enter(EMAIL)).tokens.access_token)
    ticket = await ticket_of(world, mine)
    assert await world.scalar("SELECT expire_time <= now() + interval '30 seconds' FROM feed_tickets")
    await world.execute("UPDATE feed_tickets SET expire_time = now()")
    await not_valid(world, refused, ticket)
    await housekeeping.purge(world.sessions)
    async with world.sessions() as session:
        assert not (await session.execute(sa.text("SELECT 1 FROM feed_tickets"))).all()


@pytest.mark.spec("N-11")
@pytest.mark.parametrize("ticket", ["", "x", "x" * 10_000, "\x00"])
async def test_what_is_no_ticket_opens_nothing(world: Any, refused: Any, ticket: str) -> None:
    with pytest.raises(refused) as error:
        await redeem(world, ticket)
    assert error.value.code in {"UNAUTHENTICATED", "INVALID_ARGUMENT"}


@pytest.mark.spec("N-11")
async def test_programs_have_no_feed(world: Any, refused: Any) -> None:
    for who, code in (((), "UNAUTHENTICATED"), (as_service("customers.access"), "PERMISSION_DENIED")):
        with pytest.raises(refused) as error:
            await ticket_of(world, who)
        assert error.value.code == code
