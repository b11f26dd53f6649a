"""Access tokens: what is accepted, what is not, and what happens while the issuer is away."""

import base64
import json
import time
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from chassis.context import Principal
from chassis.errors import DependencyFailed, Unauthenticated
from chassis.ids import new_id
from chassis.testing import LocalIssuer
from chassis.tokens import ServiceTokens, Verifier

STAFF = Principal(new_id(), "STAFF", channel="BACK_OFFICE", roles=frozenset({"ADMIN"}))


async def test_a_principal_survives_the_token() -> None:
    signer = LocalIssuer()
    person, account = new_id(), new_id()
    sent = Principal(
        account, "ACCOUNT", str(person), "PERSON", "STOREFRONT", session_id="s", membership_role="USER"
    )
    got = await signer.verifier.verify(signer.token(sent))
    assert (got.acts_for_account, got.effective_actor) == (account, ("PERSON", str(person)))
    assert (got.session_id, got.membership_role, got.channel) == ("s", "USER", "STOREFRONT")
    assert signer.verifier.cached(got.token) is got
    team = await signer.verifier.verify(
        signer.token(Principal("erp", "SERVICE", scopes=frozenset({"a", "b"})))
    )
    assert (team.subject, team.scopes, team.acts_for_account) == ("erp", {"a", "b"}, None)


def attacks(signer: LocalIssuer) -> dict[str, str]:
    good = signer.token(STAFF)
    head, body, signature = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt","kid":"x"}').decode().rstrip("=")
    public = json.dumps(signer._key.as_dict(private=False)).encode()
    forged = jws.serialize_compact(
        {"alg": "HS256", "typ": "at+jwt", "kid": signer._key.kid},
        json.dumps(claims).encode(),
        OctKey.import_key(public),
        algorithms=["HS256"],
    )
    unsigned = {
        name: signer.token(STAFF, **{name: None}) for name in ("exp", "iat", "iss", "aud", "sub", "jti")
    }
    return {
        "alg none": f"{none}.{body}.",
        "HS256 with the public key": forged,
        "another issuer's key": LocalIssuer().token(STAFF),
        "another issuer's name": signer.token(STAFF, iss="https://evil"),
        "another audience": signer.token(STAFF, aud="shop"),
        "an id token": signer.sign(claims, typ="JWT"),
        "expired": signer.token(STAFF, lifetime=-31),
        "from the future": signer.token(STAFF, iat=int(time.time()) + 3600),
        "without subject kind": signer.token(STAFF, sub_kind=None),
        "changed": f"{head}.{body[:-2]}AA.{signature}",
        "odd expiry": signer.token(STAFF, exp="soon"),
        "odd roles": signer.token(STAFF, roles=[{}]),
        "odd actor": signer.token(STAFF, act="me"),
        "not ascii": "é.é.é",
        "nothing": "",
        "huge": "x" * 100_000,
        "claims are a list": signer.sign([]),  # type: ignore[arg-type]
        **{f"without {name}": token for name, token in unsigned.items()},
    }


@pytest.mark.parametrize("name", list(attacks(LocalIssuer())))
async def test_everything_else_is_refused(name: str) -> None:
    signer = LocalIssuer()
    with pytest.raises(Unauthenticated):
        await signer.verifier.verify(attacks(signer)[name])


async def test_es256_is_accepted_too() -> None:
    key = ECKey.generate_key("P-256", {"kid": "ec"})

    async def jwks() -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False)]}

    claims = {"iss": "i", "aud": ["commis"], "sub": "x", "sub_kind": "SERVICE", "jti": "j"}
    claims |= {"iat": int(time.time()), "exp": int(time.time()) + 60}
    head = {"alg": "ES256", "typ": "at+jwt", "kid": "ec"}
    token = jws.serialize_compact(head, json.dumps(claims).encode(), key, algorithms=["ES256"])
    assert (await Verifier(jwks, "i").verify(token)).kind == "SERVICE"


async def test_keys_are_kept_while_the_issuer_is_away_and_fetched_sparingly() -> None:
    signer = LocalIssuer()
    away, fetched = True, 0

    async def fetch() -> dict[str, Any]:
        nonlocal fetched
        fetched += 1
        if away:
            raise ConnectionError
        return await signer.jwks()

    verifier = Verifier(fetch, signer.name, refresh_seconds=1000)
    with pytest.raises(DependencyFailed):
        await verifier.verify(signer.token(STAFF))
    away = False
    verifier._fetched = float("-inf")
    await verifier.verify(signer.token(STAFF))
    away = True
    await verifier.verify(signer.token(STAFF))
    for _ in range(20):
        with pytest.raises(Unauthenticated):
            await verifier.verify(LocalIssuer().token(STAFF))
    assert fetched == 2


async def test_verified_tokens_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.tokens._CACHE", 3)
    signer = LocalIssuer()
    tokens = [signer.token(STAFF) for _ in range(5)]
    for token in tokens:
        await signer.verifier.verify(token)
    assert [signer.verifier.cached(token) is not None for token in tokens] == [False, False, True, True, True]


async def test_service_tokens_are_renewed_early_and_served_while_issuing_fails() -> None:
    calls: list[float] = []
    fail = False

    async def issue() -> tuple[str, float]:
        calls.append(0)
        if fail:
            raise ConnectionError
        return f"t{len(calls)}", 100.0

    tokens = ServiceTokens(issue)
    assert [await tokens.get(), await tokens.get()] == ["t1", "t1"]
    tokens._renew = 0
    fail = True
    assert await tokens.get() == "t1"
    assert len(calls) == 2
    tokens._renew = tokens._expires = 0
    with pytest.raises(ConnectionError):
        await tokens.get()
    fail = False
    assert await tokens.get() == "t4"
