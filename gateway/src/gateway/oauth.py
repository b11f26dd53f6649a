"""Tokens for programs: client credentials as in RFC 6749 section 4.4, and the public keys (RFC 7517)."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qsl

import grpc
import orjson
from commis.customers.v1.sessions_pb2 import GetJwksRequest, IssueServiceTokenRequest

from gateway import headers as header
from gateway.auth import GET_JWKS
from gateway.clients import Clients
from gateway.endpoint import JSON, check_media_type, read_body, reply
from gateway.exchange import Exchange, Scope
from gateway.operation import TIMEOUT

TOKEN_PATH, KEYS_PATH = "/v1/oauth/token", "/.well-known/jwks.json"
FORM = "application/x-www-form-urlencoded"
ISSUE = "/commis.customers.v1.TokenService/IssueServiceToken"
_MAX_FORM = 8192
_REFUSED = {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.NOT_FOUND}


class OAuthError(Exception):
    """An error answer of RFC 6749 section 5.2."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


class Token:
    """The client names itself by HTTP Basic or in the form, not both (RFC 6749 section 2.3)."""

    name = "issueToken"

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        exchange: Exchange = scope["exchange"]
        try:
            request = await self._request(exchange, receive)
            answered = await self._issue(request, exchange)
        except OAuthError as error:
            body = {"error": error.error, "error_description": error.description}
            headers = [(b"content-type", JSON)]
            if error.status == 401:
                headers.append((b"www-authenticate", b'Basic realm="commis"'))
            await reply(send, error.status, headers, orjson.dumps(body))
            return
        seconds = max(0, answered.expire_time.seconds - int(time.time()))
        body = {
            "access_token": answered.access_token,
            "token_type": "Bearer",
            "expires_in": seconds,
            "scope": answered.scope,
        }
        await reply(send, 200, [(b"content-type", JSON)], orjson.dumps(body))

    async def _request(self, exchange: Exchange, receive: Any) -> IssueServiceTokenRequest:
        raw = await read_body(exchange, receive, _MAX_FORM)
        check_media_type(exchange, FORM)
        form = _form(raw)
        if "grant_type" not in form:
            raise OAuthError("invalid_request", "grant_type is required")
        if form["grant_type"] != "client_credentials":
            raise OAuthError("unsupported_grant_type", "grant_type must be client_credentials")
        client_id, secret = _credentials(exchange, form)
        return IssueServiceTokenRequest(
            client_id=client_id, client_secret=secret, scope=form.get("scope", "")
        )

    async def _issue(self, request: IssueServiceTokenRequest, exchange: Exchange) -> Any:
        metadata = [item for item in exchange.metadata() if item[0] != "authorization"]
        try:
            await self._clients.connected("customers")
            return await self._clients[ISSUE](request, timeout=TIMEOUT, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            if error.code() in _REFUSED:
                raise OAuthError("invalid_client", "The client or its secret is wrong.", 401) from None
            if error.code() is grpc.StatusCode.INVALID_ARGUMENT:
                raise OAuthError("invalid_scope", "The scope is not one of the client's.") from None
            raise


def _form(raw: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise OAuthError("invalid_request", "The form is not valid UTF-8.") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise OAuthError("invalid_request", "A parameter was given more than once.")
    if any("\x00" in value for value in form.values()):
        raise OAuthError("invalid_request", "A parameter contains the character U+0000.")
    return form


def _credentials(exchange: Exchange, form: dict[str, str]) -> tuple[str, str]:
    if exchange.authorization is None:
        if not form.get("client_id") or not form.get("client_secret"):
            raise OAuthError("invalid_client", "client_id and client_secret are required.", 401)
        return form["client_id"], form["client_secret"]
    named = header.basic(exchange.authorization)
    if named is None or "\x00" in "".join(named):
        raise OAuthError("invalid_client", "The Authorization header must be HTTP Basic.", 401)
    if "client_secret" in form:
        raise OAuthError("invalid_request", "Credentials must be given in one way only.")
    return named


class Keys:
    """The key set as customers publishes it; caches may keep it for a minute."""

    name = "getKeys"

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        exchange: Exchange = scope["exchange"]
        answered = await self._clients[GET_JWKS](
            GetJwksRequest(), timeout=TIMEOUT, metadata=exchange.metadata()
        )
        headers = [(b"content-type", JSON), (b"cache-control", b"public, max-age=60")]
        await reply(send, 200, headers, answered.jwks_json.encode())
