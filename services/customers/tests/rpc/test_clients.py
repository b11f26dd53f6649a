"""The account of a client: found by the platform's id alone, kept up to date by the platform, closed by it."""

import asyncio
from typing import Any

import pytest
from commis.common.v1 import common_pb2
from commis.customers.v1 import accounts_pb2, platforms_pb2, sessions_pb2

from chassis.ids import new_id
from chassis.testing import as_service, as_staff

ADDRESS = {"street_lines": ["Rue Haute 12"], "postal_code": "1000", "city": "Bruxelles", "region_code": "BE"}


async def account_of(world: Any, account_id: str) -> accounts_pb2.Account:
    request = accounts_pb2.GetAccountRequest(account_id=account_id)
    return (await world.call("AccountService", "GetAccount", request)).account


async def client(world: Any, partner: Any, **changes: Any) -> accounts_pb2.Account:
    """Handed over; the account as staff see it."""
    opened = await partner.open_session(**changes)
    return await account_of(world, opened.session.subject.id)


async def set_state(world: Any, account_id: str, state: str) -> None:
    request = accounts_pb2.UpdateAccountRequest(account={"id": account_id, "state": state})
    request.update_mask.paths.append("state")
    await world.call("AccountService", "UpdateAccount", request)


async def close(world: Any, external_id: str, as_: Any, platform_id: str = "") -> None:
    request = platforms_pb2.CloseClientRequest(external_id=external_id, platform_id=platform_id)
    await world.call("CarePlatformService", "CloseClient", request, as_)


@pytest.mark.spec("H-05")
async def test_the_profile_makes_the_account(world: Any, partner: Any) -> None:
    account = await client(world, partner)
    assert account.kind == accounts_pb2.Account.KIND_CONSUMER
    assert (account.first_name, account.last_name) == ("Marie", "Peeters")
    assert (account.phone, account.language_code) == ("+32 2 555 12 34", "fr")
    assert account.email == "marie.peeters@families.example"
    (address,) = account.addresses
    assert (address.default_billing, address.default_delivery) == (True, True)
    assert list(address.address.street_lines) == ["Rue Haute 12"]
    assert (address.address.postal_code, address.address.city) == ("1000", "Bruxelles")
    link = account.client_link
    community = partner.communities["residence-1"]
    assert (link.platform_id, link.community_id) == (partner.id, community.id)
    assert (link.external_id, link.closed) == ("client-1", False)
    assert list(account.persons) == []
    (linked,) = await world.facts("commis.customers.v1.client_linked")
    assert (linked.account_id, linked.community_id) == (account.id, community.id)
    assert linked.attribution.actor.kind == common_pb2.PARTY_KIND_CARE_WORKER
    assert linked.attribution.channel == common_pb2.CHANNEL_ASSISTED
    assert linked.attribution.account_id == account.id


@pytest.mark.spec("H-05")
async def test_the_same_profile_twice_changes_and_reports_nothing(world: Any, partner: Any) -> None:
    first = await client(world, partner)
    before = len(await world.facts())
    again = await client(world, partner)
    assert again == first
    new = [type(fact).__name__ for fact in (await world.facts())[before:]]
    assert new == ["AssistedSessionOpened"]


@pytest.mark.spec("H-05")
async def test_the_platform_is_the_source_of_what_it_sends(world: Any, partner: Any) -> None:
    first = await client(world, partner)
    changed = await client(
        world,
        partner,
        client__last_name="Peeters-Dubois",
        client__phone="+32 2 555 99 99",
        client__email="new@families.example",
        client__address={
            "street_lines": ["Grote Markt 1"],
            "postal_code": "2000",
            "city": "Antwerpen",
            "region_code": "BE",
        },
        act__name="Jan Janssens-Smets",
    )
    assert (changed.id, changed.number) == (first.id, first.number)
    assert (changed.last_name, changed.phone) == ("Peeters-Dubois", "+32 2 555 99 99")
    assert changed.email == "new@families.example"
    assert [address.id for address in changed.addresses] == [first.addresses[0].id]
    assert changed.addresses[0].address.city == "Antwerpen"
    assert changed.etag != first.etag
    (fact,) = await world.facts("commis.customers.v1.account_updated")
    assert list(fact.changed_fields) == ["addresses", "email", "last_name", "phone"]
    assert await world.scalar("SELECT display_name FROM care_workers") == "Jan Janssens-Smets"
    assert await world.scalar("SELECT count(*) FROM care_workers") == 1
    request = accounts_pb2.ListAccountsRequest(query="dubois antwerpen")
    found = await world.call("AccountService", "ListAccounts", request)
    assert [account.id for account in found.accounts] == [first.id]


