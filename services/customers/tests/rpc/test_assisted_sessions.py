"""Assisted sessions: what they say, how long they last, and that they end when the platform's word ends."""

import asyncio
import base64
import datetime
import json
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from commis.common.v1 import common_pb2
from commis.customers.v1 import accounts_pb2, audit_pb2, platforms_pb2
from commis.customers.v1 import sessions_pb2 as pb

from chassis import db
from chassis.envelope import Meta, event_class
from chassis.ids import new_id
from chassis.testing import as_service, as_staff
from customers.audit.consumers import AuditHandler
from customers.keys.signing import Keyring
from customers.vault import Vault

VOUCH = as_service("customers.access", vouching=True)


def bearer(opened: Any) -> Any:
    return (("authorization", f"Bearer {opened.tokens.access_token}"),)


def token_claims(opened: Any) -> dict[str, Any]:
    body = opened.tokens.access_token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(body + "==")))


async def context(world: Any, opened: Any) -> pb.OrderingContext:
    request = pb.GetOrderingContextRequest(account_id=opened.session.subject.id)
    answer = await world.call("AccessService", "GetOrderingContext", request, (*bearer(opened), *VOUCH))
    return answer.context


async def authorize(world: Any, opened: Any, method: str = "PAY_LATER") -> pb.AuthorizeOrderResponse:
    request = pb.AuthorizeOrderRequest(
        order_id=str(new_id()), account_id=opened.session.subject.id, payment_method=method
    )
    return await world.call("AccessService", "AuthorizeOrder", request, (*bearer(opened), *VOUCH))


@pytest.mark.spec("H-03", "H-11")
async def test_the_token_names_everybody(world: Any, partner: Any) -> None:
    opened = await partner.open_session()
    claims = token_claims(opened)
    assert (claims["sub"], claims["sub_kind"]) == (opened.session.subject.id, "ACCOUNT")
    assert claims["act"] == {"sub": opened.session.actor.id, "kind": "CARE_WORKER"}
    assert claims["channel"] == "ASSISTED"
    assert "role" not in claims
    assert claims["ctx"] == {
        "platform": partner.id,
        "community": partner.communities["residence-1"].id,
        "assisted": claims["sid"],
        "client_external_id": "client-1",
        "community_external_id": "residence-1",
        "care_worker_subject": "carer-1",
    }
    assert "Marie" not in json.dumps(claims)
    (fact,) = await world.facts("commis.customers.v1.assisted_session_opened")
    said = fact.assistance
    assert (said.platform_id, said.community_id) == (partner.id, claims["ctx"]["community"])
    assert (said.session_id, said.care_worker_id) == (claims["sid"], claims["act"]["sub"])
    assert (said.client_external_id, said.care_worker_subject) == ("client-1", "carer-1")
    assert fact.attribution.actor.id == opened.session.actor.id
    assert fact.attribution.channel == common_pb2.CHANNEL_ASSISTED


@pytest.mark.spec("H-03")
async def test_the_session_says_the_same_whenever_it_is_asked(world: Any, partner: Any) -> None:
    opened = await partner.open_session(return_address="https://care.example/back")
    assert opened.session.assisted.return_address == "https://care.example/back"
    assert opened.session.channel == common_pb2.CHANNEL_ASSISTED
    asked = await world.call("SessionService", "GetSession", pb.GetSessionRequest(), bearer(opened))
    assert asked.session == opened.session
    assert list(asked.identities) == []
    refreshed = await world.refresh(opened.tokens.refresh_token)
    assert refreshed.session == opened.session
    assert token_claims(refreshed)["ctx"] == token_claims(opened)["ctx"]


