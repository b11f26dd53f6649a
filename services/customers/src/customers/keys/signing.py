"""The keyring: which key signs now, which are published, and signing itself."""

from __future__ import annotations

import asyncio
import datetime
import json
import time
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from joserfc import jws
from joserfc.jwk import OKPKey
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.db import Sessions
from chassis.errors import Unavailable
from chassis.ids import new_id
from customers.keys.models import SigningKey
from customers.vault import Vault

ALGORITHM = "EdDSA"
AUDIENCE = "commis"
# Longest life of any token we sign; a key stays published for that long after it signed for the last time.
TOKEN_LIFE = datetime.timedelta(minutes=10)
JWKS_CACHE = datetime.timedelta(minutes=5)
_CLOCK_SKEW = datetime.timedelta(minutes=1)
_RELOAD_SECONDS = 30.0
_LOCK = 0x6B657973


class NoSigningKey(Unavailable):
    reason = "NO_SIGNING_KEY"

    def __init__(self) -> None:
        super().__init__("No key can sign yet.", retry_after=1.0)


@dataclass(frozen=True, slots=True)
class _Loaded:
    kid: str
    activate_time: datetime.datetime
    key: OKPKey


class Keyring:
    """Signs with the newest active key; looks for new ones in the database every half minute."""

    def __init__(self, sessions: Sessions, vault: Vault, issuer: str) -> None:
        self._sessions = sessions
        self._vault = vault
        self.issuer = issuer
        self._keys: list[_Loaded] = []
        self._loaded = float("-inf")
        self._lock = asyncio.Lock()

    async def start(self) -> None:
        """Make the first key if there is none; several replicas starting at once make one."""
        async with self._sessions.begin() as session:
            await session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            if await session.scalar(sa.select(SigningKey.kid).limit(1)) is None:
                session.add(new_key(self._vault, datetime.datetime.now(datetime.UTC)))
        await self._load()

    async def sign_token(
        self, claims: dict[str, Any], life: datetime.timedelta = TOKEN_LIFE
    ) -> tuple[str, float]:
        """An access token (RFC 9068) and when it expires (Unix seconds)."""
        issued = int(time.time())
        expires = issued + int(life.total_seconds())
        frame = {"iss": self.issuer, "aud": AUDIENCE, "jti": str(new_id()), "iat": issued, "exp": expires}
        return await self.sign("at+jwt", frame | claims), float(expires)

    async def sign(self, kind: str, payload: dict[str, Any]) -> str:
        """A compact JWS of type `kind`. Raises NoSigningKey."""
        loaded = await self._current()
        header = {"alg": ALGORITHM, "typ": kind, "kid": loaded.kid}
        body = json.dumps(payload, separators=(",", ":")).encode()
        return jws.serialize_compact(header, body, loaded.key, algorithms=[ALGORITHM])

    async def _current(self) -> _Loaded:
        if time.monotonic() - self._loaded > _RELOAD_SECONDS:
            async with self._lock:
                if time.monotonic() - self._loaded > _RELOAD_SECONDS:
                    await self._load()
        now = datetime.datetime.now(datetime.UTC)
        for loaded in self._keys:
            if loaded.activate_time <= now:
                return loaded
        raise NoSigningKey

    async def _load(self) -> None:
        async with self._sessions() as session:
            rows = (
                await session.scalars(sa.select(SigningKey).order_by(SigningKey.activate_time.desc()))
            ).all()
        living = [row for row in rows if row.retire_time is None or _is_future(row.retire_time)]
        self._keys = [_Loaded(row.kid, row.activate_time, open_key(self._vault, row)) for row in living]
        self._loaded = time.monotonic()


def _is_future(moment: datetime.datetime) -> bool:
    return moment > datetime.datetime.now(datetime.UTC)


def new_key(vault: Vault, activate_time: datetime.datetime) -> SigningKey:
    kid = new_id().hex
    key = OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig", "alg": ALGORITHM})
    private = json.dumps(key.as_dict(private=True)).encode()
    return SigningKey(
        kid=kid,
        public_jwk=key.as_dict(private=False),
        private_sealed=vault.seal(private, f"signing key {kid}"),
        activate_time=activate_time,
    )


def open_key(vault: Vault, row: SigningKey) -> OKPKey:
    """The private key. Raises SealBroken when the row was not made with this service's secret."""
    private = json.loads(vault.open(row.private_sealed, f"signing key {row.kid}"))
    return OKPKey.import_key(private)


async def published(session: AsyncSession) -> dict[str, Any]:
    """The JSON Web Key Set (RFC 7517), with keys that do not sign yet or whose last tokens still live."""
    living = sa.or_(SigningKey.retire_time.is_(None), SigningKey.retire_time > sa.func.now())
    query = sa.select(SigningKey.public_jwk).where(living).order_by(SigningKey.activate_time.desc())
    return {"keys": list((await session.scalars(query)).all())}


async def rotate(session: AsyncSession, vault: Vault) -> SigningKey:
    """Publish a new key now; it signs once every cached key set must have been fetched again (twice the cache
    time), and the older keys leave the set when the last token they signed has expired."""
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    fresh = new_key(vault, datetime.datetime.now(datetime.UTC) + 2 * JWKS_CACHE)
    retire = fresh.activate_time + TOKEN_LIFE + _CLOCK_SKEW
    older = sa.update(SigningKey).where(SigningKey.retire_time.is_(None)).values(retire_time=retire)
    await session.execute(older)
    session.add(fresh)
    await session.flush()
    return fresh
