"""JSON Web Key Sets of partners (RFC 7517): which of their keys may verify a signature, and what is wrong.

Only asymmetric public keys count. A set that shows a private key has given it away, and a symmetric key would
let whoever reads it sign; both are refused when a platform is registered and never used later.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

MAX_BYTES = 65536
MAX_KEYS = 50
MAX_KID = 200
# RFC 8725, 3.5 demands 2048 bits; more than 8192 only cost us time.
RSA_BITS = range(2048, 8193)
_RSA_EXPONENT_BYTES = 8
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "priv")
_CURVES = {"OKP": "Ed25519", "EC": "P-256"}
# The algorithms a hand-off may be signed with, and the key type each needs (RFC 7518, RFC 8037, RFC 9864).
ALGORITHMS = {"EdDSA": "OKP", "Ed25519": "OKP", "ES256": "EC", "PS256": "RSA", "RS256": "RSA"}
PublicKey = OKPKey | ECKey | RSAKey
_TYPES: dict[str, type[PublicKey]] = {"OKP": OKPKey, "EC": ECKey, "RSA": RSAKey}


@dataclass(frozen=True, slots=True)
class Problem:
    """`description` continues "the key set ...", `reason` is machine-readable."""

    description: str
    reason: str


@dataclass(frozen=True, slots=True)
class KeySet:
    """Keys by `kid`, and everything that speaks against registering the set. `is_set`: the document could be read as
    a key set, so that a key it does not have is one that the platform took away."""

    keys: dict[str, PublicKey]
    problems: tuple[Problem, ...]
    is_set: bool = False

    def key(self, kid: str, algorithm: str) -> PublicKey | None:
        """The key with this id, if it is one for this algorithm."""
        key = self.keys.get(kid)
        if key is None or key.key_type != ALGORITHMS[algorithm]:
            return None
        return key if key.get("alg") in (None, algorithm) else None

    def public_json(self) -> str:
        return json.dumps({"keys": [key.as_dict(private=False) for key in self.keys.values()]})


class _Unfit(Exception):
    """One key of a set is not usable; None: it is somebody else's business (an encryption key, another curve)."""

    def __init__(self, problem: Problem | None = None) -> None:
        super().__init__()
        self.problem = problem


@lru_cache(maxsize=256)
def read(text: str) -> KeySet:
    """Never raises: a set that is none has no keys and one problem."""
    try:
        listed = json.loads(text)["keys"] if len(text) <= MAX_BYTES else None
    except (ValueError, KeyError, TypeError, RecursionError):
        listed = None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        return KeySet({}, (Problem("is not a JSON Web Key Set of at most 64 KiB", "UNUSABLE_KEY"),))
    if len(listed) > MAX_KEYS:
        return KeySet({}, (Problem(f"has more than {MAX_KEYS} keys", "UNUSABLE_KEY"),))
    return _collect(listed)


def _collect(listed: list[dict[str, Any]]) -> KeySet:
    keys: dict[str, PublicKey] = {}
    problems: list[Problem] = []
    twice: set[str] = set()
    shown = {_material(one) for one in listed if _is_private(one)}
    for one in listed:
        try:
            kid, key = _public_key(one)
        except _Unfit as unfit:
            problems += [unfit.problem] if unfit.problem is not None else []
            continue
        if kid in keys:
            twice.add(kid)
        keys[kid] = key
    if twice:
        problems.append(Problem("has two keys with one kid", "UNUSABLE_KEY"))
    usable = {
        kid: key
        for kid, key in keys.items()
        if kid not in twice and _material(key.as_dict(private=False)) not in shown
    }
    if not usable and not problems:
        problems.append(Problem("has no key for EdDSA, ES256, PS256 or RS256", "UNUSABLE_KEY"))
    return KeySet(usable, tuple(problems), is_set=True)


def _is_private(jwk: dict[str, Any]) -> bool:
    return any(name in jwk for name in _PRIVATE)


def _material(jwk: dict[str, Any]) -> tuple[object, ...]:
    """What makes it this key (RFC 7638, 3.2), under whatever kid and however its numbers are written: base64 leaves
    room for zeros in front, padding and characters that mean nothing."""
    return (
        str(jwk.get("kty")),
        str(jwk.get("crv")),
        *(_number(jwk.get(name)) for name in ("x", "y", "n", "e")),
    )


def _number(written: object) -> int:
    """0 for what is none."""
    try:
        digits = base64.urlsafe_b64decode(str(written or "").rstrip("=") + "==")
    except ValueError:
        return 0
    return int.from_bytes(digits)


def _public_key(jwk: dict[str, Any]) -> tuple[str, PublicKey]:
    """Raises _Unfit."""
    kind = jwk.get("kty")
    if kind == "oct" or "k" in jwk:
        raise _Unfit(Problem("has a symmetric key", "SYMMETRIC_KEY"))
    if _is_private(jwk):
        raise _Unfit(Problem("has a private key; replace it, it is known now", "PRIVATE_KEY"))
    if not isinstance(kind, str) or kind not in _TYPES or jwk.get("use") not in (None, "sig"):
        raise _Unfit
    operations = jwk.get("key_ops")
    if jwk.get("crv") != _CURVES.get(kind) or (isinstance(operations, list) and "verify" not in operations):
        raise _Unfit
    kid = jwk.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID:
        raise _Unfit(Problem("has a key without kid", "UNUSABLE_KEY"))
    if kind == "RSA" and len(str(jwk.get("e"))) > _RSA_EXPONENT_BYTES:
        raise _Unfit(Problem("has an RSA key with a huge exponent", "UNUSABLE_KEY"))
    try:
        key = _TYPES[kind].import_key(jwk)
        size = key.raw_value.key_size if isinstance(key, RSAKey) else RSA_BITS.start
    except (JoseError, ValueError, TypeError, OverflowError):
        raise _Unfit(Problem("has a key that cannot be read", "UNUSABLE_KEY")) from None
    if size not in RSA_BITS:
        raise _Unfit(Problem("has an RSA key of less than 2048 or more than 8192 bits", "UNUSABLE_KEY"))
    return kid, key