@pytest.mark.spec("H-03")
async def test_a_session_lasts_as_long_as_the_platform_says(world: Any, partner: Any, refused: Any) -> None:
    await partner.change(session_minutes=5)
    opened = await partner.open_session()
    life = await world.scalar(
        "SELECT extract(epoch FROM expire_time - create_time)::float8 FROM session_families"
    )
    assert 298 < life <= 301
    assert opened.tokens.refresh_expire_time == opened.session.assisted.expire_time
    # No access token outlives it: its usual ten minutes are cut.
    ends = opened.session.assisted.expire_time.ToDatetime(tzinfo=datetime.UTC).timestamp()
    assert token_claims(opened)["exp"] <= ends + 1
    later = await world.refresh(opened.tokens.refresh_token)
    assert later.session.assisted.expire_time == opened.session.assisted.expire_time
    await world.execute("UPDATE session_families SET expire_time = now()")
    with pytest.raises(refused) as error:
        await world.refresh(later.tokens.refresh_token)
    assert error.value.reason == "REFRESH_REFUSED"
    for ask in (context, authorize):
        with pytest.raises(refused) as error:
            await ask(world, later)
        assert error.value.reason == "ACCOUNT_NOT_FOUND"


@pytest.mark.spec("H-03")
async def test_a_session_that_nobody_uses_ends_after_an_hour(world: Any, partner: Any) -> None:
    opened = await partner.open_session()
    assert opened.session.assisted.expire_time.seconds - opened.tokens.refresh_expire_time.seconds > 6 * 3600
    idle = await world.scalar(
        "SELECT extract(epoch FROM expire_time - create_time)::float8 FROM refresh_tokens"
    )
    assert 3595 < idle <= 3601


@pytest.mark.spec("H-03", "H-07")
async def test_sessions_of_two_clients_in_one_browser_are_apart(
    world: Any, partner: Any, refused: Any
) -> None:
    first, second = await partner.open_session(sub="client-1"), await partner.open_session(sub="client-2")
    assert first.session.subject.id != second.session.subject.id
    assert token_claims(first)["sid"] != token_claims(second)["sid"]
    assert first.session.actor.id == second.session.actor.id
    other = pb.GetOrderingContextRequest(account_id=first.session.subject.id)
    with pytest.raises(refused) as error:
        await world.call("AccessService", "GetOrderingContext", other, (*bearer(second), *VOUCH))
    assert error.value.reason == "ACCOUNT_NOT_FOUND"
    await world.call("SessionService", "SignOut", pb.SignOutRequest(), bearer(first))
    with pytest.raises(refused) as error:
        await context(world, first)
    assert error.value.reason == "SESSION_ENDED"
    await context(world, second)


async def _deactivate_platform(partner: Any) -> None:
    await partner.change(active=False)


async def _deactivate_community(partner: Any) -> None:
    community = {"id": partner.communities["residence-1"].id, "active": False}
    request = platforms_pb2.UpdateCommunityRequest(community=community)
    request.update_mask.paths.append("active")
    await partner.world.call("CarePlatformService", "UpdateCommunity", request)


async def _withdraw(partner: Any) -> None:
    request = platforms_pb2.EndAssistedSessionsRequest(care_worker_subject="carer-1")
    answer = await partner.world.call(
        "CarePlatformService", "EndAssistedSessions", request, await partner.token()
    )
    assert answer.ended_count == 1


async def _close(partner: Any) -> None:
    request = platforms_pb2.CloseClientRequest(external_id="client-1")
    await partner.world.call("CarePlatformService", "CloseClient", request, await partner.token())


async def _suspend(partner: Any) -> None:
    find = "SELECT account_id::text FROM client_links WHERE external_id = 'client-1'"
    account = {"id": await partner.world.scalar(find), "state": accounts_pb2.Account.STATE_SUSPENDED}
    request = accounts_pb2.UpdateAccountRequest(account=account)
    request.update_mask.paths.append("state")
    await partner.world.call("AccountService", "UpdateAccount", request, as_staff("ORDER_DESK"))


WITHDRAWALS = {
    "platform made inactive": _deactivate_platform,
    "community made inactive": _deactivate_community,
    "care worker withdrawn": _withdraw,
    "client closed": _close,
    "account suspended": _suspend,
}


