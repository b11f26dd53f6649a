"""Every known way to forge, bend or repeat a hand-off: refused with a defined answer, recorded, without effect."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from joserfc import jws
from joserfc.jwk import RSAKey

from customers.handoffs.refusals import REFUSED

Attack = Callable[[Any], str]
ATTACKS: dict[str, tuple[Attack, str]] = {}
COUNTED = (
    "SELECT (SELECT count(*) FROM accounts) + (SELECT count(*) FROM persons) + (SELECT count(*) FROM client_links)"
    " + (SELECT count(*) FROM care_workers) + (SELECT count(*) FROM handoffs) + (SELECT count(*) FROM seen_tokens)"
    " + (SELECT count(*) FROM session_families)"
)


def attack(name: str, cause: str) -> Callable[[Attack], Attack]:
    def note(build: Attack) -> Attack:
        ATTACKS[name] = (build, cause)
        return build

    return note


def _segment(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _public_pem(partner: Any) -> bytes:
    return bytes(partner.key().as_pem(private=False))


def _hmac(partner: Any, secret: bytes, algorithm: str = "sha256") -> str:
    header = {"alg": f"HS{algorithm[3:]}", "typ": "commis-handoff+jwt", "kid": partner.kid}
    signed = f"{_segment(header)}.{_segment(partner.claims())}"
    return f"{signed}.{_segment(hmac.digest(secret, signed.encode(), algorithm))}"


@attack("alg none without signature", "ALGORITHM")
def _none(partner: Any) -> str:
    header = {"alg": "none", "typ": "commis-handoff+jwt", "kid": partner.kid}
    return f"{_segment(header)}.{_segment(partner.claims())}."


@attack("alg none in capitals with a signature", "ALGORITHM")
def _none_in_capitals(partner: Any) -> str:
    _, body, signature = partner.assertion().split(".")
    header = {"alg": "NONE", "typ": "commis-handoff+jwt", "kid": partner.kid}
    return f"{_segment(header)}.{body}.{signature}"


@attack("HMAC with the public key as the secret", "ALGORITHM")
def _hmac_with_public_key(partner: Any) -> str:
    return _hmac(partner, _public_pem(partner))


@attack("HMAC with the key set as the secret", "ALGORITHM")
def _hmac_with_jwks(partner: Any) -> str:
    return _hmac(partner, partner.jwks().encode(), "sha512")


@attack("alg is a list", "ALGORITHM")
def _alg_list(partner: Any) -> str:
    _, body, signature = partner.assertion().split(".")
    header = {"alg": ["EdDSA"], "typ": "commis-handoff+jwt", "kid": partner.kid}
    return f"{_segment(header)}.{body}.{signature}"


@attack("an algorithm of another kind of key", "KEY")
def _other_algorithm(partner: Any) -> str:
    _, body, signature = partner.assertion().split(".")
    header = {"alg": "ES256", "typ": "commis-handoff+jwt", "kid": partner.kid}
    return f"{_segment(header)}.{body}.{signature}"


for _name, _headers in {
    "no type": {"typ": None},
    "the type of any JWT": {"typ": "JWT"},
    "the type of an access token": {"typ": "at+jwt"},
    "the type of a client authentication": {"typ": "client-authentication+jwt"},
}.items():
    ATTACKS[_name] = (lambda partner, h=_headers: partner.sign(partner.claims(), **h), "TYPE")

for _name, _headers in {
    "a key address in the header (jku)": {"jku": "https://evil.example/jwks.json"},
    "a key in the header (jwk)": {"jwk": RSAKey.generate_key(2048).as_dict(private=False)},
    "a certificate address in the header (x5u)": {"x5u": "https://evil.example/cert.pem"},
    "a certificate in the header (x5c)": {"x5c": ["MIIB"]},
}.items():
    ATTACKS[_name] = (lambda partner, h=_headers: partner.sign(partner.claims(), **h), "KEY")


def _with_header(partner: Any, **changes: Any) -> str:
    """With a header that the library would not sign; the signature is not looked at any more."""
    header, body, signature = partner.assertion().split(".")
    said = json.loads(base64.urlsafe_b64decode(header + "=="))
    said |= changes
    return f"{_segment({k: v for k, v in said.items() if v is not None})}.{body}.{signature}"


ATTACKS["a critical extension"] = (lambda partner: _with_header(partner, crit=["exp"], exp=1), "MALFORMED")
ATTACKS["an unencoded payload (b64)"] = (lambda partner: _with_header(partner, b64=False), "MALFORMED")
ATTACKS["a type that is a list"] = (lambda partner: _with_header(partner, typ=["commis-handoff+jwt"]), "TYPE")
ATTACKS["no kid"] = (lambda partner: _with_header(partner, kid=None), "KEY")
ATTACKS["an empty kid"] = (lambda partner: _with_header(partner, kid=""), "KEY")
ATTACKS["a kid that is a number"] = (lambda partner: _with_header(partner, kid=7), "KEY")
ATTACKS["a kid that is a path"] = (lambda partner: _with_header(partner, kid="../../key-1"), "KEY")
ATTACKS["a kid with NUL"] = (lambda partner: _with_header(partner, kid="key-1\x00"), "KEY")
ATTACKS["an unknown kid"] = (lambda partner: partner.sign(partner.claims(), kid="key-2"), "KEY")


@attack("another key under the known kid", "SIGNATURE")
def _other_key(partner: Any) -> str:
    header = {"alg": partner.algorithm, "typ": "commis-handoff+jwt", "kid": partner.kid}
    body = json.dumps(partner.claims()).encode()
    return jws.serialize_compact(header, body, partner.key("key-2"), algorithms=[partner.algorithm])


@attack("changed claims under an old signature", "SIGNATURE")
def _changed_claims(partner: Any) -> str:
    header, _, signature = partner.assertion().split(".")
    return f"{header}.{_segment(partner.claims(sub='client-2'))}.{signature}"


@attack("the signature cut off", "SIGNATURE")
def _no_signature(partner: Any) -> str:
    return partner.assertion().rpartition(".")[0] + "."


@attack("the signature of zeros", "SIGNATURE")
def _zeros(partner: Any) -> str:
    return partner.assertion().rpartition(".")[0] + "." + _segment(bytes(64))


for _name, _text in {
    "nothing": "",
    "two parts": "e30.e30",
    "four parts": "e30.e30.e30.e30",
    "dots": "..",
    "not base64": "%%%.%%%.%%%",
    "not JSON": f"{_segment(b'{')}.{_segment(b'{')}.e30",
    "a header that is a list": f"{_segment([])}.e30.e30",
    "nested without end": f"{_segment(b'[' * 6000)}.e30.e30",
    "an id and a key, no JWT": "Basic Y2FyZTpzZWNyZXQ=",
    "letters beyond ASCII": "é.é.é",
    "NUL": "\x00.\x00.\x00",
    "five parts, encrypted": "e30.e30.e30.e30.e30",
    "a number of ten thousand digits": f"{_segment(b'9' * 10_000)}.e30.e30",
}.items():
    ATTACKS[_name] = (lambda _partner, t=_text: t, "MALFORMED")
ATTACKS["payload is a list"] = (lambda partner: partner.sign(b"[]"), "MALFORMED")
ATTACKS["payload is a string"] = (lambda partner: partner.sign(b'"x"'), "MALFORMED")
ATTACKS["payload is not UTF-8"] = (lambda partner: partner.sign(b"\xff\xfe"), "MALFORMED")
ATTACKS["over 16 KiB"] = (lambda partner: partner.assertion(filler="x" * 17_000), "TOO_LARGE")
ATTACKS["over 3 MiB"] = (lambda _partner: "x" * 3_000_000, "TOO_LARGE")

_NOW = time.time
CLAIM_ATTACKS: dict[str, tuple[Callable[[], dict[str, Any]], str]] = {
    "no issuer": (lambda: {"iss": None}, "ISSUER"),
    "an unknown issuer": (lambda: {"iss": "https://evil.example"}, "ISSUER"),
    "the issuer with a slash more": (lambda: {"iss": "https://care.example/"}, "ISSUER"),
    "the issuer in capitals": (lambda: {"iss": "HTTPS://CARE.EXAMPLE"}, "ISSUER"),
    "a list of issuers": (lambda: {"iss": ["https://care.example"]}, "ISSUER"),
    "an issuer with NUL": (lambda: {"iss": "https://care.example\x00"}, "ISSUER"),
    "half a surrogate pair as issuer": (lambda: {"iss": "\ud800"}, "ISSUER"),
    "no audience": (lambda: {"aud": None}, "AUDIENCE"),
    "another audience": (lambda: {"aud": "https://other.example"}, "AUDIENCE"),
    "ours among other audiences": (
        lambda: {"aud": ["https://shop.example/commis", "https://other.example"]},
        "AUDIENCE",
    ),
    "ours twice": (lambda: {"aud": ["https://shop.example/commis"] * 2}, "AUDIENCE"),
    "an empty list of audiences": (lambda: {"aud": []}, "AUDIENCE"),
    "an audience that is an object": (lambda: {"aud": {}}, "AUDIENCE"),
    "no expiry": (lambda: {"exp": None}, "CLAIMS"),
    "no time of issue": (lambda: {"iat": None}, "CLAIMS"),
    "an expiry that is text": (lambda: {"exp": "tomorrow"}, "CLAIMS"),
    "an expiry that is true": (lambda: {"exp": True}, "CLAIMS"),
    "an expiry that is a list": (lambda: {"exp": [_NOW() + 60]}, "CLAIMS"),
    "an expiry that is not a number": (lambda: {"exp": float("nan")}, "CLAIMS"),
    "an expiry without end": (lambda: {"exp": float("inf")}, "CLAIMS"),
    "an expiry beyond all calendars": (lambda: {"exp": 10**300}, "CLAIMS"),
    "a negative expiry": (lambda: {"exp": -1}, "CLAIMS"),
    "expired": (lambda: {"iat": _NOW() - 200, "exp": _NOW() - 60}, "EXPIRED"),
    "expires in an hour": (lambda: {"exp": _NOW() + 3600}, "LIFETIME"),
    "expires before it was issued": (lambda: {"iat": _NOW() + 20, "exp": _NOW() + 10}, "LIFETIME"),
    "issued in the future": (lambda: {"iat": _NOW() + 90, "exp": _NOW() + 180}, "NOT_YET_VALID"),
    "valid from a later time": (lambda: {"nbf": _NOW() + 90}, "NOT_YET_VALID"),
    "a beginning that is text": (lambda: {"nbf": "now"}, "CLAIMS"),
    "no id": (lambda: {"jti": None}, "CLAIMS"),
    "an empty id": (lambda: {"jti": ""}, "CLAIMS"),
    "an id that is a number": (lambda: {"jti": 5}, "CLAIMS"),
    "an endless id": (lambda: {"jti": "x" * 201}, "CLAIMS"),
}
CLAIM_ATTACKS["act is a list"] = (lambda: {"act": [{"sub": "carer-1", "name": "Jan"}]}, "CLAIMS")
CLAIM_ATTACKS["communities is an object"] = (lambda: {"communities": {"residence-1": True}}, "CLAIMS")
CLAIM_ATTACKS["a community that is a number"] = (lambda: {"communities": ["residence-1", 7]}, "CLAIMS")
CLAIM_ATTACKS["a thousand communities"] = (lambda: {"communities": ["r"] * 1000}, "CLAIMS")
CLAIM_ATTACKS["a return address that is a list"] = (lambda: {"return_address": ["x"]}, "CLAIMS")
CLAIM_ATTACKS["a language that is a list"] = (lambda: {"act__language": ["nl"]}, "CLAIMS")
for _name, (_changes, _cause) in CLAIM_ATTACKS.items():
    ATTACKS[_name] = (lambda partner, c=_changes: partner.assertion(**c()), _cause)


NO_STRINGS = (["x"], {"x": 1}, 7, True, "\x00", "a\ud800b", "", "x" * 201, "a\nb", None)
WRONG_TYPES: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("sub", "act__sub", "act__name", "community__id", "client__community"), NO_STRINGS),
    **dict.fromkeys(("act", "community", "client", "communities"), ("x", 7, True, None)),
}


async def _refusals(world: Any) -> list[Any]:
    async with world.sessions() as session:
        return list((await session.execute(sa.text("SELECT * FROM handoff_refusals ORDER BY id"))).all())


def _counted(reason: str, cause: str) -> float:
    return REFUSED.labels(reason, cause)._value.get()


@pytest.mark.spec("H-06")
@pytest.mark.parametrize("name", ATTACKS)
async def test_a_forged_statement_is_refused(world: Any, partner: Any, refused: Any, name: str) -> None:
    build, cause = ATTACKS[name]
    before, counted = await world.scalar(COUNTED), _counted("HANDOFF_REFUSED", cause)
    with pytest.raises(refused) as error:
        await partner.post(build(partner))
    assert (error.value.code, error.value.reason) == ("UNAUTHENTICATED", "HANDOFF_REFUSED")
    assert error.value.metadata == {"cause": cause}
    assert await world.scalar(COUNTED) == before
    (stored,) = await _refusals(world)
    assert (stored.reason, stored.cause) == ("HANDOFF_REFUSED", cause)
    assert "Peeters" not in repr(stored)
    assert "Janssens" not in repr(stored)
    assert _counted("HANDOFF_REFUSED", cause) == counted + 1


@pytest.mark.spec("H-06")
@pytest.mark.parametrize("claim", WRONG_TYPES)
async def test_a_claim_of_a_wrong_type_is_refused(world: Any, partner: Any, refused: Any, claim: str) -> None:
    before = await world.scalar(COUNTED)
    for value in WRONG_TYPES[claim]:
        with pytest.raises(refused) as error:
            await partner.post(partner.assertion(**{claim: value}))
        assert (error.value.reason, error.value.metadata) == ("HANDOFF_REFUSED", {"cause": "CLAIMS"}), value
        assert claim.replace("__", ".") in error.value.violations, value
    assert await world.scalar(COUNTED) == before


@pytest.mark.spec("H-06")
@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        pytest.param(
            {"communities": ["residence-2"]}, "COMMUNITY", id="community not among the care worker's"
        ),
        pytest.param({"communities": []}, "COMMUNITY", id="no community at all"),
        pytest.param({"communities": ["*"]}, "COMMUNITY", id="all communities"),
        pytest.param({"communities": ["residence-1", "*"]}, "COMMUNITY", id="one and all communities"),
        pytest.param(
            {
                "community": {"id": "residence-9"},
                "communities": ["residence-9"],
                "client__community": "residence-9",
            },
            "COMMUNITY",
            id="community that is not registered",
        ),
        pytest.param(
            {"client__community": "residence-2", "communities": ["residence-1", "residence-2"]},
            "CLIENT_NOT_IN_COMMUNITY",
            id="client of another community",
        ),
        pytest.param(
            {"return_address": "https://evil.example/back"},
            "RETURN_ADDRESS",
            id="unregistered return address",
        ),
        pytest.param(
            {"return_address": "https://care.example/back?x=1"},
            "RETURN_ADDRESS",
            id="return address with more",
        ),
    ],
)
async def test_what_a_platform_may_not_say(
    world: Any, partner: Any, refused: Any, changes: Any, cause: str
) -> None:
    await partner.community("residence-2")
    before = await world.scalar(COUNTED)
    with pytest.raises(refused) as error:
        await partner.post(partner.assertion(**changes))
    assert (error.value.code, error.value.reason) == ("PERMISSION_DENIED", "HANDOFF_NOT_ALLOWED")
    assert error.value.metadata == {"cause": cause}
    assert await world.scalar(COUNTED) == before
    (stored,) = await _refusals(world)
    assert (str(stored.platform_id), stored.cause) == (partner.id, cause)


@pytest.mark.spec("H-06")
async def test_every_wrong_claim_is_named_at_once(partner: Any, refused: Any) -> None:
    with pytest.raises(refused) as error:
        await partner.post(partner.assertion(sub=None, act={"sub": 5}, community=None, client=[]))
    assert error.value.violations == {
        "sub": "REQUIRED",
        "act.sub": "INVALID",
        "act.name": "REQUIRED",
        "community": "REQUIRED",
        "community.id": "REQUIRED",
        "client": "INVALID",
        "client.community": "REQUIRED",
    }


@pytest.mark.spec("H-06")
async def test_a_statement_is_accepted_once(world: Any, partner: Any, refused: Any) -> None:
    assertion = partner.assertion()
    answers = await asyncio.gather(*(partner.post(assertion) for _ in range(50)), return_exceptions=True)
    accepted = [one for one in answers if not isinstance(one, Exception)]
    assert len(accepted) == 1
    causes = {one.metadata.get("cause") for one in answers if isinstance(one, refused)}
    assert causes == {"REPLAYED"}
    assert await world.scalar("SELECT count(*) FROM handoffs") == 1
    # The same id in another token is a replay, too.
    jti = partner.claims(jti="mine")["jti"]
    await partner.post(partner.assertion(jti=jti))
    with pytest.raises(refused) as error:
        await partner.post(partner.assertion(jti=jti, sub="client-2"))
    assert error.value.metadata == {"cause": "REPLAYED"}


@pytest.mark.spec("H-02", "H-06")
async def test_a_code_is_exchanged_once(world: Any, partner: Any, refused: Any) -> None:
    code = await partner.hand_off()
    answers = await asyncio.gather(*(partner.exchange(code) for _ in range(50)), return_exceptions=True)
    opened = [one for one in answers if not isinstance(one, Exception)]
    assert len(opened) == 1
    assert {one.reason for one in answers if isinstance(one, refused)} == {"HANDOFF_CODE_REFUSED"}
    assert await world.scalar("SELECT count(*) FROM session_families") == 1
    assert len(await world.facts("commis.customers.v1.assisted_session_opened")) == 1


@pytest.mark.spec("H-02", "H-06")
@pytest.mark.parametrize("code", ["x", "x" * 43, "x" * 200, "é", "' OR 1=1 --"])
async def test_a_code_that_was_never_issued(world: Any, partner: Any, refused: Any, code: str) -> None:
    await partner.hand_off()
    with pytest.raises(refused) as error:
        await partner.exchange(code)
    assert (error.value.code, error.value.reason) == ("UNAUTHENTICATED", "HANDOFF_CODE_REFUSED")
    assert await _refusals(world) == []  # noise is counted, not stored


@pytest.mark.parametrize("code", ["", "x" * 201, "\x00"])
async def test_what_is_no_code(partner: Any, refused: Any, code: str) -> None:
    with pytest.raises(refused) as error:
        await partner.exchange(code)
    assert (error.value.code, error.value.reason) == ("INVALID_ARGUMENT", "INVALID_FIELDS")


@pytest.mark.spec("H-02")
async def test_a_code_lives_for_a_minute(world: Any, partner: Any, refused: Any) -> None:
    answer = await partner.post(partner.assertion())
    left = answer.expire_time.ToDatetime().timestamp() - await world.scalar(
        "SELECT extract(epoch FROM create_time)::float8 FROM handoffs"
    )
    assert 59 < left <= 61
    await world.execute("UPDATE handoffs SET expire_time = now()")
    with pytest.raises(refused) as error:
        await partner.exchange(answer.address.partition("#handoff=")[2])
    assert error.value.reason == "HANDOFF_CODE_REFUSED"
    (stored,) = await _refusals(world)
    assert (stored.reason, stored.cause) == ("HANDOFF_CODE_REFUSED", "EXPIRED")


@pytest.mark.spec("H-06")
async def test_one_platform_does_not_speak_for_another(partner_of: Any, partner: Any, refused: Any) -> None:
    other = await partner_of("other").register()
    await other.community("residence-1")
    # Their key under our issuer, and our key under theirs.
    for forged in (other.sign(partner.claims()), partner.sign(other.claims())):
        with pytest.raises(refused) as error:
            await partner.post(forged)
        assert error.value.metadata == {"cause": "SIGNATURE"}
    # A community of ours is none of theirs.
    await partner.community("residence-7")
    theirs = {
        "community": {"id": "residence-7"},
        "communities": ["residence-7"],
        "client__community": "residence-7",
    }
    with pytest.raises(refused) as error:
        await other.post(other.assertion(**theirs))
    assert error.value.metadata == {"cause": "COMMUNITY"}
    # The same client id on both platforms is two clients.
    ours, also = await partner.open_session(), await other.open_session()
    assert ours.session.subject.id != also.session.subject.id


@pytest.mark.spec("H-06", "H-14")
async def test_an_inactive_platform_hands_nobody_over(partner: Any, refused: Any) -> None:
    code = await partner.hand_off()
    await partner.change(active=False)
    with pytest.raises(refused) as error:
        await partner.hand_off()
    assert error.value.metadata == {"cause": "ISSUER"}
    with pytest.raises(refused) as error:
        await partner.exchange(code)
    assert error.value.reason == "HANDOFF_CODE_REFUSED"
    await partner.change(active=True)
    await partner.open_session()


@pytest.mark.spec("H-06")
async def test_refusals_lead_a_browser_back_to_a_registered_address_only(partner: Any, refused: Any) -> None:
    back = "https://care.example/back"
    answered = {
        "not allowed": partner.assertion(return_address=back, communities=[]),
        "expired": partner.assertion(return_address=back, iat=time.time() - 200, exp=time.time() - 60),
        "profile": partner.assertion(return_address=back, client__phone=None),
    }
    for assertion in answered.values():
        with pytest.raises(refused) as error:
            await partner.post(assertion)
        assert error.value.metadata["return_address"] == back
    stranger = partner.assertion(return_address="https://evil.example/", client__phone=None)
    forged = partner.assertion(return_address=back).rpartition(".")[0] + "." + _segment(bytes(64))
    for assertion in (stranger, forged):
        with pytest.raises(refused) as error:
            await partner.post(assertion)
        assert "return_address" not in error.value.metadata


@pytest.mark.spec("H-06")
async def test_a_flood_of_nonsense_is_counted_but_not_all_stored(
    world: Any, partner: Any, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("customers.handoffs.refusals.STORED_PER_MINUTE", 3)
    before = _counted("HANDOFF_REFUSED", "MALFORMED")
    for _ in range(6):
        with pytest.raises(refused):
            await partner.post("nonsense")
    assert _counted("HANDOFF_REFUSED", "MALFORMED") == before + 6
    assert len(await _refusals(world)) == 3
    # Those of a known platform have room of their own.
    with pytest.raises(refused):
        await partner.post(partner.assertion(aud="x"))
    assert len(await _refusals(world)) == 4
