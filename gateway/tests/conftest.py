"""An application in process in front of fake services over real gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc
import httpx
import pytest

from gateway.app import create_app
from gateway.clients import SERVICES
from gateway.config import Settings

from .fakes import Services

Gateway = Callable[..., Any]


@pytest.fixture(scope="session")
def services_of_session() -> Services:
    return Services()


@pytest.fixture(scope="session")
async def target(services_of_session: Services) -> AsyncIterator[str]:
    server = grpc.aio.server()
    services_of_session.register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield f"127.0.0.1:{port}"
    await server.stop(0)


@pytest.fixture
def services(services_of_session: Services) -> Services:
    services_of_session.reset()
    return services_of_session


@pytest.fixture(scope="session")
def settings(target: str) -> Settings:
    targets = {f"{name}_target": target for name in SERVICES}
    return Settings(profile="local", rate_limit_per_minute=0, **targets)


@asynccontextmanager
async def running(settings: Settings, **more: Any) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, **more)
    transport = httpx.ASGITransport(app, client=("192.0.2.1", 4711))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://gateway") as client,
    ):
        yield client


@pytest.fixture(scope="session")
async def shared(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with running(settings) as client:
        yield client


@pytest.fixture
def http(shared: httpx.AsyncClient, services: Services) -> httpx.AsyncClient:
    """The gateway with usual settings, without a rate limit; `services` behind it are reset."""
    return shared


@pytest.fixture
async def gateway(settings: Settings, services: Services) -> AsyncIterator[Gateway]:
    """`await gateway(rate_limit_per_minute=2)`: a gateway with other settings."""
    async with AsyncExitStack() as stack:

        async def start(*, clock: Any = None, **changed: Any) -> httpx.AsyncClient:
            other = Settings(**(settings.model_dump() | changed))
            more = {"clock": clock} if clock else {}
            return await stack.enter_async_context(running(other, **more))

        yield start
