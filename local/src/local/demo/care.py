"""The care platform in the shop: registered with its communities, its clients' terms and its webhooks."""

from __future__ import annotations

import httpx

from local.demo.api import Api, Json
from local.demo.show import step
from local.demo.vendor import read


async def register(admin: Api, careplatform_url: str) -> None:
    """Create what is missing; a webhook subscription whose secret the platform may have lost gets a new one."""
    wanted = read("care.json")
    platform = await _platform(admin, wanted["platform"], careplatform_url)
    communities = [await _community(admin, platform, entry) for entry in wanted["communities"]]
    await _webhooks(admin, platform, careplatform_url)
    step("care platform", f"{platform['display_name']}, whose keys are at {platform['jwks_uri']}")
    for community in communities:
        billed = (
            "billed monthly to the residence" if community["residence_account_id"] else "billed to the client"
        )
        step("community", f"{community['display_name']}: {billed}")


async def _platform(admin: Api, wanted: Json, careplatform_url: str) -> Json:
    keys = f"{careplatform_url}/.well-known/jwks.json"
    async for present in admin.items("/v1/care-platforms"):
        if present["issuer"] == wanted["issuer"]:
            if present["jwks_uri"] == keys:
                return present
            return await admin.patch(f"/v1/care-platforms/{present['id']}", {"jwks_uri": keys})
    return await admin.post("/v1/care-platforms", wanted | {"jwks_uri": keys})


async def _community(admin: Api, platform: Json, entry: Json) -> Json:
    wanted = entry["community"]
    async for present in admin.items("/v1/communities", platform_id=platform["id"]):
        if present["external_id"] == wanted["external_id"]:
            return present
    more: Json = {"platform_id": platform["id"]}
    if "residence" in entry:
        found = await admin.get("/v1/accounts", query=entry["residence"])
        more["residence_account_id"] = found["items"][0]["id"]
    return await admin.post("/v1/communities", wanted | more)


async def _webhooks(admin: Api, platform: Json, careplatform_url: str) -> None:
    target = f"{careplatform_url}/webhooks"
    async for present in admin.items("/v1/webhook-subscriptions", platform_id=platform["id"]):
        if present["target_address"] == target:
            path = f"/v1/webhook-subscriptions/{present['id']}:rotate-secret"
            secret = (await admin.post(path))["secret"]
            break
    else:
        new = {"platform_id": platform["id"], "target_address": target}
        secret = (await admin.post("/v1/webhook-subscriptions", new))["secret"]
    async with httpx.AsyncClient(timeout=10) as http:
        (await http.post(f"{careplatform_url}/webhook-secrets", json={"secret": secret})).raise_for_status()
