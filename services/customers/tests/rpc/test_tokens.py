"""Tokens: what is accepted and what is not, the published keys, their rotation, client credentials."""

import base64
import datetime
import hashlib
import json
import time
from typing import Any

import pytest
from commis.customers.v1 import accounts_pb2
from commis.customers.v1 import sessions_pb2 as pb
from joserfc import jws
from joserfc.jwk import OctKey, OKPKey

from chassis.context import Principal
from chassis.ids import new_id
from chassis.testing import as_customer, issuer
from customers.keys import clients, signing
from customers.keys.models import SigningKey
from customers.keys.signing import JWKS_CACHE, TOKEN_LIFE, Keyring
from customers.vault import SealBroken, Vault


def _segments(token: str) -> list[bytes]:
    return [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")]


def _encode(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def _claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "iss": issuer.name, "aud": "commis", "sub": str(new_id()), "sub_kind": "STAFF", "roles": ["ADMIN"],
        "channel": "BACK_OFFICE", "sid": str(new_id()), "jti": str(new_id()), "iat": now, "exp": now + 600,
    }  # fmt: skip
    return {name: value for name, value in (claims | changes).items() if value is not None}


async def _public(world: Any) -> dict[str, Any]:
    answer = await world.call("TokenService", "GetJwks", pb.GetJwksRequest(), ())
    return json.loads(answer.jwks_json)["keys"][0]


async def _signed(world: Any, kind: str = "at+jwt", **changes: Any) -> str:
    return await world.door.keyring.sign(kind, _claims(**changes))


async def _attack(world: Any, name: str) -> str:
    """A token that must not pass."""
    key = await _public(world)
    header = {"alg": "EdDSA", "typ": "at+jwt", "kid": key["kid"]}
    good = await _signed(world)
    match name:
        case "alg none":
            return f"{_encode(header | {'alg': 'none'})}.{_encode(_claims())}."
        case "HS256 with the public key as secret":
            secret = OctKey.import_key(base64.urlsafe_b64decode(key["x"] + "=="))
            return jws.serialize_compact(
                header | {"alg": "HS256"}, json.dumps(_claims()), secret, algorithms=["HS256"]
            )
        case "another key under a known kid":
            own = OKPKey.generate_key("Ed25519")
            return jws.serialize_compact(header, json.dumps(_claims()), own, algorithms=["EdDSA"])
        case "unknown kid":
            own = OKPKey.generate_key("Ed25519", {"kid": "mine"})
            unknown = header | {"kid": "mine"}
            return jws.serialize_compact(unknown, json.dumps(_claims()), own, algorithms=["EdDSA"])
        case "own key in the header":
            own = OKPKey.generate_key("Ed25519", {"kid": "mine"})
            embedded = header | {"kid": "mine", "jwk": own.as_dict(private=False)}
            return jws.serialize_compact(embedded, json.dumps(_claims()), own, algorithms=["EdDSA"])
        case "changed claims":
            head, _, signature = good.split(".")
            return f"{head}.{_encode(_claims(roles=['ADMIN', 'FINANCE']))}.{signature}"
        case "checkpoint as token":
            return await _signed(world, "audit-checkpoint")
        case "plain JWT type":
            return await _signed(world, "JWT")
    changes: dict[str, dict[str, Any]] = {
        "wrong audience": {"aud": "somebody"},
        "wrong issuer": {"iss": "https://evil.example"},
        "expired": {"exp": int(time.time()) - 31},
        "issued in the future": {"iat": int(time.time()) + 3600},
        "no exp": {"exp": None},
        "no aud": {"aud": None},
        "no iss": {"iss": None},
        "no sub": {"sub": None},
        "no jti": {"jti": None},
        "exp is text": {"exp": "tomorrow"},
    }
    return await _signed(world, **changes[name])


@pytest.mark.spec("A-21", "A-22")
@pytest.mark.parametrize(
    "name",
    [
        "alg none",
        "HS256 with the public key as secret",
        "another key under a known kid",
        "unknown kid",
        "own key in the header",
        "changed claims",
        "checkpoint as token",
        "plain JWT type",
        "wrong audience",
        "wrong issuer",
        "expired",
        "issued in the future",
        "no exp",
        "no aud",
        "no iss",
        "no sub",
        "no jti",
        "exp is text",
    ],
)
async def test_attacks_on_tokens_are_refused(world: Any, refused: Any, name: str) -> None:
    request = accounts_pb2.ListAccountsRequest()
    good = (("authorization", f"Bearer {await _signed(world)}"),)
    await world.call("AccountService", "ListAccounts", request, good)
    bad = (("authorization", f"Bearer {await _attack(world, name)}"),)
    with pytest.raises(refused) as error:
        await world.call("AccountService", "ListAccounts", request, bad)
    assert error.value.code == "UNAUTHENTICATED"


@pytest.mark.spec("A-21")
async def test_an_access_token_says_who_for_whom_and_lives_ten_minutes(world: Any) -> None:
    account = await world.account("lies@shops.example")
    await world.activate("lies@shops.example")
    signed_in = await world.sign_in("lies@shops.example")
    header, claims = (json.loads(part) for part in _segments(signed_in.tokens.access_token)[:2])
    assert (header["alg"], header["typ"]) == ("EdDSA", "at+jwt")
    assert claims["sub"] == account.id
    assert claims["sub_kind"] == "ACCOUNT"
    assert claims["act"] == {"sub": account.persons[0].id, "kind": "PERSON"}
    assert (claims["channel"], claims["role"]) == ("STOREFRONT", "ADMINISTRATOR")
    assert claims["exp"] - claims["iat"] == 600
    text = json.dumps(claims)
    assert "lies" not in text.lower()


@pytest.mark.spec("A-21")
async def test_published_keys_hold_nothing_private(world: Any) -> None:
    key = await _public(world)
    assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}
    stored = await world.scalar("SELECT private_sealed FROM signing_keys")
    assert json.dumps(key["x"]).encode() not in bytes(stored)


