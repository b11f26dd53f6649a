"""AccessService and RecipientService: what orders, catalog, library and notifications ask."""

from typing import Any
from uuid import UUID

import pytest
from commis.common.v1 import common_pb2
from commis.customers.v1 import accounts_pb2
from commis.customers.v1 import sessions_pb2 as pb

from chassis import db
from chassis.context import Principal
from chassis.ids import new_id
from chassis.testing import as_customer, as_rep, as_rep_for, as_service, as_staff, issuer

VOUCH = as_service("customers.access", vouching=True)
ALWAYS = ["BANK_TRANSFER", "CHEQUE", "CASH_ON_DELIVERY"]


async def context(world: Any, account_id: str, who: Any) -> Any:
    request = pb.GetOrderingContextRequest(account_id=account_id)
    return (await world.call("AccessService", "GetOrderingContext", request, (*who, *VOUCH))).context


async def authorize(world: Any, account_id: str, who: Any, method: str = "BANK_TRANSFER") -> Any:
    request = pb.AuthorizeOrderRequest(order_id=str(new_id()), account_id=account_id, payment_method=method)
    return await world.call("AccessService", "AuthorizeOrder", request, (*who, *VOUCH))


@pytest.mark.spec("A-13", "A-22")
async def test_the_context_has_the_facts_and_who_acts(world: Any) -> None:
    account = await world.business(
        "lies@shops.example", groups=["TRADE"], phone="+32 2 555 01 01", profile={"pay_later_allowed": True}
    )
    rep = await world.rep("R1", account.id)
    facts = await context(world, account.id, as_rep_for(UUID(rep.id), UUID(account.id)))
    assert facts.account_number == account.number
    assert facts.display_name == "Boekhandel De Linde"
    assert (facts.language_code, facts.region_code, facts.vat_number) == ("nl", "BE", "BE0403170701")
    assert list(facts.groups) == ["TRADE"]
    assert (facts.business, facts.pay_later_allowed) == (True, True)
    assert facts.billing_address.city == facts.delivery_address.city == "Brussel"
    assert facts.billing_address.recipient == "Lies Peeters"
    assert (facts.contact_name, facts.contact_email) == ("Lies Peeters", "lies@shops.example")
    assert facts.contact_phone == "+32 2 555 01 01"
    assert (facts.actor.kind, facts.actor.id) == (common_pb2.PARTY_KIND_REP, rep.id)
    assert (facts.actor.display_name, facts.rep_code) == ("Robin Reiziger", "R1")
    assert facts.account_state == accounts_pb2.Account.STATE_ACTIVE


async def test_an_account_without_addresses_has_none(world: Any) -> None:
    account = await world.account()
    facts = await context(world, account.id, as_staff("ORDER_DESK"))
    assert not facts.HasField("billing_address")
    assert not facts.HasField("delivery_address")
    assert facts.region_code == ""


@pytest.mark.spec("A-11", "A-12", "A-22")
async def test_who_may_ask_about_an_account(world: Any, refused: Any) -> None:
    account, other = await world.account(), await world.account()
    rep, stranger = await world.rep("R1", account.id), await world.rep("R2", other.id)
    a, person = UUID(account.id), UUID(account.persons[0].id)
    allowed = [
        as_customer(person, a),
        as_rep(UUID(rep.id)),
        as_rep_for(UUID(rep.id), a),
        as_staff("CATALOGUE"),
        as_service("orders.place"),
        (),
    ]
    for who in allowed:
        assert (await context(world, account.id, who)).account_id == account.id
        assert (await authorize(world, account.id, who)).context.account_id == account.id
    denied = [
        as_customer(UUID(other.persons[0].id), UUID(other.id)),
        as_customer(new_id(), a),
        as_rep(UUID(stranger.id)),
        as_rep_for(UUID(stranger.id), a),
        as_rep_for(UUID(rep.id), UUID(other.id)),
        as_rep(new_id()),
        issuer.metadata(Principal(person, "PERSON")),
        issuer.metadata(Principal(a, "ACCOUNT")),
        issuer.metadata(Principal(a, "ACCOUNT", "not-an-id", "REP")),
        issuer.metadata(Principal(a, "ACCOUNT", str(new_id()), "CARE_WORKER")),
    ]
    for who in denied:
        for ask in (context, authorize):
            with pytest.raises(refused) as error:
                await ask(world, account.id, who)
            assert (error.value.code, error.value.reason) == ("NOT_FOUND", "ACCOUNT_NOT_FOUND")


