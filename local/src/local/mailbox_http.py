"""The HTTP side of the mail box, as a plain ASGI application."""

from __future__ import annotations

import html
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from local.mailbox import Mail, Mailbox

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_JSON = "application/json"
_HTML = "text/html; charset=utf-8"
_MAX_LIMIT = 1000
# A mail is somebody else's markup: it is shown without scripts and without fetching anything.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups"
_STYLE = "body{font:15px/1.5 system-ui;margin:2rem;max-width:70rem}td{padding:.2rem 1rem .2rem 0}"


class MailboxPages:
    """Answers what `local.mailbox` describes."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request: GET, HEAD or DELETE."""
        if scope["type"] != "http":
            return
        status, kind, body = self._answer(
            scope["method"], scope["path"], scope["query_string"].decode("latin-1")
        )
        headers = [
            (b"content-type", kind.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"content-security-policy", _POLICY.encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _answer(  # noqa: PLR0911 - one per address
        self, method: str, path: str, query: str
    ) -> tuple[int, str, bytes]:
        parts = [part for part in path.split("/") if part]
        if method == "DELETE" and parts == ["messages"]:
            self._mailbox.clear()
            return 204, _JSON, b""
        if method not in {"GET", "HEAD"}:
            return 405, _JSON, _json({"detail": "Only GET, HEAD and DELETE /messages are known here."})
        match parts:
            case []:
                return 200, _HTML, self._list_page(query).encode()
            case ["messages"]:
                return 200, _JSON, _json({"messages": self._mailbox.find(**_filters(query))})
            case ["stats"]:
                return 200, _JSON, _json({"count": len(self._mailbox), "received": self._mailbox.received})
            case ["messages", mail_id] | ["mails", mail_id]:
                if mail := self._mailbox.get(mail_id):
                    page = parts[0] == "mails"
                    return (
                        (200, _HTML, _mail_page(mail).encode())
                        if page
                        else (200, _JSON, _json(mail.details()))
                    )
        return 404, _JSON, _json({"detail": "No such mail (any more) or address: see /messages and /stats."})

    def _list_page(self, query: str) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(mail['time'][11:19])}<td>{html.escape(', '.join(mail['to']))}"
            f"<td><a href='/mails/{mail['id']}'>{html.escape(mail['subject'] or '(no subject)')}</a>"
            for mail in self._mailbox.find(**_filters(query))
        )
        return _page("Mail box", f"<h1>Mail box</h1><p>{len(self._mailbox)} mails<table>{rows}</table>")


def _mail_page(mail: Mail) -> str:
    details = mail.details()
    links = "".join(f"<li><a href='{html.escape(link)}'>{html.escape(link)}</a>" for link in details["links"])
    head = "".join(
        f"<tr><td>{html.escape(name)}<td>{html.escape(value)}" for name, value in details["headers"]
    )
    body = f"<pre style='white-space:pre-wrap'>{html.escape(details['text'])}</pre>"
    shown = (
        f"<iframe sandbox srcdoc='{html.escape(details['html'])}' style='width:100%;height:40rem'></iframe>"
    )
    return _page(
        details["subject"], f"<table>{head}</table><ul>{links}</ul>{body}{shown if details['html'] else ''}"
    )


def _page(title: str, body: str) -> str:
    return (
        "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style>{body}"
    )


def _filters(query: str) -> dict[str, Any]:
    """The known filters of a query; a limit that is no number is the default."""
    given = {name: values[-1] for name, values in parse_qs(query).items()}
    limit = given.get("limit", "")
    return {
        "to": given.get("to", ""),
        "subject": given.get("subject", ""),
        "limit": min(_MAX_LIMIT, int(limit)) if limit.isdecimal() else 100,
    }


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