@pytest.mark.spec("H-14")
@pytest.mark.parametrize("what", WITHDRAWALS)
async def test_access_ends_at_once_with_the_platforms_word(
    world: Any, partner: Any, refused: Any, what: str
) -> None:
    opened, pending = await partner.open_session(), await partner.hand_off()
    await context(world, opened)
    await authorize(world, opened)
    await WITHDRAWALS[what](partner)
    account = accounts_pb2.GetAccountRequest(account_id=opened.session.subject.id)
    for ask in (
        lambda: context(world, opened),
        lambda: authorize(world, opened),
        lambda: world.call("AccountService", "GetAccount", account, bearer(opened)),
        lambda: world.call("SessionService", "GetSession", pb.GetSessionRequest(), bearer(opened)),
    ):
        with pytest.raises(refused) as error:
            await ask()
        assert (error.value.code, error.value.reason) == ("UNAUTHENTICATED", "SESSION_ENDED")
    with pytest.raises(refused) as error:
        await world.refresh(opened.tokens.refresh_token)
    assert error.value.reason == "REFRESH_REFUSED"
    with pytest.raises(refused) as error:
        await partner.exchange(pending)
    assert error.value.reason == "HANDOFF_CODE_REFUSED"


LIVING = (
    "SELECT count(*) FROM session_families f JOIN client_links l ON l.account_id = f.subject_id"
    " WHERE f.end_time IS NULL"
)


@pytest.mark.spec("H-14")
@pytest.mark.parametrize("what", WITHDRAWALS)
async def test_no_session_slips_through_while_the_word_is_taken_back(
    world: Any, partner: Any, refused: Any, what: str
) -> None:
    """Exchanges and the withdrawal at the same moment: whichever comes first, nothing lives afterwards."""
    codes = [await partner.hand_off() for _ in range(8)]

    async def withdraw() -> None:
        if what == "care worker withdrawn":
            request = platforms_pb2.EndAssistedSessionsRequest(
                care_worker_subject="carer-1", platform_id=partner.id
            )
            await world.call("CarePlatformService", "EndAssistedSessions", request)
        elif what == "client closed":
            request = platforms_pb2.CloseClientRequest(external_id="client-1", platform_id=partner.id)
            await world.call("CarePlatformService", "CloseClient", request)
        else:
            await WITHDRAWALS[what](partner)

    racing = [partner.exchange(code) for code in codes[:4]]
    later = [partner.exchange(code) for code in codes[4:]]
    outcomes = await asyncio.gather(*racing, withdraw(), *later, return_exceptions=True)
    assert outcomes[4] is None
    assert all(one.reason == "HANDOFF_CODE_REFUSED" for one in outcomes if isinstance(one, Exception))
    assert await world.scalar(LIVING) == 0


@pytest.mark.spec("H-05", "H-14")
async def test_handing_over_closing_and_changing_at_once_ends_well(world: Any, partner: Any) -> None:
    """Everything that locks a client's account, at the same moment, again and again: nothing waits for ever."""
    opened = await partner.open_session()
    account_id = opened.session.subject.id
    for turn in range(4):
        agreed = platforms_pb2.UpdateClientRequest(
            account_id=account_id, payment_methods=["PAY_LATER"] if turn % 2 else []
        )
        changed = accounts_pb2.UpdateAccountRequest(account={"id": account_id, "groups": [f"G{turn}"]})
        outcomes = await asyncio.gather(
            partner.post(partner.assertion(client__phone=f"+32 2 555 00 1{turn}")),
            partner.post(partner.assertion(client__phone=f"+32 2 555 00 2{turn}", act__name=f"Jan {turn}")),
            world.call("CarePlatformService", "UpdateClient", agreed),
            world.call("AccountService", "UpdateAccount", changed),
            partner.post(partner.assertion(client__phone=f"+32 2 555 00 3{turn}")),
            return_exceptions=True,
        )
        assert not [one for one in outcomes if isinstance(one, Exception)]
    assert await world.scalar("SELECT count(*) FROM accounts") == 1


