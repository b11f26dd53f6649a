"""A care platform of a test: its own key, its communities, its clients, and what it signs."""

from __future__ import annotations

import dataclasses
import datetime
import json
import time
import uuid
import zoneinfo
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import OKPKey

from tests.api import Api, Json

AUDIENCE = "https://shop.test.example"
HANDOFF, CREDENTIALS = "commis-handoff+jwt", "JWT"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ADDRESS = {
    "street_lines": ["Veldstraat 8", "Kamer 204"],
    "postal_code": "9000",
    "city": "Gent",
    "region_code": "BE",
}


@dataclasses.dataclass
class Handed:
    """A care worker in the shop: the session, who it is for, and the tokens as they were answered."""

    api: Api
    account_id: str
    assisted: Json
    tokens: Json


class Platform:
    """Registered with its keys, so that nobody has to reach it."""

    def __init__(self, api: Api, name: str) -> None:
        self.api = api
        self.name = name
        self.issuer = f"https://{name}.care.example"
        self.back = f"https://{name}.care.example/back"
        self.key = OKPKey.generate_key("Ed25519")
        self.id = ""
        self.etag = ""
        self.communities: dict[str, Json] = {}

    @property
    def jwks(self) -> str:
        return json.dumps({"keys": [self.key.as_dict(private=False) | {"kid": "k1", "use": "sig"}]})

    async def register(self, admin: Api) -> Platform:
        made = await admin.post(
            "/v1/care-platforms",
            {"display_name": self.name.title(), "issuer": self.issuer, "audience": AUDIENCE,
             "jwks_json": self.jwks, "return_addresses": [self.back],
             "storefront_address": "https://shop.test.example/products"},
        )  # fmt: skip
        self.id, self.etag = made["id"], made["etag"]
        return self

    async def community(self, admin: Api, external_id: str, *methods: str, **fields: Any) -> Json:
        body = {"platform_id": self.id, "external_id": external_id, "display_name": f"Huis {external_id}",
                "language_code": "nl", "payment_methods": list(methods or ("PAY_LATER",)), **fields}  # fmt: skip
        self.communities[external_id] = await admin.post("/v1/communities", body)
        return self.communities[external_id]

    def sign(self, claims: Json, kind: str = HANDOFF, **header: Any) -> str:
        """Signed with this platform's key; times and id are added where the claims have none."""
        now = int(time.time())
        times = {"iat": now, "exp": now + 120, "jti": str(uuid.uuid4())}
        return jwt.encode(
            {"alg": "Ed25519", "typ": kind, "kid": "k1", **header},
            times | claims,
            self.key,
            algorithms=["Ed25519"],
        )

    def claims(self, client: str, community: str, worker: str = "w1", **profile: Any) -> Json:
        """What a hand-off says; `profile` adds to or replaces fields of the client's profile."""
        return {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": client,
            "act": {"sub": worker, "name": f"Zorgkundige {worker}", "language": "nl"},
            "community": {"id": community, "name": f"Huis {community}"},
            "communities": list(self.communities),
            "client": {"first_name": "Maria", "last_name": f"Janssens {client}", "address": ADDRESS,
                       "phone": "+32 9 225 01 01", "language": "nl", "community": community} | profile,
            "return_address": self.back,
        }  # fmt: skip

    async def code(self, assertion: str) -> str:
        """The one-time code of the back channel's answer."""
        answered = await self.api.as_("").post("/v1/handoffs", {"assertion": assertion})
        return str(answered["address"]).partition("#handoff=")[2]

    async def hand_over(self, client: str, community: str, worker: str = "w1", **profile: Any) -> Handed:
        """Back channel and exchange."""
        code = await self.code(self.sign(self.claims(client, community, worker, **profile)))
        return await self.exchange(code)

    async def exchange(self, code: str) -> Handed:
        tokens = await self.api.as_("").post("/v1/handoffs:exchange", {"code": code})
        session = self.api.as_(tokens["access_token"])
        return Handed(session, tokens["session"]["subject"]["id"], tokens["session"]["assisted"], tokens)

    async def token(self, **claims: Any) -> httpx.Response:
        """The answer of the token endpoint to a signed assertion."""
        own = {"iss": self.issuer, "sub": self.issuer, "aud": AUDIENCE}
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.sign(own | claims, CREDENTIALS),
        }
        return await self.api.as_("").send("POST", "/v1/oauth/token", data=form)

    async def own(self) -> Api:
        """The platform as a caller of the API."""
        answered = await self.token()
        assert answered.status_code == 200, answered.text
        return self.api.as_(answered.json()["access_token"])


def today() -> str:
    """The vendor's local date."""
    return str(datetime.datetime.now(zoneinfo.ZoneInfo("Europe/Brussels")).date())
