"""AccountService over the wire: creating, reading and changing accounts."""

from typing import Any

import pytest
from commis.customers.v1 import accounts_pb2 as pb

from chassis.ids import new_id
from chassis.testing import as_customer, as_rep, as_service, as_staff


@pytest.mark.spec("A-01")
async def test_staff_create_an_account_with_a_business_profile(world: Any) -> None:
    account = await world.business(
        "  Lies.Peeters@Shops.Example ",
        profile={
            "vat_number": "be 0403.170.701",
            "chamber_of_commerce_number": "KBO 1",
            "department": "Inkoop",
        },
        groups=["trade", "LIBRARY", "trade"],
        phone="+32 2 555 01 01",
    )
    assert account.number == "C-100001"
    assert account.kind == pb.Account.KIND_BUSINESS
    assert account.display_name == "Boekhandel De Linde"
    assert account.email == "lies.peeters@shops.example"
    assert account.business_profile.vat_number == "BE0403170701"
    assert account.business_profile.state == pb.BusinessProfile.STATE_APPROVED
    assert account.business_profile.department == "Inkoop"
    assert list(account.groups) == ["TRADE", "LIBRARY"]
    assert account.buyer_class == pb.BUYER_CLASS_BUSINESS
    assert [person.role for person in account.persons] == [pb.Person.ROLE_ADMINISTRATOR]
    assert not account.persons[0].active
    assert account.addresses[0].default_billing
    assert account.addresses[0].address.city == "Brussel"
    assert account.etag == '"1"'


@pytest.mark.spec("A-01")
async def test_everything_that_is_wrong_is_said_at_once(world: Any, refused: Any) -> None:
    request = pb.CreateAccountRequest(
        first_name=" ",
        last_name="x" * 101,
        email="no-address",
        language_code="de",
        phone="call me",
        business_profile=pb.BusinessProfile(vat_number="BE0403170702"),
        groups=[""],
        buyer_class=99,  # type: ignore[arg-type]
        addresses=[pb.AccountAddress()],
    )
    with pytest.raises(refused) as error:
        await world.call("AccountService", "CreateAccount", request)
    assert error.value.reason == "INVALID_FIELDS"
    assert error.value.violations == {
        "first_name": "REQUIRED",
        "last_name": "TOO_LONG",
        "email": "INVALID_EMAIL",
        "language_code": "INVALID",
        "phone": "INVALID_PHONE",
        "business_profile.company_name": "REQUIRED",
        "business_profile.vat_number": "INVALID_VAT_NUMBER",
        "groups[0]": "REQUIRED",
        "buyer_class": "INVALID",
        "addresses[0].address.region_code": "INVALID",
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"first_name": "Lies\x00"},
        {"first_name": "Lies\r\nBcc: x@y.example"},
        {"email": "a\x00@shops.example"},
        {"email": "x" * 5000},
        {"groups": ["x"] * 100},
        {"phone": "1" * 10_000},
        {"request_id": "7"},
        {"request_id": "not-a-uuid\x00"},
        {"addresses": [{"address": {"region_code": "zz", "city": "\x00"}}]},
        {"addresses": [{"address": {"region_code": "BE", "street_lines": ["a"] * 9}}]},
        {"addresses": [{}] * 21},
        {"business_profile": {"company_name": "\x00", "vat_number": "\x00"}},
        {"business_profile": {"company_name": "C", "vat_number": "ΑΒ١٢٣"}},
        {"business_profile": {"company_name": "C", "vat_number": "XX"}},
    ],
)
async def test_nothing_a_client_can_send_is_an_internal_error(world: Any, refused: Any, fields: Any) -> None:
    with pytest.raises(refused) as error:
        await world.account(**fields)
    assert error.value.code == "INVALID_ARGUMENT"


@pytest.mark.spec("A-01")
async def test_an_email_address_belongs_to_one_person(world: Any, refused: Any) -> None:
    await world.account("lies@shops.example")
    with pytest.raises(refused) as error:
        await world.account("LIES@shops.example")
    assert (error.value.code, error.value.reason) == ("ALREADY_EXISTS", "EMAIL_TAKEN")


async def test_the_same_request_twice_is_one_account(world: Any, refused: Any) -> None:
    request_id = str(new_id())
    first = await world.account("once@shops.example", request_id=request_id)
    again = await world.account("once@shops.example", request_id=request_id)
    assert again == first
    assert await world.scalar("SELECT count(*) FROM accounts") == 1
    assert len(await world.facts("commis.customers.v1.account_created")) == 1
    with pytest.raises(refused) as error:
        await world.account("other@shops.example", request_id=request_id)
    assert error.value.reason == "REQUEST_ID_REUSED"


@pytest.mark.spec("A-03")
async def test_staff_convert_an_account_to_b2b(world: Any) -> None:
    account = await world.account()
    profile = {"company_name": "Care Home Ltd", "vat_number": "IT00743110157"}
    changed = await _update(world, account.id, ["business_profile"], business_profile=profile)
    assert changed.kind == pb.Account.KIND_BUSINESS
    assert changed.buyer_class == pb.BUYER_CLASS_BUSINESS
    assert not changed.business_profile.b2b_active
    switched = await _update(
        world, account.id, ["business_profile.b2b_active"], business_profile={"b2b_active": True}
    )
    assert switched.business_profile.b2b_active
    assert not switched.business_profile.pay_later_allowed
    paying = await _update(world, account.id, [], business_profile={"pay_later_allowed": True})
    assert paying.business_profile.pay_later_allowed
    assert paying.business_profile.company_name == "Care Home Ltd"
    facts = await world.facts("commis.customers.v1.account_updated")
    assert [list(fact.changed_fields) for fact in facts] == [
        ["business_profile", "buyer_class"],
        ["business_profile.b2b_active"],
        ["business_profile.pay_later_allowed"],
    ]