@pytest.mark.spec("A-11")
async def test_taking_an_account_away_is_effective_at_once(world: Any, refused: Any) -> None:
    account = await world.account()
    rep = await world.rep("R1", account.id)
    who = as_rep_for(UUID(rep.id), UUID(account.id))
    await authorize(world, account.id, who)
    await world.unassign(rep.id, account.id)
    with pytest.raises(refused) as error:
        await authorize(world, account.id, who)
    assert error.value.reason == "ACCOUNT_NOT_FOUND"
    await world.assign(rep.id, account.id)
    await authorize(world, account.id, who)
    await world.execute("UPDATE representatives SET active = false")
    with pytest.raises(refused) as error:
        await authorize(world, account.id, who)
    assert error.value.reason == "ACCOUNT_NOT_FOUND"


@pytest.mark.spec("A-11", "A-21")
async def test_an_ended_session_orders_nothing_more(world: Any, refused: Any) -> None:
    account = await world.account("lies@shops.example")
    await world.activate("lies@shops.example")
    signed_in = await world.sign_in("lies@shops.example")
    who = (("authorization", f"Bearer {signed_in.tokens.access_token}"),)
    await authorize(world, account.id, who)
    await world.call("SessionService", "SignOut", pb.SignOutRequest(), who)
    for ask in (context, authorize):
        with pytest.raises(refused) as error:
            await ask(world, account.id, who)
        assert (error.value.code, error.value.reason) == ("UNAUTHENTICATED", "SESSION_ENDED")


@pytest.mark.spec("A-03")
async def test_paying_later_needs_all_three_switches(world: Any, refused: Any) -> None:
    account = await world.business(profile={"pay_later_allowed": True})
    who = as_staff("ADMIN")
    assert list((await authorize(world, account.id, who, "PAY_LATER")).payment_methods) == [
        *ALWAYS,
        "PAY_LATER",
    ]
    for switch in ("b2b_active = false", "pay_later_allowed = false", "state = 'PENDING'"):
        await world.execute(f"UPDATE business_profiles SET {switch}")
        with pytest.raises(refused) as error:
            await authorize(world, account.id, who, "PAY_LATER")
        assert error.value.reason == "ORDER_NOT_AUTHORIZED"
        assert error.value.violations == {"payment_method": "PAYMENT_METHOD_NOT_ALLOWED"}
        assert list((await authorize(world, account.id, who)).payment_methods) == ALWAYS
        await world.execute(
            "UPDATE business_profiles SET b2b_active = true, pay_later_allowed = true, state = 'APPROVED'"
        )


async def test_every_finding_is_named_at_once(world: Any, refused: Any) -> None:
    account = await world.account()
    await world.execute("UPDATE accounts SET state = 'SUSPENDED'")
    for method, reason in (("ELECTRONIC", "PAYMENT_METHOD_NOT_ALLOWED"), ("", "REQUIRED")):
        with pytest.raises(refused) as error:
            await authorize(world, account.id, as_staff("ADMIN"), method)
        assert error.value.code == "FAILED_PRECONDITION"
        assert error.value.violations == {"account_id": "ACCOUNT_NOT_ACTIVE", "payment_method": reason}


@pytest.mark.spec("A-22")
@pytest.mark.parametrize("method", ["GetOrderingContext", "AuthorizeOrder", "ListVisibleAccounts"])
async def test_a_user_alone_may_not_ask(world: Any, refused: Any, method: str) -> None:
    account = await world.account()
    who = as_customer(UUID(account.persons[0].id), UUID(account.id))
    for metadata in (who, as_staff("ADMIN"), (*who, *as_service("customers.recipients", vouching=True))):
        with pytest.raises(refused) as error:
            await world.call("AccessService", method, getattr(pb, f"{method}Request")(), metadata)
        assert error.value.code == "PERMISSION_DENIED"


@pytest.mark.parametrize("kind", ["rep", "customer", "staff", "service"])
async def test_each_question_is_one_statement(world: Any, engine: Any, kind: str) -> None:
    account = await world.account()
    rep = await world.rep("R1", account.id)
    who = {
        "rep": as_rep_for(UUID(rep.id), UUID(account.id)),
        "customer": as_customer(UUID(account.persons[0].id), UUID(account.id)),
        "staff": as_staff("ADMIN"),
        "service": (),
    }[kind]
    await context(world, account.id, who)
    statements: list[Any] = []
    async with db.driver(engine) as connection:  # the one that the pool gives next
        connection.add_query_logger(statements.append)
    await context(world, account.id, who)
    await authorize(world, account.id, who)
    async with db.driver(engine) as connection:
        connection.remove_query_logger(statements.append)
    assert len(statements) == 2


