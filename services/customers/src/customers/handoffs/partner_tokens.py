"""Tokens that care platforms sign: what every one of them must prove before a claim of it is believed.

RFC 7515, 7519, 7523 and 8725: asymmetric algorithms from a list, a type per purpose, keys from the registration
alone, issuer and audience compared as they are, a short life, and an id that is accepted once.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import hashlib
import json
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from joserfc import jws
from joserfc.errors import JoseError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.db import Sessions
from customers.handoffs.errors import Cause, HandoffRefused
from customers.handoffs.models import SeenToken
from customers.platforms import key_sets
from customers.platforms.models import CarePlatform
from customers.platforms.partner_keys import KeySource, PartnerKeys

MAX_BYTES = 16 * 1024
MAX_LIFE = 300
LEEWAY = 30
MAX_ID = 200
# Headers that bring a key along or change what the signature covers (RFC 8725, 3.10; RFC 7797).
_FOREIGN_KEYS = ("jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256")
_EXTENSIONS = ("crit", "b64", "zip", "enc")
_LATEST = 2**40


@dataclass(frozen=True, slots=True)
class Signer:
    """An active platform, as far as judging its tokens needs it."""

    id: UUID
    audience: str
    return_addresses: tuple[str, ...]
    storefront_address: str


@dataclass(frozen=True, slots=True)
class Unverified:
    """A token taken apart; nothing of it is believed yet."""

    text: str
    algorithm: str
    kid: str
    claims: dict[str, Any]


def take_apart(text: str, kinds: Collection[str | None]) -> Unverified:
    """Raises HandoffRefused: TOO_LARGE, MALFORMED, ALGORITHM, TYPE, KEY."""
    if len(text) > MAX_BYTES:
        raise HandoffRefused(Cause.TOO_LARGE)
    parts = text.split(".")
    if len(parts) != 3 or not text.isascii():
        raise HandoffRefused(Cause.MALFORMED)
    header, claims = _object(parts[0]), _object(parts[1])
    if any(name in header for name in _EXTENSIONS):
        raise HandoffRefused(Cause.MALFORMED)
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in key_sets.ALGORITHMS:
        raise HandoffRefused(Cause.ALGORITHM)
    kind = header.get("typ")
    if not (kind is None or isinstance(kind, str)) or kind not in kinds:
        raise HandoffRefused(Cause.TYPE)
    if any(name in header for name in _FOREIGN_KEYS) or not isinstance(kid, str) or not kid:
        raise HandoffRefused(Cause.KEY)
    return Unverified(text, algorithm, kid, claims)


def _object(segment: str) -> dict[str, Any]:
    try:
        raw = base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
        parsed = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise HandoffRefused(Cause.MALFORMED)
    return parsed


async def signer_of(sessions: Sessions, token: Unverified) -> tuple[Signer, KeySource]:
    """The active platform whose issuer the token names. Raises HandoffRefused (ISSUER)."""
    issuer = token.claims.get("iss")
    found = None
    if isinstance(issuer, str) and "\x00" not in issuer and _is_unicode(issuer):
        query = sa.select(CarePlatform).where(CarePlatform.issuer == issuer, CarePlatform.active)
        async with sessions() as session:
            found = await session.scalar(query)
    if found is None:
        raise HandoffRefused(Cause.ISSUER)
    signer = Signer(found.id, found.audience, tuple(found.return_addresses), found.storefront_address)
    return signer, KeySource(found.id, found.jwks_uri, found.jwks_json)


def _is_unicode(text: str) -> bool:
    """Whether it can be stored: JSON may hold half of a surrogate pair."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


async def check_signature(keys: PartnerKeys, source: KeySource, token: Unverified) -> None:
    """Raises HandoffRefused: KEY, SIGNATURE."""
    key = await keys.find(source, token.kid, token.algorithm)
    if key is None:
        raise HandoffRefused(Cause.KEY)
    registry = jws.JWSRegistry(algorithms=[token.algorithm], strict_check_header=False)
    registry.max_header_length = registry.max_payload_length = MAX_BYTES
    registry.max_signature_length = MAX_BYTES
    try:
        jws.deserialize_compact(token.text, key, algorithms=[token.algorithm], registry=registry)
    except (JoseError, ValueError, TypeError):
        raise HandoffRefused(Cause.SIGNATURE) from None


def check_frame(token: Unverified, signer: Signer) -> None:
    """Audience and times. Raises HandoffRefused: AUDIENCE, CLAIMS, EXPIRED, LIFETIME, NOT_YET_VALID."""
    claims, now = token.claims, time.time()
    if claims.get("aud") not in (signer.audience, [signer.audience]):
        raise HandoffRefused(Cause.AUDIENCE)
    issued, expires = _moment(claims, "iat"), _moment(claims, "exp")
    begins = _moment(claims, "nbf") if "nbf" in claims else issued
    if expires <= now - LEEWAY:
        raise HandoffRefused(Cause.EXPIRED)
    if issued > now + LEEWAY or begins > now + LEEWAY:
        raise HandoffRefused(Cause.NOT_YET_VALID)
    if not 0 < expires - issued <= MAX_LIFE:
        raise HandoffRefused(Cause.LIFETIME)
    identity = claims.get("jti")
    if not isinstance(identity, str) or not 0 < len(identity) <= MAX_ID:
        raise HandoffRefused(Cause.CLAIMS)


def _moment(claims: dict[str, Any], name: str) -> float:
    """Seconds since 1970 (RFC 7519, 2: NumericDate)."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise HandoffRefused(Cause.CLAIMS)
    if not 0 < value < _LATEST:  # neither for NaN nor for infinity, which JSON as it is written has
        raise HandoffRefused(Cause.CLAIMS)
    return float(value)


async def accept_once(session: AsyncSession, signer: Signer, token: Unverified) -> None:
    """In the transaction of what the token causes: of several at once the others wait and are then refused, and
    what fails has not used the token up. Raises HandoffRefused (REPLAYED)."""
    # "surrogatepass": half a pair has no UTF-8, but is as good an id as any.
    digest = hashlib.sha256(str(token.claims["jti"]).encode("utf-8", "surrogatepass")).digest()
    expires = datetime.datetime.fromtimestamp(float(token.claims["exp"]) + LEEWAY + 60, datetime.UTC)
    row = {"platform_id": signer.id, "digest": digest, "expire_time": expires}
    statement = insert(SeenToken).values(row).on_conflict_do_nothing().returning(SeenToken.platform_id)
    if await session.scalar(statement) is None:
        raise HandoffRefused(Cause.REPLAYED)
