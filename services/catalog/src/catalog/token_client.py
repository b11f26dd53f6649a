"""Keys and our own service token, from customers."""

from __future__ import annotations

import json
import time
from typing import Any

from commis.customers.v1 import sessions_pb2, sessions_pb2_grpc
from grpc.aio import Channel

from chassis import client

_SECONDS = 3.0


class TokenClient:
    def __init__(self, channel: Channel, client_id: str, client_secret: str) -> None:
        self._stub = sessions_pb2_grpc.TokenServiceStub(channel)
        self._client_id = client_id
        self._client_secret = client_secret

    async def jwks(self) -> dict[str, Any]:
        """The public keys as a JSON Web Key Set (RFC 7517)."""
        answer = await client.call(
            self._stub.GetJwks, sessions_pb2.GetJwksRequest(), timeout=_SECONDS, forward=False
        )
        keys: dict[str, Any] = json.loads(answer.jwks_json)
        return keys

    async def issue(self) -> tuple[str, float]:
        """A service token and its life in seconds."""
        request = sessions_pb2.IssueServiceTokenRequest(
            client_id=self._client_id, client_secret=self._client_secret
        )
        answer = await client.call(self._stub.IssueServiceToken, request, timeout=_SECONDS, forward=False)
        return answer.access_token, answer.expire_time.seconds - time.time()
