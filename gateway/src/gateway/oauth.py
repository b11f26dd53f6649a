"""Tokens for programs: client credentials as in RFC 6749 section 4.4, and the public keys (RFC 7517)."""

from __future__ import annotations

import time
from typing import Any

import grpc
import orjson
from commis.customers.v1.sessions_pb2 import GetJwksRequest, IssueServiceTokenRequest

from gateway import headers as header
from gateway.auth import GET_JWKS
from gateway.clients import Clients
from gateway.endpoint import JSON, check_media_type, read_body, reply
from gateway.exchange import Exchange, Scope
from gateway.form import FORM, FormRefused, read_form
from gateway.operation import TIMEOUT
from gateway.problems import violated_fields

TOKEN_PATH, KEYS_PATH = "/v1/oauth/token", "/.well-known/jwks.json"
ISSUE = "/commis.customers.v1.TokenService/IssueServiceToken"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_MAX_FORM = 20 * 1024  # an assertion has at most 16 KiB
_REFUSED = {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.NOT_FOUND}
_CREDENTIALS = {"client_id", "client_secret", "client_assertion"}


class OAuthError(Exception):
    """An error answer of RFC 6749 section 5.2."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


class Token:
    """The client names itself in one way (RFC 6749 section 2.3): by HTTP Basic or in the form, with its secret or
    with an assertion that it signed."""

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
        try:
            form = read_form(raw)
        except FormRefused as refused:
            raise OAuthError("invalid_request", str(refused)) from None
        if "grant_type" not in form:
            raise OAuthError("invalid_request", "grant_type is required")
        if form["grant_type"] != "client_credentials":
            raise OAuthError("unsupported_grant_type", "grant_type must be client_credentials")
        return IssueServiceTokenRequest(**_credentials(exchange, form), scope=form.get("scope", ""))

    async def _issue(self, request: IssueServiceTokenRequest, exchange: Exchange) -> Any:
        metadata = [item for item in exchange.metadata() if item[0] != "authorization"]
        try:
            await self._clients.connected("customers")
            return await self._clients[ISSUE](request, timeout=TIMEOUT, metadata=metadata)
        except grpc.aio.AioRpcError as error:
            if error.code() in _REFUSED or not _CREDENTIALS.isdisjoint(violated_fields(error)):
                raise OAuthError("invalid_client", "The client or its secret is wrong.", 401) from None
            if error.code() is grpc.StatusCode.INVALID_ARGUMENT:
                raise OAuthError("invalid_scope", "The scope is not one of the client's.") from None
            raise


def _credentials(exchange: Exchange, form: dict[str, str]) -> dict[str, str]:
    """Fields of the request: id and secret, or a signed assertion."""
    if "client_assertion" in form or "client_assertion_type" in form:
        return _assertion(exchange, form)
    if exchange.authorization is None:
        if not form.get("client_id") or not form.get("client_secret"):
            raise OAuthError("invalid_client", "client_id and client_secret are required.", 401)
        return {"client_id": form["client_id"], "client_secret": form["client_secret"]}
    named = header.basic(exchange.authorization)
    if named is None or "\x00" in "".join(named):
        raise OAuthError("invalid_client", "The Authorization header must be HTTP Basic.", 401)
    if "client_secret" in form:
        raise _two_ways()
    return {"client_id": named[0], "client_secret": named[1]}


def _assertion(exchange: Exchange, form: dict[str, str]) -> dict[str, str]:
    """RFC 7523 section 2.2; client_id is optional and must name the same client (RFC 7521 section 4.2)."""
    if exchange.authorization is not None or "client_secret" in form:
        raise _two_ways()
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise OAuthError("invalid_request", f"client_assertion_type must be {ASSERTION_TYPE}")
    if not form.get("client_assertion"):
        raise OAuthError("invalid_request", "client_assertion is required")
    return {"client_id": form.get("client_id", ""), "client_assertion": form["client_assertion"]}


def _two_ways() -> OAuthError:
    return OAuthError("invalid_request", "Credentials must be given in one way only.")


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
