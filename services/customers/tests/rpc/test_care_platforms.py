"""Registering care platforms and communities: who may, what is refused, what changes at once."""

import json
from typing import Any

import pytest
from commis.customers.v1 import platforms_pb2 as pb
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from chassis.ids import new_id
from chassis.testing import as_rep, as_service, as_staff


async def call(world: Any, method: str, as_: Any = None, **fields: Any) -> Any:
    request = getattr(pb, f"{method}Request")(**fields)
    return await world.call("CarePlatformService", method, request, as_)


@pytest.mark.spec("H-01")
async def test_a_platform_is_registered_and_read_again(world: Any, partner_of: Any) -> None:
    partner = await partner_of().register(session_minutes=60, storefront_address="https://shop.example/care")
    read = (
        await call(world, "GetCarePlatform", as_staff("FINANCE"), care_platform_id=partner.id)
    ).care_platform
    assert (read.display_name, read.issuer, read.audience) == (
        "Care",
        "https://care.example",
        "https://shop.example/commis",
    )
    assert json.loads(read.jwks_json) == json.loads(partner.jwks())
    assert (read.session_minutes, read.active, read.etag) == (60, True, '"1"')
    assert read.statistics_detail == pb.STATISTICS_DETAIL_TOTALS
    address = (await _handed_over(partner)).address
    assert address.startswith("https://shop.example/care#handoff=")
    (fact,) = await world.facts("commis.customers.v1.care_platform_changed")
    assert (fact.platform_id, fact.active) == (partner.id, True)


async def _handed_over(partner: Any) -> Any:
    await partner.community()
    return await partner.post(partner.assertion())


@pytest.mark.spec("H-01")
async def test_an_issuer_is_one_platform(partner_of: Any, refused: Any) -> None:
    await partner_of("care").register()
    with pytest.raises(refused) as error:
        await partner_of("care").register()
    assert (error.value.code, error.value.reason) == ("ALREADY_EXISTS", "ISSUER_TAKEN")
    other = await partner_of("other").register()
    with pytest.raises(refused) as error:
        await other.change(issuer="https://care.example")
    assert error.value.reason == "ISSUER_TAKEN"


def _set(*keys: dict[str, Any]) -> str:
    return json.dumps({"keys": list(keys)})


_ED = OKPKey.generate_key("Ed25519", {"kid": "a"}).as_dict(private=False)
_RSA = RSAKey.generate_key(2048, {"kid": "r"})
UNFIT = {
    "a private key": (_set(OKPKey.generate_key("Ed25519", {"kid": "a"}).as_dict(private=True)), "PRIVATE_KEY"),
    "a private RSA key": (_set(_RSA.as_dict(private=True)), "PRIVATE_KEY"),
    "a private key among public ones": (_set(_ED, _RSA.as_dict(private=True)), "PRIVATE_KEY"),
    "a symmetric key": (_set(OctKey.generate_key(256, {"kid": "s"}).as_dict()), "SYMMETRIC_KEY"),
    "a symmetric key that says it is public": (_set({**_ED, "k": "c2VjcmV0"}), "SYMMETRIC_KEY"),
    "a short RSA key": (_set(RSAKey.generate_key(1024, {"kid": "r"}).as_dict(private=False)), "UNUSABLE_KEY"),
    "an RSA key with a huge exponent": (_set({**_RSA.as_dict(private=False), "e": "AQAB" * 50}), "UNUSABLE_KEY"),
    "a key without kid": (_set({name: value for name, value in _ED.items() if name != "kid"}), "UNUSABLE_KEY"),
    "two keys with one kid": (_set(_ED, {**_RSA.as_dict(private=False), "kid": "a"}), "UNUSABLE_KEY"),
    "a key that is none": (_set({**_ED, "x": "AA"}), "UNUSABLE_KEY"),
    "only a key for encryption": (_set({**_ED, "use": "enc"}), "UNUSABLE_KEY"),
    "only another curve": (_set(ECKey.generate_key("P-384", {"kid": "a"}).as_dict(private=False)), "UNUSABLE_KEY"),
    "no keys": (_set(), "UNUSABLE_KEY"),
    "no set": ("[]", "UNUSABLE_KEY"),
    "no JSON": ("-----BEGIN PUBLIC KEY-----", "UNUSABLE_KEY"),
    "nested without end": ("[" * 60_000, "UNUSABLE_KEY"),
    "more than fifty keys": (_set(*[{**_ED, "kid": str(index)} for index in range(51)]), "UNUSABLE_KEY"),
}  # fmt: skip


