"""What the platform says to the shop: hand-offs, and with its own token questions about its communities."""

from __future__ import annotations

import json
from typing import Any

import httpx

from local.careplatform.signer import Json, Signer
from local.demo.vendor import read

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
Answer = tuple[int, Any]


class Partner:
    """One platform of ``care.json`` in front of one shop."""

    def __init__(self, gateway_url: str, signer: Signer) -> None:
        everything = read("care.json")
        self._signer = signer
        self._platform: Json = everything["platform"]
        self._workers = {worker["sub"]: worker for worker in everything["care_workers"]}
        self._clients = {client["sub"]: client for client in everything["clients"]}
        named = [entry["community"] for entry in everything["communities"]]
        self._communities = {one["external_id"]: one["display_name"] for one in named}
        self._http = httpx.AsyncClient(base_url=gateway_url, timeout=30)

    async def hand_over(self, wanted: Json) -> Answer:
        """Answers status and body of the shop; 404 for a care worker or client that the platform has not."""
        worker = self._workers.get(str(wanted.get("care_worker")))
        client = self._clients.get(str(wanted.get("client")))
        if worker is None or client is None:
            return 404, {"detail": "No such care worker or client."}
        assertion = self._signer.handoff(self._platform, worker, client, self._communities)
        answered = await self._http.post("/v1/handoffs", json={"assertion": assertion})
        return answered.status_code, answered.json()

    async def ask(self, path: str, query: str = "") -> Answer:
        """A question with the platform's own token, which is asked for anew each time."""
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION,
            "client_assertion": self._signer.credentials(self._platform),
        }
        tokens = await self._http.post("/v1/oauth/token", data=form)
        if not tokens.is_success:
            return tokens.status_code, _body(tokens)
        headers = {"Authorization": f"Bearer {tokens.json()['access_token']}"}
        answered = await self._http.get(f"{path}?{query}" if query else path, headers=headers)
        return answered.status_code, _body(answered)


def _body(answered: httpx.Response) -> Any:
    try:
        return answered.json()
    except json.JSONDecodeError:
        return {"detail": answered.text[:500]}
