"""One connection to the mail server, kept open; what its answers mean for a mail."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass

import aiosmtplib

from notifications.mails.addresses import envelope_address

COMMAND_SECONDS = 20.0
# A server may scan the mail before it answers (RFC 5321, 4.5.3.2.6 asks for ten minutes; ours is a relay).
DATA_SECONDS = 45.0
_ACCEPTED = (aiosmtplib.SMTPStatus.completed, aiosmtplib.SMTPStatus.will_forward)


class Unreachable(Exception):
    """There is no mail server, or it takes no mail from us: no mail's fault."""


class Refused(Exception):
    """The server said no to this mail. `permanent` when trying again is useless (5xx)."""

    def __init__(self, code: int, message: str, *, permanent: bool) -> None:
        super().__init__(f"{code} {message}"[:500])
        self.permanent = permanent


class Broken(Exception):
    """The connection ended in the middle of the conversation."""


class Lost(Exception):
    """The connection ended after the mail was handed over and before the answer: it may have been taken."""


@dataclass(frozen=True, slots=True)
class Server:
    host: str
    port: int
    user: str = ""
    password: str = ""
    tls: str = "none"


class Connection:
    """`begin` leads up to where the server waits for the mail (354), `transmit` hands it over. In between, `close`
    is the only way back: without the final dot the server forgets everything."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client: aiosmtplib.SMTP | None = None

    async def begin(self, sender: str, recipient: str) -> None:
        """MAIL, RCPT, DATA. Raises Refused, Unreachable, Broken. A kept connection that died is replaced."""
        address = envelope_address(recipient)
        if address is None:
            raise Refused(553, "this is not a mail address", permanent=True)
        kept = self._client is not None and self._client.is_connected
        try:
            await self._envelope(await self._open(), sender, address)
        except Broken:
            if not kept:
                raise
            await self._envelope(await self._open(), sender, address)

    async def _envelope(self, client: aiosmtplib.SMTP, sender: str, recipient: str) -> None:
        international = not recipient.isascii()
        if international and not client.supports_extension("smtputf8"):
            raise Refused(553, "the mail server takes no international addresses", permanent=True)
        # Not the client's `mail` and `rcpt`: they parse the address each time, we know that it is one.
        options = (b"SMTPUTF8",) if international else ()
        answer = await self._command(client, b"MAIL", b"FROM:<%b>" % sender.encode(), *options)
        if answer.code != aiosmtplib.SMTPStatus.completed:
            # Our own address, or a mood of the server: not this recipient's fault.
            self.close()
            raise Unreachable(f"{answer.code} {answer.message}"[:500])
        answer = await self._command(client, b"RCPT", b"TO:<%b>" % recipient.encode())
        if answer.code in _ACCEPTED:
            answer = await self._command(client, b"DATA")
        if answer.code != aiosmtplib.SMTPStatus.start_input:
            await self._reset()
            raise Refused(answer.code, answer.message, permanent=answer.code >= 500)

    async def _command(self, client: aiosmtplib.SMTP, *parts: bytes) -> aiosmtplib.SMTPResponse:
        """Raises Broken."""
        try:
            return await client.execute_command(*parts, timeout=COMMAND_SECONDS)
        except (aiosmtplib.SMTPException, OSError) as error:
            self.close()
            raise Broken(str(error)) from error

    async def transmit(self, message: bytes) -> None:
        """The mail itself. Raises Refused; Broken when it certainly did not leave; Lost when nobody knows."""
        protocol = self._client.protocol if self._client is not None else None
        try:
            # Not the client's `data`: it cannot tell whether the connection broke before or after the mail.
            if protocol is None:
                raise aiosmtplib.SMTPServerDisconnected("the connection was lost")
            protocol.write(message.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        except aiosmtplib.SMTPException as error:
            self.close()
            raise Broken(str(error)) from error
        try:
            answer = await protocol.read_response(timeout=DATA_SECONDS)
        except (aiosmtplib.SMTPException, OSError) as error:
            self.close()
            raise Lost(str(error)) from error
        if answer.code != aiosmtplib.SMTPStatus.completed:
            raise Refused(answer.code, answer.message, permanent=answer.code >= 500)

    async def _reset(self) -> None:
        if self._client is not None:
            try:
                await self._client.rset(timeout=COMMAND_SECONDS)
            except (aiosmtplib.SMTPException, OSError):
                self.close()

    async def quit(self) -> None:
        if self._client is not None:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await self._client.quit(timeout=2)
            self.close()

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _open(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        self.close()
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            use_tls=server.tls == "tls",
            start_tls=server.tls == "starttls",
            local_hostname=socket.gethostname() or "localhost",
            timeout=COMMAND_SECONDS,
        )
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            raise Unreachable(str(error)) from error
        self._client = client
        return client
