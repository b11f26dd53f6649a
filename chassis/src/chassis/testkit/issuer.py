"""Signed tokens for tests: `as_staff("ADMIN")` and its like return gRPC metadata."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from joserfc import jws
from joserfc.jwk import OKPKey

from chassis.context import Principal
from chassis.ids import new_id
from chassis.tokens import Verifier

ISSUER = "https://commis.local"
Metadata = tuple[tuple[str, str], ...]


class LocalIssuer:
    """Signs any principal with a key that lives in memory, and verifies it again."""

    def __init__(self, name: str = ISSUER) -> None:
        self.name = name
        self._key = OKPKey.generate_key("Ed25519", {"kid": new_id().hex, "use": "sig"})
        self.verifier = Verifier(self.jwks, name, refresh_seconds=0)

    async def jwks(self) -> dict[str, Any]:
        return {"keys": [self._key.as_dict(private=False)]}

    def token(self, principal: Principal, lifetime: float = 600, **overrides: Any) -> str:
        """A token for `principal`; claims in `overrides` replace the usual ones, None removes one."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.name,
            "aud": "commis",
            "sub": str(principal.subject),
            "sub_kind": principal.kind,
            "channel": principal.channel,
            "roles": sorted(principal.roles),
            "scope": " ".join(sorted(principal.scopes)),
            "sid": principal.session_id or str(new_id()),
            "jti": str(new_id()),
            "iat": now,
            "exp": now + lifetime,
            "role": principal.membership_role or None,
            "act": {"sub": principal.actor_id, "kind": principal.actor_kind} if principal.actor_id else None,
        }
        claims |= overrides
        return self.sign({key: value for key, value in claims.items() if value is not None})

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        headers = {"alg": "EdDSA", "typ": "at+jwt", "kid": self._key.kid, **header}
        body = json.dumps(claims).encode()
        return jws.serialize_compact(headers, body, self._key, algorithms=["EdDSA"])

    def metadata(self, principal: Principal) -> Metadata:
        return (("authorization", f"Bearer {self.token(principal)}"),)


issuer = LocalIssuer()


def as_staff(*roles: str, staff_id: UUID | None = None) -> Metadata:
    who = Principal(staff_id or new_id(), "STAFF", channel="BACK_OFFICE", roles=frozenset(roles))
    return issuer.metadata(who)


def as_rep(rep_id: UUID) -> Metadata:
    return issuer.metadata(Principal(rep_id, "REP", channel="REP"))


def as_rep_for(rep_id: UUID, account_id: UUID) -> Metadata:
    """A rep inside an account's ordering session."""
    return issuer.metadata(Principal(account_id, "ACCOUNT", str(rep_id), "REP", channel="REP"))


def as_customer(person_id: UUID, account_id: UUID, role: str = "ADMINISTRATOR") -> Metadata:
    who = Principal(
        account_id, "ACCOUNT", str(person_id), "PERSON", channel="STOREFRONT", membership_role=role
    )
    return issuer.metadata(who)


def as_service(*scopes: str, client_id: str = "orders", vouching: bool = False) -> Metadata:
    """An internal team's token; with `vouching` the token a calling service adds to its user's."""
    token = issuer.token(Principal(client_id, "SERVICE", channel="API", scopes=frozenset(scopes)))
    return (("x-commis-service" if vouching else "authorization", f"Bearer {token}"),)


def service_token(*scopes: str, client_id: str = "orders") -> Callable[[], Awaitable[tuple[str, float]]]:
    """An `issue` for ServiceTokens."""

    async def issue() -> tuple[str, float]:
        who = Principal(client_id, "SERVICE", channel="API", scopes=frozenset(scopes))
        return issuer.token(who), 600.0

    return issue