@pytest.mark.spec("H-14")
@pytest.mark.parametrize(
    "taken_away",
    [
        "UPDATE care_platforms SET active = false",
        "UPDATE communities SET active = false",
        "UPDATE client_links SET close_time = now()",
        "UPDATE accounts SET state = 'SUSPENDED'",
        "UPDATE session_families SET expire_time = now()",
    ],
)
async def test_the_word_is_asked_for_at_each_use(
    world: Any, partner: Any, refused: Any, taken_away: str
) -> None:
    """Even if nobody had ended the session: what it rests on is looked at each time."""
    opened = await partner.open_session()
    await world.execute(taken_away)
    account = accounts_pb2.GetAccountRequest(account_id=opened.session.subject.id)
    for ask in (
        lambda: context(world, opened),
        lambda: authorize(world, opened),
        lambda: world.call("AccountService", "GetAccount", account, bearer(opened)),
    ):
        with pytest.raises(refused) as error:
            await ask()
        assert (error.value.code, error.value.reason) == ("NOT_FOUND", "ACCOUNT_NOT_FOUND")
    visible = await world.call(
        "AccessService", "ListVisibleAccounts", pb.ListVisibleAccountsRequest(), (*bearer(opened), *VOUCH)
    )
    assert (list(visible.account_ids), visible.all) == ([], False)
    with pytest.raises(refused) as error:
        await world.refresh(opened.tokens.refresh_token)
    assert error.value.reason == "REFRESH_REFUSED"


@pytest.mark.spec("H-14")
async def test_withdrawing_one_care_worker_leaves_the_others(world: Any, partner: Any, refused: Any) -> None:
    gone = await partner.open_session(act__sub="carer-1")
    also = await partner.open_session(act__sub="carer-1", sub="client-2")
    stays = await partner.open_session(act__sub="carer-2")
    request = platforms_pb2.EndAssistedSessionsRequest(care_worker_subject="carer-1", platform_id=partner.id)
    answer = await world.call("CarePlatformService", "EndAssistedSessions", request, as_staff("ORDER_DESK"))
    assert answer.ended_count == 2
    for opened in (gone, also):
        with pytest.raises(refused):
            await context(world, opened)
    await context(world, stays)
    unknown = platforms_pb2.EndAssistedSessionsRequest(care_worker_subject="nobody", platform_id=partner.id)
    assert (await world.call("CarePlatformService", "EndAssistedSessions", unknown)).ended_count == 0


@pytest.mark.spec("H-08", "H-09", "H-11")
async def test_the_ordering_context_of_an_assisted_session(world: Any, partner: Any) -> None:
    residence = await world.business("residence@care.example", profile={"company_name": "Ter Linden vzw"})
    await partner.community(
        "residence-2",
        display_name="Ter Linden",
        residence_account_id=residence.id,
        payment_methods=["PAY_LATER", "MONTHLY_RESIDENCE", "ELECTRONIC"],
    )
    opened = await partner.open_session(
        community={"id": "residence-2"},
        communities=["residence-2"],
        client__community="residence-2",
        client__email=None,
    )
    facts = await context(world, opened)
    assert facts.assistance == common_pb2.Assistance(
        platform_id=partner.id,
        community_id=partner.communities["residence-2"].id,
        community_external_id="residence-2",
        care_worker_id=opened.session.actor.id,
        care_worker_subject="carer-1",
        client_external_id="client-1",
        session_id=token_claims(opened)["sid"],
    )
    assert facts.community_name == "Ter Linden"
    assert (facts.residence.id, facts.residence.display_name) == (residence.id, "Ter Linden vzw")
    assert (facts.contact_email, facts.residence_email) == ("", "residence@care.example")
    assert (facts.contact_name, facts.contact_phone) == ("Marie Peeters", "+32 2 555 12 34")
    assert (facts.language_code, facts.region_code) == ("fr", "BE")
    assert (facts.actor.kind, facts.actor.display_name) == (
        common_pb2.PARTY_KIND_CARE_WORKER,
        "Jan Janssens",
    )
    assert (facts.business, facts.buyer_class) == (False, accounts_pb2.BUYER_CLASS_CONSUMER)
    assert list(facts.payment_methods) == ["MONTHLY_RESIDENCE", "PAY_LATER", "ELECTRONIC"]
    # Outside of an assisted session nothing of it is there.
    plain = pb.GetOrderingContextRequest(account_id=opened.session.subject.id)
    staff = await world.call("AccessService", "GetOrderingContext", plain, (*as_staff("ORDER_DESK"), *VOUCH))
    assert not staff.context.HasField("assistance")
    assert list(staff.context.payment_methods) == []


