"""A command with a request_id takes effect once and answers every repeat alike (AIP-155).

The key is inserted first, in the command's own transaction: a concurrent repeat waits for that row and then
reads the stored answer; a failed command takes its key back with everything else.
"""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar

import sqlalchemy as sa
from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import ids
from chassis.errors import FieldViolation, InvalidFields, RequestIdReused

Response = TypeVar("Response", bound=Message)
KEEP_HOURS = 48

_CLAIM = sa.text(
    "INSERT INTO idempotency (caller, method, request_id, fingerprint)"
    " VALUES (:caller, :method, :request_id, :fingerprint) ON CONFLICT DO NOTHING RETURNING 1"
)
_FIND = sa.text(
    "SELECT fingerprint, response FROM idempotency"
    " WHERE caller = :caller AND method = :method AND request_id = :request_id"
)
_STORE = sa.text(
    "UPDATE idempotency SET response = :response"
    " WHERE caller = :caller AND method = :method AND request_id = :request_id"
)


def fingerprint(request: Message) -> bytes:
    """SHA-256 of the deterministic bytes of the request without its request_id."""
    plain = type(request)()
    plain.CopyFrom(request)
    if "request_id" in request.DESCRIPTOR.fields_by_name:
        plain.ClearField("request_id")
    return hashlib.sha256(plain.SerializeToString(deterministic=True)).digest()


def _key(caller: str, method: str, request_id: str) -> dict[str, Any] | None:
    if not request_id:
        return None
    parsed = ids.parse_id(request_id)
    if parsed is None:
        raise InvalidFields([FieldViolation("request_id", "must be a UUID in canonical lower-case text")])
    return {"caller": caller, "method": method, "request_id": parsed}


async def once(
    session: AsyncSession,
    *,
    caller: str,
    method: str,
    request_id: str,
    request: Message,
    response_type: type[Response],
) -> Response | None:
    """The stored answer of an earlier identical command, or None: then do the work and `remember` the answer.

    Call it first in the transaction. An empty request_id asks for no protection. Raises RequestIdReused when
    the key was used for another request, InvalidFields when it is not a UUID.
    """
    key = _key(caller, method, request_id)
    if key is None:
        return None
    connection = await session.connection()
    mark = fingerprint(request)
    if (await connection.execute(_CLAIM, {**key, "fingerprint": mark})).first() is not None:
        return None
    found = (await connection.execute(_FIND, key)).one()
    if found.fingerprint != mark or found.response is None:
        raise RequestIdReused(request_id)
    return response_type.FromString(found.response)


async def remember(
    session: AsyncSession, *, caller: str, method: str, request_id: str, response: Message
) -> None:
    """Store the answer under the key that `once` claimed in this transaction."""
    key = _key(caller, method, request_id)
    if key is not None:
        connection = await session.connection()
        await connection.execute(_STORE, {**key, "response": response.SerializeToString(deterministic=True)})
