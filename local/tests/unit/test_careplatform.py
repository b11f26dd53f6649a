"""The care platform for development: what it signs verifies with what it publishes; webhooks only when genuine."""

import datetime
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from standardwebhooks.webhooks import Webhook

from local.careplatform.pages import CarePlatformPages
from local.careplatform.partner import Partner
from local.careplatform.signer import Signer
from local.careplatform.webhooks import Received

SECRET = "whsec_" + "c2VjcmV0IG9mIGEgc3Vic2NyaXB0aW9uIQ=="


class Shop:
    """What the platform said to the shop, which answers the same to all."""

    def __init__(self) -> None:
        self.heard: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.heard.append(request)
        if request.url.path == "/v1/oauth/token":
            return httpx.Response(200, json={"access_token": "own-token"})
        return httpx.Response(201, json={"address": "https://shop.example/#handoff=x"})


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
async def platform(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    signer = Signer.load_or_create(None)
    partner = Partner("http://shop", signer)
    partner._http = httpx.AsyncClient(base_url="http://shop", transport=httpx.MockTransport(shop))
    pages = CarePlatformPages(partner, signer, Received())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(pages), base_url="http://care") as client:
        yield client


async def verified(platform: httpx.AsyncClient, token: str) -> Any:
    keys = KeySet.import_key_set((await platform.get("/.well-known/jwks.json")).json())
    return jwt.decode(token, keys, algorithms=["Ed25519"])


async def test_a_handoff_is_signed_with_the_published_key(platform: httpx.AsyncClient, shop: Shop) -> None:
    answered = await platform.post("/handoffs", json={"client": "client-4711", "care_worker": "worker-17"})
    assert (answered.status_code, answered.json()["address"]) == (201, "https://shop.example/#handoff=x")
    token = await verified(platform, json.loads(shop.heard[0].content)["assertion"])
    assert token.header["typ"] == "commis-handoff+jwt"
    claims = token.claims
    assert (claims["sub"], claims["act"]["sub"]) == ("client-4711", "worker-17")
    assert claims["client"]["community"] == claims["community"]["id"]
    assert claims["community"]["id"] in claims["communities"]
    assert 0 < claims["exp"] - claims["iat"] <= 300
    again = await platform.post("/handoffs", json={"client": "client-4711", "care_worker": "worker-17"})
    assert again.status_code == 201
    second = await verified(platform, json.loads(shop.heard[1].content)["assertion"])
    assert second.claims["jti"] != claims["jti"]
    missing = await platform.post("/handoffs", json={"client": "nobody", "care_worker": "worker-17"})
    assert missing.status_code == 404


async def test_questions_are_asked_with_its_own_token(platform: httpx.AsyncClient, shop: Shop) -> None:
    await platform.get("/communities/c1/statistics", params={"from": "2026-11-01", "to": "2026-11-30"})
    token, question = shop.heard
    form = dict(pair.split("=", 1) for pair in token.content.decode().split("&"))
    assert (await verified(platform, form["client_assertion"])).claims["iss"] == "https://care.commis.example"
    assert question.headers["authorization"] == "Bearer own-token"
    assert question.url.path == "/v1/communities/c1/statistics"
    assert dict(question.url.params) == {"from": "2026-11-01", "to": "2026-11-30"}


async def test_webhooks_count_when_signed_and_once(platform: httpx.AsyncClient) -> None:
    payload = json.dumps({"type": "order.placed", "timestamp": "x", "data": {"order_id": "o1"}})
    now = datetime.datetime.now(datetime.UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_1", now, payload),
    }
    assert (await platform.post("/webhooks", content=payload, headers=headers)).status_code == 401
    assert (await platform.post("/webhook-secrets", json={"secret": SECRET})).status_code == 204
    forged = payload.replace("o1", "o2")
    assert (await platform.post("/webhooks", content=forged, headers=headers)).status_code == 401
    for _ in range(2):
        assert (await platform.post("/webhooks", content=payload, headers=headers)).status_code == 204
    (message,) = (await platform.get("/webhooks", params={"order_id": "o1"})).json()["webhooks"]
    assert (message["type"], message["deliveries"]) == ("order.placed", 2)
    assert (await platform.get("/webhooks", params={"order_id": "o2"})).json() == {"webhooks": []}
    assert (await platform.get("/stats")).json() == {"received": 1, "refused": 2}


async def test_nonsense_is_answered(platform: httpx.AsyncClient) -> None:
    for path in ("/handoffs", "/webhook-secrets"):
        for content in (b"", b"{", b"[]", b'{"secret": "no base64 \xc3\xa9"}'):
            assert (await platform.post(path, content=content)).status_code in {400, 404}
    assert (await platform.get("/nowhere")).status_code == 404


def test_the_key_is_kept_where_it_was_told(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    first = Signer.load_or_create(path)
    assert Signer.load_or_create(path).kid == first.kid
    assert path.stat().st_mode & 0o777 == 0o600
    assert "d" not in first.jwks()["keys"][0]
