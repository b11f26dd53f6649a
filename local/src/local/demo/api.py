"""The public API and the mail box, as the demonstration needs them."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import httpx

Json = dict[str, Any]
_MAIL_SECONDS = 60.0
_TOKEN = re.compile(r"[?#&]token=([A-Za-z0-9_.\-]+)")


class Refused(Exception):
    """The API refused a request; the message shows what it answered."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        try:
            self.problem: Json = response.json()
        except ValueError:
            self.problem = {"detail": response.text[:500]}
        findings = "; ".join(
            f"{finding.get('field')}: {finding.get('description')}"
            for finding in self.problem.get("violations") or []
        )
        request = f"{response.request.method} {response.request.url.path}"
        said = self.problem.get("detail") or self.problem.get("title") or ""
        super().__init__(f"{request} answered {self.status}: {said} {findings}".rstrip())

    @property
    def reason(self) -> str:
        """The machine-readable reason, such as TERMS_NOT_FOUND."""
        return str(self.problem.get("reason", ""))


class Api:
    """One caller of the public API; ``signed_in`` is another caller over the same connections."""

    def __init__(self, base_url: str, token: str = "", client: httpx.AsyncClient | None = None) -> None:
        self._client = client or httpx.AsyncClient(base_url=base_url, timeout=60)
        self._token = token

    def signed_in(self, tokens: Json) -> Api:
        """A caller with the access token of this answer."""
        return Api("", str(tokens["access_token"]), self._client)

    async def sign_in(self, email: str, password: str) -> Api:
        """A caller who signed in."""
        return self.signed_in(await self.post("/v1/sign-in", {"email": email, "password": password}))

    async def get(self, path: str, **params: str | int | list[str]) -> Json:
        """The body of a successful answer."""
        return await self._call("GET", path, params=params)

    async def post(
        self, path: str, body: Mapping[str, Any] | None = None, *, key: str = "", etag: str = ""
    ) -> Json:
        """Send a command; the same ``key`` again gives the same answer without a second effect, and with ``etag``
        it has one only while the resource is that version."""
        headers = _idempotent(key) | ({"If-Match": etag} if etag else {})
        return await self._call("POST", path, json=body or {}, headers=headers)

    async def put(self, path: str, body: Mapping[str, Any] | None = None) -> Json:
        """Put something in its place."""
        return await self._call("PUT", path, json=body)

    async def patch(self, path: str, body: Mapping[str, Any]) -> Json:
        """Change some fields."""
        return await self._call("PATCH", path, json=body)

    async def delete(self, path: str) -> Json:
        """Take something away."""
        return await self._call("DELETE", path)

    async def upload(self, path: str, content: bytes, **params: str) -> Json:
        """Send a CSV file."""
        return await self._call(
            "POST", path, params=params, content=content, headers={"Content-Type": "text/csv"}
        )

    async def items(self, path: str, **params: str | int | list[str]) -> AsyncIterator[Json]:
        """Every item of a list, page by page."""
        page_token = ""
        while True:
            page = await self.get(path, page_size=200, page_token=page_token, **params)
            for item in page["items"]:
                yield item
            page_token = page.get("next_page_token") or ""
            if not page_token:
                return

    async def events(self, path: str) -> AsyncIterator[str]:
        """The data of server-sent events, as they come; Refused when there is no such feed for this caller."""
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "text/event-stream"}
        async with self._client.stream("GET", path, headers=headers) as response:
            if not response.is_success:
                await response.aread()
                raise Refused(response)
            async for line in response.aiter_lines():
                if line.startswith("data:"):
                    yield line.removeprefix("data:").strip()

    async def close(self) -> None:
        """Close the connections of this caller and of those who share them."""
        await self._client.aclose()

    async def _call(self, method: str, path: str, **options: Any) -> Json:
        headers: dict[str, str] = options.pop("headers", {})
        if self._token:
            headers = headers | {"Authorization": f"Bearer {self._token}"}
        response = await self._client.request(method, path, headers=headers, **options)
        if not response.is_success:
            raise Refused(response)
        return dict(response.json()) if response.content else {}


class Mails:
    """The mail box of the installation."""

    def __init__(self, base_url: str) -> None:
        self._client = httpx.AsyncClient(base_url=base_url, timeout=10)

    async def wait_for(self, to: str, subject: str = "", seconds: float = _MAIL_SECONDS) -> Json | None:
        """The newest mail to this address with this text in its subject; None when none comes in time."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            found = await self._client.get("/messages", params={"to": to, "subject": subject, "limit": "1"})
            for summary in found.json()["messages"]:
                return dict((await self._client.get(f"/messages/{summary['id']}")).json())
            if asyncio.get_running_loop().time() > deadline:
                return None
            await asyncio.sleep(0.1)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def one_time_token(mail: Json) -> str:
    """The token in the link of an activation or reset mail; empty when there is none."""
    links: Iterable[str] = mail["links"]
    return next((found[1] for link in links if (found := _TOKEN.search(link))), "")


def _idempotent(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key or str(uuid.uuid4())}
