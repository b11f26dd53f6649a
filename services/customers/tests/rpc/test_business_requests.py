"""BusinessProfileService: asking for a business profile, and what staff and customer write about it."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from commis.common.v1 import common_pb2
from commis.customers.v1 import accounts_pb2 as pb
from commis.customers.v1 import sessions_pb2

from chassis.context import Principal
from chassis.ids import new_id
from chassis.testing import as_customer, as_rep, as_rep_for, as_service, as_staff, grpc_server, issuer
from customers.__main__ import servicers
from customers.config import Settings
from customers.sessions.throttle import REGISTRATION_EMAIL, REGISTRATION_NETWORK

from ..conftest import SECRET, bearer
from .test_access_service import authorize, context

PROFILE = {"company_name": "Boekhandel De Linde", "vat_number": "BE 0403.170.701", "department": "Inkoop"}
PENDING, NEEDED, APPROVED, REJECTED = (
    pb.BusinessRequest.State.Value(f"STATE_{name}")
    for name in ("PENDING", "INFORMATION_NEEDED", "APPROVED", "REJECTED")
)
MAIL = as_service("customers.recipients")


async def register(world: Any, email: str, address: str = "192.0.2.7", **fields: Any) -> Any:
    given = {
        "first_name": "Nele", "last_name": "Nieuw", "email": email, "language_code": "nl",
        "profile": pb.BusinessProfile(**PROFILE), "message": "Wij openen\r\nin mei.",
    } | fields  # fmt: skip
    request = pb.RequestBusinessProfileRequest(**given)
    metadata = (("x-forwarded-for", address),)
    return await world.call("BusinessProfileService", "RequestBusinessProfile", request, metadata)


async def ask_for(world: Any, who: Any, **fields: Any) -> pb.BusinessRequest:
    given = {"profile": pb.BusinessProfile(**PROFILE)} | fields
    request = pb.RequestBusinessProfileRequest(**given)
    answer = await world.call("BusinessProfileService", "RequestBusinessProfile", request, who)
    return answer.business_request


async def listed(world: Any, state: int = 0, as_: Any = None) -> list[pb.BusinessRequest]:
    request = pb.ListBusinessRequestsRequest(state=state)
    answer = await world.call("BusinessProfileService", "ListBusinessRequests", request, as_)
    return list(answer.business_requests)


async def get(world: Any, request_id: str, as_: Any = None) -> pb.BusinessRequest:
    request = pb.GetBusinessRequestRequest(business_request_id=request_id)
    return (await world.call("BusinessProfileService", "GetBusinessRequest", request, as_)).business_request


async def move(world: Any, verb: str, target: str, as_: Any = None, **fields: Any) -> pb.BusinessRequest:
    request = getattr(pb, f"{verb}BusinessRequestRequest")(business_request_id=target, **fields)
    answer = await world.call("BusinessProfileService", f"{verb}BusinessRequest", request, as_)
    return answer.business_request


async def mail_of(world: Any, request_id: str, message_id: str = "") -> Any:
    request = sessions_pb2.GetBusinessRequestMailRequest(
        business_request_id=request_id, message_id=message_id
    )
    return await world.call("RecipientService", "GetBusinessRequestMail", request, MAIL)


async def get_account(world: Any, account_id: str) -> pb.Account:
    request = pb.GetAccountRequest(account_id=account_id)
    return (await world.call("AccountService", "GetAccount", request)).account


def holder(account: pb.Account) -> Any:
    return as_customer(UUID(account.persons[0].id), UUID(account.id))


@pytest.mark.spec("A-04")
async def test_a_visitor_gets_an_account_without_any_business_function(world: Any, refused: Any) -> None:
    answer = await register(world, "Nele@Shops.example")
    assert answer == pb.RequestBusinessProfileResponse()
    (asked,) = await listed(world)
    assert (asked.state, asked.email, asked.profile.vat_number) == (
        PENDING, "nele@shops.example", "BE0403170701",
    )  # fmt: skip
    (requested,) = await world.facts("commis.customers.v1.business_profile_requested")
    assert (requested.business_request_id, requested.account_id) == (asked.id, asked.account_id)
    account = await get_account(world, asked.account_id)
    assert (account.kind, account.business_profile.state) == (
        pb.Account.KIND_CONSUMER,
        pb.BusinessProfile.STATE_PENDING,
    )
    signed_in = await world.enter("nele@shops.example")
    who = bearer(signed_in.tokens.access_token)
    facts = await context(world, account.id, who)
    assert (facts.business, facts.pay_later_allowed, facts.vat_number) == (False, False, "")
    assert (facts.buyer_class, list(facts.groups)) == (pb.BUYER_CLASS_CONSUMER, [])
    assert "PAY_LATER" not in (await authorize(world, account.id, who)).payment_methods
    with pytest.raises(refused) as error:
        await world.invite(account.id, as_=who)
    assert error.value.reason == "NOT_A_BUSINESS"
    own = await get(world, asked.id, who)
    assert [message.text for message in own.messages] == ["Wij openen\nin mei."]
    assert own.messages[0].author.display_name == "Nele Nieuw"


@pytest.mark.spec("A-04")
async def test_a_visitor_cannot_give_itself_anything(world: Any) -> None:
    greedy = pb.BusinessProfile(
        **PROFILE, b2b_active=True, pay_later_allowed=True, state=pb.BusinessProfile.STATE_APPROVED
    )
    await register(world, "nele@shops.example", profile=greedy)
    (asked,) = await listed(world)
    account = await get_account(world, asked.account_id)
    profile = account.business_profile
    assert (profile.b2b_active, profile.pay_later_allowed) == (False, False)
    assert profile.state == pb.BusinessProfile.STATE_PENDING
    # Prepared by staff or not: while the profile waits nothing of a business is in force.
    await world.execute("UPDATE business_profiles SET b2b_active = true, pay_later_allowed = true")
    await world.execute("UPDATE accounts SET groups = '{TRADE}', buyer_class = 'PUBLIC_LIBRARY'")
    facts = await context(world, account.id, holder(account))
    assert (facts.business, facts.pay_later_allowed, list(facts.groups)) == (False, False, [])
    assert facts.buyer_class == pb.BUYER_CLASS_CONSUMER


@pytest.mark.spec("A-04", "A-20")
async def test_the_answer_does_not_tell_whether_the_address_is_known(world: Any) -> None:
    known = await world.account("lies@shops.example")
    rep = await world.rep(email="robin@reps.example")
    before = await world.scalar("SELECT count(*) FROM accounts")
    answers = [
        await register(world, email)
        for email in ("lies@shops.example", "robin@reps.example", "nele@shops.example")
    ]
    assert answers == [pb.RequestBusinessProfileResponse()] * 3
    assert await world.scalar("SELECT count(*) FROM accounts") == before + 1
    assert [one.email for one in await listed(world)] == ["nele@shops.example"]
    told = await world.facts("commis.customers.v1.known_person_registered")
    assert told[0].person_id == known.persons[0].id
    assert len(told) == 2
    assert rep.id not in {fact.person_id for fact in told}  # the person is told, not the rep
    assert len(await world.facts("commis.customers.v1.business_profile_requested")) == 1
    assert not (await get_account(world, known.id)).HasField("business_profile")
    assert await world.scalar("SELECT count(*) FROM persons WHERE email LIKE '%nobody.invalid'") == 0


@pytest.mark.spec("A-04", "A-20")
async def test_known_and_unknown_addresses_cost_the_same_work(world: Any) -> None:
    """Statements are counted, not timed: what is written for a new address is written and undone for a known."""
    from sqlalchemy import event

    await world.account("lies@shops.example")
    engine = world.sessions.kw["bind"].sync_engine
    counted: list[str] = []

    def count(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        counted.append(statement.split(maxsplit=1)[0])

    event.listen(engine, "before_cursor_execute", count)
    try:
        await register(world, "nele@shops.example")
        unknown, counted[:] = list(counted), []
        await register(world, "lies@shops.example")
        known = list(counted)
    finally:
        event.remove(engine, "before_cursor_execute", count)
    written = [[name for name in names if name in ("INSERT", "UPDATE")] for names in (unknown, known)]
    assert written[0] == written[1]
    assert len(unknown) == len(known)


@pytest.mark.spec("A-04")
async def test_a_suspended_customer_does_not_come_back_as_somebody_new(world: Any) -> None:
    account = await world.account("lies@shops.example")
    await world.execute("UPDATE accounts SET state = 'SUSPENDED'")
    await register(world, "lies@shops.example")
    assert not await listed(world)
    assert await world.scalar("SELECT count(*) FROM accounts") == 1
    assert account.id


@pytest.mark.spec("A-04", "A-06")
async def test_somebody_whose_memberships_ended_may_register(world: Any) -> None:
    business = await world.business()
    person = await world.invite(business.id, "karel@shops.example")
    request = pb.RemoveMemberRequest(account_id=business.id, person_id=person.id)
    await world.call("MembershipService", "RemoveMember", request)
    await register(world, "karel@shops.example")
    (asked,) = await listed(world)
    account = await get_account(world, asked.account_id)
    assert [(one.id, one.first_name) for one in account.persons] == [(person.id, "Karel")]
    assert (await world.enter("karel@shops.example")).session.subject.id == account.id


@pytest.mark.spec("A-04")
async def test_somebody_known_without_an_account_gets_one_however_often_it_is_asked_for(world: Any) -> None:
    business = await world.business()
    for number in range(4):
        email = f"karel{number}@shops.example"
        person = await world.invite(business.id, email)
        request = pb.RemoveMemberRequest(account_id=business.id, person_id=person.id)
        await world.call("MembershipService", "RemoveMember", request)
        await asyncio.gather(*(register(world, email, f"192.0.2.{one}") for one in range(3)))
        held = "SELECT count(*) FROM memberships WHERE person_id = CAST(:person AS uuid)"
        assert await world.scalar(held, person=person.id) == 1


@pytest.mark.spec("A-04")
async def test_the_same_registration_sent_many_times_at_once_makes_one_account(world: Any) -> None:
    addresses = [f"192.0.2.{number}" for number in range(3)]
    await asyncio.gather(*(register(world, "nele@shops.example", one) for one in addresses))
    assert len(await listed(world)) == 1
    assert await world.scalar("SELECT count(*) FROM accounts") == 1
    assert len(await world.facts("commis.customers.v1.known_person_registered")) == 2


async def test_a_registration_takes_effect_once_per_request_id(world: Any, refused: Any) -> None:
    request_id = str(new_id())
    for _ in range(2):
        await register(world, "nele@shops.example", request_id=request_id)
    assert len(await world.facts("commis.customers.v1.business_profile_requested")) == 1
    assert not await world.facts("commis.customers.v1.known_person_registered")
    with pytest.raises(refused) as error:
        await register(world, "nele@shops.example", first_name="Anders", request_id=request_id)
    assert error.value.reason == "REQUEST_ID_REUSED"


@pytest.mark.spec("A-04", "A-20")
async def test_registrations_are_throttled_by_address_silently_and_by_network(
    world: Any, refused: Any
) -> None:
    await world.account("lies@shops.example")
    for number in range(int(REGISTRATION_EMAIL.capacity) + 2):
        await register(world, "lies@shops.example", f"203.0.113.{number}")
    told = await world.facts("commis.customers.v1.known_person_registered")
    assert len(told) == int(REGISTRATION_EMAIL.capacity)
    for number in range(int(REGISTRATION_NETWORK.capacity)):
        await register(world, f"{number}@shops.example")
    for email in ("lies@shops.example", "nobody@shops.example"):
        with pytest.raises(refused) as error:
            await register(world, email)
        assert (error.value.code, error.value.reason) == ("RESOURCE_EXHAUSTED", "SIGN_IN_THROTTLED")
        assert error.value.retry >= 1


async def test_everything_wrong_with_a_registration_is_said_at_once(world: Any, refused: Any) -> None:
    request = pb.RequestBusinessProfileRequest(
        first_name=" ", email="nobody", language_code="xx", phone="call me", message="x" * 4001,
        profile=pb.BusinessProfile(vat_number="BE0403170702"),
    )  # fmt: skip
    with pytest.raises(refused) as error:
        await world.call("BusinessProfileService", "RequestBusinessProfile", request, ())
    assert error.value.violations == {
        "first_name": "REQUIRED", "last_name": "REQUIRED", "email": "INVALID_EMAIL",
        "language_code": "INVALID", "phone": "INVALID_PHONE", "message": "TOO_LONG",
        "profile.vat_number": "INVALID_VAT_NUMBER", "profile.company_name": "REQUIRED",
    }  # fmt: skip


@pytest.mark.spec("A-04")
async def test_closed_means_closed_for_everybody(world: Any, refused: Any, sessions: Any, door: Any) -> None:
    account = await world.account()
    closed = Settings(database_url="postgresql+asyncpg://unused", secret=SECRET, profile="local")
    assert closed.self_registration == "closed"
    own = type(world)(world.channel, sessions, door, world.admin)
    async with grpc_server(servicers(closed, door), domain="customers.commis") as running:
        own.channel = running.channel
        for attempt in (register(own, "nele@shops.example"), ask_for(own, holder(account))):
            with pytest.raises(refused) as error:
                await attempt
            assert (error.value.code, error.value.reason) == ("FAILED_PRECONDITION", "REGISTRATION_CLOSED")
    assert await world.scalar("SELECT count(*) FROM business_requests") == 0


@pytest.mark.spec("A-04")
async def test_a_customer_asks_for_the_own_account(world: Any, refused: Any) -> None:
    account = await world.account("lies@shops.example")
    asked = await ask_for(world, holder(account), message="Graag")
    assert (asked.account_id, asked.state, asked.account_number) == (account.id, PENDING, account.number)
    assert [message.text for message in asked.messages] == ["Graag"]
    with pytest.raises(refused) as error:
        await ask_for(world, holder(account))
    assert (error.value.code, error.value.reason) == ("ALREADY_EXISTS", "BUSINESS_PROFILE_EXISTS")
    with pytest.raises(refused) as error:
        await ask_for(world, holder(account), first_name="Lies", email="other@shops.example")
    assert error.value.violations == {"first_name": "UNEXPECTED", "email": "UNEXPECTED"}
    business = await world.business()
    with pytest.raises(refused) as error:
        await ask_for(world, holder(business))
    assert error.value.reason == "BUSINESS_PROFILE_EXISTS"


@pytest.mark.spec("A-04")
async def test_whose_token_has_expired_is_no_visitor(world: Any, refused: Any) -> None:
    account = await world.account()
    expired = issuer.token(Principal(UUID(account.id), "ACCOUNT"), lifetime=-60)
    for token in (expired, "x.y.z"):
        with pytest.raises(refused) as error:
            await ask_for(world, bearer(token))
        assert error.value.code == "UNAUTHENTICATED"


@pytest.mark.spec("A-04")
async def test_nobody_asks_for_somebody_else(world: Any, refused: Any) -> None:
    account = await world.account()
    rep = await world.rep("R1", account.id)
    person = UUID(account.persons[0].id)
    for who in (
        as_rep_for(UUID(rep.id), UUID(account.id)),
        as_rep(UUID(rep.id)),
        as_staff("ADMIN"),
        as_service("customers.read"),
        issuer.metadata(Principal(person, "PERSON")),
        as_customer(new_id(), UUID(account.id)),
    ):
        with pytest.raises(refused) as error:
            await ask_for(world, who)
        assert error.value.code in ("PERMISSION_DENIED", "NOT_FOUND")
    assert await world.scalar("SELECT count(*) FROM business_requests") == 0


@pytest.mark.spec("A-05")
async def test_staff_approve_and_the_business_is_in_force_at_once(world: Any, refused: Any) -> None:
    account = await world.account("lies@shops.example")
    signed_in = await world.enter("lies@shops.example")
    who = bearer(signed_in.tokens.access_token)
    asked = await ask_for(world, who)
    approved = await move(world, "Approve", asked.id, as_staff("FINANCE"), pay_later_allowed=True)
    assert approved.state == APPROVED
    assert approved.HasField("decide_time")
    assert (approved.profile.b2b_active, approved.profile.pay_later_allowed) == (True, True)
    facts = await context(world, account.id, who)  # the session that was open all the time
    assert (facts.business, facts.pay_later_allowed) == (True, True)
    assert (facts.buyer_class, facts.vat_number) == (pb.BUYER_CLASS_BUSINESS, "BE0403170701")
    assert facts.display_name == "Boekhandel De Linde"
    (decided,) = await world.facts("commis.customers.v1.business_request_decided")
    assert (decided.business_request_id, decided.account_id, decided.approved) == (asked.id, account.id, True)
    assert not await listed(world)
    assert [one.id for one in await listed(world, APPROVED)] == [asked.id]
    await world.invite(account.id, as_=who)
    mail = await mail_of(world, asked.id)
    assert (mail.email, mail.language_code, mail.company_name, mail.account_number, mail.text) == (
        "lies@shops.example", "nl", "Boekhandel De Linde", account.number, "",
    )  # fmt: skip


@pytest.mark.spec("A-05")
async def test_what_is_missing_is_asked_answered_corrected_and_kept(world: Any, refused: Any) -> None:
    account = await world.account("lies@shops.example")
    staff = await world.call("StaffService", "CreateStaffMember", _staff("sam@commis.example"))
    as_sam = as_staff("ORDER_DESK", staff_id=UUID(staff.staff_member.id))
    asked = await ask_for(world, holder(account), message="Graag")
    waiting = await move(world, "Ask", asked.id, as_sam, message="Welk nummer?", etag=asked.etag)
    assert waiting.state == NEEDED
    assert not await listed(world)
    assert [one.id for one in await listed(world, NEEDED)] == [asked.id]
    better = pb.BusinessProfile(company_name="De Linde BV", vat_number="BE 428.759.497")
    answered = await move(
        world, "Answer", asked.id, holder(account), message="Dit.", profile=better, etag=waiting.etag
    )
    assert (answered.state, answered.profile.company_name) == (PENDING, "De Linde BV")
    assert (answered.profile.vat_number, answered.profile.department) == ("BE0428759497", "")
    written = [(one.author.kind, one.author.display_name, one.text) for one in answered.messages]
    assert written == [
        (common_pb2.PARTY_KIND_PERSON, "Lies Peeters", "Graag"),
        (common_pb2.PARTY_KIND_STAFF, "Sam Staf", "Welk nummer?"),
        (common_pb2.PARTY_KIND_PERSON, "Lies Peeters", "Dit."),
    ]
    facts = await world.facts("commis.customers.v1.business_request_message_added")
    assert [(fact.from_customer, fact.message_id) for fact in facts] == [
        (False, answered.messages[1].id), (True, answered.messages[2].id),
    ]  # fmt: skip
    mail = await mail_of(world, asked.id, answered.messages[1].id)
    assert (mail.email, mail.text) == ("lies@shops.example", "Welk nummer?")
    await move(world, "Approve", asked.id, as_sam)
    kept = await get(world, asked.id, holder(account))
    assert [one.text for one in kept.messages] == ["Graag", "Welk nummer?", "Dit."]
    now = await get_account(world, account.id)
    assert (now.display_name, now.business_profile.vat_number) == ("De Linde BV", "BE0428759497")


@pytest.mark.spec("A-05")
async def test_a_refused_customer_reads_why_and_may_ask_again(world: Any, refused: Any) -> None:
    account = await world.account("lies@shops.example")
    first = await ask_for(world, holder(account))
    rejected = await move(world, "Reject", first.id, message="Nummer is niet actief.")
    assert rejected.state == REJECTED
    assert (await mail_of(world, first.id)).text == "Nummer is niet actief."
    (decided,) = await world.facts("commis.customers.v1.business_request_decided")
    assert not decided.approved
    now = await get_account(world, account.id)
    assert (now.kind, now.business_profile.state) == (
        pb.Account.KIND_CONSUMER,
        pb.BusinessProfile.STATE_REJECTED,
    )
    second = await ask_for(world, holder(account))
    assert second.id != first.id
    assert [one.id for one in await listed(world, as_=holder(account))] == [first.id, second.id]
    await move(world, "Approve", second.id)
    assert (await get_account(world, account.id)).kind == pb.Account.KIND_BUSINESS


@pytest.mark.spec("A-05")
async def test_moves_that_make_no_sense_are_refused_with_those_that_do(world: Any, refused: Any) -> None:
    account = await world.account()
    asked = await ask_for(world, holder(account))
    with pytest.raises(refused) as error:
        await move(world, "Answer", asked.id, holder(account), message="?")
    assert (error.value.code, error.value.reason) == ("FAILED_PRECONDITION", "BUSINESS_REQUEST_STATE")
    assert error.value.metadata["state"] == "PENDING"
    assert error.value.metadata["allowed_states"] == "INFORMATION_NEEDED"
    await move(world, "Approve", asked.id)
    for verb, who, fields in (
        ("Approve", None, {}),
        ("Reject", None, {}),
        ("Ask", None, {"message": "?"}),
        ("Answer", holder(account), {"message": "?"}),
    ):
        with pytest.raises(refused) as error:
            await move(world, verb, asked.id, who, **fields)
        assert (error.value.reason, error.value.metadata["state"]) == ("BUSINESS_REQUEST_STATE", "APPROVED")
    assert len(await world.facts("commis.customers.v1.business_request_decided")) == 1


@pytest.mark.spec("A-05")
async def test_approving_and_refusing_at_once_decides_once(world: Any, refused: Any) -> None:
    for _ in range(6):
        account = await world.account()
        asked = await ask_for(world, holder(account))
        outcomes = await asyncio.gather(
            move(world, "Approve", asked.id), move(world, "Reject", asked.id), return_exceptions=True
        )
        lost = [outcome for outcome in outcomes if isinstance(outcome, refused)]
        assert [one.reason for one in lost] == ["BUSINESS_REQUEST_STATE"]
        decided = await get(world, asked.id)
        in_force = (await context(world, account.id, as_staff("ADMIN"))).business
        assert in_force == (decided.state == APPROVED)


async def test_a_stale_etag_and_an_empty_message_are_refused(world: Any, refused: Any) -> None:
    account = await world.account()
    asked = await ask_for(world, holder(account))
    await move(world, "Ask", asked.id, message="?", etag=asked.etag)
    for verb in ("Approve", "Reject", "Ask"):
        fields = {"message": "?"} if verb == "Ask" else {}
        with pytest.raises(refused) as error:
            await move(world, verb, asked.id, etag=asked.etag, **fields)
        assert (error.value.code, error.value.reason) == ("ABORTED", "ETAG_MISMATCH")
    for text, reason in (("  ", "REQUIRED"), ("a\x07b", "UNSTORABLE_CHARACTER"), ("x" * 4001, "TOO_LONG")):
        with pytest.raises(refused) as error:
            await move(world, "Ask", asked.id, message=text)
        assert error.value.violations == {"message": reason}


@pytest.mark.spec("A-05")
async def test_requests_are_seen_by_keepers_and_by_the_own_administrators(world: Any, refused: Any) -> None:
    account, other = await world.account(), await world.account()
    asked = await ask_for(world, holder(account))
    rep = await world.rep("R1", account.id)
    assert (await get(world, asked.id, as_staff("CATALOGUE"))).id == asked.id
    assert (await get(world, asked.id, holder(account))).id == asked.id
    assert await listed(world, as_=holder(other)) == []
    for who in (
        holder(other),
        as_rep_for(UUID(rep.id), UUID(account.id)),
        as_customer(new_id(), UUID(account.id)),
    ):
        with pytest.raises(refused) as error:
            await get(world, asked.id, who)
        assert (error.value.code, error.value.reason) == ("NOT_FOUND", "BUSINESS_REQUEST_NOT_FOUND")
        with pytest.raises(refused) as error:
            await move(world, "Answer", asked.id, who, message="?")
        assert error.value.reason == "BUSINESS_REQUEST_NOT_FOUND"
    await move(world, "Approve", asked.id)
    user = await world.invite(account.id)
    as_user = as_customer(UUID(user.id), UUID(account.id))
    with pytest.raises(refused):
        await get(world, asked.id, as_user)
    assert await listed(world, as_=as_user) == []
    for who in (as_staff("CATALOGUE"), as_rep(UUID(rep.id)), as_service("customers.read")):
        with pytest.raises(refused) as error:
            await listed(world, as_=who)
        assert error.value.code == "PERMISSION_DENIED"
    for verb in ("Approve", "Reject", "Ask"):
        with pytest.raises(refused) as error:
            await move(world, verb, asked.id, holder(account))
        assert error.value.code == "PERMISSION_DENIED"


@pytest.mark.spec("A-05")
async def test_those_waiting_come_oldest_first_in_pages(world: Any, refused: Any) -> None:
    asked = [await ask_for(world, holder(await world.account())) for _ in range(3)]
    request = pb.ListBusinessRequestsRequest(page_size=2)
    first = await world.call("BusinessProfileService", "ListBusinessRequests", request)
    request.page_token = first.next_page_token
    second = await world.call("BusinessProfileService", "ListBusinessRequests", request)
    got = [one.id for answer in (first, second) for one in answer.business_requests]
    assert got == [one.id for one in asked]
    assert not second.next_page_token
    request.state = REJECTED
    with pytest.raises(refused) as error:
        await world.call("BusinessProfileService", "ListBusinessRequests", request)
    assert "page_token" in error.value.violations


@pytest.mark.spec("A-05")
async def test_the_mail_of_a_request_shows_it_before_the_decision(world: Any, refused: Any) -> None:
    await register(world, "nele@shops.example")
    (asked,) = await listed(world)
    mail = await mail_of(world, asked.id)
    assert (mail.email, mail.display_name, mail.text) == (
        "nele@shops.example", "Nele Nieuw", "Wij openen\nin mei.",
    )  # fmt: skip
    for request_id, message_id in ((str(new_id()), ""), (asked.id, str(new_id()))):
        with pytest.raises(refused) as error:
            await mail_of(world, request_id, message_id)
        assert error.value.reason == "BUSINESS_REQUEST_NOT_FOUND"


@pytest.mark.spec("A-03", "A-05")
async def test_what_staff_correct_in_a_waiting_profile_is_what_they_approve(world: Any) -> None:
    account = await world.account()
    asked = await ask_for(world, holder(account))
    corrected = pb.BusinessProfile(company_name="De Linde BV", b2b_active=True)
    request = pb.UpdateAccountRequest(account=pb.Account(id=account.id, business_profile=corrected))
    await world.call("AccountService", "UpdateAccount", request)
    assert (await get(world, asked.id)).profile.company_name == "De Linde BV"
    assert not (await context(world, account.id, holder(account))).business  # that takes the approval
    approved = await move(world, "Approve", asked.id)
    assert approved.profile.company_name == "De Linde BV"


@pytest.mark.spec("A-03")
async def test_staff_put_a_refused_profile_in_force(world: Any) -> None:
    account = await world.account()
    asked = await ask_for(world, holder(account))
    await move(world, "Reject", asked.id)
    profile = pb.BusinessProfile(b2b_active=True)
    request = pb.UpdateAccountRequest(account=pb.Account(id=account.id, business_profile=profile))
    changed = (await world.call("AccountService", "UpdateAccount", request)).account
    assert (changed.kind, changed.business_profile.state) == (
        pb.Account.KIND_BUSINESS,
        pb.BusinessProfile.STATE_APPROVED,
    )
    assert (await context(world, account.id, holder(account))).business


def _staff(email: str) -> Any:
    from commis.customers.v1 import representatives_pb2 as reps

    member = reps.StaffMember(
        first_name="Sam", last_name="Staf", email=email, language_code="nl",
        roles=[reps.STAFF_ROLE_ORDER_DESK],
    )  # fmt: skip
    return reps.CreateStaffMemberRequest(staff_member=member)