@pytest.mark.spec("H-05")
async def test_what_the_platform_does_not_send_stays(world: Any, partner: Any) -> None:
    await client(world, partner)
    kept = await client(world, partner, client__email=None, client__language=None)
    assert (kept.email, kept.language_code) == ("marie.peeters@families.example", "fr")
    claims = partner.claims()
    claims["client"]["email"] = None
    await partner.exchange((await partner.post(partner.sign(claims))).address.partition("=")[2])
    assert (await account_of(world, kept.id)).email == ""
    assert await world.facts("commis.customers.v1.account_updated") != []


@pytest.mark.spec("H-05")
async def test_addresses_kept_here_stay_beside_the_platforms(world: Any, partner: Any) -> None:
    account = await client(world, partner)
    extra = accounts_pb2.AccountAddress(
        label="Dochter",
        address={
            "street_lines": ["Veldstraat 1"],
            "postal_code": "9000",
            "city": "Gent",
            "region_code": "BE",
        },
        default_billing=True,
    )
    request = accounts_pb2.CreateAddressRequest(account_id=account.id, address=extra)
    await world.call("AccountService", "CreateAddress", request)
    again = await client(
        world,
        partner,
        client__address=ADDRESS | {"street_lines": ["Rue Basse 3"]},
    )
    by_city = {address.address.city: address for address in again.addresses}
    assert by_city.keys() == {"Bruxelles", "Gent"}
    assert (by_city["Gent"].default_billing, by_city["Gent"].label) == (True, "Dochter")
    assert list(by_city["Bruxelles"].address.street_lines) == ["Rue Basse 3"]
    # An address that was deleted here comes back with the next hand-off.
    gone = accounts_pb2.DeleteAddressRequest(account_id=account.id, address_id=by_city["Bruxelles"].id)
    await world.call("AccountService", "DeleteAddress", gone)
    back = await client(world, partner)
    assert {address.address.city for address in back.addresses} == {"Bruxelles", "Gent"}
    assert (await client(world, partner)).etag == back.etag


@pytest.mark.spec("H-05")
async def test_two_clients_with_one_name_in_one_residence_are_two(world: Any, partner: Any) -> None:
    one = await client(world, partner, sub="client-1")
    other = await client(world, partner, sub="client-2")
    assert one.id != other.id
    assert (one.display_name, one.email) == (other.display_name, other.email)
    assert (await client(world, partner, sub="client-1")).id == one.id


@pytest.mark.spec("H-05")
async def test_two_first_handoffs_at_once_make_one_account(world: Any, partner: Any) -> None:
    # By several carers: those of one would queue for the carer's row already.
    codes = await asyncio.gather(*(partner.hand_off(act__sub=f"carer-{turn % 6}") for turn in range(12)))
    opened = await asyncio.gather(*(partner.exchange(code) for code in codes))
    assert len({one.session.subject.id for one in opened}) == 1
    assert await world.scalar("SELECT count(*) FROM accounts") == 1
    assert await world.scalar("SELECT count(*) FROM persons") == 1
    assert await world.scalar("SELECT count(*) FROM addresses") == 1
    assert await world.scalar("SELECT count(*) FROM care_workers") == 6
    assert len(await world.facts("commis.customers.v1.account_created")) == 1


@pytest.mark.spec("H-04")
async def test_everything_missing_in_a_profile_is_said_at_once(
    world: Any, partner: Any, refused: Any
) -> None:
    with pytest.raises(refused) as error:
        await partner.post(partner.assertion(client={"community": "residence-1"}))
    assert error.value.reason == "INVALID_FIELDS"
    assert (
        error.value.violations.items()
        >= {
            "client.first_name": "REQUIRED",
            "client.last_name": "REQUIRED",
            "client.phone": "REQUIRED",
            "client.address": "REQUIRED",
        }.items()
    )
    with pytest.raises(refused) as error:
        await partner.post(
            partner.assertion(
                client__first_name=["Marie"],
                client__last_name="\x00",
                client__phone="call me",
                client__email="nobody",
                client__language="tlh",
                client__address={
                    "street_lines": ["Rue Haute 12", 5],
                    "postal_code": "ABC",
                    "city": "a\ud800",
                    "region_code": "BE",
                },
            )
        )
    assert error.value.violations == {
        "client.first_name": "INVALID",
        "client.last_name": "UNSTORABLE_CHARACTER",
        "client.phone": "INVALID_PHONE",
        "client.email": "INVALID_EMAIL",
        "client.language": "INVALID",
        "client.address.street_lines[1]": "INVALID",
        "client.address.city": "UNSTORABLE_CHARACTER",
        "client.address.postal_code": "INVALID",
    }
    assert await world.scalar("SELECT count(*) FROM persons") == 0
    assert await world.scalar("SELECT count(*) FROM care_workers") == 0


