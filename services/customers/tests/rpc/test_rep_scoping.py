"""A rep sees only own accounts, on every RPC that names or lists accounts; others are as if absent."""

from typing import Any
from uuid import UUID

import pytest
from commis.customers.v1 import accounts_pb2, accounts_pb2_grpc, audit_pb2, representatives_pb2, sessions_pb2

from chassis.ids import new_id
from chassis.testing import as_rep, as_rep_for
from customers.accounts.rpc import AccountServicer

ADDRESS = {"street_lines": ["Kerkstraat 12"], "postal_code": "1000", "city": "Brussel", "region_code": "BE"}


def _requests(account_id: str, address_id: str) -> dict[str, tuple[str, Any]]:
    """Every RPC through which a rep may name an account."""
    a = accounts_pb2
    address = a.AccountAddress(address=ADDRESS)
    existing = a.AccountAddress(id=address_id, address=ADDRESS)
    return {
        "GetAccount": ("AccountService", a.GetAccountRequest(account_id=account_id)),
        "UpdateAccount": (
            "AccountService",
            a.UpdateAccountRequest(account=a.Account(id=account_id, last_name="Maes")),
        ),
        "CreateAddress": ("AccountService", a.CreateAddressRequest(account_id=account_id, address=address)),
        "ListAddresses": ("AccountService", a.ListAddressesRequest(account_id=account_id)),
        "UpdateAddress": ("AccountService", a.UpdateAddressRequest(account_id=account_id, address=existing)),
        "DeleteAddress": (
            "AccountService",
            a.DeleteAddressRequest(account_id=account_id, address_id=address_id),
        ),
        "ListAuditEntries": ("AuditService", audit_pb2.ListAuditEntriesRequest(account_id=account_id)),
        "OpenOrderingSession": (
            "SessionService",
            sessions_pb2.OpenOrderingSessionRequest(account_id=account_id),
        ),
    }


# What a rep outside an ordering session may not even try, whatever the account.
FOR_ACCOUNTS_ONLY = {"UpdateAccount"}
# What a rep inside an ordering session may not try.
FOR_REPS_ONLY = {"OpenOrderingSession"}
STAFF_ONLY = {"CreateAccount", "SendActivation"}
LISTS = {"ListAccounts"}


def test_no_rpc_of_accounts_is_forgotten_here() -> None:
    known = set(_requests("", "")) | STAFF_ONLY | LISTS
    assert set(AccountServicer.RULES) <= known
    assert hasattr(accounts_pb2_grpc, "AccountServiceServicer")


@pytest.mark.spec("A-12", "A-22")
@pytest.mark.parametrize("method", sorted(_requests("", "")))
async def test_another_reps_account_answers_as_if_it_did_not_exist(
    world: Any, refused: Any, method: str
) -> None:
    own, foreign = await world.business(), await world.business()
    rep, as_signed_in = await world.rep_session(own.id)
    in_session = as_rep_for(UUID(rep.id), UUID(own.id))
    forged = as_rep_for(UUID(rep.id), UUID(foreign.id))
    absent = str(new_id())
    if method not in FOR_ACCOUNTS_ONLY:
        theirs = await _ask(world, refused, method, foreign, as_signed_in)
        nobodys = await _ask(world, refused, method, absent, as_signed_in)
        assert theirs.reason == "ACCOUNT_NOT_FOUND"
        assert _without_ids(theirs) == _without_ids(nobodys)
    if method not in FOR_REPS_ONLY:
        for who in (in_session, forged):
            theirs = await _ask(world, refused, method, foreign, who)
            assert theirs.reason == "ACCOUNT_NOT_FOUND"
        nobodys = await _ask(world, refused, method, absent, in_session)
        assert _without_ids(theirs) == _without_ids(nobodys)


async def _ask(world: Any, refused: Any, method: str, account: Any, who: Any) -> Any:
    account_id = account if isinstance(account, str) else account.id
    address_id = str(new_id()) if isinstance(account, str) else account.addresses[0].id
    stub, request = _requests(account_id, address_id)[method]
    with pytest.raises(refused) as error:
        await world.call(stub, method, request, who)
    return error.value


