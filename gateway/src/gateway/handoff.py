"""POST /v1/handoffs:browser: the front channel of the hand-off, a form that a platform's page posts.

The answer is a redirect, because a person's browser gets it: to the shop with the one-time code, or back to the
platform with the reason of the refusal. Both stand in the fragment, which browsers send to no server (RFC 9110
section 10.1.3 for Referer), so nothing is in a log. A form post needs no CORS preflight and carries no cookie:
the signed statement alone counts.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import grpc
from commis.customers.v1.handoffs_pb2 import CreateHandoffRequest

from chassis.errors import FieldViolation
from gateway import problems
from gateway.clients import Clients
from gateway.endpoint import check_media_type, read_body, reply
from gateway.exchange import Exchange, Scope
from gateway.form import FORM, FormRefused, read_form
from gateway.operation import TIMEOUT
from gateway.problems import Problem, invalid_fields
from gateway.routes.platforms import HANDOFF_BYTES

PATH = "/v1/handoffs:browser"
CREATE = "/commis.customers.v1.HandoffService/CreateHandoff"
_FIELD = "assertion"
_RETURN = "return_address"
_REDIRECTABLE = re.compile(r"https?://[\x21\x22\x24-\x7e]+", re.ASCII)
_FRAGMENT = re.compile(r"[\x21-\x7e]*", re.ASCII)
_MAX_FIELDS = 20


class BrowserHandoff:
    """Raises Problem and grpc.aio.AioRpcError like every endpoint, when there is nowhere to go back to."""

    name = "createHandoffInBrowser"

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.route = self.name
        assertion = await self._assertion(exchange, receive)
        metadata = [item for item in exchange.metadata() if item[0] != "authorization"]
        try:
            await self._clients.connected("customers")
            answered = await self._clients[CREATE](
                CreateHandoffRequest(assertion=assertion), timeout=TIMEOUT, metadata=metadata
            )
        except grpc.aio.AioRpcError as error:
            problem = problems.from_rpc_error(error, exchange.client_path, if_match=False, token_sent=False)
            back = problem.metadata.get(_RETURN, "")
            if not _REDIRECTABLE.fullmatch(back):
                raise
            await _redirect(send, f"{back}#{urlencode(_said(problem), safe=',.')}")
            return
        await _redirect(send, answered.address)

    async def _assertion(self, exchange: Exchange, receive: Any) -> str:
        raw = await read_body(exchange, receive, HANDOFF_BYTES)
        check_media_type(exchange, FORM)
        try:
            form = read_form(raw)
        except FormRefused as refused:
            raise Problem(400, "INVALID_FORM", str(refused)) from None
        violations = [
            FieldViolation(name[:80], "is not a known field", "UNKNOWN_FIELD")
            for name in form
            if name != _FIELD
        ]
        if not form.get(_FIELD):
            violations.append(FieldViolation(_FIELD, "is required", "REQUIRED"))
        if violations:
            raise invalid_fields(violations)
        return form[_FIELD]


def _said(problem: Problem) -> dict[str, str]:
    """What the platform learns: reasons and names of fields, nothing of what they contain."""
    said = {"error": problem.reason}
    if cause := problem.metadata.get("cause"):
        said["cause"] = cause
    if fields := [found.field for found in problem.violations[:_MAX_FIELDS]]:
        said["fields"] = ",".join(fields)
    return said


async def _redirect(send: Any, address: str) -> None:
    """Raises Problem 500 for what must not be in a header."""
    page, _, fragment = address.partition("#")
    if not _REDIRECTABLE.fullmatch(page) or not _FRAGMENT.fullmatch(fragment):
        raise problems.internal()
    await reply(send, 303, [(b"location", address.encode("ascii"))], b"")
