"""Around RPCs of signed-in callers: a session that lives, one transaction, one effect per request_id."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import idempotency
from chassis.context import Principal
from chassis.db import Sessions
from customers import callers

Response = TypeVar("Response", bound=Message)


@asynccontextmanager
async def reading(sessions: Sessions) -> AsyncIterator[tuple[AsyncSession, Principal]]:
    """One transaction for a query. Raises SessionEnded."""
    async with sessions() as session:
        yield session, await callers.check_session(session)


async def once(
    sessions: Sessions,
    request: Message,
    request_id: str,
    response_type: type[Response],
    work: Callable[[AsyncSession, Principal], Awaitable[Response]],
) -> Response:
    """Run `work` in one transaction, or answer what it answered when the same request came before.

    Raises SessionEnded, RequestIdReused, and whatever `work` raises.
    """
    method = type(request).__name__.removesuffix("Request")
    async with sessions.begin() as session:
        who = await callers.check_session(session)
        caller = ":".join(who.effective_actor)
        stored = await idempotency.once(
            session,
            caller=caller,
            method=method,
            request_id=request_id,
            request=request,
            response_type=response_type,
        )
        if stored is not None:
            return stored
        response = await work(session, who)
        await idempotency.remember(
            session, caller=caller, method=method, request_id=request_id, response=response
        )
    return response
