"""A command with a request_id takes effect once and answers every repeat alike (AIP-155).

The key is inserted first, in the command's own transaction: a concurrent repeat waits for that row and then
reads the stored answer; a failed command takes its key back with everything else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
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
# An hour at a time, so that no statement reads the answers of two days; BRIN on create_time finds an hour's pages.
_FORGET = sa.text(
    "DELETE FROM idempotency WHERE create_time > now() - CAST(:hours AS int) * interval '1 hour'"
    " AND create_time <= now() - (CAST(:hours AS int) - 1) * interval '1 hour'"
    " AND EXISTS (SELECT FROM unnest(CAST(:needles AS bytea[])) AS needle WHERE position(needle IN response) > 0)"
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


async def forget(session: AsyncSession, needles: Collection[str]) -> int:
    """Delete every stored answer, whoever got it, that contains one of the needles; how many those were.

    Give what is unmistakable (ids, addresses), in the spelling of the answers: an answer of somebody else that
    contains a needle by chance is gone as well, and its command would take effect again when repeated."""
    wanted = [needle.encode() for needle in needles if needle]
    if not wanted:
        return 0
    connection = await session.connection()
    total = 0
    for hours in range(KEEP_HOURS + 2):  # also what is newer than this transaction, or waits for the purge
        deleted = await connection.execute(_FORGET, {"hours": hours, "needles": wanted})
        total += deleted.rowcount
    return total
