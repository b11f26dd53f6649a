"""A care platform for the tests: it registers itself, signs what it is told to, and serves its own keys."""

from __future__ import annotations

import asyncio
import copy
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from commis.customers.v1 import handoffs_pb2, platforms_pb2, sessions_pb2
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from chassis.ids import new_id

AUDIENCE = "https://shop.example/commis"
RETURN = "https://care.example/back"
KINDS: dict[str, Callable[[str], Any]] = {
    "EdDSA": lambda kid: OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig"}),
    "Ed25519": lambda kid: OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig"}),
    "ES256": lambda kid: ECKey.generate_key("P-256", {"kid": kid, "use": "sig"}),
    "PS256": lambda kid: RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}),
    "RS256": lambda kid: RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}),
}
CLIENT = {
    "first_name": "Marie",
    "last_name": "Peeters",
    "phone": "+32 2 555 12 34",
    "email": "marie.peeters@families.example",
    "language": "fr",
    "community": "residence-1",
    "address": {
        "street_lines": ["Rue Haute 12"],
        "postal_code": "1000",
        "city": "Bruxelles",
        "region_code": "BE",
    },
}


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


@dataclass
class Partner:
    """`communities` by their external ids. Changes to claims replace or, when None, remove them; a dotted name
    reaches into an object."""

    world: Any
    name: str
    algorithm: str = "EdDSA"
    kid: str = "key-1"
    id: str = ""
    communities: dict[str, platforms_pb2.Community] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"https://{self.name}.example"

    def key(self, kid: str = "") -> Any:
        kid = kid or self.kid
        if kid not in self.keys:
            self.keys[kid] = KINDS[self.algorithm](kid)
        return self.keys[kid]

    def jwks(self, *kids: str) -> str:
        return json.dumps({"keys": [self.key(kid).as_dict(private=False) for kid in kids or (self.kid,)]})

    async def register(self, **fields: Any) -> Partner:
        given = {
            "display_name": self.name.title(),
            "issuer": self.issuer,
            "audience": AUDIENCE,
            "return_addresses": [RETURN],
        }
        if not fields.get("jwks_uri"):
            given["jwks_json"] = self.jwks()
        sent = platforms_pb2.CarePlatform(**(given | fields))
        request = platforms_pb2.CreateCarePlatformRequest(care_platform=sent)
        answer = await self.world.call("CarePlatformService", "CreateCarePlatform", request)
        self.id = answer.care_platform.id
        return self

    async def change(self, *paths: str, **fields: Any) -> platforms_pb2.CarePlatform:
        request = platforms_pb2.UpdateCarePlatformRequest(care_platform={"id": self.id, **fields})
        request.update_mask.paths.extend(paths or fields)
        answer = await self.world.call("CarePlatformService", "UpdateCarePlatform", request)
        return answer.care_platform

    async def community(self, external_id: str = "residence-1", **fields: Any) -> platforms_pb2.Community:
        given = {
            "platform_id": self.id,
            "external_id": external_id,
            "display_name": f"Résidence {external_id}",
            "language_code": "nl",
            "payment_methods": ["PAY_LATER"],
        }
        request = platforms_pb2.CreateCommunityRequest(community=given | fields)
        answer = await self.world.call("CarePlatformService", "CreateCommunity", request)
        self.communities[external_id] = answer.community
        return answer.community

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        said: dict[str, Any] = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 120,
            "jti": str(new_id()),
            "sub": "client-1",
            "act": {"sub": "carer-1", "name": "Jan Janssens", "language": "nl"},
            "community": {"id": "residence-1", "name": "Résidence 1"},
            "communities": ["residence-1"],
            "client": copy.deepcopy(CLIENT),
        }
        for path, value in changes.items():
            target, (*parents, name) = said, path.split("__")
            for parent in parents:
                target = target[parent]
            if value is None:
                target.pop(name, None)
            else:
                target[name] = value
        return said

    def sign(self, claims: Any, *, kid: str = "", **header: Any) -> str:
        said = {"alg": self.algorithm, "typ": "commis-handoff+jwt", "kid": kid or self.kid} | header
        said = {name: value for name, value in said.items() if value is not None}
        registry = jws.JWSRegistry(algorithms=[said["alg"]], strict_check_header=False)
        registry.max_header_length = 10**6
        body = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
        return jws.serialize_compact(said, body, self.key(kid), algorithms=[said["alg"]], registry=registry)

    def assertion(self, **changes: Any) -> str:
        return self.sign(self.claims(**changes))

    async def post(self, assertion: str) -> handoffs_pb2.CreateHandoffResponse:
        request = handoffs_pb2.CreateHandoffRequest(assertion=assertion)
        return await self.world.call("HandoffService", "CreateHandoff", request, ())

    async def hand_off(self, **changes: Any) -> str:
        """The one-time code."""
        answer = await self.post(self.assertion(**changes))
        return answer.address.partition("#handoff=")[2]

    async def exchange(self, code: str) -> handoffs_pb2.ExchangeHandoffResponse:
        request = handoffs_pb2.ExchangeHandoffRequest(code=code)
        return await self.world.call("HandoffService", "ExchangeHandoff", request, ())

    async def open_session(self, **changes: Any) -> handoffs_pb2.ExchangeHandoffResponse:
        return await self.exchange(await self.hand_off(**changes))

    def client_assertion(self, **changes: Any) -> str:
        now = int(time.time())
        said: dict[str, Any] = {
            "iss": self.issuer,
            "sub": self.issuer,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 120,
            "jti": str(new_id()),
        }
        said |= changes
        return self.sign({name: value for name, value in said.items() if value is not None}, typ="JWT")

    async def token(self, **changes: Any) -> tuple[tuple[str, str], ...]:
        """Metadata of the platform itself."""
        request = sessions_pb2.IssueServiceTokenRequest(client_assertion=self.client_assertion(**changes))
        answer = await self.world.call("TokenService", "IssueServiceToken", request, ())
        return bearer(answer.access_token)


@pytest.fixture
def partner_of(world: Any) -> Callable[..., Partner]:
    """A platform that has not registered yet."""
    return lambda name="care", **fields: Partner(world, name, **fields)


@pytest.fixture
async def partner(partner_of: Callable[..., Partner]) -> Partner:
    """A registered platform with one community, "residence-1"."""
    made = await partner_of().register()
    await made.community()
    return made


class KeyServer:
    """Serves one document at `url`; `asked` counts, `down` hangs up."""

    def __init__(self) -> None:
        self.document, self.status, self.asked, self.down = "{}", 200, 0, False
        self.wait: Callable[[], Awaitable[None]] | None = None
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        if self.wait is not None:
            await self.wait()
        if not self.down:
            body = self.document.encode()
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (self.status, len(body)) + body)
        writer.close()


@pytest.fixture
async def key_server() -> AsyncIterator[KeyServer]:
    running = KeyServer()
    server = await asyncio.start_server(running.serve, "127.0.0.1", 0)
    running.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks.json"
    async with server:
        yield running