@pytest.mark.spec("H-04")
@pytest.mark.parametrize(
    ("changes", "violations"),
    [
        ({"postal_code": "99"}, {"postal_code": "INVALID"}),
        ({"postal_code": None}, {"postal_code": "REQUIRED"}),
        ({"street_lines": None}, {"street_lines": "REQUIRED"}),
        ({"street_lines": ["1"] * 4}, {"street_lines": "TOO_LONG"}),
        ({"street_lines": "Rue Haute 12"}, {"street_lines": "INVALID"}),
        ({"region_code": "be"}, {"region_code": "INVALID"}),
        ({"region_code": None}, {"region_code": "INVALID"}),
    ],
)
async def test_an_address_that_no_postal_rule_accepts(
    world: Any, partner: Any, refused: Any, changes: Any, violations: Any
) -> None:
    with pytest.raises(refused) as error:
        await partner.post(partner.assertion(client__address=ADDRESS | changes))
    assert (error.value.code, error.value.reason) == ("INVALID_ARGUMENT", "INVALID_FIELDS")
    assert error.value.violations == {f"client.address.{name}": why for name, why in violations.items()}
    assert await world.scalar("SELECT count(*) FROM accounts") == 0
    # Completed on the platform, once, it goes through: with a new token, for the old one was not used up either.
    await partner.open_session()


@pytest.mark.spec("H-04", "H-09")
async def test_a_client_without_an_email_address(world: Any, partner: Any, refused: Any) -> None:
    account = await client(world, partner, client__email=None)
    assert account.email == ""
    request = sessions_pb2.GetRecipientRequest(
        party={"kind": common_pb2.PARTY_KIND_ACCOUNT, "id": account.id}
    )
    with pytest.raises(refused) as error:
        await world.call("RecipientService", "GetRecipient", request, as_service("customers.recipients"))
    assert error.value.reason == "RECIPIENT_NOT_FOUND"
    await client(world, partner, client__email="later@families.example")
    answer = await world.call("RecipientService", "GetRecipient", request, as_service("customers.recipients"))
    assert (answer.email, answer.language_code) == ("later@families.example", "fr")


@pytest.mark.spec("H-05")
async def test_the_email_address_of_a_client_is_no_sign_in(world: Any, partner: Any, refused: Any) -> None:
    daughter = await world.account("daughter@families.example")
    await world.activate("daughter@families.example")
    account = await client(world, partner, client__email="daughter@families.example")
    assert account.id != daughter.id
    signed_in = await world.sign_in("daughter@families.example")
    assert [identity.id for identity in signed_in.identities] == [daughter.id]
    # Nor does it keep somebody from signing up with it later, nor get a link to set a password.
    await client(world, partner, sub="client-2", client__email="son@families.example")
    before = len(await world.facts())
    reset = sessions_pb2.RequestPasswordResetRequest(email="son@families.example")
    await world.call("SessionService", "RequestPasswordReset", reset, ())
    assert len(await world.facts()) == before
    await world.account("son@families.example")
    with pytest.raises(refused):
        await world.sign_in("son@families.example")


@pytest.mark.spec("H-05")
@pytest.mark.parametrize("field", ["first_name", "last_name", "email", "language_code", "phone"])
async def test_what_the_platform_keeps_is_not_changed_here(
    world: Any, partner: Any, refused: Any, field: str
) -> None:
    account = await client(world, partner)
    value = {"email": "mine@shop.example", "language_code": "nl", "phone": "+32 2 555 00 00"}.get(
        field, "Other"
    )
    request = accounts_pb2.UpdateAccountRequest(account={"id": account.id, field: value})
    with pytest.raises(refused) as error:
        await world.call("AccountService", "UpdateAccount", request)
    assert (error.value.code, error.value.reason) == ("PERMISSION_DENIED", "CHANGE_NOT_ALLOWED")
    assert await account_of(world, account.id) == account
    groups = accounts_pb2.UpdateAccountRequest(account={"id": account.id, "groups": ["CARE"]})
    await world.call("AccountService", "UpdateAccount", groups)