@pytest.mark.spec("H-08")
@pytest.mark.parametrize(
    ("community", "own", "allowed"),
    [
        (["MONTHLY_RESIDENCE", "PAY_LATER"], [], ["MONTHLY_RESIDENCE", "PAY_LATER"]),
        (["PAY_LATER"], [], ["PAY_LATER"]),
        (["MONTHLY_RESIDENCE"], [], ["MONTHLY_RESIDENCE"]),
        (["ELECTRONIC"], [], ["ELECTRONIC"]),
        (["MONTHLY_RESIDENCE"], ["PAY_LATER"], ["PAY_LATER"]),
        (["PAY_LATER"], ["MONTHLY_RESIDENCE", "ELECTRONIC"], ["MONTHLY_RESIDENCE", "ELECTRONIC"]),
    ],
)
async def test_payment_as_agreed_and_nothing_else(
    world: Any, partner: Any, refused: Any, community: Any, own: Any, allowed: Any
) -> None:
    residence = await world.business()
    change = {"id": partner.communities["residence-1"].id, "payment_methods": community}
    change["residence_account_id"] = residence.id
    request = platforms_pb2.UpdateCommunityRequest(community=change)
    await world.call("CarePlatformService", "UpdateCommunity", request)
    opened = await partner.open_session()
    agreed = platforms_pb2.UpdateClientRequest(account_id=opened.session.subject.id, payment_methods=own)
    await world.call("CarePlatformService", "UpdateClient", agreed)
    for method in ("MONTHLY_RESIDENCE", "PAY_LATER", "ELECTRONIC", "BANK_TRANSFER", "CASH_ON_DELIVERY"):
        if method in allowed:
            assert list((await authorize(world, opened, method)).payment_methods) == allowed
            continue
        with pytest.raises(refused) as error:
            await authorize(world, opened, method)
        assert error.value.violations == {"payment_method": "PAYMENT_METHOD_NOT_ALLOWED"}
    # A residence that can no longer be billed is no payer.
    await world.execute("UPDATE accounts SET state = 'CLOSED' WHERE id = CAST(:id AS uuid)", id=residence.id)
    assert "MONTHLY_RESIDENCE" not in (await context(world, opened)).payment_methods


async def test_each_question_is_one_statement(world: Any, partner: Any, engine: Any) -> None:
    opened = await partner.open_session()
    await context(world, opened)
    statements: list[Any] = []
    async with db.driver(engine) as connection:  # the one that the pool gives next
        connection.add_query_logger(statements.append)
    await context(world, opened)
    await authorize(world, opened)
    async with db.driver(engine) as connection:
        connection.remove_query_logger(statements.append)
    assert len(statements) == 2


