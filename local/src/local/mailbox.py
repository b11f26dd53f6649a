"""A mail box for development: takes every mail over SMTP, delivers none, shows them over HTTP.

``python -m local.mailbox`` listens for SMTP on 127.0.0.1:1025 and for HTTP on 127.0.0.1:8025.

- ``GET /`` a page for people; ``GET /messages?to=&subject=&limit=`` the newest first; ``GET /messages/{id}``
  with headers, text, html and links; ``DELETE /messages``; ``GET /stats`` with ``count`` and ``received``.
- Mail to ``...@refused.example`` is refused for good (550) and to ``...@deferred.example`` for now (451), so
  that what a sender does then can be tried.

Mails are kept in memory only, the newest 20 000; one mail may have 10 MiB.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import datetime
import email
import email.policy
import itertools
import re
from collections import OrderedDict
from email.message import EmailMessage
from typing import Any

import uvicorn

from local.mailbox_http import MailboxPages
from local.mailbox_smtp import Conversation
from local.ports import HOST

CAPACITY = 20_000
_LINK = re.compile(r"https?://[^\s<>\"')\]]+")


@dataclasses.dataclass(frozen=True)
class Mail:
    """One mail as it came: the envelope and the bytes, read only when somebody asks."""

    id: str
    time: datetime.datetime
    sender: str
    recipients: tuple[str, ...]
    content: bytes

    def parse(self) -> EmailMessage:
        """The message in the bytes."""
        return email.message_from_bytes(self.content, policy=email.policy.default)

    def summary(self) -> dict[str, Any]:
        """What a list shows."""
        headers = email.message_from_bytes(
            self.content.partition(b"\r\n\r\n")[0], policy=email.policy.default
        )
        return {
            "id": self.id,
            "time": self.time.isoformat(),
            "from": self.sender,
            "to": list(self.recipients),
            "subject": str(headers["Subject"] or ""),
        }

    def details(self) -> dict[str, Any]:
        """What a reader sees: the summary with every header, both bodies and the links in them."""
        message = self.parse()
        text, html = _body(message, "plain"), _body(message, "html")
        return self.summary() | {
            "headers": [[name, str(value)] for name, value in message.items()],
            "text": text,
            "html": html,
            "links": list(dict.fromkeys(link.rstrip(".,;") for link in _LINK.findall(text or html))),
            "attachments": [
                {"name": part.get_filename() or "", "type": part.get_content_type()}
                for part in message.iter_attachments()
            ],
        }


class Mailbox:
    """The mails that came in, the oldest dropped when there are too many."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._mails: OrderedDict[str, Mail] = OrderedDict()
        self._numbers = itertools.count(1)
        self.received = 0

    def __len__(self) -> int:
        return len(self._mails)

    def refusal(self, recipient: str) -> str:
        """What SMTP answers for the two domains that exist to be refused; empty for all others."""
        domain = recipient.rpartition("@")[2].lower()
        if domain == "refused.example":
            return "550 5.1.1 This mail box does not exist"
        if domain == "deferred.example":
            return "451 4.3.0 Try again later"
        return ""

    def keep(self, sender: str, recipients: tuple[str, ...], content: bytes) -> str:
        """Keep the mail; its id."""
        mail = Mail(
            str(next(self._numbers)), datetime.datetime.now(datetime.UTC), sender, recipients, content
        )
        self._mails[mail.id] = mail
        self.received += 1
        while len(self._mails) > self._capacity:
            self._mails.popitem(last=False)
        return mail.id

    def find(self, to: str = "", subject: str = "", limit: int = 100) -> list[dict[str, Any]]:
        """Mails whose recipient and subject contain these texts in any case, the newest first."""
        found: list[dict[str, Any]] = []
        for mail in reversed(self._mails.values()):
            if to and not any(to.lower() in recipient.lower() for recipient in mail.recipients):
                continue
            summary = mail.summary()
            if subject.lower() in summary["subject"].lower():
                found.append(summary)
            if len(found) >= limit:
                break
        return found

    def get(self, mail_id: str) -> Mail | None:
        """The mail, or None when there is none (any more)."""
        return self._mails.get(mail_id)

    def clear(self) -> None:
        """Forget every mail; ``received`` keeps counting."""
        self._mails.clear()


def _body(message: EmailMessage, kind: str) -> str:
    """The text of this kind (plain or html); empty when the mail has none."""
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""


async def serve(host: str, smtp_port: int, http_port: int) -> None:
    """Run both servers until a signal ends the process."""
    mailbox = Mailbox()
    loop = asyncio.get_running_loop()
    smtp = await loop.create_server(lambda: Conversation(mailbox), host, smtp_port)
    config = uvicorn.Config(
        MailboxPages(mailbox),
        host=host,
        port=http_port,
        log_level="warning",
        access_log=False,
        lifespan="off",
    )
    async with smtp:
        await uvicorn.Server(config).serve()


def main() -> None:
    """Read the ports and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m local.mailbox", description="A mail box for development."
    )
    parser.add_argument("--host", default=HOST, help="the address to listen on")
    parser.add_argument("--smtp-port", type=int, default=1025)
    parser.add_argument("--http-port", type=int, default=8025)
    arguments = parser.parse_args()
    import uvloop

    uvloop.run(serve(arguments.host, arguments.smtp_port, arguments.http_port))


if __name__ == "__main__":
    main()
