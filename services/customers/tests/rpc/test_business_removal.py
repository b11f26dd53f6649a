"""Removing the business layer of an account: what stops, what is erased, what stays, and the receipt."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.customers.v1 import accounts_pb2 as pb
from commis.customers.v1 import sessions_pb2
from google.type import money_pb2

from chassis.ids import new_id
from chassis.testing import as_customer, as_rep_for, as_service, as_staff

from ..conftest import BRUSSELS, bearer
from .test_access_service import authorize, context
from .test_business_requests import ask_for, holder, listed, move

MAIL = as_service("customers.recipients")
RARE = {
    "company_name": "Zeldzaamheid Boeken",
    "vat_number": "BE0428759497",
    "chamber_of_commerce_number": "KVK-7788990",
    "department": "Afdeling Kwartel",
    "pay_later_allowed": True,
}


async def remove(world: Any, account_id: str, as_: Any = None, **fields: Any) -> pb.ErasureReceipt:
    request = pb.RemoveBusinessProfileRequest(account_id=account_id, **fields)
    answer = await world.call("BusinessProfileService", "RemoveBusinessProfile", request, as_)
    return answer.receipt


async def get_account(world: Any, account_id: str, as_: Any = None) -> pb.Account:
    request = pb.GetAccountRequest(account_id=account_id)
    return (await world.call("AccountService", "GetAccount", request, as_)).account


async def rare_business(world: Any, email: str = "") -> pb.Account:
    address = {"address": BRUSSELS | {"company": "Zeldzaamheid Boeken"}, "default_delivery": True}
    account: pb.Account = await world.business(
        email,
        profile=RARE,
        addresses=[address],
        groups=["TRADE", "NORTH"],
        request_id=str(new_id()),
    )
    return account


def subjects(items: Any) -> dict[str, int]:
    return {item.subject: item.count for item in items}


@pytest.mark.spec("A-07")
async def test_business_functions_stop_at_once_in_the_open_session_that_goes_on(
    world: Any, refused: Any
) -> None:
    account = await rare_business(world, "lies@shops.example")
    signed_in = await world.enter("lies@shops.example")
    who = bearer(signed_in.tokens.access_token)
    assert "PAY_LATER" in (await authorize(world, account.id, who, "PAY_LATER")).payment_methods
    await remove(world, account.id, who)
    facts = await context(world, account.id, who)
    assert (facts.business, facts.pay_later_allowed, facts.vat_number) == (False, False, "")
    assert (facts.buyer_class, list(facts.groups)) == (pb.BUYER_CLASS_CONSUMER, [])
    assert facts.display_name == "Lies Peeters"
    assert (facts.delivery_address.company, facts.delivery_address.recipient) == ("", "Lies Peeters")
    with pytest.raises(refused) as error:
        await authorize(world, account.id, who, "PAY_LATER")
    assert error.value.violations == {"payment_method": "PAYMENT_METHOD_NOT_ALLOWED"}
    with pytest.raises(refused) as error:
        await world.invite(account.id, as_=who)
    assert error.value.reason == "NOT_A_BUSINESS"
    await world.refresh(signed_in.tokens.refresh_token)
    again = await world.sign_in("lies@shops.example")
    assert again.session.subject.id == account.id
    now = await get_account(world, account.id, who)
    assert (now.kind, now.number) == (pb.Account.KIND_CONSUMER, account.number)
    assert not now.HasField("business_profile")


@pytest.mark.spec("A-07")
async def test_memberships_of_others_end_with_their_sessions(world: Any, refused: Any) -> None:
    account = await rare_business(world)
    fifty = money_pb2.Money(currency_code="EUR", units=50)
    others = []
    for role in ("USER", "ADMINISTRATOR"):
        email = f"{role.lower()}@shops.example"
        person = await world.invite(account.id, email, role, spending_limit=fifty)
        others.append((person, await world.enter(email)))
    receipt = await remove(world, account.id, holder(account))
    assert subjects(receipt.erased)["memberships of others"] == 2
    for _, signed_in in others:
        for call in (get_account, context):
            with pytest.raises(refused) as error:
                await call(world, account.id, bearer(signed_in.tokens.access_token))
            assert error.value.reason in ("SESSION_ENDED", "ACCOUNT_NOT_FOUND")
        with pytest.raises(refused):
            await world.refresh(signed_in.tokens.refresh_token)
    with pytest.raises(refused) as error:
        await world.sign_in("user@shops.example")
    assert error.value.reason == "SIGN_IN_FAILED"
    gone = {fact.person_id for fact in await world.facts("commis.customers.v1.member_removed")}
    assert gone == {person.id for person, _ in others}
    assert [one.id for one in (await get_account(world, account.id)).persons] == [account.persons[0].id]


@pytest.mark.spec("A-07")
async def test_business_data_is_gone_from_every_table(world: Any) -> None:
    account = await world.account("lies@shops.example")
    profile = {name: RARE[name] for name in RARE if name != "pay_later_allowed"}
    await ask_for(world, holder(account), profile=pb.BusinessProfile(**profile), request_id=str(new_id()))
    (asked,) = await listed(world)
    await move(world, "Ask", asked.id, message="Is Afdeling Kwartel juist?", request_id=str(new_id()))
    fields = {"message": "Ja, Kwartel", "request_id": str(new_id())}
    await move(world, "Answer", asked.id, holder(account), **fields)
    await move(world, "Approve", asked.id, pay_later_allowed=True, request_id=str(new_id()))
    address = pb.AccountAddress(address=BRUSSELS | {"company": "Zeldzaamheid Boeken"})  # type: ignore[arg-type]
    request = pb.CreateAddressRequest(account_id=account.id, address=address, request_id=str(new_id()))
    created = (await world.call("AccountService", "CreateAddress", request)).address
    plain = pb.AccountAddress(id=created.id, address=BRUSSELS)  # type: ignore[arg-type]
    renamed = pb.UpdateAddressRequest(account_id=account.id, address=plain, request_id=str(new_id()))
    await world.call("AccountService", "UpdateAddress", renamed)
    request = pb.CreateAddressRequest(account_id=account.id, address=address, request_id=str(new_id()))
    await world.call("AccountService", "CreateAddress", request)
    needles = ("Zeldzaam", "BE0428759497", "KVK-7788990", "Kwartel")
    assert set(await _found(world, needles)) >= {"business_profiles", "business_requests", "idempotency"}
    receipt = await remove(world, account.id, holder(account), request_id=str(new_id()))
    assert await _found(world, needles) == {}
    erased = subjects(receipt.erased)
    assert erased["business profile"] == erased["business requests"] == erased["pay later"] == 1
    assert erased["messages about business requests"] == 2
    assert erased["company names in addresses"] == 1
    for query in ("zeldzaamheid", "boeken"):
        found = await world.call("AccountService", "ListAccounts", pb.ListAccountsRequest(query=query))
        assert not found.accounts


@pytest.mark.spec("A-07")
async def test_a_branch_with_the_same_vat_number_keeps_its_answers(world: Any) -> None:
    account, request_id = await rare_business(world), str(new_id())
    branch = await world.business("branch@shops.example", profile=RARE, request_id=request_id)
    assert await world.scalar("SELECT count(*) FROM idempotency") == 2
    await remove(world, account.id)
    assert await world.scalar("SELECT count(*) FROM idempotency") == 1
    again = await world.business("branch@shops.example", profile=RARE, request_id=request_id)
    assert again == branch


async def _found(world: Any, needles: tuple[str, ...]) -> dict[str, str]:
    """In which tables one of the texts stands, in whatever column, also inside stored answers."""
    hits = {}
    async with world.sessions() as session:
        tables = await session.scalars(
            sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        )
        for table in tables.all():
            bodies = "encode(t.response, 'escape')" if table == "idempotency" else "''"
            rows = await session.scalars(sa.text(f'SELECT t::text || {bodies} FROM "{table}" t'))
            for row in rows:
                if any(needle.lower() in (row or "").lower() for needle in needles):
                    hits[table] = row
    return hits


@pytest.mark.spec("A-07")
async def test_the_receipt_says_what_is_kept_and_why_and_is_mailed(world: Any, refused: Any) -> None:
    account = await rare_business(world, "lies@shops.example")
    receipt = await remove(world, account.id, holder(account))
    assert subjects(receipt.erased) == {
        "business profile": 1, "pay later": 1, "customer groups": 2, "company names in addresses": 1,
    }  # fmt: skip
    assert not any(item.kept_because for item in receipt.erased)
    kept = {item.subject: item.kept_because for item in receipt.kept}
    assert "VAT Code article 60" in kept["orders and fiscal documents"]
    assert {"personal account and its sign-in", "unpaid invoices"} < set(kept)
    assert any("carts" in subject for subject in kept)
    assert any("approval" in subject for subject in kept)
    assert all(kept.values())
    (fact,) = await world.facts("commis.customers.v1.business_profile_removed")
    assert (fact.account_id, fact.receipt_id) == (account.id, receipt.id)
    request = sessions_pb2.GetReceiptMailRequest(receipt_id=receipt.id)
    mail = await world.call("RecipientService", "GetReceiptMail", request, MAIL)
    assert (mail.email, mail.display_name, mail.language_code) == ("lies@shops.example", "Lies Peeters", "nl")
    assert mail.receipt == receipt
    for who in ((), holder(account), as_service("customers.access")):
        with pytest.raises(refused) as error:
            await world.call("RecipientService", "GetReceiptMail", request, who)
        assert error.value.code in ("UNAUTHENTICATED", "PERMISSION_DENIED")
    request.receipt_id = str(new_id())
    with pytest.raises(refused) as error:
        await world.call("RecipientService", "GetReceiptMail", request, MAIL)
    assert (error.value.code, error.value.reason) == ("NOT_FOUND", "RECEIPT_NOT_FOUND")


@pytest.mark.spec("A-07")
async def test_removing_twice_is_once_with_one_receipt(world: Any) -> None:
    account = await rare_business(world)
    who, request_id = holder(account), str(new_id())
    first = await remove(world, account.id, who, etag=account.etag, request_id=request_id)
    assert await remove(world, account.id, who, etag=account.etag, request_id=request_id) == first
    assert await remove(world, account.id, who, etag=account.etag) == first
    assert len(await world.facts("commis.customers.v1.business_profile_removed")) == 1


@pytest.mark.spec("A-07")
async def test_removing_many_times_at_once_is_once(world: Any) -> None:
    account = await rare_business(world)
    await world.invite(account.id, role="ADMINISTRATOR")
    receipts = await asyncio.gather(*(remove(world, account.id, holder(account)) for _ in range(8)))
    assert len({receipt.id for receipt in receipts}) == 1
    assert len(await world.facts("commis.customers.v1.business_profile_removed")) == 1
    assert len(await world.facts("commis.customers.v1.member_removed")) == 1


@pytest.mark.spec("A-07")
async def test_an_invitation_at_the_same_moment_leaves_no_member_behind(world: Any, refused: Any) -> None:
    for _ in range(6):
        account = await rare_business(world)
        await asyncio.gather(
            remove(world, account.id, holder(account)),
            world.invite(account.id, as_=as_staff("ADMIN")),
            return_exceptions=True,
        )
        now = await get_account(world, account.id)
        assert (now.kind, len(now.persons)) == (pb.Account.KIND_CONSUMER, 1)


@pytest.mark.spec("A-07")
async def test_who_may_remove_it(world: Any, refused: Any) -> None:
    account, other, consumer = await rare_business(world), await world.business(), await world.account()
    user = await world.invite(account.id)
    rep = await world.rep("R1", account.id)
    for who, reason in (
        (as_customer(UUID(user.id), UUID(account.id)), "CHANGE_NOT_ALLOWED"),
        (as_rep_for(UUID(rep.id), UUID(account.id)), "CHANGE_NOT_ALLOWED"),
        (holder(other), "ACCOUNT_NOT_FOUND"),
        (as_staff("ORDER_DESK"), "PERMISSION_DENIED"),
        ((), "UNAUTHENTICATED"),
    ):
        with pytest.raises(refused) as error:
            await remove(world, account.id, who)
        assert error.value.reason == reason
    with pytest.raises(refused) as error:
        await remove(world, account.id, holder(account), etag='"77"')
    assert error.value.reason == "ETAG_MISMATCH"
    with pytest.raises(refused) as error:
        await remove(world, consumer.id, holder(consumer))
    assert (error.value.code, error.value.reason) == ("NOT_FOUND", "BUSINESS_PROFILE_NOT_FOUND")
    assert (await get_account(world, account.id)).business_profile.company_name == RARE["company_name"]
    await remove(world, account.id, as_staff("ADMIN"))
    assert not (await get_account(world, account.id)).HasField("business_profile")


@pytest.mark.spec("A-07")
async def test_the_personal_account_stays_with_whose_it_is(world: Any, refused: Any) -> None:
    """Another administrator may remove the business, not take the holder's own account and orders over."""
    account = await rare_business(world, "lies@shops.example")
    second = await world.invite(account.id, "karel@shops.example", "ADMINISTRATOR")
    as_second = as_customer(UUID(second.id), UUID(account.id))
    await remove(world, account.id, as_second)
    now = await get_account(world, account.id)
    assert (now.email, [one.id for one in now.persons]) == ("lies@shops.example", [account.persons[0].id])
    with pytest.raises(refused) as error:
        await get_account(world, account.id, as_second)
    assert error.value.reason == "ACCOUNT_NOT_FOUND"


