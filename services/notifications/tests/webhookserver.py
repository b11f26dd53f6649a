"""A receiver of webhooks: keeps what came, answers as it is told, path by path."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks.webhooks import Webhook

HANG = 0


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def sequence(self) -> int:
        return int(json.loads(self.body)["data"]["sequence"])

    def verified(self, secret: str) -> Any:
        """By the specification's own library. Raises WebhookVerificationError."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """`answers[path]`: (status, further header lines), one after the other, the last one for ever."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    answers: dict[str, list[tuple[int, str]]] = field(
        default_factory=lambda: defaultdict(lambda: [(204, "")])
    )
    open: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    most_open: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def address(self, path: str = "/hooks") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[Received]:
        return [one for one in self.received if one.path == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = ""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            path = head[0].split()[1]
            headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:]) if k}
            body = await reader.readexactly(int(headers["content-length"]))
            self.open[path] += 1
            self.most_open[path] = max(self.most_open[path], self.open[path])
            self.received.append(Received(path, headers, body))
            answers = self.answers[path]
            status, more = answers.pop(0) if len(answers) > 1 else answers[0]
            if status == HANG:
                await reader.read()
                return
            writer.write(f"HTTP/1.1 {status} X\r\n{more}Content-Length: 0\r\n\r\n".encode())
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            self.open[path] -= 1
            writer.close()


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    running = Receiver()
    server = await asyncio.start_server(running.serve, "127.0.0.1", 0)
    running.port = server.sockets[0].getsockname()[1]
    try:
        yield running
    finally:
        server.close()
