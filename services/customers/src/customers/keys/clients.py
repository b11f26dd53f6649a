"""Client credentials (RFC 6749, 4.4) of the services of the suite and of the vendor's internal teams."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from chassis.db import Sessions
from chassis.errors import AlreadyExists, Unauthenticated
from customers.config import ClientSetting
from customers.keys.models import ServiceClient

CLIENT_ID = re.compile(r"[a-z][a-z0-9-]{1,62}", re.ASCII)
SCOPE = re.compile(r"[a-z][a-z0-9_.-]{0,62}(?: [a-z][a-z0-9_.-]{0,62})*", re.ASCII)
# What an unknown client's secret is compared with: no SHA-256 in hexadecimal looks like this.
_NOBODY = "-" * 64


class ClientRefused(Unauthenticated):
    """Unknown client, wrong secret, switched off, or a scope it does not have: the answer says no more."""

    reason = "CLIENT_REFUSED"

    def __init__(self) -> None:
        super().__init__("The client credentials are not valid for this scope.")


class ClientExists(AlreadyExists):
    reason = "CLIENT_EXISTS"

    def __init__(self, client_id: str) -> None:
        super().__init__(f"There is a client {client_id} already.", client_id=client_id)


async def grant(
    sessions: Sessions, configured: Mapping[str, ClientSetting], client_id: str, secret: str, scope: str
) -> str:
    """The scope to put into a token: what was asked for, or all the client has. Raises ClientRefused."""
    known = configured.get(client_id)
    digest, allowed = (
        (known.secret_sha256, known.scope) if known is not None else await _find(sessions, client_id)
    )
    sent = hashlib.sha256(secret.encode()).hexdigest()
    wanted = scope.split()
    if not hmac.compare_digest(sent, digest) or not set(wanted) <= set(allowed.split()):
        raise ClientRefused
    return " ".join(sorted(set(wanted))) if wanted else allowed


async def _find(sessions: Sessions, client_id: str) -> tuple[str, str]:
    query = sa.select(ServiceClient.secret_sha256, ServiceClient.scope)
    async with sessions() as session:
        found = (
            await session.execute(query.where(ServiceClient.id == client_id, ServiceClient.active))
        ).first()
    return (found.secret_sha256, found.scope) if found is not None else (_NOBODY, "")


async def create(sessions: Sessions, client_id: str, scope: str) -> str:
    """The new client's secret, which is stored nowhere. Raises ClientExists."""
    secret = secrets.token_urlsafe(36)
    row = {"id": client_id, "secret_sha256": hashlib.sha256(secret.encode()).hexdigest(), "scope": scope}
    statement = insert(ServiceClient).values(row).on_conflict_do_nothing().returning(ServiceClient.id)
    async with sessions.begin() as session:
        if await session.scalar(statement) is None:
            raise ClientExists(client_id)
    return secret
