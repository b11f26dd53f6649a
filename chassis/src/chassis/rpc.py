"""What happens around every RPC: correlation, identity, access rule, deadline, errors, metrics, one log line.

Handlers are wrapped once at registration instead of intercepted per call, which costs a fraction of it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, NoReturn

import grpc
from google.protobuf.message import DecodeError

from chassis import access, context, db, metrics, status, telemetry
from chassis.access import Rule
from chassis.context import Principal, Request
from chassis.errors import DeadlineExceeded, InvalidArgument, Kind, ServiceError, Unauthenticated
from chassis.ids import new_id
from chassis.logs import log
from chassis.tokens import Verifier

DEFAULT_DEADLINE = 10.0
_READ_ON_SECONDS = 5.0
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_EXPECTED = frozenset(Kind) - {Kind.UNAVAILABLE, Kind.DEADLINE_EXCEEDED, Kind.INTERNAL}
Handler = Any  # grpc.RpcMethodHandler; its stubs leave out every attribute


class RefusedToStart(Exception):
    """An RPC without an access rule, or a rule without an RPC."""


class Surroundings:
    """Wraps the handlers of all servicers of one process; `running` are handlers that must not be cut."""

    def __init__(self, verifier: Verifier, domain: str) -> None:
        self._verifier = verifier
        self._domain = domain
        self.running: set[asyncio.Task[Any]] = set()

    def add(self, server: grpc.aio.Server, adder: Callable[[Any, Any], None], servicer: Any) -> None:
        """Register `servicer` by its generated adder. Raises RefusedToStart unless every RPC has one rule."""
        recorder = _Recorder(self, server, getattr(servicer, "RULES", {}))
        adder(servicer, recorder)
        if not recorder.registered:
            raise RefusedToStart(f"{type(servicer).__name__}: its adder registered no methods by name")

    def wrap(
        self, service: str, handlers: Mapping[str, Handler], rules: Mapping[str, Rule]
    ) -> dict[str, Handler]:
        if handlers.keys() != rules.keys():
            wrong = ", ".join(sorted(handlers.keys() ^ rules.keys()))
            raise RefusedToStart(f"{service}: RULES and RPCs differ in {wrong}")
        return {
            name: self._wrap(f"{service}/{name}", handler, rules[name]) for name, handler in handlers.items()
        }

    def _wrap(self, method: str, handler: Handler, rule: Rule) -> Handler:
        inner = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
        decode = handler.request_deserializer
        streams_in = handler.request_streaming
        encode = handler.response_serializer
        if handler.response_streaming:
            outer = self._streaming(method, inner, rule, decode, streams_in)
            make = (
                grpc.stream_stream_rpc_method_handler if streams_in else grpc.unary_stream_rpc_method_handler
            )
        else:
            outer = self._unary(method, inner, rule, decode, streams_in)
            make = grpc.stream_unary_rpc_method_handler if streams_in else grpc.unary_unary_rpc_method_handler
        # Requests arrive as bytes: what does not parse is the client's error, not an INTERNAL of ours.
        return make(outer, None, encode)

    def _unary(self, method: str, inner: Any, rule: Rule, decode: Any, streams_in: bool) -> Any:
        observe = metrics.RPC_SECONDS.labels(method).observe
        succeeded = metrics.RPC_HANDLED.labels(method, "OK").inc
        parse = _stream_parser(decode) if streams_in else _parser(decode)

        async def handle(raw: Any, ctx: Any) -> Any:
            started = time.perf_counter()
            try:
                request = await self._enter(rule, ctx)
                if telemetry.enabled():
                    with telemetry.span(method, "server", request.traceparent) as traceparent:
                        context.enter(replace(request, traceparent=traceparent))
                        response = await self._shielded(inner(parse(raw), ctx), ctx, request)
                else:
                    response = await self._shielded(inner(parse(raw), ctx), ctx, request)
            except grpc.aio.AbortError:
                raise
            except asyncio.CancelledError:
                metrics.RPC_HANDLED.labels(method, "CANCELLED").inc()
                raise
            except Exception as error:
                if streams_in:
                    await _read_on(raw, ctx)
                await self._refuse(method, error, ctx)
            observe(time.perf_counter() - started)
            succeeded()
            log.debug("rpc", method=method, code="OK")
            return response

        return handle

    def _streaming(self, method: str, inner: Any, rule: Rule, decode: Any, streams_in: bool) -> Any:
        parse = _stream_parser(decode) if streams_in else _parser(decode)

        async def handle(raw: Any, ctx: Any) -> AsyncIterator[Any]:
            try:
                await self._enter(rule, ctx)
                async for message in inner(parse(raw), ctx):
                    yield message
            except grpc.aio.AbortError:
                raise
            except Exception as error:
                await self._refuse(method, error, ctx)
            metrics.RPC_HANDLED.labels(method, "OK").inc()

        return handle

    async def _shielded(self, work: Awaitable[Any], ctx: Any, request: Request) -> Any:
        """The handler has a task of its own, which a client's cancel or deadline does not reach: a
        transaction that began ends as it would have, and its pooled connection survives."""
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self.running.add(task)
        task.add_done_callback(self._finished)
        if ctx.time_remaining() is not None:
            return await asyncio.shield(task)
        try:
            async with asyncio.timeout(request.remaining()):
                return await asyncio.shield(task)
        except TimeoutError:
            if task.done():
                raise
            raise DeadlineExceeded("The request took too long.") from None

    async def finish(self, seconds: float) -> None:
        """Wait for handlers whose clients have gone; their transactions have not."""
        if self.running:
            await asyncio.wait(set(self.running), timeout=seconds)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self.running.discard(task)
        if not task.cancelled():
            task.exception()  # seen: when the client is gone nobody else will look at it

    async def _enter(self, rule: Rule, ctx: Any) -> Request:
        given = dict(ctx.invocation_metadata())
        bearer, vouch = given.get("authorization", ""), given.get("x-commis-service", "")
        request_id, traceparent = given.get("x-request-id", ""), given.get("traceparent", "")
        left = ctx.time_remaining()
        request = Request(
            request_id=request_id if _REQUEST_ID.fullmatch(request_id) else str(new_id()),
            peer=(given.get("x-forwarded-for") or ctx.peer())[:200],
            traceparent=traceparent if len(traceparent) == 55 else "",
            deadline=time.monotonic() + (DEFAULT_DEADLINE if left is None else left),
        )
        context.enter(request)  # so that a refused token is logged with its request id
        if bearer or vouch:
            principal = await self._verify(bearer, rule) if bearer else None
            service = await self._verify(vouch, rule) if vouch else None
            request = replace(request, principal=principal, service=service)
            context.enter(request)
        access.check(rule, request)
        return request

    async def _verify(self, header: str, rule: Rule) -> Principal | None:
        token = header.removeprefix("Bearer ").removeprefix("bearer ")
        try:
            return self._verifier.cached(token) or await self._verifier.verify(token)
        except Unauthenticated:
            if rule.public:  # whoever signs in or renews may still send the token that just expired
                return None
            raise

    async def _refuse(self, method: str, error: Exception, ctx: Any) -> NoReturn:
        request_id = context.current().request_id
        known = error if isinstance(error, ServiceError) else db.unavailable(error)
        if known is None:
            log.error("rpc failed", method=method, exc_info=error)
            answer = status.internal(self._domain, request_id)
        else:
            write = log.info if known.kind in _EXPECTED else log.warning
            write("rpc refused", method=method, code=known.kind.value, reason=known.reason)
            answer = status.to_status(known, self._domain)
        kind = known.kind if known is not None else Kind.INTERNAL
        if kind is Kind.DEADLINE_EXCEEDED:
            metrics.DEADLINE_EXCEEDED.labels(method).inc()
        metrics.RPC_HANDLED.labels(method, kind.value).inc()
        details = ((status.DETAILS_KEY, answer.SerializeToString()),)
        await ctx.abort(status.CODES[kind], answer.message, details)
        raise AssertionError("abort returned")


async def _read_on(raw: AsyncIterator[bytes], ctx: Any) -> None:
    """A client that is refused while it writes may see INTERNAL instead (grpc.aio): early metadata ask it to end."""
    with suppress(Exception):
        await ctx.send_initial_metadata(())
        async with asyncio.timeout(_READ_ON_SECONDS):
            async for _ in raw:
                pass


def _parser(decode: Any) -> Any:
    def parse(raw: bytes) -> Any:
        try:
            return decode(raw)
        except (DecodeError, ValueError):
            raise InvalidArgument("The request is not a valid protobuf message.") from None

    return parse


def _stream_parser(decode: Any) -> Any:
    one = _parser(decode)

    async def parse(raw: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        async for part in raw:
            yield one(part)

    return parse


class _Recorder:
    """Stands in for the server in a generated `add_..._to_server` and registers wrapped handlers."""

    def __init__(
        self, surroundings: Surroundings, server: grpc.aio.Server, rules: Mapping[str, Rule]
    ) -> None:
        self._surroundings = surroundings
        self._server = server
        self._rules = rules
        self.registered = False

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        """Nothing: the same handlers arrive by name below."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Handler]) -> None:
        self.registered = True
        wrapped = self._surroundings.wrap(service, handlers, self._rules)
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, wrapped),))
        self._server.add_registered_method_handlers(service, wrapped)  # type: ignore[attr-defined]
