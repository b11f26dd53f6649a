"""Builds the application from settings; nothing is read from the environment or built at import."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

from commis.catalog.v1 import exports_pb2, imports_pb2
from commis.customers.v1 import privacy_pb2, sessions_pb2
from commis.orders.v1 import attachments_pb2
from fastapi import FastAPI
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route, WebSocketRoute

from chassis.metrics import LOOP_LAG
from chassis.server import spare_the_collector
from gateway import (
    attachments,
    download,
    entry,
    export,
    handoff,
    oauth,
    order_batches,
    order_export,
    payment_notice,
    upload,
)
from gateway.auth import Admission, verifier
from gateway.clients import Clients
from gateway.config import Settings
from gateway.docs import pages
from gateway.edge import Edge
from gateway.endpoint import Endpoint
from gateway.health import Lifecycle, Live, Metrics, Ready
from gateway.limits import RateLimit
from gateway.live import calls, endpoints
from gateway.live.service import Live as LiveFeeds
from gateway.openapi import document
from gateway.operation import Operation
from gateway.problems import MEDIA_TYPE, Problem
from gateway.routes import OPERATIONS

_EXPOSED = ["ETag", "Location", "X-Request-Id", "Retry-After", "RateLimit", "RateLimit-Policy"]
_ASKED = ["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "X-Request-Id", "traceparent"]
_IMPORTS = imports_pb2.DESCRIPTOR.services_by_name["ImportService"].methods_by_name
_PROTECTION = privacy_pb2.DESCRIPTOR.services_by_name["DataProtectionService"].methods_by_name
_EXPORTS = exports_pb2.DESCRIPTOR.services_by_name["ExportService"].methods_by_name
_FILES = attachments_pb2.DESCRIPTOR.services_by_name["AttachmentService"].methods_by_name
_FEEDS = {endpoints.SHEET_PATH: "followSharedOrder", endpoints.ACCOUNT_PATH: "followFeed"}
_TOKENS = sessions_pb2.DESCRIPTOR.services_by_name["TokenService"].methods_by_name


class _Id(Convertor[str]):
    """A path segment up to a verb: the id in /v1/orders/{id}:place. Ids are checked by the operation."""

    regex = "[^/:]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("id", _Id())


def create_app(
    settings: Settings,
    *,
    lifecycle: Lifecycle | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> FastAPI:
    """`lifecycle` lets the server say that it is stopping; `clock` drives the rate limit."""
    lifecycle = lifecycle or Lifecycle()
    clients = _clients(settings)
    tokens = verifier(clients, settings.issuer)
    live = LiveFeeds(settings, clients, tokens)
    lifecycle.on_stop.append(live.hub.drain)
    app = FastAPI(
        title="Commis",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Spans and metrics are the edge's, by the same settings as in every service.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        lifespan=_lifespan(clients, lifecycle, live),
    )
    for path, method, endpoint in _endpoints(settings, clients, lifecycle, live):
        app.router.routes.append(Route(path, endpoint, methods=[method], name=endpoint.name))
    app.router.routes += _feeds(live)
    app.add_exception_handler(HTTPException, _refused)
    limit = RateLimit(settings.rate_limit_per_minute, clock)
    app.add_middleware(Edge, settings=settings, admission=Admission(limit, tokens))
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=_ASKED,
            expose_headers=_EXPOSED,
            max_age=600,
        )
    return app


def _clients(settings: Settings) -> Clients:
    methods = [operation.rpc_descriptor for operation in OPERATIONS]
    methods += [_IMPORTS["UploadImport"], _PROTECTION["DownloadDataExport"]]
    methods += [_FILES["AddAttachment"], _FILES["ReadAttachment"], entry.CHECK, entry.ADD]
    methods += [order_batches.OPERATION.rpc_descriptor, order_export.METHOD, payment_notice.METHOD]
    methods += [_TOKENS["GetJwks"], _TOKENS["IssueServiceToken"], _EXPORTS["ExportCatalog"], *calls.METHODS]
    retried = {operation.rpc: operation.rpc_descriptor for operation in OPERATIONS if _repeatable(operation)}
    return Clients(settings, methods, [*retried.values(), _TOKENS["GetJwks"]])


def _repeatable(operation: Operation) -> bool:
    return operation.method == "GET" or operation.key_required


def _endpoints(
    settings: Settings, clients: Clients, lifecycle: Lifecycle, live: LiveFeeds
) -> list[tuple[str, str, Any]]:
    listed: list[tuple[str, str, Any]] = [
        (operation.path, operation.method, Endpoint(operation, clients, settings.max_body_bytes))
        for operation in OPERATIONS
    ]
    listed += [
        (upload.PATH, "POST", upload.Upload(clients, settings.max_import_bytes)),
        (entry.CHECK_PATH, "POST", entry.Entry(clients, entry.CHECK)),
        (entry.ADD_PATH, "POST", entry.Entry(clients, entry.ADD)),
        (export.PATH, "GET", export.Export(clients)),
        (order_export.PATH, "GET", order_export.OrderExport(clients)),
        (order_batches.OPERATION.path, "POST", order_batches.OrderBatches(clients)),
        (attachments.PATH, "POST", attachments.AddFile(clients)),
        (attachments.CONTENT_PATH, "GET", attachments.ReadFile(clients)),
        (handoff.PATH, "POST", handoff.BrowserHandoff(clients)),
        (payment_notice.PATH, "POST", payment_notice.PaymentNotice(clients)),
        (download.PATH, "GET", download.Download(clients)),
        (oauth.TOKEN_PATH, "POST", oauth.Token(clients)),
        (oauth.KEYS_PATH, "GET", oauth.Keys(clients)),
        ("/livez", "GET", Live()),
        ("/readyz", "GET", Ready(lifecycle, clients, lambda: live.broker.ready)),
        ("/metrics", "GET", Metrics()),
    ]
    listed += [(path, "GET", page) for path, page in pages(document()).items()]
    return listed


def _feeds(live: LiveFeeds) -> Iterator[BaseRoute]:
    for path, name in _FEEDS.items():
        feed = Route(path, endpoints.EventFeed(live, name), methods=["GET"], name=name)
        feed.methods = {"GET"}  # without HEAD, which Route adds: that would open a line and never end
        yield feed
        yield WebSocketRoute(path, endpoints.SocketFeed(live, name), name=name)


def _lifespan(clients: Clients, lifecycle: Lifecycle, live: LiveFeeds) -> Any:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        clients.open()
        live.start()
        watch = asyncio.create_task(_watch_loop())
        spare_the_collector()
        lifecycle.ready = True
        yield
        lifecycle.ready = False
        watch.cancel()
        await live.stop()
        await clients.close()

    return lifespan


async def _watch_loop() -> None:
    while True:
        before = time.monotonic()
        await asyncio.sleep(1)
        LOOP_LAG.set(max(0.0, time.monotonic() - before - 1))


async def _refused(request: Request, error: Exception) -> Response:
    """404 and 405 of the router as problems; Allow names every method that the path has."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        methods: set[str] = set()
        for route in request.app.router.routes:
            if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
                methods |= route.methods or set()
        allowed = ", ".join(sorted(methods))
        problem = Problem(405, "METHOD_NOT_ALLOWED", f"This path has {allowed}.", headers={"Allow": allowed})
    else:
        problem = Problem(404, "PATH_NOT_FOUND", "There is no such path.")
    body = problem.body(request.scope["exchange"].request_id)
    return Response(body, problem.status, problem.headers, media_type=MEDIA_TYPE.decode())
