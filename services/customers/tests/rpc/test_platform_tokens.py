"""A care platform's own token, by private_key_jwt (RFC 7523): what it may do, and what gets none."""

import asyncio
import base64
import json
import time
from typing import Any

import pytest
from commis.customers.v1 import platforms_pb2
from commis.customers.v1 import sessions_pb2 as pb

from chassis.testing import as_service, as_staff

VOUCH = as_service("customers.access", vouching=True)


async def issue(world: Any, assertion: str, **fields: Any) -> pb.IssueServiceTokenResponse:
    request = pb.IssueServiceTokenRequest(client_assertion=assertion, **fields)
    return await world.call("TokenService", "IssueServiceToken", request, ())


@pytest.mark.spec("H-12", "A-22")
@pytest.mark.parametrize("scope", ["", "assisted"])
@pytest.mark.parametrize("named", [True, False])
async def test_a_signed_assertion_gets_a_token(world: Any, partner: Any, scope: str, named: bool) -> None:
    client_id = partner.issuer if named else ""
    answer = await issue(world, partner.client_assertion(), scope=scope, client_id=client_id)
    assert answer.scope == "assisted"
    claims = json.loads(base64.urlsafe_b64decode(answer.access_token.split(".")[1] + "=="))
    assert (claims["sub"], claims["sub_kind"]) == (partner.id, "CARE_PLATFORM")
    assert (claims["channel"], claims["scope"]) == ("API", "assisted")
    assert claims["exp"] - claims["iat"] == 600


@pytest.mark.spec("H-06", "A-22")
@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"sub": "https://other.example"}, "CLAIMS"),
        ({"sub": None}, "CLAIMS"),
        ({"aud": "https://other.example"}, "AUDIENCE"),
        ({"aud": ["https://shop.example/commis", "https://other.example"]}, "AUDIENCE"),
        ({"exp": None}, "CLAIMS"),
        ({"jti": None}, "CLAIMS"),
        ({"iss": "https://evil.example", "sub": "https://evil.example"}, "ISSUER"),
    ],
)
async def test_what_gets_no_token(world: Any, partner: Any, refused: Any, changes: Any, cause: str) -> None:
    with pytest.raises(refused) as error:
        await issue(world, partner.client_assertion(**changes))
    assert (error.value.code, error.value.reason) == ("UNAUTHENTICATED", "CLIENT_REFUSED")
    assert error.value.metadata == {}
    assert (
        await world.scalar("SELECT reason || ' ' || cause FROM handoff_refusals") == f"CLIENT_REFUSED {cause}"
    )


@pytest.mark.spec("H-06", "A-22")
async def test_one_kind_of_statement_is_never_taken_for_the_other(
    world: Any, partner: Any, refused: Any
) -> None:
    handoff = partner.assertion(sub=partner.issuer)
    with pytest.raises(refused) as error:
        await issue(world, handoff)
    assert error.value.reason == "CLIENT_REFUSED"
    with pytest.raises(refused) as error:
        await partner.post(partner.client_assertion())
    assert error.value.metadata == {"cause": "TYPE"}


@pytest.mark.spec("H-06", "A-22")
async def test_an_assertion_is_accepted_once(world: Any, partner: Any, refused: Any) -> None:
    assertion = partner.client_assertion()
    answers = await asyncio.gather(*(issue(world, assertion) for _ in range(20)), return_exceptions=True)
    assert len([one for one in answers if not isinstance(one, Exception)]) == 1
    assert {one.reason for one in answers if isinstance(one, refused)} == {"CLIENT_REFUSED"}


@pytest.mark.spec("A-22")
async def test_an_assertion_for_more_than_it_may(
    world: Any, partner: Any, partner_of: Any, refused: Any
) -> None:
    for fields in ({"scope": "assisted orders.read"}, {"scope": "customers.access"}, {"client_id": "orders"}):
        with pytest.raises(refused) as error:
            await issue(world, partner.client_assertion(), **fields)
        assert error.value.reason == "CLIENT_REFUSED"
    with pytest.raises(refused) as error:
        await issue(world, partner.client_assertion(), client_secret="x")
    assert error.value.violations == {"client_secret": "INVALID"}
    await partner.change(active=False)
    with pytest.raises(refused) as error:
        await issue(world, partner.client_assertion())
    assert error.value.reason == "CLIENT_REFUSED"