@pytest.mark.spec("A-07")
async def test_a_holder_who_is_no_administrator_any_more_does_not_keep_it(world: Any) -> None:
    account = await rare_business(world, "lies@shops.example")
    second = await world.invite(account.id, "karel@shops.example", "ADMINISTRATOR")
    demoted = pb.Person(id=account.persons[0].id, role=pb.Person.ROLE_USER)
    await world.call(
        "MembershipService", "UpdateMember", pb.UpdateMemberRequest(account_id=account.id, person=demoted)
    )
    await remove(world, account.id, as_customer(UUID(second.id), UUID(account.id)))
    now = await get_account(world, account.id)
    assert (now.email, [one.id for one in now.persons]) == ("karel@shops.example", [second.id])


@pytest.mark.spec("A-07", "A-04")
async def test_a_request_that_waits_ends_and_may_be_made_again(world: Any, refused: Any) -> None:
    account = await world.account()
    asked = await ask_for(world, holder(account))
    receipt = await remove(world, account.id, holder(account))
    assert subjects(receipt.erased)["business requests"] == 1
    assert not await listed(world)
    with pytest.raises(refused) as error:
        await move(world, "Approve", asked.id)
    assert error.value.reason == "BUSINESS_REQUEST_NOT_FOUND"
    again = await ask_for(world, holder(account))
    await move(world, "Approve", again.id)
    second = await remove(world, account.id, holder(account))
    assert second.id != receipt.id


