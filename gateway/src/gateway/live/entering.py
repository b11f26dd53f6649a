"""Who may open a feed: where the page is from, whose token or ticket it is, from which number on."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import orjson
from commis.customers.v1.sessions_pb2 import RedeemFeedTicketRequest

from chassis.errors import DependencyFailed, FieldViolation, ServiceError
from chassis.tokens import Verifier
from gateway.clients import Clients
from gateway.exchange import Exchange
from gateway.live import calls
from gateway.live.calls import Calls
from gateway.live.line import Caller
from gateway.problems import Problem, invalid_fields

_PARAMETERS = ("ticket", "after_sequence")
_MAX_NUMBER = 2**63 - 1
# Questions of all lines of this process to services at the same time.
_AT_ONCE = 32


def check_origin(exchange: Exchange, allowed: Sequence[str]) -> None:
    """A browser sends other people's pages along with its own cookies and tickets, and no CORS guards a WebSocket
    (ASVS 5.0 4.4.2). Programs send no Origin. Raises Problem 403."""
    origin = exchange.headers.get(b"origin", b"").decode("latin-1")
    if not origin or origin in allowed or "*" in allowed:
        return
    host = exchange.headers.get(b"host", b"").decode("latin-1")
    if not host or origin.partition("://")[2] != host:
        raise Problem(403, "ORIGIN_NOT_ALLOWED", "Pages of this origin may not open feeds here.")


def read_query(exchange: Exchange, raw: bytes) -> tuple[str, int | None]:
    """(ticket or empty, number to go on from). Last-Event-ID, which a browser's EventSource sends when it comes back,
    wins over the address. Raises Problem 400."""
    found: list[FieldViolation] = []
    given: dict[str, str] = {}
    for name, value in parse_qsl(raw.decode("latin-1"), keep_blank_values=True):
        if name not in _PARAMETERS:
            found.append(FieldViolation(name[:80], "is not a known query parameter", "UNKNOWN_PARAMETER"))
        elif name in given:
            found.append(FieldViolation(name, "must be given once", "REPEATED"))
        given[name] = value
    after = _number("after_sequence", given.get("after_sequence"), found)
    event_id = exchange.headers.get(b"last-event-id")
    if event_id:
        after = _number("Last-Event-ID", event_id.decode("latin-1"), found)
    if found:
        raise invalid_fields(found)
    return given.get("ticket", ""), after


def _number(name: str, value: str | None, found: list[FieldViolation]) -> int | None:
    if value is None:
        return None
    if value.isascii() and value.isdecimal() and len(value) <= 19 and int(value) <= _MAX_NUMBER:
        return int(value)
    found.append(FieldViolation(name, f"must be a whole number from 0 to {_MAX_NUMBER}", "OUT_OF_RANGE"))
    return None


class Entrance:
    """Tokens are verified for their expiry and for whose quota counts; rights are the services' affair."""

    def __init__(self, clients: Clients, tokens: Verifier) -> None:
        self._clients = clients
        self._tokens = tokens
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def caller(self, exchange: Exchange, ticket: str) -> tuple[Caller, Calls]:
        """Raises Problem 401, 503."""
        metadata = [item for item in exchange.metadata() if item[0] != "authorization"]
        token = exchange.token
        if ticket:
            token = await self._redeem(ticket, metadata)
        if token is None:
            raise _unauthenticated("A feed needs a ticket or an access token.", "Bearer")
        caller = await self._verified(token)
        return caller, Calls(self._clients, [*metadata, ("authorization", "Bearer " + token)], self._turn)

    async def _redeem(self, ticket: str, metadata: list[tuple[str, str]]) -> str:
        await self._clients.connected("customers")
        answer = await Calls(self._clients, metadata, self._turn).first(
            calls.REDEEM, RedeemFeedTicketRequest(ticket=ticket.encode("utf-8", "replace").decode()[:200])
        )
        return str(answer.access_token)

    async def _verified(self, token: str) -> Caller:
        try:
            who = await self._tokens.verify(token)
        except DependencyFailed:
            raise Problem(503, "SERVICE_UNAVAILABLE", "Tokens cannot be verified now; try again.") from None
        except ServiceError:
            raise _unauthenticated("The access token is not valid.", 'Bearer error="invalid_token"') from None
        kind, identity = who.effective_actor
        name = f"{who.subject} {who.actor_id}"
        account, expires = who.acts_for_account, float(_claims(token)["exp"])
        return Caller(token, name, who.session_id, kind, identity, account, expires)


def _claims(token: str) -> Any:
    """Of a token that was verified."""
    payload = token.split(".")[1]
    return orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def _unauthenticated(detail: str, challenge: str) -> Problem:
    return Problem(401, "UNAUTHENTICATED", detail, headers={"WWW-Authenticate": challenge})
