"""Refresh tokens under fire: copies, retries, lost answers, many at the same moment, real connections."""

import asyncio
from typing import Any

import grpc
import pytest
from commis.customers.v1 import accounts_pb2, sessions_pb2, sessions_pb2_grpc

from ..conftest import bearer

EMAIL = "lies@shops.example"


async def entered(world: Any) -> Any:
    await world.account(EMAIL)
    return (await world.enter(EMAIL)).tokens


async def end_reason(world: Any) -> str | None:
    found: str | None = await world.scalar(
        "SELECT end_reason FROM session_families WHERE end_time IS NOT NULL"
    )
    return found


async def refresh_all(world: Any, tokens: list[str]) -> list[Any]:
    return await asyncio.gather(*(world.refresh(token) for token in tokens), return_exceptions=True)


@pytest.mark.spec("A-21")
async def test_an_answer_lost_on_the_way_is_asked_for_again_by_twenty_at_once(world: Any) -> None:
    """The client goes away after sending; what the server did is found again with the same token."""
    token = (await entered(world)).refresh_token
    stub = sessions_pb2_grpc.SessionServiceStub(world.channel)
    lost = 0
    for pause in (0, 0.002, 0.01):
        call = stub.RefreshSession(sessions_pb2.RefreshSessionRequest(refresh_token=token))
        await asyncio.sleep(pause)
        call.cancel()
        try:
            await call
        except (asyncio.CancelledError, grpc.aio.AioRpcError):
            lost += 1
    assert lost
    answers = await refresh_all(world, [token] * 20)
    (successor,) = {answer.tokens.refresh_token for answer in answers}
    assert await end_reason(world) is None
    assert await world.scalar("SELECT count(*) FROM refresh_tokens") == 2
    await world.refresh(successor)


@pytest.mark.spec("A-21")
async def test_a_chain_of_parallel_retries_never_ends_its_own_family(world: Any) -> None:
    token = (await entered(world)).refresh_token
    for _ in range(5):
        answers = await refresh_all(world, [token] * 20)
        (token,) = {answer.tokens.refresh_token for answer in answers}
    assert await end_reason(world) is None
    assert await world.scalar("SELECT count(*) FROM refresh_tokens") == 6


@pytest.mark.spec("A-21")
async def test_a_copy_used_late_by_twenty_at_once_ends_everything_of_the_family(
    world: Any, refused: Any
) -> None:
    first = await entered(world)
    second = (await world.refresh(first.refresh_token)).tokens
    newest = (await world.refresh(second.refresh_token)).tokens
    outcomes = await refresh_all(world, [first.refresh_token] * 20)
    assert {outcome.reason for outcome in outcomes} == {"REFRESH_REFUSED"}
    assert await end_reason(world) == "REUSED"
    for token in (newest.refresh_token, second.refresh_token):
        with pytest.raises(refused) as error:
            await world.refresh(token)
        assert error.value.reason == "REFRESH_REFUSED"
    # The access token that is still young, too.
    request = accounts_pb2.GetAccountRequest(account_id=await world.scalar("SELECT id::text FROM accounts"))
    with pytest.raises(refused) as error:
        await world.call("AccountService", "GetAccount", request, bearer(newest.access_token))
    assert error.value.reason == "SESSION_ENDED"


@pytest.mark.spec("A-21")
async def test_owner_and_thief_at_the_same_moment_both_lose(world: Any, refused: Any) -> None:
    for _ in range(5):
        await world.execute("DELETE FROM refresh_tokens")
        await world.execute("DELETE FROM session_families")
        if await world.scalar("SELECT count(*) FROM accounts") == 0:
            stolen = (await entered(world)).refresh_token
        else:
            stolen = (await world.sign_in(EMAIL)).tokens.refresh_token
        second = (await world.refresh(stolen)).tokens.refresh_token
        owners = (await world.refresh(second)).tokens.refresh_token
        outcomes = await refresh_all(world, [owners, stolen] * 10)
        assert {outcome.reason for outcome in outcomes[1::2]} == {"REFRESH_REFUSED"}
        assert await end_reason(world) == "REUSED"
        won = {one.tokens.refresh_token for one in outcomes[::2] if not isinstance(one, refused)}
        for token in (owners, *won):
            with pytest.raises(refused):
                await world.refresh(token)


@pytest.mark.spec("A-21", "A-13")
async def test_a_copy_of_a_reps_token_ends_the_ordering_sessions_below(world: Any, refused: Any) -> None:
    account = await world.account()
    email = "robin@reps.example"
    await world.rep("R1", account.id, email=email)
    signed_in = await world.enter(email)
    opened = await world.open_session(account.id, bearer(signed_in.tokens.access_token))
    first = signed_in.tokens.refresh_token
    second = (await world.refresh(first)).tokens.refresh_token
    await world.refresh(second)
    with pytest.raises(refused):
        await world.refresh(first)
    with pytest.raises(refused) as error:
        await world.refresh(opened.tokens.refresh_token)
    assert error.value.reason == "REFRESH_REFUSED"
    assert await world.scalar("SELECT count(*) FROM session_families WHERE end_reason = 'REUSED'") == 2


@pytest.mark.spec("A-21")
async def test_choosing_an_identity_while_others_refresh_leaves_one_head(world: Any, refused: Any) -> None:
    await world.account(EMAIL)
    business = await world.business()
    await world.invite(business.id, EMAIL)
    signed_in = await world.enter(EMAIL)
    choose = sessions_pb2.ChooseIdentityRequest(identity_id=business.id)
    outcomes = await asyncio.gather(
        world.call("SessionService", "ChooseIdentity", choose, bearer(signed_in.tokens.access_token)),
        *(world.refresh(signed_in.tokens.refresh_token) for _ in range(5)),
        return_exceptions=True,
    )
    assert outcomes[0].session.subject.id == business.id
    heads = "SELECT count(*) FROM refresh_tokens t JOIN session_families f ON f.id = t.family_id"
    assert await world.scalar(f"{heads} WHERE t.use_time IS NULL") == 1
