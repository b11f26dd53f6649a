"""Who is calling, for rate limits only. Every service verifies the token itself and decides by object; here a
token that does not verify is simply nobody, so that invented subjects share the quota of their address."""

from __future__ import annotations

from typing import Any

import orjson
from commis.customers.v1.sessions_pb2 import GetJwksRequest

from chassis.context import Principal
from chassis.errors import ServiceError
from chassis.tokens import Verifier
from gateway.clients import Clients
from gateway.exchange import Exchange
from gateway.limits import RateLimit
from gateway.problems import Problem

GET_JWKS = "/commis.customers.v1.TokenService/GetJwks"


def verifier(clients: Clients, issuer: str) -> Verifier:
    """Verifies with the keys that customers publishes."""

    async def fetch() -> dict[str, Any]:
        answered = await clients[GET_JWKS](GetJwksRequest(), timeout=1)
        keys: dict[str, Any] = orjson.loads(answered.jwks_json)
        return keys

    return Verifier(fetch, issuer)


class Admission:
    """Charges each request to its caller; a token seen for the first time is charged to the address as well,
    so that a flood of invented tokens costs at most a quota's worth of signature checks."""

    def __init__(self, limit: RateLimit, tokens: Verifier) -> None:
        self._limit = limit
        self._tokens = tokens

    async def admit(self, exchange: Exchange) -> None:
        """Raises Problem 429."""
        if not self._limit.per_minute:
            return
        principal = self._tokens.cached(exchange.token) if exchange.token else None
        if principal is None:
            self._charge(exchange, "address " + exchange.address)
            if exchange.token:
                principal = await self._verified(exchange.token)
        if principal is not None:
            self._charge(exchange, f"{principal.subject} {principal.actor_id}")

    async def _verified(self, token: str) -> Principal | None:
        try:
            return await self._tokens.verify(token)
        except ServiceError:
            return None

    def _charge(self, exchange: Exchange, caller: str) -> None:
        verdict = exchange.verdict = self._limit.take(caller)
        if not verdict.allowed:
            detail = f"More than {self._limit.per_minute} requests in a minute; try again later."
            raise Problem(429, "RATE_LIMITED", detail, headers={"Retry-After": str(verdict.retry_after)})