@pytest.mark.spec("A-21")
async def test_keys_rotate_without_a_gap(world: Any) -> None:
    old = await _public(world)
    async with world.sessions.begin() as session:
        fresh = await signing.rotate(session, world.door.vault)
        fresh_kid, activate = fresh.kid, fresh.activate_time
        retired = await session.get(SigningKey, old["kid"], populate_existing=True)
        assert retired is not None
        assert retired.retire_time is not None
        assert retired.retire_time >= activate + TOKEN_LIFE
    assert activate >= datetime.datetime.now(datetime.UTC) + 2 * JWKS_CACHE - datetime.timedelta(seconds=30)
    async with world.sessions() as session:
        listed = {key["kid"] for key in (await signing.published(session))["keys"]}
    assert listed == {old["kid"], fresh_kid}
    assert await _kid(world) == old["kid"]
    await world.execute("UPDATE signing_keys SET activate_time = now() WHERE retire_time IS NULL")
    assert await _kid(world) == fresh_kid
    await world.execute("UPDATE signing_keys SET retire_time = now() WHERE retire_time IS NOT NULL")
    async with world.sessions() as session:
        assert [key["kid"] for key in (await signing.published(session))["keys"]] == [fresh_kid]


async def _kid(world: Any) -> str:
    """The key that a keyring which looks now signs with."""
    keyring = Keyring(world.sessions, world.door.vault, issuer.name)
    token, _ = await keyring.sign_token({"sub": "x"})
    return str(json.loads(_segments(token)[0])["kid"])


async def test_several_replicas_starting_at_once_make_one_key(world: Any) -> None:
    import asyncio

    await world.execute("DELETE FROM signing_keys")
    rings = [Keyring(world.sessions, world.door.vault, issuer.name) for _ in range(5)]
    await asyncio.gather(*(ring.start() for ring in rings))
    assert await world.scalar("SELECT count(*) FROM signing_keys") == 1


async def test_another_secret_opens_no_key(world: Any) -> None:
    other = Keyring(world.sessions, Vault("another secret, which has forty characters"), issuer.name)
    with pytest.raises(SealBroken):
        await other.start()


@pytest.mark.spec("A-22")
async def test_client_credentials_give_a_token_with_scopes(world: Any, refused: Any) -> None:
    secret = await clients.create(world.sessions, "erp", "customers.read orders.read")
    answer = await _token(world, "erp", secret)
    assert answer.scope == "customers.read orders.read"
    narrowed = await _token(world, "erp", secret, "customers.read")
    as_team = (("authorization", f"Bearer {narrowed.access_token}"),)
    await world.call("AccountService", "ListAccounts", accounts_pb2.ListAccountsRequest(), as_team)
    claims = json.loads(_segments(narrowed.access_token)[1])
    assert (claims["sub"], claims["sub_kind"], claims["scope"]) == ("erp", "SERVICE", "customers.read")
    assert secret not in await world.scalar("SELECT string_agg(c::text, ' ') FROM service_clients c")
    for client, given, scope in (
        ("erp", "wrong", ""),
        ("nobody", secret, ""),
        ("erp", secret, "customers.access"),
        ("erp", secret, "customers.read customers.access"),
    ):
        with pytest.raises(refused) as error:
            await _token(world, client, given, scope)
        assert (error.value.code, error.value.reason) == ("UNAUTHENTICATED", "CLIENT_REFUSED")
    await world.execute("UPDATE service_clients SET active = false")
    with pytest.raises(refused):
        await _token(world, "erp", secret)
    with pytest.raises(clients.ClientExists):
        await clients.create(world.sessions, "erp", "orders.read")


@pytest.mark.spec("A-22")
async def test_a_configured_client_is_known_by_the_digest_of_its_secret(world: Any, sessions: Any) -> None:
    from customers.config import ClientSetting

    digest = hashlib.sha256(b"a secret").hexdigest()
    configured = {"orders": ClientSetting(secret_sha256=digest, scope="customers.access")}
    assert await clients.grant(sessions, configured, "orders", "a secret", "") == "customers.access"
    with pytest.raises(clients.ClientRefused):
        await clients.grant(sessions, configured, "orders", digest, "")


async def _token(world: Any, client: str, secret: str, scope: str = "") -> Any:
    request = pb.IssueServiceTokenRequest(client_id=client, client_secret=secret, scope=scope)
    return await world.call("TokenService", "IssueServiceToken", request, ())


@pytest.mark.spec("A-22")
async def test_a_token_for_one_account_opens_no_other(world: Any, refused: Any) -> None:
    mine, other = await world.account(), await world.account()
    as_me = as_customer(mine.persons[0].id, mine.id)
    with pytest.raises(refused) as error:
        await world.call(
            "AccountService", "GetAccount", accounts_pb2.GetAccountRequest(account_id=other.id), as_me
        )
    assert error.value.reason == "ACCOUNT_NOT_FOUND"
    # A person who is no member any more, with a token that still says so.
    stranger = issuer.metadata(
        Principal(as_uuid(mine.id), "ACCOUNT", other.persons[0].id, "PERSON", membership_role="ADMINISTRATOR")
    )
    with pytest.raises(refused) as error:
        await world.call(
            "AccountService", "GetAccount", accounts_pb2.GetAccountRequest(account_id=mine.id), stranger
        )
    assert error.value.reason == "ACCOUNT_NOT_FOUND"


def as_uuid(text: str) -> Any:
    from uuid import UUID

    return UUID(text)
