"""A client of the public API for tests: JSON in, JSON out, with who it acts as."""

from __future__ import annotations

import uuid
from typing import Any

import httpx

Json = dict[str, Any]


class Refused(AssertionError):
    """An answer that the test did not expect; shows the whole problem document."""

    def __init__(self, response: httpx.Response) -> None:
        request = response.request
        super().__init__(f"{request.method} {request.url}: {response.status_code} {response.text[:2000]}")
        self.response = response


class Api:
    """One caller of the gateway. ``as_`` gives the same connection pool another token."""

    def __init__(self, base_url: str, token: str = "", *, client: httpx.AsyncClient | None = None) -> None:
        self.base_url = base_url
        self.token = token
        limits = httpx.Limits(max_connections=600, max_keepalive_connections=100)
        self._client = client or httpx.AsyncClient(base_url=base_url, timeout=30, limits=limits)

    def as_(self, token: str) -> Api:
        """The same gateway, seen by somebody else."""
        return Api(self.base_url, token, client=self._client)

    def elsewhere(self, base_url: str) -> Api:
        """The same caller at another gateway, over connections of its own."""
        return Api(base_url, self.token)

    async def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The raw answer, whatever its status."""
        headers = dict(options.pop("headers", {}))
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        return await self._client.request(method, path, headers=headers, **options)

    async def call(self, method: str, path: str, body: Json | None = None, **options: Any) -> Json:
        """The body of a successful answer; anything else raises Refused."""
        if body is not None:
            options["json"] = body
        response = await self.send(method, path, **options)
        if not response.is_success:
            raise Refused(response)
        return response.json() if response.content else {}

    async def get(self, path: str, **params: Any) -> Json:
        return await self.call("GET", path, params=params)

    async def post(self, path: str, body: Json | None = None, **options: Any) -> Json:
        return await self.call("POST", path, body or {}, **options)

    async def place(self, order_id: str, terms: Json, *, key: str = "", etag: str = "") -> httpx.Response:
        """Ask to place an order, accepting ``terms`` as GET /v1/orders/{id}/checkout showed them."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())} | ({"If-Match": etag} if etag else {})
        body = {"terms_version": terms["terms_version"], "terms_hash": terms["terms_hash"]}
        return await self.send("POST", f"/v1/orders/{order_id}:place", json=body, headers=headers)

    async def close(self) -> None:
        await self._client.aclose()


async def sign_in(api: Api, email: str, password: str) -> Api:
    """Sign in and answer a caller with that session."""
    tokens = await api.post("/v1/sign-in", {"email": email, "password": password})
    return api.as_(tokens["access_token"])