def _without_ids(error: Any) -> tuple[Any, ...]:
    metadata = {key: "" if key.endswith("_id") else value for key, value in error.metadata.items()}
    return error.code, error.reason, metadata, error.violations


@pytest.mark.spec("A-12")
async def test_lists_and_searches_hold_own_accounts_only(world: Any) -> None:
    own = await world.account(last_name="Vermeulen")
    foreign = await world.account(last_name="Vermeulen")
    rep, as_signed_in = await world.rep_session(own.id)
    for query in ("", "verm", "lies", own.number, foreign.number, "shops"):
        request = accounts_pb2.ListAccountsRequest(query=query)
        answer = await world.call("AccountService", "ListAccounts", request, as_signed_in)
        assert {account.id for account in answer.accounts} <= {own.id}
    other = await world.rep("", foreign.id)
    request = accounts_pb2.ListAccountsRequest(representative_id=other.id)
    answer = await world.call("AccountService", "ListAccounts", request, as_signed_in)
    assert {account.id for account in answer.accounts} <= {own.id}
    assert rep.id != other.id


@pytest.mark.spec("A-12")
async def test_a_page_token_of_staff_opens_nothing_to_a_rep(world: Any, refused: Any) -> None:
    for number in range(3):
        await world.account(last_name=f"Vermeulen {number}")
    rep = await world.rep()
    request = accounts_pb2.ListAccountsRequest(page_size=1)
    token = (await world.call("AccountService", "ListAccounts", request)).next_page_token
    request.page_token = token
    with pytest.raises(refused) as error:
        await world.call("AccountService", "ListAccounts", request, as_rep(UUID(rep.id)))
    assert error.value.violations == {"page_token": "INVALID"}


@pytest.mark.spec("A-12")
async def test_a_rep_reads_the_own_file_only(world: Any, refused: Any) -> None:
    rep, other = await world.rep("R1"), await world.rep("R2")
    who = as_rep(UUID(rep.id))
    request = representatives_pb2.GetRepresentativeRequest(representative_id=rep.id)
    answer = await world.call("RepresentativeService", "GetRepresentative", request, who)
    assert answer.representative.rep_code == "R1"
    for unknown in (other.id, str(new_id())):
        request = representatives_pb2.GetRepresentativeRequest(representative_id=unknown)
        with pytest.raises(refused) as error:
            await world.call("RepresentativeService", "GetRepresentative", request, who)
        assert error.value.reason == "REPRESENTATIVE_NOT_FOUND"
    for method in ("ListRepresentatives", "AssignAccount", "UnassignAccount", "UpdateRepresentative"):
        request = getattr(representatives_pb2, f"{method}Request")()
        with pytest.raises(refused) as error:
            await world.call("RepresentativeService", method, request, who)
        assert error.value.code == "PERMISSION_DENIED"


async def test_an_inactive_rep_sees_nothing(world: Any, refused: Any) -> None:
    account = await world.account()
    rep = await world.rep("R1", account.id)
    await world.execute("UPDATE representatives SET active = false")
    who = as_rep(UUID(rep.id))
    answer = await world.call("AccountService", "ListAccounts", accounts_pb2.ListAccountsRequest(), who)
    assert list(answer.accounts) == []
    with pytest.raises(refused) as error:
        await world.call(
            "AccountService", "GetAccount", accounts_pb2.GetAccountRequest(account_id=account.id), who
        )
    assert error.value.reason == "ACCOUNT_NOT_FOUND"


@pytest.mark.spec("A-13")
async def test_a_rep_changes_addresses_only_inside_an_ordering_session(world: Any, refused: Any) -> None:
    account = await world.business()
    rep = await world.rep("R1", account.id)
    stub, request = _requests(account.id, account.addresses[0].id)["CreateAddress"]
    with pytest.raises(refused) as error:
        await world.call(stub, "CreateAddress", request, as_rep(UUID(rep.id)))
    assert error.value.reason == "CHANGE_NOT_ALLOWED"
    inside = as_rep_for(UUID(rep.id), UUID(account.id))
    created = (await world.call(stub, "CreateAddress", request, inside)).address
    assert created.address.city == "Brussel"
    fact = (await world.facts("commis.customers.v1.account_updated"))[-1]
    assert (fact.attribution.actor.id, fact.attribution.account_id) == (rep.id, account.id)
