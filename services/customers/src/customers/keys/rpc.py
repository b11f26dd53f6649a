"""TokenService: the published keys, and tokens for client credentials."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from commis.customers.v1 import sessions_pb2, sessions_pb2_grpc

from chassis import access, fields
from chassis.access import Rule
from chassis.db import Sessions
from chassis.errors import Violations
from customers.config import ClientSetting
from customers.handoffs import platform_tokens
from customers.keys import clients, signing
from customers.keys.signing import Keyring
from customers.platforms.partner_keys import PartnerKeys


class TokenServicer(sessions_pb2_grpc.TokenServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {"GetJwks": access.PUBLIC, "IssueServiceToken": access.PUBLIC}

    def __init__(
        self,
        sessions: Sessions,
        keyring: Keyring,
        configured: Mapping[str, ClientSetting],
        partner_keys: PartnerKeys,
    ) -> None:
        self._sessions = sessions
        self._keyring = keyring
        self._configured = configured
        self._partner_keys = partner_keys

    async def GetJwks(
        self, request: sessions_pb2.GetJwksRequest, context: Any
    ) -> sessions_pb2.GetJwksResponse:
        async with self._sessions() as session:
            published = await signing.published(session)
        return sessions_pb2.GetJwksResponse(jwks_json=json.dumps(published))

    async def IssueServiceToken(
        self, request: sessions_pb2.IssueServiceTokenRequest, context: Any
    ) -> sessions_pb2.IssueServiceTokenResponse:
        asserted = request.client_assertion
        claims = await (self._of_platform(request) if asserted else self._of_client(request))
        granted = claims["scope"]
        token, expires = await self._keyring.sign_token(claims)
        answer = sessions_pb2.IssueServiceTokenResponse(access_token=token, scope=granted)
        answer.expire_time.FromSeconds(int(expires))
        return answer

    async def _of_client(self, request: sessions_pb2.IssueServiceTokenRequest) -> dict[str, str]:
        found = Violations()
        client_id = fields.text(found, "client_id", request.client_id, required=True, max_length=64)
        secret = fields.text(found, "client_secret", request.client_secret, required=True)
        scope = fields.text(found, "scope", request.scope, max_length=1000)
        found.raise_if_any()
        granted = await clients.grant(self._sessions, self._configured, client_id, secret, scope)
        return {"sub": client_id, "sub_kind": "SERVICE", "channel": "API", "scope": granted}

    async def _of_platform(self, request: sessions_pb2.IssueServiceTokenRequest) -> dict[str, str]:
        found = Violations()
        client_id = fields.text(found, "client_id", request.client_id, max_length=500)
        scope = fields.text(found, "scope", request.scope, max_length=1000)
        if request.client_secret:
            found.add("client_secret", "is not sent together with an assertion")
        found.raise_if_any()
        platform_id, granted = await platform_tokens.grant(
            self._sessions, self._partner_keys, request.client_assertion, client_id=client_id, scope=scope
        )
        return {"sub": str(platform_id), "sub_kind": "CARE_PLATFORM", "channel": "API", "scope": granted}
