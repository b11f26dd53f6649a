"""The calls to the shop: a form with the payment's id and nothing else, repeated until it answers 200."""

from __future__ import annotations

import asyncio

import httpx

from local.payprovider.ledger import Ledger, Payment

_ATTEMPTS = 5
_PAUSE_SECONDS = 0.5


class Webhooks:
    """Sends in the background, unless the switches say otherwise."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._http = httpx.AsyncClient(timeout=10)
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: list[Payment] = []

    async def announce(self, payment: Payment) -> None:
        """That something about the payment changed."""
        mode = self._ledger.switches.webhooks
        if not payment.asked.get("webhookUrl"):
            return
        if mode == "held":
            self._held.append(payment)
        elif mode == "early":
            await self._send(payment)
        else:
            for _ in range(2 if mode == "doubled" else 1):
                self._later(payment)

    def release(self) -> int:
        """Send what was held back."""
        held, self._held = self._held, []
        for payment in held:
            self._later(payment)
        return len(held)

    def _later(self, payment: Payment) -> None:
        task = asyncio.get_running_loop().create_task(self._send(payment))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, payment: Payment) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            self._ledger.calls["webhook"] += 1
            try:
                answered = await self._http.post(payment.asked["webhookUrl"], data={"id": payment.id})
            except httpx.HTTPError:
                pass
            else:
                if answered.status_code == httpx.codes.OK:
                    return
            await asyncio.sleep(_PAUSE_SECONDS * attempt)