@pytest.mark.spec("H-12", "H-14")
async def test_what_a_platform_may_read(world: Any, partner: Any, partner_of: Any, refused: Any) -> None:
    second = await partner.community("residence-2")
    other = await partner_of("other").register(statistics_detail="STATISTICS_DETAIL_PRODUCTS")
    theirs = await other.community("residence-9")
    listing = platforms_pb2.ListCommunitiesRequest()
    mine, foreign = await partner.token(), await other.token()
    listed = await world.call("CarePlatformService", "ListCommunities", listing, mine)
    assert [community.external_id for community in listed.communities] == ["residence-1", "residence-2"]
    access = await _access(world, mine)
    assert (access.platform_id, access.product_detail) == (partner.id, False)
    assert list(access.community_ids) == [partner.communities["residence-1"].id, second.id]
    access = await _access(world, foreign)
    assert (list(access.community_ids), access.product_detail) == ([theirs.id], True)
    with pytest.raises(refused) as error:
        await world.call(
            "CarePlatformService",
            "ListCommunities",
            platforms_pb2.ListCommunitiesRequest(platform_id=partner.id),
            foreign,
        )
    assert error.value.reason == "CARE_PLATFORM_NOT_FOUND"
    for who in (as_staff("ADMIN"), ()):
        with pytest.raises(refused) as error:
            await _access(world, who)
        assert error.value.reason == "CARE_PLATFORM_NOT_FOUND"
    await other.change(active=False)
    with pytest.raises(refused) as error:
        await _access(world, foreign)
    assert error.value.reason == "PLATFORM_NOT_ACTIVE"


async def _access(world: Any, who: Any) -> pb.GetPlatformAccessResponse:
    return await world.call(
        "AccessService", "GetPlatformAccess", pb.GetPlatformAccessRequest(), (*who, *VOUCH)
    )


@pytest.mark.spec("H-06", "H-12")
async def test_a_platform_reads_its_own_refusals(
    world: Any, partner: Any, partner_of: Any, refused: Any
) -> None:
    other = await partner_of("other").register()
    for assertion in (
        partner.assertion(aud="x"),
        partner.assertion(communities=[]),
        other.assertion(aud="x"),
        "x",
    ):
        with pytest.raises(refused):
            await partner.post(assertion)
    request = platforms_pb2.ListHandoffRefusalsRequest(page_size=1)
    token, seen = await partner.token(), []
    while True:
        page = await world.call("CarePlatformService", "ListHandoffRefusals", request, token)
        seen += list(page.refusals)
        request.page_token = page.next_page_token
        if not page.next_page_token:
            break
    assert [(one.reason, one.cause) for one in seen] == [
        ("HANDOFF_NOT_ALLOWED", "COMMUNITY"),
        ("HANDOFF_REFUSED", "AUDIENCE"),
    ]
    assert all(one.request_id and one.platform_id == partner.id for one in seen)
    assert all(abs(one.occur_time.seconds - time.time()) < 60 for one in seen)
    everything = platforms_pb2.ListHandoffRefusalsRequest()
    for_staff = await world.call("CarePlatformService", "ListHandoffRefusals", everything)
    assert [one.cause for one in for_staff.refusals] == ["MALFORMED", "AUDIENCE", "COMMUNITY", "AUDIENCE"]


@pytest.mark.spec("A-22", "H-14")
async def test_a_platform_sees_no_account(world: Any, partner: Any, refused: Any) -> None:
    opened = await partner.open_session()
    token = await partner.token()
    request = pb.GetOrderingContextRequest(account_id=opened.session.subject.id)
    with pytest.raises(refused) as error:
        await world.call("AccessService", "GetOrderingContext", request, (*token, *VOUCH))
    assert error.value.reason == "ACCOUNT_NOT_FOUND"
    visible = await world.call(
        "AccessService", "ListVisibleAccounts", pb.ListVisibleAccountsRequest(), (*token, *VOUCH)
    )
    assert (list(visible.account_ids), visible.all) == ([], False)
    for method, message in (
        ("GetCarePlatform", platforms_pb2.GetCarePlatformRequest(care_platform_id=partner.id)),
        ("CreateCommunity", platforms_pb2.CreateCommunityRequest()),
        ("UpdateClient", platforms_pb2.UpdateClientRequest()),
    ):
        with pytest.raises(refused) as error:
            await world.call("CarePlatformService", method, message, token)
        assert error.value.code == "PERMISSION_DENIED"