@pytest.mark.spec("H-01")
async def test_a_key_set_with_anything_but_public_keys_is_refused(
    world: Any, partner_of: Any, refused: Any, key_server: Any
) -> None:
    """Inline, and at an address that answers it."""
    for name, (document, reason) in UNFIT.items():
        key_server.document = document
        for source in ({"jwks_json": document}, {"jwks_uri": key_server.url}):
            with pytest.raises(refused) as error:
                await partner_of().register(**source)
            assert error.value.violations == {f"care_platform.{next(iter(source))}": reason}, name
    assert await world.scalar("SELECT count(*) FROM care_platforms") == 0


@pytest.mark.spec("H-01")
async def test_everything_wrong_with_a_platform_is_said_at_once(
    world: Any, refused: Any, partner_of: Any
) -> None:
    with pytest.raises(refused) as error:
        await call(world, "CreateCarePlatform")
    assert error.value.violations == {
        "care_platform.display_name": "REQUIRED",
        "care_platform.issuer": "REQUIRED",
        "care_platform.audience": "REQUIRED",
    }
    wrong = {
        "display_name": "x" * 101,
        "issuer": "https://care.example ",
        "audience": "a b",
        "jwks_uri": "file:///etc/passwd",
        "return_addresses": [
            "https://care.example/#x",
            "javascript:alert(1)",
            "https://u:p@care.example/",
            "",
        ],
        "storefront_address": "shop",
        "session_minutes": 100_000,
        "statistics_detail": 9,
    }
    with pytest.raises(refused) as error:
        await call(world, "CreateCarePlatform", care_platform=wrong)
    assert error.value.violations == {
        "care_platform.display_name": "TOO_LONG",
        "care_platform.issuer": "INVALID",
        "care_platform.audience": "INVALID",
        "care_platform.jwks_uri": "ADDRESS_REFUSED",
        "care_platform.return_addresses[0]": "ADDRESS_REFUSED",
        "care_platform.return_addresses[1]": "ADDRESS_REFUSED",
        "care_platform.return_addresses[2]": "ADDRESS_REFUSED",
        "care_platform.return_addresses[3]": "REQUIRED",
        "care_platform.storefront_address": "ADDRESS_REFUSED",
        "care_platform.session_minutes": "OUT_OF_RANGE",
        "care_platform.statistics_detail": "INVALID",
    }


@pytest.mark.spec("H-01")
async def test_keys_come_from_one_place(partner_of: Any, refused: Any, key_server: Any) -> None:
    partner = partner_of()
    for source in (
        {"jwks_json": "", "jwks_uri": ""},
        {"jwks_json": partner.jwks(), "jwks_uri": key_server.url},
    ):
        with pytest.raises(refused) as error:
            await partner.register(**source)
        assert list(error.value.violations) == ["care_platform.jwks_uri"]
    await partner.register()
    with pytest.raises(refused) as error:  # it answers no key set
        await partner.change(jwks_uri=key_server.url)
    assert error.value.violations == {"care_platform.jwks_uri": "UNUSABLE_KEY"}


@pytest.mark.spec("H-01")
async def test_staff_with_other_roles_read_or_do_not_even_that(
    world: Any, partner: Any, refused: Any
) -> None:
    community = partner.communities["residence-1"]
    writes = {
        "CreateCarePlatform": {},
        "UpdateCarePlatform": {"care_platform": {"id": partner.id}},
        "CreateCommunity": {},
        "UpdateCommunity": {"community": {"id": community.id}},
    }
    reads = {
        "GetCarePlatform": {"care_platform_id": partner.id},
        "ListCarePlatforms": {},
        "ListCommunities": {},
        "ListHandoffRefusals": {},
    }
    for method, fields in reads.items():
        for role in ("ORDER_DESK", "FINANCE"):
            await call(world, method, as_staff(role), **fields)
    everybody_else = (as_staff("CATALOGUE"), as_rep(new_id()), as_service("customers.read"))
    for method, fields in {**writes, **reads}.items():
        others = (as_staff("ORDER_DESK"), *everybody_else) if method in writes else everybody_else
        for who in others:
            with pytest.raises(refused) as error:
                await call(world, method, who, **fields)
            assert error.value.code == "PERMISSION_DENIED", method
        with pytest.raises(refused) as error:
            await call(world, method, (), **fields)
        assert error.value.code == "UNAUTHENTICATED"


