"""The HTTP side of the platform, as a plain ASGI application."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

import httpx

from local.careplatform.partner import Answer, Partner
from local.careplatform.signer import Signer
from local.careplatform.webhooks import Received

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_MAX_BODY = 1024 * 1024
_NOTHING: Answer = (404, {"detail": "Unknown address: see local.careplatform."})


class CarePlatformPages:
    """Answers what `local.careplatform` describes."""

    def __init__(self, partner: Partner, signer: Signer, received: Received) -> None:
        self._partner = partner
        self._signer = signer
        self._received = received

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request: GET or POST."""
        if scope["type"] != "http":
            return
        body = await _read(receive)
        try:
            status, answer = await self._answer(scope, body)
        except httpx.HTTPError as error:
            status, answer = 502, {"detail": f"The shop did not answer: {type(error).__name__}"}
        except ValueError as error:
            status, answer = 400, {"detail": str(error)}
        content = b"" if answer is None else json.dumps(answer, ensure_ascii=False).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, scope: Scope, body: bytes) -> Answer:  # noqa: PLR0911 - one per address
        path = [part for part in scope["path"].split("/") if part]
        query = scope["query_string"].decode("latin-1")
        if scope["method"] == "POST":
            return await self._post(path, body, scope["headers"])
        match path:
            case [".well-known", "jwks.json"]:
                return 200, self._signer.jwks()
            case ["webhooks"]:
                order_id = parse_qs(query).get("order_id", [""])[-1]
                return 200, {"webhooks": self._received.find(order_id)}
            case ["communities"]:
                return await self._partner.ask("/v1/communities", query)
            case ["communities", community_id, "statistics"]:
                return await self._partner.ask(f"/v1/communities/{community_id}/statistics", query)
            case ["stats"]:
                return 200, {"received": len(self._received), "refused": self._received.refused}
        return _NOTHING

    async def _post(self, path: list[str], body: bytes, headers: list[tuple[bytes, bytes]]) -> Answer:
        match path:
            case ["webhooks"]:
                named = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
                verified = self._received.take(body, named)
                return (204, None) if verified else (401, {"detail": "The signature is not valid."})
            case ["webhook-secrets"]:
                self._received.trust(str(_object(body).get("secret", "")))
                return 204, None
            case ["handoffs"]:
                return await self._partner.hand_over(_object(body))
        return _NOTHING


def _object(body: bytes) -> dict[str, Any]:
    """Raises ValueError."""
    value = json.loads(body)
    if not isinstance(value, dict):
        raise ValueError("The body must be an object.")
    return value


async def _read(receive: Receive) -> bytes:
    body, more = b"", True
    while more and len(body) <= _MAX_BODY:
        message = await receive()
        body += message.get("body", b"")
        more = bool(message.get("more_body"))
    return body
