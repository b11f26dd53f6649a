"""A key whose private half was shown verifies nothing, however the two are written."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from customers.platforms import key_sets

Jwk = dict[str, Any]


def again(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


def zero_in_front(text: str) -> str:
    return base64.urlsafe_b64encode(b"\0" + again(text)).decode().rstrip("=")


def key_pair(kind: str) -> tuple[Jwk, Jwk]:
    """Public and private, under two ids."""
    made: RSAKey | ECKey | OKPKey
    match kind:
        case "RSA":
            made = RSAKey.generate_key(2048)
        case "EC":
            made = ECKey.generate_key("P-256")
        case _:
            made = OKPKey.generate_key("Ed25519")
    return dict(made.as_dict(private=False), kid="a"), dict(made.as_dict(private=True), kid="z")


def usable(*keys: Jwk) -> list[str]:
    return list(key_sets.read(json.dumps({"keys": keys})).keys)


@pytest.mark.parametrize(
    ("kind", "member", "written"),
    [
        ("RSA", "n", str),
        ("RSA", "n", zero_in_front),
        ("RSA", "e", zero_in_front),
        ("RSA", "n", lambda text: text[:9] + "." + text[9:]),
        ("RSA", "n", lambda text: text + "="),
        ("EC", "x", str),
        ("EC", "x", zero_in_front),
        ("OKP", "x", str),
        ("OKP", "x", lambda text: text + "="),
    ],
)
def test_a_private_key_that_is_shown_spoils_its_public_half(
    kind: str, member: str, written: Callable[[str], str]
) -> None:
    public, private = key_pair(kind)
    other, _ = key_pair("EC")
    other["kid"] = "b"
    otherwise = dict(public, **{member: written(public[member])})
    assert usable(otherwise, other) in (["a", "b"], ["b"])  # as it is read, or not at all
    assert usable(otherwise, other, private) == ["b"]
    assert usable(public, other, dict(private, **{member: otherwise[member]})) == ["b"]


def test_what_only_looks_like_a_private_key_spoils_it_too() -> None:
    public, _ = key_pair("RSA")
    assert usable(public) == ["a"]
    assert usable(public, dict(public, kid="z", d="nonsense")) == []
    for wrong in (
        {"kty": "RSA", "d": "x"},
        {"kty": [], "d": 1},
        {"d": None},
        {"kty": "EC", "crv": 5, "d": "x"},
    ):
        assert usable(public, wrong) == ["a"]
