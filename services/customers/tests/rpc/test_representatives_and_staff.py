"""RepresentativeService and StaffService over the wire."""

import asyncio
from typing import Any

import pytest
from commis.common.v1 import common_pb2
from commis.customers.v1 import accounts_pb2
from commis.customers.v1 import representatives_pb2 as pb

from chassis.ids import new_id
from chassis.testing import as_staff


def _rep(**fields: Any) -> pb.Representative:
    given = {
        "rep_code": "r-7", "first_name": "Robin", "last_name": "Élan", "email": "robin@reps.example",
        "language_code": "fr",
    }  # fmt: skip
    return pb.Representative(**(given | fields))


async def create(world: Any, **fields: Any) -> pb.Representative:
    request = pb.CreateRepresentativeRequest(representative=_rep(**fields))
    return (await world.call("RepresentativeService", "CreateRepresentative", request)).representative


async def update(world: Any, rep_id: str, *paths: str, **fields: Any) -> pb.Representative:
    request = pb.UpdateRepresentativeRequest(representative=pb.Representative(id=rep_id, **fields))
    request.update_mask.paths.extend(paths)
    return (await world.call("RepresentativeService", "UpdateRepresentative", request)).representative


@pytest.mark.spec("A-10")
async def test_staff_keep_the_rep_file(world: Any, refused: Any) -> None:
    rep = await create(world)
    assert (rep.rep_code, rep.active, rep.etag) == ("R-7", True, '"1"')
    assert len(await world.facts("commis.customers.v1.activation_requested")) == 1
    changed = await update(world, rep.id, "last_name", "rep_code", last_name="Zon", rep_code="r-8")
    assert (changed.last_name, changed.rep_code, changed.etag) == ("Zon", "R-8", '"2"')
    (fact,) = await world.facts("commis.customers.v1.representative_updated")
    assert (list(fact.changed_fields), fact.active) == (["last_name", "rep_code"], True)
    with pytest.raises(refused) as error:
        await update(world, rep.id, "last_name", last_name="X", etag=rep.etag)
    assert error.value.reason == "ETAG_MISMATCH"


@pytest.mark.spec("A-10")
async def test_codes_and_addresses_are_taken_once(world: Any, refused: Any) -> None:
    await create(world)
    other = await create(world, rep_code="R-9", email="other@reps.example")
    for fields, reason in (
        ({"email": "new@reps.example"}, "REP_CODE_TAKEN"),
        ({"rep_code": "R-8"}, "EMAIL_TAKEN"),
    ):
        with pytest.raises(refused) as error:
            await create(world, **fields)
        assert (error.value.code, error.value.reason) == ("ALREADY_EXISTS", reason)
    for path, value, reason in (
        ("rep_code", "R-7", "REP_CODE_TAKEN"),
        ("email", "robin@reps.example", "EMAIL_TAKEN"),
    ):
        with pytest.raises(refused) as error:
            await update(world, other.id, path, **{path: value})
        assert error.value.reason == reason
    await world.account("shop@shops.example")
    with pytest.raises(refused) as error:  # a rep is not a customer user
        await create(world, rep_code="R-10", email="shop@shops.example")
    assert error.value.reason == "EMAIL_TAKEN"


@pytest.mark.spec("A-10")
async def test_reps_are_found_by_prefixes_without_accents(world: Any) -> None:
    await create(world)
    await create(world, rep_code="AB1", first_name="Ann", last_name="Zon", email="ann@reps.example")
    found = {}
    for query in ("", "elan", "ROB É", "ab", "r-7", "x", "---"):
        request = pb.ListRepresentativesRequest(query=query)
        answer = await world.call("RepresentativeService", "ListRepresentatives", request)
        found[query] = [rep.rep_code for rep in answer.representatives]
    assert found == {
        "": ["AB1", "R-7"],
        "elan": ["R-7"],
        "ROB É": ["R-7"],
        "ab": ["AB1"],
        "r-7": ["R-7"],
        "x": [],
        "---": [],
    }


async def test_reps_are_listed_in_pages(world: Any) -> None:
    for number in range(5):
        await world.rep(f"R{number}")
    request, codes = pb.ListRepresentativesRequest(page_size=2), []
    while True:
        answer = await world.call("RepresentativeService", "ListRepresentatives", request)
        codes.extend(rep.rep_code for rep in answer.representatives)
        if not answer.next_page_token:
            break
        request.page_token = answer.next_page_token
    assert codes == ["R0", "R1", "R2", "R3", "R4"]


@pytest.mark.spec("A-11")
async def test_several_reps_per_account_and_assigning_twice_is_once(world: Any, refused: Any) -> None:
    account = await world.account()
    first, second = await world.rep("R1"), await world.rep("R2")
    await asyncio.gather(
        *(world.assign(first.id, account.id) for _ in range(5)), world.assign(second.id, account.id)
    )
    assert len(await world.facts("commis.customers.v1.account_assigned")) == 2
    request = pb.GetRepresentativeRequest(representative_id=first.id)
    answer = await world.call("RepresentativeService", "GetRepresentative", request)
    assert answer.representative.assigned_account_count == 1
    listed = accounts_pb2.ListAccountsRequest(representative_id=second.id)
    assert [a.id for a in (await world.call("AccountService", "ListAccounts", listed)).accounts] == [
        account.id
    ]
    await world.unassign(first.id, account.id)
    await world.unassign(first.id, account.id)
    (fact,) = await world.facts("commis.customers.v1.account_unassigned")
    assert (fact.representative_id, fact.attribution.account_id) == (first.id, account.id)
    for rep_id, account_id, reason in (
        (str(new_id()), account.id, "REPRESENTATIVE_NOT_FOUND"),
        (first.id, str(new_id()), "ACCOUNT_NOT_FOUND"),
    ):
        with pytest.raises(refused) as error:
            await world.assign(rep_id, account_id)
        assert error.value.reason == reason