@pytest.mark.spec("H-06", "H-14")
async def test_a_care_worker_does_nothing_but_order(world: Any, partner: Any, refused: Any) -> None:
    opened = await partner.open_session()
    account_id = opened.session.subject.id
    address = {
        "street_lines": ["Rue Haute 1"],
        "postal_code": "1000",
        "city": "Bruxelles",
        "region_code": "BE",
    }
    closed = {
        ("AccountService", "UpdateAccount"): accounts_pb2.UpdateAccountRequest(
            account={"id": account_id, "phone": "+32 2 555 00 00"}
        ),
        ("AccountService", "CreateAddress"): accounts_pb2.CreateAddressRequest(
            account_id=account_id, address={"address": address}
        ),
        ("AccountService", "ListAccounts"): accounts_pb2.ListAccountsRequest(query="marie"),
        ("CarePlatformService", "CloseClient"): platforms_pb2.CloseClientRequest(external_id="client-1"),
        ("CarePlatformService", "ListHandoffRefusals"): platforms_pb2.ListHandoffRefusalsRequest(),
        ("SessionService", "OpenOrderingSession"): pb.OpenOrderingSessionRequest(account_id=account_id),
        ("MembershipService", "InvitePerson"): accounts_pb2.InvitePersonRequest(
            account_id=account_id,
            first_name="Jan",
            last_name="Janssens",
            email="jan@care.example",
            language_code="nl",
            role="ROLE_ADMINISTRATOR",
        ),
        ("BusinessProfileService", "RemoveBusinessProfile"): accounts_pb2.RemoveBusinessProfileRequest(
            account_id=account_id
        ),
    }
    for (stub, method), request in closed.items():
        with pytest.raises(refused) as error:
            await world.call(stub, method, request, bearer(opened))
        assert error.value.code == "PERMISSION_DENIED", (method, error.value)
    for identity_id in (account_id, opened.session.actor.id):
        choose = pb.ChooseIdentityRequest(identity_id=identity_id)
        with pytest.raises(refused) as error:
            await world.call("SessionService", "ChooseIdentity", choose, bearer(opened))
        assert error.value.reason == "IDENTITY_NOT_FOUND"


@pytest.fixture
def audited(world: Any, vault: Vault, keyring: Keyring) -> Any:
    """Everything in the outbox, written to the audit."""

    async def run() -> None:
        handler = AuditHandler(vault, keyring)
        async with world.sessions.begin() as session:
            query = sa.text("SELECT id, subject, payload, headers FROM outbox ORDER BY position")
            await handler.record(session, [_event(row) for row in await session.execute(query)])

    return run


def _event(row: Any) -> Any:
    name = row.headers["ce-type"]
    meta = Meta(
        id=UUID(str(row.id)),
        type=name,
        subject=row.subject,
        source="/customers",
        aggregate_id=row.headers["ce-subject"],
        aggregate_version=0,
        time=datetime.datetime.now(datetime.UTC),
    )
    return event_class(name).FromString(row.payload), meta, None


@pytest.mark.spec("H-11", "A-23")
async def test_the_audit_keeps_the_care_worker_with_the_name_as_it_was(
    world: Any, partner: Any, audited: Any
) -> None:
    first = await partner.open_session()
    await audited()
    second = await partner.open_session(act__name="Jan Janssens-Smets")
    third = await partner.open_session(act__sub="carer-2", act__name="Els Maes")
    token = await partner.token()
    await audited()
    request = audit_pb2.ListAuditEntriesRequest(account_id=first.session.subject.id)
    entries = (await world.call("AuditService", "ListAuditEntries", request)).entries
    opened = [entry for entry in entries if entry.action.endswith("assisted_session_opened")]
    assert [entry.actor.display_name for entry in opened] == [
        "Els Maes (Care)",
        "Jan Janssens-Smets (Care)",
        "Jan Janssens (Care)",
    ]
    assert {entry.channel for entry in opened} == {common_pb2.CHANNEL_ASSISTED}
    # A care worker reads what that care worker did, not what others did for the client.
    mine = (await world.call("AuditService", "ListAuditEntries", request, bearer(third))).entries
    assert {entry.actor.id for entry in mine} == {third.session.actor.id}
    assert {entry.client_address for entry in mine} == {""}
    assert second.session.actor.id == first.session.actor.id
    close = platforms_pb2.CloseClientRequest(external_id="client-1")
    await world.call("CarePlatformService", "CloseClient", close, token)
    await audited()
    entries = (await world.call("AuditService", "ListAuditEntries", request)).entries
    closed = next(entry for entry in entries if entry.action.endswith("client_closed"))
    assert (closed.actor.kind, closed.actor.display_name) == (common_pb2.PARTY_KIND_CARE_PLATFORM, "Care")