@pytest.mark.spec("H-05")
async def test_a_dutch_carer_for_a_french_speaking_client(world: Any, partner: Any) -> None:
    opened = await partner.open_session(client__language="fr-BE", act__language="nl-BE")
    assert opened.session.assisted.language_code == "nl"
    assert (await account_of(world, opened.session.subject.id)).language_code == "fr"
    unsaid = await partner.open_session(sub="client-2", client__language=None, act__language="pl")
    assert unsaid.session.assisted.language_code == "nl"  # the community's
    assert (await account_of(world, unsaid.session.subject.id)).language_code == "nl"


@pytest.mark.spec("H-05", "H-14")
async def test_a_client_who_moves_to_another_residence(world: Any, partner: Any, refused: Any) -> None:
    there = await partner.community("residence-2")
    before = await partner.open_session()
    pending = await partner.hand_off()
    account_id = before.session.subject.id
    agreed = platforms_pb2.UpdateClientRequest(account_id=account_id, payment_methods=["MONTHLY_RESIDENCE"])
    await world.call("CarePlatformService", "UpdateClient", agreed)
    moved = {
        "communities": ["residence-2"],
        "community": {"id": "residence-2"},
        "client__community": "residence-2",
    }
    after = await partner.open_session(**moved, act__sub="carer-2")
    assert after.session.subject.id == account_id
    account = await account_of(world, account_id)
    assert account.client_link.community_id == there.id
    assert list(account.client_link.payment_methods) == []
    (fact,) = await world.facts("commis.customers.v1.client_moved")
    assert (fact.from_community_id, fact.to_community_id) == (partner.communities["residence-1"].id, there.id)
    # Whoever helped in the old residence has lost access at once, also by a code that was not exchanged yet.
    me = sessions_pb2.GetSessionRequest()
    with pytest.raises(refused) as error:
        await world.call("SessionService", "GetSession", me, bearer(before))
    assert error.value.reason == "SESSION_ENDED"
    with pytest.raises(refused) as error:
        await partner.exchange(pending)
    assert error.value.reason == "HANDOFF_CODE_REFUSED"
    await world.call("SessionService", "GetSession", me, bearer(after))


def bearer(opened: Any) -> Any:
    return (("authorization", f"Bearer {opened.tokens.access_token}"),)


@pytest.mark.spec("H-06", "H-14")
async def test_a_carer_of_three_residences(world: Any, partner: Any) -> None:
    names = ("residence-1", "residence-2", "residence-3")
    for name in names[1:]:
        await partner.community(name)
    opened = [
        await partner.open_session(
            sub=f"client of {name}".replace(" ", "-"),
            communities=list(names),
            community={"id": name},
            client__community=name,
        )
        for name in names
    ]
    assert len({one.session.subject.id for one in opened}) == 3
    assert len({one.session.actor.id for one in opened}) == 1
    for one in opened:  # each session is for its own client, none ends another
        request = accounts_pb2.GetAccountRequest(account_id=one.session.subject.id)
        mine = await world.call("AccountService", "GetAccount", request, bearer(one))
        assert mine.account.id == one.session.subject.id


@pytest.mark.spec("H-05")
async def test_an_id_that_is_used_again_after_a_death(world: Any, partner: Any, refused: Any) -> None:
    first = await client(world, partner)
    somebody = {"client__first_name": "Willem", "client__last_name": "Claes"}
    with pytest.raises(refused) as error:
        await partner.post(partner.assertion(**somebody))
    assert (error.value.code, error.value.reason) == ("FAILED_PRECONDITION", "CLIENT_IDENTITY_CHANGED")
    assert await account_of(world, first.id) == first
    await close(world, "client-1", await partner.token())
    second = await client(world, partner, **somebody)
    assert second.id != first.id
    assert second.display_name == "Willem Claes"
    old = await account_of(world, first.id)
    assert old.display_name == "Marie Peeters"
    assert (old.state, old.client_link.closed) == (accounts_pb2.Account.STATE_CLOSED, True)


@pytest.mark.spec("H-05")
@pytest.mark.parametrize(
    ("first_name", "last_name"),
    [
        ("MARIE", "Dubois"),
        ("Maria", "Peeters"),
        ("Maríe", "PEETERS"),
        ("Peeters", "Marie"),
        ("Márie", "Van den Berg"),
    ],
)
async def test_a_mended_spelling_or_a_new_name_is_the_same_person(
    world: Any, partner: Any, first_name: str, last_name: str
) -> None:
    first = await client(world, partner)
    again = await client(world, partner, client__first_name=first_name, client__last_name=last_name)
    assert (again.id, again.display_name) == (first.id, f"{first_name} {last_name}")