@pytest.mark.spec("H-01")
async def test_platforms_and_communities_are_listed_in_pages(world: Any, partner_of: Any) -> None:
    made = [await partner_of(f"care{index}").register() for index in range(3)]
    for partner in made:
        for name in ("a", "b"):
            await partner.community(name)
    seen, token = [], ""
    while True:
        page = await call(world, "ListCarePlatforms", page_size=2, page_token=token)
        seen += [one.id for one in page.care_platforms]
        token = page.next_page_token
        if not token:
            break
    assert seen == [partner.id for partner in made]
    first = await call(world, "ListCommunities", page_size=4)
    second = await call(world, "ListCommunities", page_size=4, page_token=first.next_page_token)
    assert len(first.communities) + len(second.communities) == 6
    own = await call(world, "ListCommunities", platform_id=made[1].id)
    assert {one.platform_id for one in own.communities} == {made[1].id}


@pytest.mark.spec("H-01")
async def test_a_stale_form_overwrites_nothing(world: Any, partner: Any, refused: Any) -> None:
    await partner.change(display_name="Care Twee", etag='"1"')
    with pytest.raises(refused) as error:
        await partner.change("display_name", display_name="Care Drie", etag='"1"')
    assert (error.value.code, error.value.reason) == ("ABORTED", "ETAG_MISMATCH")
    before = len(await world.facts())
    unchanged = await partner.change(display_name="Care Twee")
    assert unchanged.etag == '"2"'
    assert len(await world.facts()) == before
    for method, field in (("UpdateCarePlatform", "care_platform"), ("UpdateCommunity", "community")):
        with pytest.raises(refused) as error:
            await call(world, method, **{field: {"id": str(new_id()), "display_name": "x"}})
        assert error.value.code == "NOT_FOUND"


@pytest.mark.spec("H-01", "H-08")
async def test_what_a_community_must_have(world: Any, partner: Any, refused: Any) -> None:
    with pytest.raises(refused) as error:
        await call(world, "CreateCommunity")
    assert error.value.violations == {
        "community.platform_id": "REQUIRED",
        "community.external_id": "REQUIRED",
        "community.display_name": "REQUIRED",
        "community.language_code": "INVALID",
        "community.payment_methods": "REQUIRED",
    }
    with pytest.raises(refused) as error:
        await partner.community("residence-1")
    assert (error.value.code, error.value.reason) == ("ALREADY_EXISTS", "EXTERNAL_ID_TAKEN")
    consumer, residence = await world.account(), await world.business()
    for fields, reason in (
        ({"payment_methods": ["MONTHLY_RESIDENCE"]}, "REQUIRED"),
        ({"residence_account_id": consumer.id}, "ACCOUNT_NOT_FOUND"),
        ({"residence_account_id": str(new_id())}, "ACCOUNT_NOT_FOUND"),
    ):
        with pytest.raises(refused) as error:
            await partner.community("residence-2", **fields)
        assert error.value.violations == {"community.residence_account_id": reason}
    with pytest.raises(refused) as error:
        await partner.community("residence-2", platform_id=str(new_id()))
    assert error.value.reason == "CARE_PLATFORM_NOT_FOUND"
    made = await partner.community(
        "residence-2", residence_account_id=residence.id, payment_methods=["MONTHLY_RESIDENCE"]
    )
    request = pb.UpdateCommunityRequest(community={"id": made.id})
    request.update_mask.paths.append("residence_account_id")
    with pytest.raises(refused) as error:  # while it may still be paid through a residence
        await world.call("CarePlatformService", "UpdateCommunity", request)
    assert error.value.violations == {"community.residence_account_id": "REQUIRED"}


@pytest.mark.spec("H-01")
async def test_the_same_registration_again_is_one(world: Any, partner_of: Any) -> None:
    partner, request_id = partner_of(), str(new_id())
    sent = {
        "display_name": "Care",
        "issuer": partner.issuer,
        "audience": "https://shop.example",
        "jwks_json": partner.jwks(),
    }
    first = await call(world, "CreateCarePlatform", care_platform=sent, request_id=request_id)
    again = await call(world, "CreateCarePlatform", care_platform=sent, request_id=request_id)
    assert again == first
