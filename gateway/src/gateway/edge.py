"""The one middleware around everything: correlation, admission, errors, headers, one log line, metrics."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

import grpc

from chassis import context, telemetry
from chassis.logs import log
from gateway import metrics, problems
from gateway.auth import Admission
from gateway.config import Settings
from gateway.endpoint import ClientGone, reply
from gateway.exchange import Exchange, Scope
from gateway.problems import Problem

App = Callable[[Scope, Any, Any], Awaitable[None]]
# Health and metrics must answer when everything else is at its limit.
_UNLIMITED = frozenset(("/livez", "/readyz", "/metrics"))
_TOKEN = re.compile(r"(?<=^/v1/payment-links/)[^/:]+")
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]
_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_NO_STORE = (b"cache-control", b"no-store")
_HSTS = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")


class Edge:
    """Pure ASGI: no task, no buffering, nothing that could cancel the request of a client that went away."""

    def __init__(self, app: App, settings: Settings, admission: Admission) -> None:
        self._app = app
        self._trusted = settings.trusted_proxies
        self._admission = admission
        self._max_head_bytes = settings.max_header_bytes
        self._per_minute = settings.rate_limit_per_minute
        self._security = [*_SECURITY, *([_HSTS] if settings.profile == "production" else [])]

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        exchange = scope["exchange"] = Exchange(scope, self._trusted)
        context.enter(context.Request(exchange.request_id, traceparent=exchange.traceparent))
        metrics.IN_FLIGHT.inc()
        try:
            if telemetry.enabled():
                with telemetry.span(_name(scope), "server", exchange.traceparent) as exchange.traceparent:
                    await self._handle(scope, receive, self._sender(exchange, send))
            else:
                await self._handle(scope, receive, self._sender(exchange, send))
        finally:
            metrics.IN_FLIGHT.dec()
            _record(scope, exchange, time.perf_counter() - started)

    async def _handle(self, scope: Scope, receive: Any, send: Any) -> None:
        exchange: Exchange = scope["exchange"]
        try:
            if scope["path"] not in _UNLIMITED:
                await self._admission.admit(exchange)
                if exchange.head_bytes > self._max_head_bytes:
                    raise Problem(431, "HEADERS_TOO_LARGE", "The request head is too long.")
                if exchange.authorization and exchange.token is None and scope["path"] != "/v1/oauth/token":
                    raise _malformed_token()
            await self._app(scope, receive, send)
        except ClientGone:
            exchange.status = 499
        except Exception as error:
            problem = _problem(error, exchange)
            if exchange.status:  # the answer has begun and cannot be changed any more
                log.error("answer cut off", route=exchange.route, exc_info=error)
                raise
            await answer_problem(problem, exchange, _refusing(send) if scope["type"] == "websocket" else send)

    def _sender(self, exchange: Exchange, send: Any) -> Any:
        async def sender(message: dict[str, Any]) -> None:
            if message["type"].endswith("http.response.start"):
                exchange.status = message["status"]
                self._complete(exchange, message["headers"])
            await send(message)

        return sender

    def _complete(self, exchange: Exchange, headers: list[tuple[bytes, bytes]]) -> None:
        present = {name for name, _ in headers}
        headers.append((b"x-request-id", exchange.request_id.encode()))
        headers.extend(self._security)
        if b"content-security-policy" not in present:
            headers.append(_POLICY)
        if b"cache-control" not in present:
            headers.append(_NO_STORE)
        verdict = exchange.verdict
        if verdict is not None:
            headers.append((b"ratelimit-policy", b'"caller";q=%d;w=60' % self._per_minute))
            headers.append((b"ratelimit", b'"caller";r=%d;t=%d' % (verdict.remaining, verdict.reset)))


def _malformed_token() -> Problem:
    detail = "The Authorization header must be a bearer token."
    return Problem(
        401, "UNAUTHENTICATED", detail, headers={"WWW-Authenticate": 'Bearer error="invalid_request"'}
    )


def _problem(error: Exception, exchange: Exchange) -> Problem:
    if isinstance(error, Problem):
        if error.status == 429:
            metrics.RATE_LIMITED.inc()
        return error
    if isinstance(error, grpc.aio.AioRpcError):
        problem = problems.from_rpc_error(
            error,
            exchange.client_path,
            if_match=b"if-match" in exchange.headers,
            token_sent=exchange.token is not None,
        )
        if problem.status >= 500:
            log.warning(
                "service failed", route=exchange.route, code=error.code().name, detail=error.details()
            )
        return problem
    log.error("unexpected error", route=exchange.route, exc_info=error)
    return problems.internal()


async def answer_problem(problem: Problem, exchange: Exchange, send: Any) -> None:
    headers = [(b"content-type", problems.MEDIA_TYPE)]
    headers += [(name.lower().encode(), value.encode("latin-1")) for name, value in problem.headers.items()]
    await reply(send, problem.status, headers, problem.body(exchange.request_id))


def _refusing(send: Any) -> Any:
    """An answer to a handshake (ASGI extension "websocket.http.response")."""

    async def refuse(message: dict[str, Any]) -> None:
        await send(message | {"type": "websocket." + message["type"]})

    return refuse


def _name(scope: Scope) -> str:
    """For traces, which others read: without the token of a payment link, by which anybody can pay."""
    return f"{_method(scope)} {_TOKEN.sub('{token}', scope['path'])}"


def _method(scope: Scope) -> str:
    return str(scope.get("method", "WEBSOCKET"))


def _record(scope: Scope, exchange: Exchange, seconds: float) -> None:
    endpoint = scope.get("endpoint")
    route = getattr(endpoint, "name", "") or exchange.route or "unknown"
    observe, count = _metrics(route, exchange.status)
    observe(seconds)
    count()
    log.info(
        "request",
        method=_method(scope),
        route=route,
        status=exchange.status,
        milliseconds=round(seconds * 1000, 2),
    )


@cache
def _metrics(route: str, status: int) -> tuple[Callable[[float], None], Callable[[], None]]:
    observe = metrics.REQUEST_SECONDS.labels(route).observe
    return observe, metrics.REQUESTS.labels(route, str(status)).inc
