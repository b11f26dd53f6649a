"""Staff suspend, close and reopen accounts; what was open ends with it."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from commis.customers.v1 import accounts_pb2 as pb
from commis.customers.v1 import sessions_pb2

from chassis.testing import as_customer, as_staff

from ..conftest import bearer

ACTIVE, SUSPENDED, CLOSED = pb.Account.STATE_ACTIVE, pb.Account.STATE_SUSPENDED, pb.Account.STATE_CLOSED


async def set_state(world: Any, account_id: str, state: int, as_: Any = None) -> pb.Account:
    request = pb.UpdateAccountRequest(account=pb.Account(id=account_id, state=state))
    request.update_mask.paths.append("state")
    return (await world.call("AccountService", "UpdateAccount", request, as_)).account


@pytest.mark.spec("A-22")
@pytest.mark.parametrize("state", [SUSPENDED, CLOSED])
async def test_a_suspended_or_closed_account_has_no_sessions(world: Any, refused: Any, state: int) -> None:
    account = await world.business("lies@shops.example")
    signed_in = await world.enter("lies@shops.example")
    _, as_rep = await world.rep_session(account.id)
    ordering = await world.open_session(account.id, as_rep)
    changed = await set_state(world, account.id, state, as_staff("ORDER_DESK"))
    assert changed.state == state
    for tokens in (signed_in.tokens, ordering.tokens):
        request = pb.GetAccountRequest(account_id=account.id)
        with pytest.raises(refused) as error:
            await world.call("AccountService", "GetAccount", request, bearer(tokens.access_token))
        assert error.value.reason == "SESSION_ENDED"
        with pytest.raises(refused) as error:
            await world.refresh(tokens.refresh_token)
        assert error.value.reason == "REFRESH_REFUSED"
    with pytest.raises(refused) as error:
        await world.sign_in("lies@shops.example")
    assert error.value.reason == "SIGN_IN_FAILED"
    with pytest.raises(refused) as error:
        await world.open_session(account.id, as_rep)
    assert error.value.reason == "ACCOUNT_NOT_ACTIVE"
    await set_state(world, account.id, ACTIVE)
    with pytest.raises(refused):  # what ended stays ended
        await world.refresh(signed_in.tokens.refresh_token)
    assert (await world.sign_in("lies@shops.example")).session.subject.id == account.id
    await world.open_session(account.id, as_rep)
    facts = await world.facts("commis.customers.v1.account_updated")
    assert [list(fact.changed_fields) for fact in facts] == [["state"], ["state"]]


@pytest.mark.spec("A-22")
async def test_other_accounts_of_the_person_are_untouched(world: Any) -> None:
    own, business = await world.account("lies@shops.example"), await world.business()
    await world.invite(business.id, "lies@shops.example")
    signed_in = await world.enter("lies@shops.example")
    chosen = await world.call(
        "SessionService",
        "ChooseIdentity",
        sessions_pb2.ChooseIdentityRequest(identity_id=own.id),
        bearer(signed_in.tokens.access_token),
    )
    await set_state(world, business.id, SUSPENDED)
    await world.refresh(chosen.tokens.refresh_token)
    assert [one.id for one in (await world.sign_in("lies@shops.example")).identities] == [own.id]


@pytest.mark.spec("A-22")
async def test_only_admin_and_order_desk_change_it_and_only_when_named(world: Any, refused: Any) -> None:
    account = await world.business()
    owner = as_customer(UUID(account.persons[0].id), UUID(account.id))
    for who in (as_staff("FINANCE"), owner):
        with pytest.raises(refused) as error:
            await set_state(world, account.id, CLOSED, who)
        assert (error.value.code, error.value.reason) == ("PERMISSION_DENIED", "CHANGE_NOT_ALLOWED")
    sent = pb.Account(id=account.id, state=CLOSED, last_name="Janssens")
    request = pb.UpdateAccountRequest(account=sent)
    changed = (await world.call("AccountService", "UpdateAccount", request)).account
    assert (changed.state, changed.last_name) == (ACTIVE, "Janssens")
    for state in (0, 9):
        with pytest.raises(refused) as error:
            await set_state(world, account.id, state)
        assert "account.state" in error.value.violations


@pytest.mark.spec("A-22")
async def test_a_sign_in_at_the_moment_of_suspension_leaves_no_session(world: Any, refused: Any) -> None:
    for number in range(8):
        email = f"lies{number}@shops.example"
        account = await world.account(email)
        await world.activate(email)
        outcome, _ = await asyncio.gather(
            world.sign_in(email), set_state(world, account.id, SUSPENDED), return_exceptions=True
        )
        if not isinstance(outcome, refused):
            with pytest.raises(refused):
                await world.refresh(outcome.tokens.refresh_token)
        living = (
            "SELECT count(*) FROM session_families"
            " WHERE subject_id = CAST(:account AS uuid) AND end_time IS NULL"
        )
        assert await world.scalar(living, account=account.id) == 0


@pytest.mark.spec("A-11", "A-13")
async def test_an_ordering_session_at_the_moment_of_suspension_is_none(world: Any, refused: Any) -> None:
    for _ in range(8):
        account = await world.account()
        _, as_rep = await world.rep_session(account.id)
        await asyncio.gather(
            world.open_session(account.id, as_rep),
            set_state(world, account.id, SUSPENDED),
            return_exceptions=True,
        )
        living = (
            "SELECT count(*) FROM session_families"
            " WHERE subject_id = CAST(:account AS uuid) AND end_time IS NULL"
        )
        assert await world.scalar(living, account=account.id) == 0
