"""The SMTP side of the mail box: RFC 5321 as far as a relay speaks it, with PIPELINING, 8BITMIME and SMTPUTF8.

Of our own because mails are a part of every benchmark: a general server, which parses addresses by the full grammar
and reads a mail line by line, took four times as much CPU for one.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, cast

MESSAGE_LIMIT = 10 * 1024 * 1024
_LINE_LIMIT = 2048
_PATH = re.compile(r"(?:FROM|TO):\s*<([^<>\r\n]*)>(?:\s+(.*))?", re.IGNORECASE)
_END = b"\r\n.\r\n"


class Keeper(Protocol):
    """Where the mails go."""

    def refusal(self, recipient: str) -> str:
        """The answer to a recipient who is refused; empty for one who is not."""
        ...

    def keep(self, sender: str, recipients: tuple[str, ...], content: bytes) -> str:
        """Keep a mail; the number it is kept under."""
        ...


@dataclass
class _Envelope:
    sender: str | None = None
    recipients: list[str] = field(default_factory=list)


class Conversation(asyncio.Protocol):
    """One connection. Everything that arrived is answered at once and in order, so commands may be sent together."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._buffer = bytearray()
        self._envelope = _Envelope()
        self._reading_mail = False
        self._searched = 0
        self._commands: dict[str, Callable[[str], str]] = {
            "EHLO": self._ehlo,
            "HELO": lambda _: "250 mailbox.local",
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "NOOP": lambda _: "250 OK",
            "VRFY": lambda _: "252 Send it and see",
            "QUIT": lambda _: "221 Bye",
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by its methods only
        self._answer("220 mailbox.local ESMTP")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._take_mail() if self._reading_mail else self._take_command():
            pass

    def _answer(self, text: str) -> None:
        self._transport.write(f"{text}\r\n".encode())

    def _take_command(self) -> bool:
        """Whether a command was there, and more may follow it."""
        end = self._buffer.find(b"\r\n")
        if end < 0:
            if len(self._buffer) > _LINE_LIMIT:
                self._close("500 Line too long")
            return False
        line = self._buffer[:end].decode("utf-8", "replace")
        del self._buffer[: end + 2]
        name, _, argument = line.partition(" ")
        command = self._commands.get(name.upper())
        answer = command(argument) if command is not None else "500 What is that?"
        if answer.startswith("221"):
            self._close(answer)
            return False
        self._answer(answer)
        return True

    def _take_mail(self) -> bool:
        """Whether the mail was there to its end."""
        # The line before an empty mail's dot is that of the command.
        if self._buffer.startswith(_END[2:]):
            content, length = b"", 3
        else:
            end = self._buffer.find(_END, self._searched)
            self._searched = max(0, len(self._buffer) - len(_END))
            if end < 0:
                if len(self._buffer) > MESSAGE_LIMIT:
                    self._close("552 The mail is too big")
                return False
            content, length = bytes(self._buffer[: end + 2]), end + len(_END)
        del self._buffer[:length]
        content = content.replace(b"\r\n..", b"\r\n.")
        if content.startswith(b".."):
            content = content[1:]
        envelope, self._envelope = self._envelope, _Envelope()
        self._reading_mail = False
        number = self._keeper.keep(envelope.sender or "", tuple(envelope.recipients), content)
        self._answer(f"250 OK kept as {number}")
        return True

    def _ehlo(self, _: str) -> str:
        self._envelope = _Envelope()
        offers = ("mailbox.local", "PIPELINING", "8BITMIME", "SMTPUTF8", f"SIZE {MESSAGE_LIMIT}")
        return "\r\n".join(f"250-{offer}" for offer in offers[:-1]) + f"\r\n250 {offers[-1]}"

    def _mail(self, argument: str) -> str:
        path = _PATH.fullmatch(argument)
        if path is None or argument[:4].upper() != "FROM":
            return "501 MAIL FROM:<address>"
        if self._envelope.sender is not None:
            return "503 One mail after the other"
        self._envelope.sender = path[1]
        return "250 OK"

    def _rcpt(self, argument: str) -> str:
        path = _PATH.fullmatch(argument)
        if path is None or not path[1] or argument[:2].upper() != "TO":
            return "501 RCPT TO:<address>"
        if self._envelope.sender is None:
            return "503 MAIL comes first"
        refusal = self._keeper.refusal(path[1])
        if not refusal:
            self._envelope.recipients.append(path[1])
        return refusal or "250 OK"

    def _data(self, _: str) -> str:
        if not self._envelope.recipients:
            return "503 RCPT comes first"
        self._reading_mail, self._searched = True, 0
        return "354 End with a dot on a line of its own"

    def _rset(self, _: str) -> str:
        self._envelope = _Envelope()
        return "250 OK"

    def _close(self, text: str) -> None:
        self._buffer.clear()
        self._answer(text)
        self._transport.close()