async def test_every_wrong_field_of_a_rep_is_named(world: Any, refused: Any) -> None:
    with pytest.raises(refused) as error:
        await create(world, rep_code="a b", first_name="", last_name="\n", email="x", language_code="")
    assert error.value.violations == {
        "representative.rep_code": "INVALID",
        "representative.first_name": "REQUIRED",
        "representative.last_name": "REQUIRED",
        "representative.email": "INVALID_EMAIL",
        "representative.language_code": "INVALID",
    }


async def staff(world: Any, email: str, *roles: Any) -> pb.StaffMember:
    sent = pb.StaffMember(
        first_name="Sam", last_name="Desk", email=email, language_code="en", roles=roles, active=True
    )
    request = pb.CreateStaffMemberRequest(staff_member=sent)
    return (await world.call("StaffService", "CreateStaffMember", request)).staff_member


async def change_staff(world: Any, staff_id: str, *paths: str, **fields: Any) -> pb.StaffMember:
    request = pb.UpdateStaffMemberRequest(staff_member=pb.StaffMember(id=staff_id, **fields))
    request.update_mask.paths.extend(paths)
    return (await world.call("StaffService", "UpdateStaffMember", request)).staff_member


@pytest.mark.spec("A-20", "A-22")
async def test_staff_sign_in_with_their_roles_and_lose_them_at_once(world: Any, refused: Any) -> None:
    await staff(world, "boss@commis.example", pb.STAFF_ROLE_ADMIN)
    member = await staff(world, "sam@commis.example", pb.STAFF_ROLE_ORDER_DESK, pb.STAFF_ROLE_FINANCE)
    await world.activate("sam@commis.example")
    signed_in = await world.sign_in("sam@commis.example")
    assert signed_in.session.subject.kind == common_pb2.PARTY_KIND_STAFF
    assert list(signed_in.session.roles) == ["FINANCE", "ORDER_DESK"]
    assert signed_in.session.channel == common_pb2.CHANNEL_BACK_OFFICE
    await change_staff(world, member.id, "roles", roles=[pb.STAFF_ROLE_CATALOGUE])
    who = (("authorization", f"Bearer {signed_in.tokens.access_token}"),)
    with pytest.raises(refused) as error:
        await world.call("AccountService", "ListAccounts", accounts_pb2.ListAccountsRequest(), who)
    assert error.value.reason == "SESSION_ENDED"
    assert list((await world.sign_in("sam@commis.example")).session.roles) == ["CATALOGUE"]
    await change_staff(world, member.id, "active", active=False)
    with pytest.raises(refused) as error:
        await world.sign_in("sam@commis.example")
    assert error.value.reason == "SIGN_IN_FAILED"


async def test_there_is_always_an_admin(world: Any, refused: Any) -> None:
    one = await staff(world, "one@commis.example", pb.STAFF_ROLE_ADMIN)
    with pytest.raises(refused) as error:
        await change_staff(world, one.id, "active", active=False)
    assert (error.value.code, error.value.reason) == ("FAILED_PRECONDITION", "LAST_ADMIN")
    two = await staff(world, "two@commis.example", pb.STAFF_ROLE_ADMIN)
    outcomes = await asyncio.gather(
        change_staff(world, one.id, "active", active=False),
        change_staff(world, two.id, "roles", roles=[pb.STAFF_ROLE_FINANCE]),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Refused", "StaffMember"]


@pytest.mark.spec("A-22")
async def test_only_an_admin_keeps_the_staff(world: Any, refused: Any) -> None:
    for method in ("CreateStaffMember", "UpdateStaffMember"):
        for who in (as_staff("ORDER_DESK"), as_staff("FINANCE", "CATALOGUE")):
            with pytest.raises(refused) as error:
                await world.call("StaffService", method, getattr(pb, f"{method}Request")(), who)
            assert error.value.code == "PERMISSION_DENIED"
    await staff(world, "one@commis.example", pb.STAFF_ROLE_ADMIN)
    listed = await world.call(
        "StaffService", "ListStaffMembers", pb.ListStaffMembersRequest(), as_staff("FINANCE")
    )
    assert [member.email for member in listed.staff_members] == ["one@commis.example"]


async def test_every_wrong_field_of_a_staff_member_is_named(world: Any, refused: Any) -> None:
    sent = pb.StaffMember(first_name="x" * 101, roles=[99])  # type: ignore[list-item]
    with pytest.raises(refused) as error:
        await world.call("StaffService", "CreateStaffMember", pb.CreateStaffMemberRequest(staff_member=sent))
    assert error.value.violations == {
        "staff_member.first_name": "TOO_LONG",
        "staff_member.last_name": "REQUIRED",
        "staff_member.email": "REQUIRED",
        "staff_member.language_code": "INVALID",
        "staff_member.roles[0]": "INVALID",
    }
    with pytest.raises(refused) as error:
        await change_staff(world, str(new_id()), "active", active=False)
    assert error.value.reason == "STAFF_MEMBER_NOT_FOUND"
