"""The live feeds as OpenAPI, which knows server-sent events and can only describe a WebSocket."""

from __future__ import annotations

from typing import Any

from gateway import openapi_problems
from gateway.live import closing
from gateway.live.endpoints import ACCOUNT_PATH, SHEET_PATH

_BOTH = """

With `Upgrade: websocket` the same address is a WebSocket with one JSON message per frame (`type`, and `sequence` on
what is numbered); without, it answers server-sent events (`event` is the type, `id` the number, `data` the same JSON).
Open it with `?ticket=` of `POST /v1/feed-tickets`, or with an access token in `Authorization`. After a break, come back
anywhere with `after_sequence` (or `Last-Event-ID`): nothing is missed and nothing comes twice. Silence for longer than
15 seconds means that the line is dead.

A WebSocket ends with a code, server-sent events with an event `close` that has the same code: """
_CODES = {
    closing.DRAINING: "this server restarts: come back",
    closing.TRY_LATER: "a service is away: come back later",
    closing.NOT_UNDERSTOOD: "what was sent was not understood",
    closing.SIGN_IN: "the session or token has ended: take a new ticket",
    closing.FORBIDDEN: "not for this caller",
    closing.NOT_FOUND: "not there, or not visible any more",
    closing.SLOW: "read too slowly: come back with the last number",
    closing.GONE: "nothing to go on from: begin anew, without a number",
    closing.TOO_MANY: "too many feeds or messages",
}
_SHEET = """\
What vendor and customer do on one shared order, as the caller's side sees it: `snapshot` with the sheet, or `resumed`;
then `changes`, each with the log's entries, and the lines, colours and totals they touched; `presence` with who is
looking at which line; `heartbeat`. The client may say `{"type": "presence", "line_id": "..."}`."""
_ACCOUNT = """\
What happens to the orders and budgets of the account that the caller acts for, as far as the caller may see it:
`ready`, then one `entry` per event; `heartbeat`."""


def paths() -> dict[str, dict[str, Any]]:
    """Path -> its GET."""
    return {
        SHEET_PATH.replace(":id}", "}"): _feed(
            "followSharedOrder", "Follow a shared order", _SHEET, sheet=True
        ),
        ACCOUNT_PATH: _feed("followFeed", "Follow the own account", _ACCOUNT, sheet=False),
    }


def _feed(name: str, summary: str, description: str, *, sheet: bool) -> dict[str, Any]:
    codes = "; ".join(f"{code} {meaning}" for code, meaning in _CODES.items())
    order_id = {
        "name": "order_id",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "format": "uuid"},
    }
    number = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
    parameters = [
        *([order_id] if sheet else []),
        {"name": "ticket", "in": "query", "required": False, "schema": {"type": "string"}},
        {"name": "after_sequence", "in": "query", "required": False, "schema": number},
        {"name": "Last-Event-ID", "in": "header", "required": False, "schema": number},
    ]
    reasons = "`TICKET_NOT_VALID`, `SESSION_ENDED`, `ORIGIN_NOT_ALLOWED`"
    reasons += ", `TOO_MANY_FEEDS`, `FEEDS_UNAVAILABLE`, `FEEDS_BUSY`"
    reasons += ", `SHARED_ORDER_NOT_FOUND`, `SHEET_GONE`" if sheet else ", `ACCOUNT_NOT_FOUND`, `FEED_GONE`"
    statuses = (400, 401, 403, *((404, 409) if sheet else (404,)), 429, 431, 500, 503, 504)
    return {
        "operationId": name,
        "tags": ["Live feeds"],
        "summary": summary,
        "description": f"{description}{_BOTH}{codes}.\n\nReasons of errors: {reasons}.",
        "parameters": parameters,
        "responses": {
            "101": {"description": "The WebSocket is open."},
            "200": {
                "description": "Events, until the line ends.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            **openapi_problems.listed(*statuses),
        },
    }
