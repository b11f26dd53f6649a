"""Around mutating RPCs: one transaction, one effect per request_id, and no secret kept in the clear."""

from __future__ import annotations

import base64
import copy
from collections.abc import Awaitable, Callable
from typing import TypeVar

from commis.notifications.v1 import webhooks_pb2 as pb
from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import context, idempotency
from chassis.db import Sessions
from notifications.vault import Vault

Response = TypeVar("Response", bound=Message)
_LABEL = "webhook answer "


async def once(
    sessions: Sessions,
    vault: Vault,
    request: Message,
    request_id: str,
    response_type: type[Response],
    work: Callable[[AsyncSession], Awaitable[Response]],
) -> Response:
    """Run `work` in one transaction, or answer what it answered when the same request came before; a secret in the
    answer is stored sealed. Raises RequestIdReused, and whatever `work` raises."""
    key = {
        "caller": ":".join(context.principal().effective_actor),
        "method": type(request).__name__.removesuffix("Request"),
        "request_id": request_id,
    }
    async with sessions.begin() as session:
        stored = await idempotency.once(session, **key, request=request, response_type=response_type)
        if stored is not None:
            return _opened(vault, stored, request_id)
        response = await work(session)
        await idempotency.remember(session, **key, response=_sealed(vault, response, request_id))
    return response


def _sealed(vault: Vault, response: Response, request_id: str) -> Response:
    if not isinstance(response, pb.CreateWebhookSubscriptionResponse | pb.RotateWebhookSecretResponse):
        return response
    kept = copy.deepcopy(response)
    sealed = vault.seal(response.secret.encode(), _LABEL + request_id)
    kept.secret = base64.b64encode(sealed).decode()
    return kept


def _opened(vault: Vault, stored: Response, request_id: str) -> Response:
    if isinstance(stored, pb.CreateWebhookSubscriptionResponse | pb.RotateWebhookSecretResponse):
        sealed = base64.b64decode(stored.secret)
        stored.secret = vault.open(sealed, _LABEL + request_id).decode()
    return stored
