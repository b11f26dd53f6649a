"""Addresses over the wire: rules of the country, defaults, etags."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from commis.customers.v1 import accounts_pb2 as pb

from chassis.ids import new_id
from chassis.testing import as_customer

BRUSSELS = {"street_lines": ["Kerkstraat 12"], "postal_code": "1000", "city": "Brussel", "region_code": "BE"}


async def create(world: Any, account_id: str, address: Any = None, as_: Any = None, **fields: Any) -> Any:
    sent = pb.AccountAddress(address=address or BRUSSELS, **fields)
    request = pb.CreateAddressRequest(account_id=account_id, address=sent)
    return (await world.call("AccountService", "CreateAddress", request, as_)).address


async def listed(world: Any, account_id: str) -> Any:
    request = pb.ListAddressesRequest(account_id=account_id)
    return list((await world.call("AccountService", "ListAddresses", request)).addresses)


@pytest.mark.spec("A-08")
async def test_several_addresses_with_one_default_each(world: Any) -> None:
    account = await world.account()
    first = await create(world, account.id, label="shop")
    assert (first.default_billing, first.default_delivery) == (True, True)
    second = await create(world, account.id, label="store", default_delivery=True)
    third = await create(world, account.id)
    assert [a.id for a in await listed(world, account.id)] == [first.id, second.id, third.id]
    flags = [(a.default_billing, a.default_delivery) for a in await listed(world, account.id)]
    assert flags == [(True, False), (False, True), (False, False)]
    assert (await listed(world, account.id))[0].etag == '"2"'


@pytest.mark.spec("A-08")
@pytest.mark.parametrize(
    ("address", "violations"),
    [
        ({"region_code": "BE"}, {"street_lines": "REQUIRED", "postal_code": "REQUIRED", "city": "REQUIRED"}),
        (BRUSSELS | {"postal_code": "10"}, {"postal_code": "INVALID"}),
        (BRUSSELS | {"region_code": "be"}, {"region_code": "INVALID"}),
        (BRUSSELS | {"region_code": "NL"}, {"postal_code": "INVALID"}),
        (BRUSSELS | {"region_code": "IT", "postal_code": "00184"}, {"administrative_area": "REQUIRED"}),
        (
            BRUSSELS | {"region_code": "IT", "postal_code": "00184", "administrative_area": "XX"},
            {"administrative_area": "INVALID"},
        ),
        (BRUSSELS | {"phone": "call me"}, {"phone": "INVALID_PHONE"}),
        (BRUSSELS | {"city": "x" * 101}, {"city": "TOO_LONG"}),
    ],
)
async def test_the_rules_of_the_country_hold(world: Any, refused: Any, address: Any, violations: Any) -> None:
    account = await world.account()
    with pytest.raises(refused) as error:
        await create(world, account.id, address)
    expected = {f"address.address.{field}": reason for field, reason in violations.items()}
    assert expected.items() <= error.value.violations.items()


@pytest.mark.spec("A-08")
@pytest.mark.parametrize(
    ("address", "stored"),
    [
        (
            {"street_lines": ["Dam 1"], "postal_code": "1012 jS", "city": "Amsterdam", "region_code": "NL"},
            ("1012 JS", "Amsterdam", ""),
        ),
        (
            {
                "street_lines": ["Via Appia 1"],
                "postal_code": "00184",
                "city": "Roma",
                "administrative_area": "Roma",
                "region_code": "IT",
            },
            ("00184", "Roma", "RM"),
        ),
        (BRUSSELS | {"administrative_area": "Brussels"}, ("1000", "Brussel", "Brussels")),
        (
            {"street_lines": ["1 Kowloon Rd"], "administrative_area": "Kowloon", "region_code": "HK"},
            ("", "", "Kowloon"),
        ),
    ],
)
async def test_addresses_are_stored_as_their_country_writes_them(
    world: Any, address: Any, stored: Any
) -> None:
    account = await world.account()
    made = (await create(world, account.id, address)).address
    assert (made.postal_code, made.city, made.administrative_area) == stored


@pytest.mark.spec("A-08")
async def test_an_address_is_replaced_and_deleted_with_its_etag(world: Any, refused: Any) -> None:
    account = await world.account()
    first, second = await create(world, account.id), await create(world, account.id)
    sent = pb.AccountAddress(
        id=second.id, etag=second.etag, label="new", address=BRUSSELS, default_billing=True
    )
    request = pb.UpdateAddressRequest(account_id=account.id, address=sent)
    replaced = (await world.call("AccountService", "UpdateAddress", request)).address
    assert (replaced.label, replaced.default_billing) == ("new", True)
    assert not (await listed(world, account.id))[0].default_billing
    with pytest.raises(refused) as error:
        await world.call("AccountService", "UpdateAddress", request)
    assert error.value.reason == "ETAG_MISMATCH"
    delete = pb.DeleteAddressRequest(account_id=account.id, address_id=first.id, etag='"1"')
    with pytest.raises(refused) as error:
        await world.call("AccountService", "DeleteAddress", delete)
    assert error.value.reason == "ETAG_MISMATCH"
    delete.etag = ""
    await world.call("AccountService", "DeleteAddress", delete)
    with pytest.raises(refused) as error:
        await world.call("AccountService", "DeleteAddress", delete)
    assert (error.value.code, error.value.reason) == ("NOT_FOUND", "ADDRESS_NOT_FOUND")
    assert [a.id for a in await listed(world, account.id)] == [second.id]


@pytest.mark.spec("A-08")
async def test_defaults_set_at_the_same_time_stay_single(world: Any) -> None:
    account = await world.account()
    await asyncio.gather(
        *(create(world, account.id, default_billing=True, default_delivery=True) for _ in range(8))
    )
    flags = [(a.default_billing, a.default_delivery) for a in await listed(world, account.id)]
    assert flags.count((True, True)) == 1
    assert flags.count((False, False)) == 7


async def test_another_accounts_address_is_not_found(world: Any, refused: Any) -> None:
    mine, other = await world.business(), await world.business()
    who = as_customer(UUID(mine.persons[0].id), UUID(mine.id))
    stolen = pb.AccountAddress(id=other.addresses[0].id, address=BRUSSELS)
    with pytest.raises(refused) as error:
        await world.call(
            "AccountService",
            "UpdateAddress",
            pb.UpdateAddressRequest(account_id=mine.id, address=stolen),
            who,
        )
    assert error.value.reason == "ADDRESS_NOT_FOUND"
    assert (await create(world, mine.id, as_=who)).id


async def test_a_mere_user_reads_addresses_only(world: Any, refused: Any) -> None:
    account = await world.business()
    await world.execute("UPDATE memberships SET role = 'USER'")
    who = as_customer(UUID(account.persons[0].id), UUID(account.id), "USER")
    request = pb.ListAddressesRequest(account_id=account.id)
    assert len((await world.call("AccountService", "ListAddresses", request, who)).addresses) == 1
    with pytest.raises(refused) as error:
        await create(world, account.id, as_=who)
    assert error.value.reason == "CHANGE_NOT_ALLOWED"


async def test_an_account_has_no_endless_number_of_addresses(world: Any, refused: Any) -> None:
    account = await world.account()
    await create(world, account.id)
    await world.execute(
        "INSERT INTO addresses (id, account_id, label, recipient, company, street_lines, postal_code, city,"
        " administrative_area, region_code, phone, default_billing, default_delivery)"
        " SELECT gen_random_uuid(), account_id, label, recipient, company, street_lines, postal_code, city,"
        " administrative_area, region_code, phone, false, false FROM addresses, generate_series(1, 199)"
    )
    with pytest.raises(refused) as error:
        await create(world, account.id)
    assert error.value.reason == "TOO_MANY_ADDRESSES"
    request = pb.ListAddressesRequest(account_id=account.id, page_size=150)
    first = await world.call("AccountService", "ListAddresses", request)
    request.page_token = first.next_page_token
    second = await world.call("AccountService", "ListAddresses", request)
    assert len({a.id for a in [*first.addresses, *second.addresses]}) == 200
    assert second.next_page_token == ""


async def test_an_unknown_account_has_no_addresses(world: Any, refused: Any) -> None:
    with pytest.raises(refused) as error:
        await create(world, str(new_id()))
    assert error.value.reason == "ACCOUNT_NOT_FOUND"
