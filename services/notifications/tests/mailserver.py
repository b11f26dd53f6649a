"""A real SMTP server in the test's loop, with moods."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class MailServer:
    """`answers` by recipient: the reply to RCPT. `on_mail` runs before the reply to DATA."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []
        self.answers: dict[str, str] = {}
        self.stall: dict[str, asyncio.Event] = {}
        self.on_mail: Callable[[SMTP], Awaitable[str | None]] | None = None
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._open: set[SMTP] = set()
        self.port = 0

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.stall:
            await self.stall[address].wait()
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await self.on_mail(server) if self.on_mail is not None else None
        if answer is None:
            content: Any = envelope.content
            message = email.message_from_bytes(content, policy=email.policy.default)
            self.mails += [(to, message) for to in envelope.rcpt_tos]  # type: ignore[misc]
        return answer or "250 OK"

    def _make(self) -> SMTP:
        self.connections += 1
        made = SMTP(self, enable_SMTPUTF8=True, hostname="mail.test")
        self._open.add(made)
        return made

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._make, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Also cuts what is connected."""
        assert self._server is not None
        self._server.close()
        self.cut()
        await asyncio.sleep(0)

    def cut(self) -> None:
        for connection in self._open:
            if connection.transport is not None:
                connection.transport.abort()
        self._open.clear()

    def received(self) -> Counter[str]:
        """Mails by recipient."""
        return Counter(to for to, _ in self.mails)

    def text(self, recipient: str) -> str:
        message = next(message for to, message in self.mails if to == recipient)
        part = message.get_body(preferencelist=("plain",))
        assert part is not None
        return str(part.get_content())


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    server = MailServer()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
