"""Runs a command of a servicer once per request id, in one transaction with its stored answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncSession

from catalog.attribution import caller
from chassis import crash, idempotency
from chassis.db import Sessions

Response = TypeVar("Response", bound=Message)


async def once(
    sessions: Sessions,
    method: str,
    request: Any,
    response_type: type[Response],
    work: Callable[[AsyncSession], Awaitable[Response]],
) -> Response:
    """`work` does the whole command in the given session and returns the answer."""
    key = {"caller": caller(), "method": method, "request_id": request.request_id}
    async with sessions.begin() as session:
        stored = await idempotency.once(session, **key, request=request, response_type=response_type)
        if stored is not None:
            return stored
        response = await work(session)
        await idempotency.remember(session, **key, response=response)
        crash.point("command_before_commit")
    crash.point("command_after_commit")
    return response
