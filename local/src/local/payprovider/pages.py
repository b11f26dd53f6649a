"""The HTTP side of the provider, as a plain ASGI application."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from local.payprovider.ledger import Json, Ledger, Refused, Switches
from local.payprovider.page import ACTIONS, page
from local.payprovider.webhooks import Webhooks

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_MAX_BODY = 64 * 1024
_TITLES = {401: "Unauthorized Request", 404: "Not Found", 422: "Unprocessable Entity"}


@dataclass(frozen=True)
class Answer:
    """`body` is JSON unless it is bytes."""

    status: int
    body: Json | list[Json] | bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


class PayProviderPages:
    """Answers what `local.payprovider` describes. `base`: where browsers and the shop find it."""

    def __init__(self, key: str, base: str = "") -> None:
        self.ledger = Ledger()
        self.base = base
        self._key = key
        self._webhooks = Webhooks(self.ledger)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        body = await _read(receive)
        try:
            answer = await self._answer(scope, body)
        except Refused as refused:
            answer = _problem(refused)
        except (ValueError, TypeError) as error:
            answer = _problem(Refused(400, str(error)))
        kind, content = "application/hal+json", b""
        if isinstance(answer.body, bytes):
            kind, content = "text/html; charset=utf-8", answer.body
        elif answer.body is not None:
            content = json.dumps(answer.body).encode()
        headers = {"content-type": kind, "content-length": str(len(content))} | answer.headers
        listed = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": listed})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, scope: Scope, body: bytes) -> Answer:  # noqa: PLR0911 - one per address
        path = [part for part in scope["path"].split("/") if part]
        method = scope["method"]
        if path[:1] == ["v2"]:
            return await self._api(method, path[1:], scope, body)
        match (method, path):
            case ("GET", ["checkout", payment_id]):
                return Answer(200, page(self.ledger.find(payment_id)))
            case ("POST", ["checkout", payment_id]):
                return await self._clicked(payment_id, body)
            case ("POST", ["switches"]):
                self.ledger.switches = Switches.read(_object(body))
                return Answer(204)
            case ("POST", ["webhooks"]):
                return Answer(200, {"sent": self._webhooks.release()})
            case ("POST", ["payments" | "refunds", moved]):
                return await self._moved(path[0], moved)
            case ("GET", ["payments"]):
                found = reversed(self.ledger.payments.values())
                return Answer(200, [one.document(self.base, refunds=True) for one in found][:100])
            case ("GET", ["stats"]):
                return Answer(200, dict(self.ledger.calls))
        raise Refused(404, "Unknown address: see local.payprovider.")

    async def _clicked(self, payment_id: str, body: bytes) -> Answer:
        """What the customer did; the shop hears of it before or after the browser is back."""
        action = parse_qs(body.decode()).get("action", [""])[-1]
        payment = self.ledger.move(payment_id, ACTIONS.get(action, action))
        if payment.status != "pending":  # Mollie does not call for that
            await self._webhooks.announce(payment)
        return Answer(303, headers={"location": payment.asked["redirectUrl"]})

    async def _moved(self, kind: str, moved: str) -> Answer:
        name, _, state = moved.partition(":")
        move = self.ledger.move if kind == "payments" else self.ledger.move_refund
        payment = move(name, state)
        await self._webhooks.announce(payment)
        return Answer(200, payment.document(self.base, refunds=True))

    async def _api(self, method: str, path: list[str], scope: Scope, body: bytes) -> Answer:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        name = f"{method} {'/'.join(part if not part.startswith('tr_') else '{id}' for part in path)}"
        self.ledger.calls[name] += 1
        switches = self.ledger.switches
        await asyncio.sleep(switches.slow_seconds)
        if headers.get("authorization") != f"Bearer {self._key}":
            raise Refused(401, "Missing authentication, or failed to authenticate")
        if switches.fail_times > 0:
            switches.fail_times -= 1
            raise Refused(switches.fail_status, "As the switches want it.")
        if method != "POST":
            return await self._read_or_cancel(method, path, scope)
        made = self._once(headers.get("idempotency-key", ""), path, _object(body))
        if switches.lose_answers > 0:
            switches.lose_answers -= 1
            raise Refused(503, "The answer was lost.")
        return Answer(201, made)

    async def _read_or_cancel(self, method: str, path: list[str], scope: Scope) -> Answer:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        match (method, path):
            case ("GET", ["payments", payment_id]):
                embed = "refunds" in query.get("embed", [])
                return Answer(200, self.ledger.find(payment_id).document(self.base, refunds=embed))
            case ("GET", ["payments", payment_id, "refunds"]):
                listed = self.ledger.find(payment_id).refunds
                return Answer(200, {"count": len(listed), "_embedded": {"refunds": listed}})
            case ("DELETE", ["payments", payment_id]):
                payment = self.ledger.cancel(payment_id)
                await self._webhooks.announce(payment)
                return Answer(200, payment.document(self.base))
        raise Refused(404, "Unknown resource.")

    def _once(self, key: str, path: list[str], asked: Json) -> Json:
        """The stored answer of a key that was used, else what is made now. Nothing awaits, so two at once are one."""
        if key and key in self.ledger.keys:
            return self.ledger.keys[key]
        match path:
            case ["payments"]:
                made = self.ledger.create(asked).document(self.base)
            case ["payments", payment_id, "refunds"]:
                made = self.ledger.refund(payment_id, asked)
            case _:
                raise Refused(404, "Unknown resource.")
        if key:
            self.ledger.keys[key] = dict(made)
        return made


def _problem(refused: Refused) -> Answer:
    shown: Json = {
        "status": refused.status,
        "title": _TITLES.get(refused.status, "Error"),
        "detail": refused.detail,
        "_links": {"documentation": {"href": "https://docs.mollie.com/errors", "type": "text/html"}},
    }
    return Answer(refused.status, shown | ({"field": refused.field} if refused.field else {}))


def _object(body: bytes) -> Json:
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