@pytest.mark.spec("A-07")
async def test_a_rep_goes_on_for_the_consumer(world: Any) -> None:
    account = await rare_business(world)
    _, as_rep = await world.rep_session(account.id)
    opened = await world.open_session(account.id, as_rep)
    await remove(world, account.id, holder(account))
    facts = await context(world, account.id, bearer(opened.tokens.access_token))
    assert (facts.business, facts.buyer_class) == (False, pb.BUYER_CLASS_CONSUMER)


async def test_administrators_of_an_account_are_told_to_notifications_only(world: Any, refused: Any) -> None:
    account = await world.business("lies@shops.example")
    await world.invite(account.id)
    await world.invite(account.id, "karel@shops.example", "ADMINISTRATOR")
    request = sessions_pb2.ListAdministratorsRequest(account_id=account.id)
    answer = await world.call("RecipientService", "ListAdministrators", request, MAIL)
    assert {(one.email, one.display_name, one.language_code) for one in answer.administrators} == {
        ("lies@shops.example", "Lies Peeters", "nl"),
        ("karel@shops.example", "Karel Claes", "nl"),
    }
    with pytest.raises(refused) as error:
        await world.call("RecipientService", "ListAdministrators", request, holder(account))
    assert error.value.code == "PERMISSION_DENIED"
    request.account_id = str(new_id())
    with pytest.raises(refused) as error:
        await world.call("RecipientService", "ListAdministrators", request, MAIL)
    assert error.value.reason == "ACCOUNT_NOT_FOUND"


@pytest.mark.spec("A-07", "H-08")
async def test_a_residence_without_its_business_is_billed_no_more(
    world: Any, partner: Any, refused: Any
) -> None:
    """A session that a care worker has open pays otherwise from the same moment."""
    residence = await world.business("residence@care.example")
    methods = ["PAY_LATER", "MONTHLY_RESIDENCE"]
    await partner.community("residence-2", residence_account_id=residence.id, payment_methods=methods)
    opened = await partner.open_session(
        community={"id": "residence-2"}, communities=["residence-2"], client__community="residence-2"
    )
    who, client = bearer(opened.tokens.access_token), opened.session.subject.id
    await authorize(world, client, who, "MONTHLY_RESIDENCE")
    await remove(world, residence.id, holder(residence))
    with pytest.raises(refused) as error:
        await authorize(world, client, who, "MONTHLY_RESIDENCE")
    assert error.value.violations == {"payment_method": "PAYMENT_METHOD_NOT_ALLOWED"}
    assert list((await context(world, client, who)).payment_methods) == ["PAY_LATER"]