@pytest.mark.spec("A-12")
async def test_visible_accounts_are_listed_in_pages(world: Any) -> None:
    accounts = sorted([(await world.account()).id for _ in range(5)])
    rep = await world.rep("R1", *accounts[:4])
    who = (*as_rep(UUID(rep.id)), *VOUCH)
    request = pb.ListVisibleAccountsRequest(page_size=3)
    first = await world.call("AccessService", "ListVisibleAccounts", request, who)
    request.page_token = first.next_page_token
    second = await world.call("AccessService", "ListVisibleAccounts", request, who)
    assert [*first.account_ids, *second.account_ids] == accounts[:4]
    assert (first.all, second.next_page_token) == (False, "")
    mine = await _visible(world, as_rep_for(UUID(rep.id), UUID(accounts[0])))
    assert list(mine.account_ids) == [accounts[0]]
    foreign = await _visible(world, as_rep_for(UUID(rep.id), UUID(accounts[4])))
    assert (list(foreign.account_ids), foreign.all) == ([], False)
    for who_sees_all in (as_staff("FINANCE"), ()):
        assert (await _visible(world, who_sees_all)).all
    await world.execute("UPDATE representatives SET active = false")
    assert list((await _visible(world, as_rep(UUID(rep.id)))).account_ids) == []


async def _visible(world: Any, who: Any) -> Any:
    return await world.call(
        "AccessService", "ListVisibleAccounts", pb.ListVisibleAccountsRequest(), (*who, *VOUCH)
    )


async def test_recipients_by_kind(world: Any, refused: Any) -> None:
    account = await world.account("lies@shops.example")
    rep = await world.rep(email="robin@reps.example")
    await world.assign(rep.id, account.id)
    kinds = {
        common_pb2.PARTY_KIND_ACCOUNT: (account.id, "lies@shops.example", "nl"),
        common_pb2.PARTY_KIND_PERSON: (account.persons[0].id, "lies@shops.example", "nl"),
        common_pb2.PARTY_KIND_REP: (rep.id, "robin@reps.example", "fr"),
    }
    for kind, (party_id, email, language) in kinds.items():
        answer = await _recipient(world, kind, party_id, account.id)
        assert (answer.email, answer.language_code, answer.company_name) == (email, language, "")
    business = await world.business("shop@shops.example")
    answer = await _recipient(world, common_pb2.PARTY_KIND_ACCOUNT, business.id)
    assert answer.company_name == business.business_profile.company_name != ""
    for kind, party_id in (
        (common_pb2.PARTY_KIND_REP, account.id),
        (common_pb2.PARTY_KIND_SERVICE, rep.id),
        (common_pb2.PARTY_KIND_STAFF, str(new_id())),
    ):
        with pytest.raises(refused) as error:
            await _recipient(world, kind, party_id, account.id)
        assert (error.value.code, error.value.reason) == ("NOT_FOUND", "RECIPIENT_NOT_FOUND")
    with pytest.raises(refused) as error:
        await _recipient(world, 0, "x")
    assert error.value.violations == {"party.kind": "REQUIRED", "party.id": "INVALID"}


@pytest.mark.spec("A-10", "A-11", "A-12")
async def test_a_rep_is_written_to_about_accounts_in_the_reps_care_alone(world: Any, refused: Any) -> None:
    mine, other = [await world.account(f"{name}@shops.example") for name in ("lies", "an")]
    rep = await world.rep(email="robin@reps.example")
    await world.assign(rep.id, mine.id)

    async def written_about(account_id: str) -> str:
        answer = await _recipient(world, common_pb2.PARTY_KIND_REP, rep.id, account_id)
        return str(answer.email)

    assert await written_about(mine.id) == "robin@reps.example"
    with pytest.raises(refused) as error:
        await written_about(other.id)
    assert (error.value.code, error.value.reason) == ("NOT_FOUND", "RECIPIENT_NOT_FOUND")
    with pytest.raises(refused) as error:
        await written_about("")
    assert error.value.violations == {"account_id": "REQUIRED"}
    await world.execute("UPDATE representatives SET active = false")
    with pytest.raises(refused) as error:
        await written_about(mine.id)
    assert error.value.reason == "RECIPIENT_NOT_FOUND"
    await world.execute("UPDATE representatives SET active = true")
    await world.execute("DELETE FROM assignments")
    with pytest.raises(refused) as error:
        await written_about(mine.id)
    assert error.value.reason == "RECIPIENT_NOT_FOUND"


async def _recipient(world: Any, kind: Any, party_id: str, account_id: str = "") -> Any:
    party = common_pb2.Party(kind=kind, id=party_id)
    request = pb.GetRecipientRequest(party=party, account_id=account_id)
    return await world.call("RecipientService", "GetRecipient", request, as_service("customers.recipients"))


@pytest.mark.spec("A-02", "A-22")
async def test_links_are_for_the_mail_alone(world: Any, refused: Any) -> None:
    await world.account("lies@shops.example")
    request_id = await world.scalar("SELECT id::text FROM credential_requests")
    request = pb.GetCredentialLinkRequest(credential_request_id=request_id)
    for who in (as_staff("ADMIN"), as_service("customers.access"), as_service("customers.read")):
        with pytest.raises(refused) as error:
            await world.call("RecipientService", "GetCredentialLink", request, who)
        assert error.value.code == "PERMISSION_DENIED"