@pytest.mark.spec("H-14")
async def test_closing_a_client(world: Any, partner: Any, refused: Any) -> None:
    opened = await partner.open_session()
    pending = await partner.hand_off()
    account_id = opened.session.subject.id
    await close(world, "client-1", await partner.token())
    with pytest.raises(refused) as error:
        await world.call("SessionService", "GetSession", sessions_pb2.GetSessionRequest(), bearer(opened))
    assert error.value.reason == "SESSION_ENDED"
    with pytest.raises(refused) as error:
        await world.refresh(opened.tokens.refresh_token)
    assert error.value.reason == "REFRESH_REFUSED"
    with pytest.raises(refused) as error:
        await partner.exchange(pending)
    assert error.value.reason == "HANDOFF_CODE_REFUSED"
    vouched = (*as_staff("ORDER_DESK"), *as_service("customers.access", vouching=True))
    order = sessions_pb2.AuthorizeOrderRequest(
        order_id=str(new_id()), account_id=account_id, payment_method="BANK_TRANSFER"
    )
    with pytest.raises(refused) as error:
        await world.call("AccessService", "AuthorizeOrder", order, vouched)
    assert error.value.violations == {"account_id": "ACCOUNT_NOT_ACTIVE"}
    (fact,) = await world.facts("commis.customers.v1.client_closed")
    assert fact.account_id == account_id
    assert fact.attribution.actor.kind == common_pb2.PARTY_KIND_CARE_PLATFORM
    before = len(await world.facts())
    await close(world, "client-1", as_staff("ORDER_DESK"), partner.id)  # twice is once
    assert len(await world.facts()) == before
    with pytest.raises(refused) as error:
        await close(world, "client-9", await partner.token())
    assert error.value.reason == "CLIENT_NOT_FOUND"
    with pytest.raises(refused) as error:
        await set_state(world, account_id, "STATE_ACTIVE")
    assert error.value.reason == "CHANGE_NOT_ALLOWED"


@pytest.mark.spec("H-14")
async def test_a_platform_closes_its_own_clients_only(
    world: Any, partner: Any, partner_of: Any, refused: Any
) -> None:
    await partner.open_session()
    other = await partner_of("other").register()
    for platform_id, reason in (("", "CLIENT_NOT_FOUND"), (partner.id, "CARE_PLATFORM_NOT_FOUND")):
        with pytest.raises(refused) as error:
            await close(world, "client-1", await other.token(), platform_id)
        assert error.value.reason == reason
    with pytest.raises(refused) as error:
        await close(world, "client-1", as_staff("ADMIN"))
    assert error.value.violations == {"platform_id": "REQUIRED"}
    with pytest.raises(refused) as error:
        await close(world, "client-1", as_staff("CATALOGUE"), partner.id)
    assert error.value.code == "PERMISSION_DENIED"
    token = await partner.token()
    await partner.change(active=False)
    with pytest.raises(refused) as error:
        await close(world, "client-1", token)
    assert (error.value.code, error.value.reason) == ("PERMISSION_DENIED", "PLATFORM_NOT_ACTIVE")
    assert await world.scalar("SELECT count(*) FROM client_links WHERE close_time IS NULL") == 1


@pytest.mark.spec("H-06")
async def test_a_suspended_client_is_not_handed_over(world: Any, partner: Any, refused: Any) -> None:
    account = await client(world, partner)
    await set_state(world, account.id, "STATE_SUSPENDED")
    with pytest.raises(refused) as error:
        await partner.hand_off()
    assert error.value.metadata == {"cause": "CLIENT_CLOSED"}


async def test_only_an_open_client_has_an_agreement(world: Any, partner: Any, refused: Any) -> None:
    account = await client(world, partner)
    for account_id in ((await world.account()).id, str(new_id())):
        with pytest.raises(refused) as error:
            await world.call(
                "CarePlatformService",
                "UpdateClient",
                platforms_pb2.UpdateClientRequest(account_id=account_id),
            )
        assert error.value.reason == "ACCOUNT_NOT_FOUND"
    wrong = platforms_pb2.UpdateClientRequest(account_id=account.id, payment_methods=["CASH", "PAY_LATER"])
    with pytest.raises(refused) as error:
        await world.call("CarePlatformService", "UpdateClient", wrong)
    assert error.value.violations == {"payment_methods[0]": "INVALID"}
    agreed = platforms_pb2.UpdateClientRequest(account_id=account.id, payment_methods=["PAY_LATER"])
    for _ in range(2):
        await world.call("CarePlatformService", "UpdateClient", agreed)
    assert list((await account_of(world, account.id)).client_link.payment_methods) == ["PAY_LATER"]
    assert len(await world.facts("commis.customers.v1.account_updated")) == 1
