"""Commands with a request_id answer once: the stored answer, in the chassis' table of idempotency keys.

Beside `chassis.idempotency`, which claims the key at the beginning of a transaction, because here other services are
asked first: the answer is looked up before they are, and the key is written with the answer at the end. Of two
identical commands at once the second waits for that row, undoes its own work and gives the first one's answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis import context, idempotency, ids
from chassis.db import Sessions
from chassis.errors import FieldViolation, InvalidFields, RequestIdReused
from orders import direct
from orders.domain.model import Order

_FIND = direct.statement(
    "SELECT fingerprint, response FROM idempotency"
    " WHERE caller = :caller AND method = :method AND request_id = :request_id"
)
_STORE = direct.statement(
    "INSERT INTO idempotency (caller, method, request_id, fingerprint, response)"
    " VALUES (:caller, :method, :request_id, :fingerprint, :response) ON CONFLICT DO NOTHING RETURNING 1"
)


R = TypeVar("R", bound=Message)


@dataclass(frozen=True, slots=True)
class Reply(Generic[R]):
    """How an order becomes the answer of an RPC, and how a stored answer is read again."""

    build: Callable[[Order], R]
    parse: Callable[[bytes], R]


class AlreadyAnswered(Exception):
    """An identical command was faster; read its answer with `find`."""


@dataclass(frozen=True, slots=True)
class Key:
    """`fingerprint`: SHA-256 of the request without its request_id."""

    caller: str
    method: str
    request_id: UUID
    fingerprint: bytes

    def row(self) -> dict[str, Any]:
        """`dataclasses.asdict` would copy every value deeply."""
        return {
            "caller": self.caller,
            "method": self.method,
            "request_id": self.request_id,
            "fingerprint": self.fingerprint,
        }


def key(method: str, request: Message, request_id: str) -> Key | None:
    """None for an empty request_id: the caller asks for no protection. Raises InvalidFields for no UUID."""
    if not request_id:
        return None
    parsed = ids.parse_id(request_id)
    if parsed is None:
        raise InvalidFields([FieldViolation("request_id", "must be a UUID in canonical lower-case text")])
    principal = context.principal()
    kind, actor = principal.effective_actor
    return Key(f"{principal.subject}:{kind}:{actor}", method, parsed, idempotency.fingerprint(request))


def check(wanted: Key, fingerprint: bytes) -> None:
    """Raises RequestIdReused when the key belongs to another request."""
    if fingerprint != wanted.fingerprint:
        raise RequestIdReused(str(wanted.request_id))


async def find(connection: AsyncConnection, wanted: Key | None) -> bytes | None:
    """The stored answer. Raises RequestIdReused."""
    if wanted is None:
        return None
    row = await direct.first(connection, _FIND, wanted.row())
    if row is None:
        return None
    check(wanted, row["fingerprint"])
    return bytes(row["response"])


def row(wanted: Key, response: Message) -> dict[str, Any]:
    """What is stored, by column."""
    return wanted.row() | {"response": response.SerializeToString(deterministic=True)}


async def store(connection: AsyncConnection, wanted: Key | None, response: Message) -> None:
    """After the command's own statements in its transaction. Raises AlreadyAnswered: then roll back."""
    if wanted is None:
        return
    if await direct.first(connection, _STORE, row(wanted, response)) is None:
        raise AlreadyAnswered


async def once(
    engine: AsyncEngine, wanted: Key | None, parse: Callable[[bytes], R], work: Callable[[], Awaitable[R]]
) -> R:
    """The answer of `work`, which stores it in its transaction, or that of an identical command that was faster."""
    try:
        return await work()
    except AlreadyAnswered:
        async with engine.connect() as connection:
            return parse(await find(connection, wanted) or b"")


async def store_alone(engine: AsyncEngine, sessions: Sessions, wanted: Key | None, response: R) -> R:
    """As `once`, for an answer that nothing else is written with."""

    async def work() -> R:
        async with sessions.begin() as session:
            await store(await session.connection(), wanted, response)
        return response

    return await once(engine, wanted, type(response).FromString, work)
