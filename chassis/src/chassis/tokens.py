"""Access tokens: verifying others' (once per token, then from memory) and renewing the service's own."""

from __future__ import annotations

import asyncio
import json
import time
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from chassis import ids, metrics
from chassis.context import Principal
from chassis.errors import DependencyFailed, Unauthenticated

# RFC 9864 renames EdDSA to Ed25519; both are accepted, and the library need not warn about the old name.
warnings.filterwarnings("ignore", message="EdDSA is deprecated")
ALGORITHMS = ["EdDSA", "Ed25519", "ES256"]
_REQUIRED = ("iss", "aud", "sub", "sub_kind", "exp", "iat", "jti")
_LEEWAY = 30
_CACHE = 4096


class Verifier:
    """Checks signature and claims with the published keys (RFC 9068, RFC 8725).

    Keys are fetched when a kid is unknown, at most every `refresh_seconds`, and kept while the issuer is
    down.
    """

    def __init__(
        self,
        fetch_jwks: Callable[[], Awaitable[dict[str, Any]]],
        issuer: str,
        audience: str = "commis",
        *,
        refresh_seconds: float = 5.0,
    ) -> None:
        self._fetch = fetch_jwks
        self._issuer = issuer
        self._audience = audience
        self._refresh_seconds = refresh_seconds
        self._keys: dict[str, Any] = {}
        self._fetched = float("-inf")
        self._lock = asyncio.Lock()
        self._verified: dict[str, tuple[float, Principal]] = {}

    def cached(self, token: str) -> Principal | None:
        """The principal of a token that was verified before and has not expired."""
        found = self._verified.get(token)
        return found[1] if found is not None and found[0] > time.time() else None

    async def verify(self, token: str) -> Principal:
        """Raises Unauthenticated; DependencyFailed while no key could be fetched at all."""
        found = self.cached(token)
        if found is not None:
            return found
        try:
            claims = await self._claims(token)
            principal = _principal(claims, token)
            expires = float(claims["exp"]) + _LEEWAY
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            metrics.AUTH_FAILURES.labels(type(error).__name__).inc()
            raise Unauthenticated("The access token is not valid.") from None
        if len(self._verified) >= _CACHE:
            del self._verified[next(iter(self._verified))]
        self._verified[token] = (expires, principal)
        return principal

    async def _claims(self, token: str) -> dict[str, Any]:
        if len(token) > 8192:
            raise ValueError("too long")
        header = jws.extract_compact(token.encode("ascii")).headers()
        if header.get("typ") != "at+jwt" or header.get("alg") not in ALGORITHMS:
            raise ValueError("not an access token")
        key = await self._key(str(header["kid"]))
        claims = json.loads(jws.deserialize_compact(token, key, algorithms=ALGORITHMS).payload)
        now = time.time()
        audience = claims["aud"]
        if any(name not in claims for name in _REQUIRED) or claims["iss"] != self._issuer:
            raise ValueError("claims are missing or foreign")
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise ValueError("not for this audience")
        if float(claims["exp"]) + _LEEWAY <= now or float(claims["iat"]) - _LEEWAY > now:
            raise ValueError("expired or not yet valid")
        return dict(claims)

    async def _key(self, kid: str) -> Any:
        if kid not in self._keys:
            async with self._lock:
                if kid not in self._keys and time.monotonic() - self._fetched >= self._refresh_seconds:
                    await self._refresh()
        if not self._keys:
            raise DependencyFailed("the token issuer")
        return self._keys[kid]

    async def _refresh(self) -> None:
        self._fetched = time.monotonic()
        try:
            published = await self._fetch()
        except Exception:  # the issuer is away: go on with the keys we have, ask again in a second
            self._fetched += 1 - self._refresh_seconds
            return
        keys = KeySet.import_key_set(published)  # type: ignore[arg-type]
        self._keys = {key.kid: key for key in keys.keys if key.kid}


def _principal(claims: dict[str, Any], token: str) -> Principal:
    actor = claims.get("act") or {}
    return Principal(
        subject=ids.parse_id(str(claims["sub"])) or str(claims["sub"]),
        kind=str(claims["sub_kind"]),
        actor_id=actor.get("sub"),
        actor_kind=actor.get("kind"),
        channel=str(claims.get("channel", "")),
        roles=frozenset(claims.get("roles", ())),
        scopes=frozenset(str(claims.get("scope", "")).split()),
        session_id=str(claims.get("sid", "")),
        membership_role=str(claims.get("role", "")),
        details={str(name): str(value) for name, value in (claims.get("ctx") or {}).items()},
        token=token,
    )


class ServiceTokens:
    """The token this service shows to others; `issue` returns (token, lifetime in seconds).

    Renewed at 80 % of its life; the old one serves until it expires while issuing fails.
    """

    def __init__(self, issue: Callable[[], Awaitable[tuple[str, float]]]) -> None:
        self._issue = issue
        self._token = ""
        self._renew = 0.0
        self._expires = 0.0
        self._lock = asyncio.Lock()

    async def get(self) -> str:
        """Raises what `issue` raises, once no valid token is left."""
        if time.monotonic() < self._renew:
            return self._token
        async with self._lock:
            now = time.monotonic()
            if now >= self._renew:
                try:
                    self._token, lifetime = await self._issue()
                except Exception:
                    if now >= self._expires:
                        raise
                    self._renew = now + 1
                else:
                    self._renew, self._expires = now + lifetime * 0.8, now + lifetime
        return self._token
