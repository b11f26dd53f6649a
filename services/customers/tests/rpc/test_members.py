"""MembershipService: several persons in one business account."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from commis.customers.v1 import accounts_pb2 as pb
from commis.customers.v1 import representatives_pb2, sessions_pb2
from google.type import money_pb2

from chassis.ids import new_id
from chassis.testing import as_customer, as_rep_for, as_service, as_staff

from ..conftest import bearer
from .test_access_service import context
from .test_representatives_and_staff import staff

ADMINISTRATOR, USER = pb.Person.ROLE_ADMINISTRATOR, pb.Person.ROLE_USER
EUR_50 = money_pb2.Money(currency_code="EUR", units=50)


async def update(world: Any, account_id: str, person: pb.Person, *paths: str, as_: Any = None) -> pb.Person:
    request = pb.UpdateMemberRequest(account_id=account_id, person=person)
    request.update_mask.paths.extend(paths)
    return (await world.call("MembershipService", "UpdateMember", request, as_)).person


async def remove(world: Any, account_id: str, person_id: str, as_: Any = None, etag: str = "") -> None:
    request = pb.RemoveMemberRequest(account_id=account_id, person_id=person_id, etag=etag)
    await world.call("MembershipService", "RemoveMember", request, as_)


async def members(world: Any, account_id: str, as_: Any = None) -> dict[str, int]:
    request = pb.ListMembersRequest(account_id=account_id)
    answer = await world.call("MembershipService", "ListMembers", request, as_)
    return {person.id: person.role for person in answer.persons}


def admin_of(account: pb.Account) -> Any:
    return as_customer(UUID(account.persons[0].id), UUID(account.id))


async def get_account(world: Any, account_id: str, as_: Any) -> pb.Account:
    request = pb.GetAccountRequest(account_id=account_id)
    return (await world.call("AccountService", "GetAccount", request, as_)).account


@pytest.mark.spec("A-06")
async def test_an_administrator_invites_a_person_who_then_signs_in_for_the_account(world: Any) -> None:
    account = await world.business()
    person = await world.invite(
        account.id, "Karel@Shops.example", as_=admin_of(account), spending_limit=EUR_50
    )
    assert (person.email, person.role, person.active) == ("karel@shops.example", USER, False)
    assert (person.spending_limit, person.etag) == (EUR_50, '"1"')
    (invited,) = await world.facts("commis.customers.v1.member_invited")
    assert (invited.account_id, invited.person_id, invited.known) == (account.id, person.id, False)
    signed_in = await world.enter("karel@shops.example")
    assert signed_in.session.subject.id == account.id
    assert signed_in.session.membership_role == USER
    assert await members(world, account.id) == {account.persons[0].id: ADMINISTRATOR, person.id: USER}
    found = await world.call("AccountService", "ListAccounts", pb.ListAccountsRequest(query="claes"))
    assert [one.id for one in found.accounts] == [account.id]


@pytest.mark.spec("A-06")
async def test_a_known_person_gets_the_membership_and_chooses(world: Any, refused: Any) -> None:
    own = await world.account("lies@shops.example")
    await world.activate("lies@shops.example")
    business = await world.business()
    person = await world.invite(business.id, "lies@shops.example")
    assert (person.id, person.first_name) == (own.persons[0].id, "Lies")  # and is not renamed
    facts = await world.facts("commis.customers.v1.member_invited")
    assert [fact.known for fact in facts] == [True]
    assert len(await world.facts("commis.customers.v1.activation_requested")) == 2  # of the two accounts
    signed_in = await world.sign_in("lies@shops.example")
    assert signed_in.session.subject.id == person.id
    assert {one.id for one in signed_in.identities} == {own.id, business.id}
    chosen = await world.call(
        "SessionService",
        "ChooseIdentity",
        sessions_pb2.ChooseIdentityRequest(identity_id=business.id),
        bearer(signed_in.tokens.access_token),
    )
    assert (chosen.session.subject.id, chosen.session.membership_role) == (business.id, USER)
    with pytest.raises(refused) as error:
        await world.invite(business.id, "LIES@shops.example")
    assert (error.value.code, error.value.reason) == ("ALREADY_EXISTS", "ALREADY_MEMBER")


@pytest.mark.spec("A-06", "A-10")
async def test_whoever_works_for_the_vendor_is_no_user_of_a_customer(world: Any, refused: Any) -> None:
    account = await world.business()
    await world.rep(email="robin@reps.example")
    await staff(world, "sam@commis.example", representatives_pb2.STAFF_ROLE_ORDER_DESK)
    for email in ("robin@reps.example", "Sam@commis.example"):
        for inviting in (admin_of(account), None):
            with pytest.raises(refused) as error:
                await world.invite(account.id, email, as_=inviting)
            assert (error.value.code, error.value.reason) == ("ALREADY_EXISTS", "EMAIL_TAKEN")
    assert await members(world, account.id) == {account.persons[0].id: ADMINISTRATOR}


@pytest.mark.spec("A-06")
async def test_somebody_invited_by_two_accounts_at_once_is_one_person(world: Any) -> None:
    first, second = await world.business(), await world.business()
    invited = await asyncio.gather(
        *(world.invite(account.id, "karel@shops.example") for account in (first, second))
    )
    assert len({person.id for person in invited}) == 1
    assert await world.scalar("SELECT count(*) FROM persons WHERE email = 'karel@shops.example'") == 1


@pytest.mark.spec("A-06")
async def test_only_administrators_and_keepers_change_members(world: Any, refused: Any) -> None:
    account, other = await world.business(), await world.business()
    user = await world.invite(account.id)
    rep = await world.rep("R1", account.id)
    a = UUID(account.id)
    for who, reason in (
        (as_customer(UUID(user.id), a), "CHANGE_NOT_ALLOWED"),
        (as_rep_for(UUID(rep.id), a), "CHANGE_NOT_ALLOWED"),
        (admin_of(other), "ACCOUNT_NOT_FOUND"),
        (as_customer(UUID(account.persons[0].id), UUID(other.id)), "ACCOUNT_NOT_FOUND"),
        (as_staff("CATALOGUE"), "PERMISSION_DENIED"),
        (as_service("customers.read"), "PERMISSION_DENIED"),
        ((), "UNAUTHENTICATED"),
    ):
        for attempt in (
            lambda who=who: world.invite(account.id, as_=who),
            lambda who=who: update(
                world, account.id, pb.Person(id=user.id, role=ADMINISTRATOR), "role", as_=who
            ),
            lambda who=who: remove(world, account.id, user.id, who),
        ):
            with pytest.raises(refused) as error:
                await attempt()
            assert error.value.reason == reason
    assert (await members(world, account.id))[user.id] == USER
    await world.invite(account.id, as_=as_staff("ORDER_DESK"))


@pytest.mark.spec("A-06")
async def test_a_consumer_account_has_one_person(world: Any, refused: Any) -> None:
    account = await world.account()
    for who in (None, admin_of(account)):
        with pytest.raises(refused) as error:
            await world.invite(account.id, as_=who)
        assert (error.value.code, error.value.reason) == ("FAILED_PRECONDITION", "NOT_A_BUSINESS")


async def test_everything_wrong_with_an_invitation_is_said_at_once(world: Any, refused: Any) -> None:
    request = pb.InvitePersonRequest(
        account_id="x", first_name="", last_name="a\x00", email="nobody", language_code="de", role=9,
        spending_limit=money_pb2.Money(currency_code="EUR", units=-1),
    )  # fmt: skip
    with pytest.raises(refused) as error:
        await world.call("MembershipService", "InvitePerson", request)
    assert set(error.value.violations) == {
        "account_id", "first_name", "last_name", "email", "language_code", "role", "spending_limit",
    }  # fmt: skip


@pytest.mark.spec("A-06")
async def test_a_demotion_is_effective_at_once_on_open_sessions(world: Any, refused: Any) -> None:
    account = await world.business()
    second = await world.invite(account.id, "karel@shops.example", "ADMINISTRATOR")
    signed_in = await world.enter("karel@shops.example")
    as_second = bearer(signed_in.tokens.access_token)
    await world.invite(account.id, as_=as_second)
    await update(world, account.id, pb.Person(id=second.id, role=USER), "role", as_=admin_of(account))
    with pytest.raises(refused) as error:
        await world.invite(account.id, as_=as_second)
    assert error.value.reason == "SESSION_ENDED"
    with pytest.raises(refused) as error:
        await world.refresh(signed_in.tokens.refresh_token)
    assert error.value.reason == "REFRESH_REFUSED"
    again = await world.sign_in("karel@shops.example")
    assert again.session.membership_role == USER
    with pytest.raises(refused) as error:  # whatever a token says, the membership counts
        await world.invite(account.id, as_=as_customer(UUID(second.id), UUID(account.id), "ADMINISTRATOR"))
    assert error.value.reason == "CHANGE_NOT_ALLOWED"


@pytest.mark.spec("A-06")
async def test_a_removal_ends_the_sessions_for_that_account_only(world: Any, refused: Any) -> None:
    account, other = await world.business(), await world.business()
    person = await world.invite(account.id, "karel@shops.example")
    gone = await world.enter("karel@shops.example")
    await world.invite(other.id, "karel@shops.example")
    stays = await world.sign_in("karel@shops.example")
    chosen = await world.call(
        "SessionService",
        "ChooseIdentity",
        sessions_pb2.ChooseIdentityRequest(identity_id=other.id),
        bearer(stays.tokens.access_token),
    )
    await remove(world, account.id, person.id, admin_of(account))
    for call in (get_account, context):
        with pytest.raises(refused) as error:
            await call(world, account.id, bearer(gone.tokens.access_token))
        assert error.value.reason in ("SESSION_ENDED", "ACCOUNT_NOT_FOUND")
    with pytest.raises(refused):
        await world.refresh(gone.tokens.refresh_token)
    assert (await get_account(world, other.id, bearer(chosen.tokens.access_token))).id == other.id
    await world.refresh(chosen.tokens.refresh_token)
    (removed,) = await world.facts("commis.customers.v1.member_removed")
    assert (removed.account_id, removed.person_id) == (account.id, person.id)
    with pytest.raises(refused) as error:
        await remove(world, account.id, person.id)
    assert (error.value.code, error.value.reason) == ("NOT_FOUND", "MEMBER_NOT_FOUND")
    await world.invite(account.id, "karel@shops.example")
    with pytest.raises(refused) as error:  # a new membership does not bring the old session back
        await get_account(world, account.id, bearer(gone.tokens.access_token))
    assert error.value.reason == "SESSION_ENDED"
    with pytest.raises(refused):
        await world.refresh(gone.tokens.refresh_token)


@pytest.mark.spec("A-06")
async def test_the_last_administrator_stays(world: Any, refused: Any) -> None:
    account = await world.business()
    await world.invite(account.id)
    last = account.persons[0].id
    for who in (admin_of(account), as_staff("ADMIN")):
        with pytest.raises(refused) as error:
            await remove(world, account.id, last, who)
        assert (error.value.code, error.value.reason) == ("FAILED_PRECONDITION", "LAST_ADMINISTRATOR")
        with pytest.raises(refused) as error:
            await update(world, account.id, pb.Person(id=last, role=USER), "role", as_=who)
        assert error.value.reason == "LAST_ADMINISTRATOR"
    assert (await members(world, account.id))[last] == ADMINISTRATOR


@pytest.mark.spec("A-06")
@pytest.mark.parametrize("way", ["remove", "demote", "mixed"])
async def test_of_two_administrators_against_each_other_one_stays(world: Any, refused: Any, way: str) -> None:
    for number in range(8):
        account = await world.business()
        first = account.persons[0].id
        second = (await world.invite(account.id, role="ADMINISTRATOR")).id

        def attack(actor: str, victim: str, demote: bool, account_id: str = account.id) -> Any:
            who = as_customer(UUID(actor), UUID(account_id))
            if demote:
                return update(world, account_id, pb.Person(id=victim, role=USER), "role", as_=who)
            return remove(world, account_id, victim, who)

        demotes = {"remove": (False, False), "demote": (True, True), "mixed": (True, False)}[way]
        attacks = [attack(first, second, demotes[0]), attack(second, first, demotes[1])]
        outcomes = await asyncio.gather(*(attacks[::-1] if number % 2 else attacks), return_exceptions=True)
        lost = [outcome for outcome in outcomes if isinstance(outcome, refused)]
        assert len(lost) == 1, outcomes
        assert lost[0].reason in ("CHANGE_NOT_ALLOWED", "ACCOUNT_NOT_FOUND", "LAST_ADMINISTRATOR")
        left = await members(world, account.id)
        assert list(left.values()).count(ADMINISTRATOR) == 1


@pytest.mark.spec("A-06")
async def test_two_administrators_who_leave_at_once_leave_one_behind(world: Any, refused: Any) -> None:
    for _ in range(8):
        account = await world.business()
        second = await world.invite(account.id, role="ADMINISTRATOR")
        both = [account.persons[0].id, second.id]
        outcomes = await asyncio.gather(
            *(remove(world, account.id, one, as_customer(UUID(one), UUID(account.id))) for one in both),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes].count(refused) == 1
        assert list((await members(world, account.id)).values()) == [ADMINISTRATOR]


@pytest.mark.spec("A-06")
async def test_when_the_holder_leaves_an_administrator_takes_over(world: Any) -> None:
    account = await world.business("lies@shops.example")
    second = await world.invite(account.id, "karel@shops.example", "ADMINISTRATOR")
    await remove(world, account.id, account.persons[0].id, as_customer(UUID(second.id), UUID(account.id)))
    now = await get_account(world, account.id, world.admin)
    assert (now.email, now.first_name, now.display_name) == (
        "karel@shops.example", "Karel", "Boekhandel De Linde",
    )  # fmt: skip
    found = await world.call("AccountService", "ListAccounts", pb.ListAccountsRequest(query="peeters"))
    assert not found.accounts


async def test_a_member_is_changed_with_its_etag_and_only_as_asked(world: Any, refused: Any) -> None:
    account = await world.business()
    person = await world.invite(account.id, spending_limit=EUR_50)
    promoted = await update(world, account.id, pb.Person(id=person.id, role=ADMINISTRATOR, etag='"1"'))
    assert (promoted.role, promoted.spending_limit, promoted.etag) == (ADMINISTRATOR, EUR_50, '"2"')
    same = await update(world, account.id, promoted, "role", "spending_limit")
    assert same.etag == '"2"'
    with pytest.raises(refused) as error:
        await update(world, account.id, pb.Person(id=person.id, role=USER, etag='"1"'), "role")
    assert (error.value.code, error.value.reason) == ("ABORTED", "ETAG_MISMATCH")
    with pytest.raises(refused) as error:
        await remove(world, account.id, person.id, etag='"1"')
    assert error.value.reason == "ETAG_MISMATCH"
    cleared = await update(world, account.id, pb.Person(id=person.id), "spending_limit")
    assert not cleared.HasField("spending_limit")
    with pytest.raises(refused) as error:
        await update(world, account.id, pb.Person(id=str(new_id()), role=USER), "role")
    assert error.value.reason == "MEMBER_NOT_FOUND"
    facts = await world.facts("commis.customers.v1.member_updated")
    assert [list(fact.changed_fields) for fact in facts] == [["role"], ["spending_limit"]]


@pytest.mark.spec("A-06")
async def test_members_are_listed_in_pages_to_those_who_see_the_account(world: Any, refused: Any) -> None:
    account, other = await world.business(), await world.business()
    invited = [await world.invite(account.id) for _ in range(4)]
    seen, token = [], ""
    while True:
        request = pb.ListMembersRequest(account_id=account.id, page_size=2, page_token=token)
        answer = await world.call("MembershipService", "ListMembers", request, admin_of(account))
        seen += [person.id for person in answer.persons]
        token = answer.next_page_token
        if not token:
            break
    assert sorted(seen) == sorted([account.persons[0].id, *(person.id for person in invited)])
    assert len(seen) == 5
    with pytest.raises(refused) as error:
        await members(world, account.id, admin_of(other))
    assert error.value.reason == "ACCOUNT_NOT_FOUND"


async def test_an_account_has_a_limit_of_members(
    world: Any, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("customers.members.use_cases.MAX_MEMBERS", 2)
    account = await world.business()
    await world.invite(account.id)
    with pytest.raises(refused) as error:
        await world.invite(account.id)
    assert error.value.reason == "TOO_MANY_MEMBERS"


async def test_an_invitation_takes_effect_once_per_request_id(world: Any) -> None:
    account = await world.business()
    request = {"email": "karel@shops.example", "request_id": str(new_id())}
    first = await world.invite(account.id, **request)
    assert await world.invite(account.id, **request) == first
    assert len(await world.facts("commis.customers.v1.member_invited")) == 1


@pytest.mark.spec("A-02", "A-06")
async def test_an_administrator_has_the_activation_mailed_again(world: Any, refused: Any) -> None:
    account, other = await world.business(), await world.business()
    person = await world.invite(account.id, "karel@shops.example")
    request = pb.SendActivationRequest(account_id=account.id, person_id=person.id)
    await world.call("AccountService", "SendActivation", request, admin_of(account))
    for who, reason in (
        (as_customer(UUID(person.id), UUID(account.id)), "CHANGE_NOT_ALLOWED"),
        (admin_of(other), "ACCOUNT_NOT_FOUND"),
    ):
        with pytest.raises(refused) as error:
            await world.call("AccountService", "SendActivation", request, who)
        assert error.value.reason == reason
    await world.activate("karel@shops.example")


@pytest.mark.spec("O-24", "A-06")
async def test_spending_control_binds_users_and_nobody_else(world: Any, refused: Any) -> None:
    account = await world.business()
    user = await world.invite(account.id, spending_limit=EUR_50)
    rep = await world.rep("R1", account.id)
    a, as_user = UUID(account.id), as_customer(UUID(user.id), UUID(account.id))
    assert not (await context(world, account.id, as_user)).HasField("spending_control")
    request = pb.UpdateAccountRequest(account=pb.Account(id=account.id, spending_control=True))
    with pytest.raises(refused) as error:
        await world.call("AccountService", "UpdateAccount", request, as_user)
    assert error.value.reason == "CHANGE_NOT_ALLOWED"
    changed = await world.call("AccountService", "UpdateAccount", request, admin_of(account))
    assert changed.account.spending_control
    facts = await context(world, account.id, as_user)
    assert facts.spending_control.limit == EUR_50
    assert facts.membership_role == USER
    await update(world, account.id, pb.Person(id=user.id), "spending_limit")
    facts = await context(world, account.id, as_user)
    assert facts.HasField("spending_control")
    assert not facts.spending_control.HasField("limit")
    for who, role in (
        (admin_of(account), ADMINISTRATOR),
        (as_rep_for(UUID(rep.id), a), pb.Person.ROLE_UNSPECIFIED),
        (as_staff("ADMIN"), pb.Person.ROLE_UNSPECIFIED),
        ((), pb.Person.ROLE_UNSPECIFIED),
    ):
        facts = await context(world, account.id, who)
        assert not facts.HasField("spending_control")
        assert facts.membership_role == role


@pytest.mark.spec("O-24")
async def test_only_a_business_controls_spending(world: Any, refused: Any) -> None:
    account = await world.account()
    request = pb.UpdateAccountRequest(account=pb.Account(id=account.id, spending_control=True))
    with pytest.raises(refused) as error:
        await world.call("AccountService", "UpdateAccount", request)
    assert error.value.reason == "NOT_A_BUSINESS"


@pytest.mark.spec("A-06")
async def test_an_administrator_renames_nobody_but_itself(world: Any, refused: Any) -> None:
    """The account is called by its holder, whose name is the same in all of the holder's accounts."""
    account = await world.business("lies@shops.example")
    second = await world.invite(account.id, "karel@shops.example", "ADMINISTRATOR")
    as_second = as_customer(UUID(second.id), UUID(account.id))
    renamed = pb.UpdateAccountRequest(account=pb.Account(id=account.id, last_name="Janssens"))
    with pytest.raises(refused) as error:
        await world.call("AccountService", "UpdateAccount", renamed, as_second)
    assert (error.value.code, error.value.metadata["fields"]) == ("PERMISSION_DENIED", "last_name")
    department = pb.Account(id=account.id, business_profile=pb.BusinessProfile(department="Inkoop"))
    request = pb.UpdateAccountRequest(account=department)
    changed = (await world.call("AccountService", "UpdateAccount", request, as_second)).account
    assert (changed.business_profile.department, changed.last_name) == ("Inkoop", "Peeters")
    changed = (await world.call("AccountService", "UpdateAccount", renamed, admin_of(account))).account
    assert changed.last_name == "Janssens"