@pytest.mark.spec("A-03")
async def test_a_profile_is_not_added_without_its_mandatory_fields(world: Any, refused: Any) -> None:
    account = await world.account()
    with pytest.raises(refused) as error:
        await _update(world, account.id, [], business_profile={"b2b_active": True})
    assert error.value.violations == {
        "account.business_profile.company_name": "REQUIRED",
        "account.business_profile.vat_number": "REQUIRED",
    }


async def test_a_stale_etag_and_an_unknown_path_are_refused(world: Any, refused: Any) -> None:
    account = await world.account()
    await _update(world, account.id, ["last_name"], last_name="Janssens", etag=account.etag)
    with pytest.raises(refused) as error:
        await _update(world, account.id, ["last_name"], last_name="Maes", etag=account.etag)
    assert (error.value.code, error.value.reason) == ("ABORTED", "ETAG_MISMATCH")
    with pytest.raises(refused) as error:
        await _update(world, account.id, ["nonsense", "number"], last_name="Maes")
    assert error.value.violations == {"update_mask": "UNKNOWN_PATH"}
    with pytest.raises(refused) as error:
        await _update(world, account.id, ["last_name"], last_name="Maes", etag="3")
    assert error.value.code == "INVALID_ARGUMENT"


async def test_what_does_not_change_is_not_reported(world: Any) -> None:
    account = await world.business()
    same = await _update(world, account.id, ["*"], **_writable(account))
    assert same.etag == account.etag
    assert await world.facts("commis.customers.v1.account_updated") == []


async def test_a_new_email_ends_links_mailed_to_the_old_one(world: Any, refused: Any) -> None:
    account = await world.account("old@shops.example")
    token = await world.link_token("old@shops.example")
    await _update(world, account.id, ["email"], email="new@shops.example")
    with pytest.raises(refused) as error:
        await world.set_password(token)
    assert error.value.reason == "LINK_NOT_VALID"
    await world.activate("new@shops.example")
    assert (await world.sign_in("new@shops.example")).session.subject.id == account.id


async def test_administrators_change_their_names_and_nothing_else(world: Any, refused: Any) -> None:
    account = await world.business()
    mine = as_customer(account.persons[0].id, account.id)
    changed = await _update(world, account.id, ["last_name"], as_=_of(account), last_name="Maes")
    assert changed.last_name == "Maes"
    assert list(changed.groups) == []
    profile = {"company_name": "C", "vat_number": "BE0403170701"}
    sent = {"email": "x@y.example", "business_profile": profile, "buyer_class": 2, "groups": ["VIP"]}
    for path in ("email", "groups", "buyer_class", "business_profile.pay_later_allowed", "business_profile"):
        with pytest.raises(refused) as error:
            await _update(world, account.id, [path], as_=_of(account), **sent)
        assert error.value.code == "PERMISSION_DENIED", path
    other = await world.account()
    with pytest.raises(refused) as error:
        await _update(world, other.id, ["last_name"], as_=mine, last_name="Maes")
    assert error.value.reason == "ACCOUNT_NOT_FOUND"


async def test_a_user_whose_role_was_taken_may_not_use_an_old_token(world: Any, refused: Any) -> None:
    account = await world.account()
    await world.execute("UPDATE memberships SET role = 'USER'")
    with pytest.raises(refused) as error:
        await _update(world, account.id, ["last_name"], as_=_of(account), last_name="Maes")
    assert error.value.reason == "CHANGE_NOT_ALLOWED"


@pytest.mark.parametrize("method", ["CreateAccount", "UpdateAccount", "SendActivation"])
async def test_only_staff_who_keep_accounts_write(world: Any, refused: Any, method: str) -> None:
    request = getattr(pb, f"{method}Request")()
    for who in (as_staff("CATALOGUE"), as_rep(new_id()), as_service("customers.read")):
        with pytest.raises(refused) as error:
            await world.call("AccountService", method, request, who)
        assert error.value.code == "PERMISSION_DENIED"
    with pytest.raises(refused) as error:
        await world.call("AccountService", method, request, ())
    assert error.value.code == "UNAUTHENTICATED"


@pytest.mark.spec("A-22")
async def test_an_internal_team_needs_the_scope(world: Any, refused: Any) -> None:
    account = await world.account()
    request = pb.GetAccountRequest(account_id=account.id)
    answer = await world.call("AccountService", "GetAccount", request, as_service("customers.read"))
    assert answer.account.id == account.id
    with pytest.raises(refused) as error:
        await world.call("AccountService", "GetAccount", request, as_service("orders.read"))
    assert error.value.code == "PERMISSION_DENIED"


def _of(account: Any) -> Any:
    return as_customer(account.persons[0].id, account.id)


def _writable(account: Any) -> dict[str, Any]:
    names = ("first_name", "last_name", "email", "language_code", "phone", "groups", "buyer_class")
    return {name: getattr(account, name) for name in names} | {"business_profile": account.business_profile}


async def _update(world: Any, account_id: str, paths: list[str], as_: Any = None, **fields: Any) -> Any:
    request = pb.UpdateAccountRequest(account=pb.Account(id=account_id, **fields))
    request.update_mask.paths.extend(paths)
    return (await world.call("AccountService", "UpdateAccount", request, as_)).account
