"""Posts what is due to its targets: every delivery by itself, so that none waits for another."""

from __future__ import annotations

import asyncio
import datetime
from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from chassis import crash
from chassis.db import Sessions
from chassis.logs import log
from chassis.outward import AddressRefused, ForeignCallFailed, ForeignHttp
from notifications.vault import SealBroken, Vault
from notifications.webhooks import domain, events, metrics, signing, store
from notifications.webhooks.domain import DeliveryState, Outcome
from notifications.webhooks.store import Attempt

POLL_SECONDS = 1.0
# An attempt in all: name, connection, TLS, answer.
ATTEMPT_SECONDS = 15.0
# At once to one target, as long as it answers; a target that fails gets one at a time and, when it goes on
# failing, rests in between. So one that is dead takes one of these places and not all of them.
PER_TARGET = 4
AT_ONCE = 100
REST_FROM = 3
# Database connections for outcomes; the mails need theirs.
WRITERS = 3
MAX_REST_SECONDS = 60.0
# At the end, attempts under way get this long; what is cut off is delivered again when its lease has ended.
STOP_SECONDS = 5.0


@dataclass(slots=True)
class _Health:
    failures: int = 0
    rest_until: float = 0.0


class Deliverer:
    """A background task; any number of replicas may run."""

    def __init__(self, sessions: Sessions, http: ForeignHttp, vault: Vault) -> None:
        self._sessions = sessions
        self._http = http
        self._vault = vault
        self._in_hand: Counter[UUID] = Counter()
        self._health: dict[UUID, _Health] = {}
        self._attempts: set[asyncio.Task[None]] = set()
        self._writing = asyncio.Semaphore(WRITERS)
        self._due = asyncio.Event()
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def wake(self) -> None:
        self._due.set()

    async def run(self) -> None:
        self._stopping.clear()
        self._idle.clear()
        try:
            while not self._stopping.is_set():
                self._due.clear()
                try:
                    await self._take()
                except Exception as error:
                    log.warning("webhooks not looked at", error=repr(error))
                    await asyncio.sleep(POLL_SECONDS)
                await self._wait()
            if self._attempts:
                await asyncio.wait(self._attempts, timeout=STOP_SECONDS)
        finally:
            for attempt in self._attempts:
                attempt.cancel()
            await asyncio.gather(*self._attempts, return_exceptions=True)
            self._idle.set()

    async def stop(self) -> None:
        self._stopping.set()
        self._due.set()
        await self._idle.wait()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._due.wait()
        except TimeoutError:
            return

    async def _take(self) -> None:
        room = AT_ONCE - len(self._attempts)
        if room <= 0:
            return
        now = asyncio.get_running_loop().time()
        busy = {one: self._room(one, now) for one in {*self._in_hand, *self._health}}
        async with self._sessions.begin() as session:
            connection = await session.connection()
            taken = await store.claim(connection, rooms=busy, room=PER_TARGET, limit=room)
        for attempt in taken:
            self._in_hand[attempt.subscription_id] += 1
            task = asyncio.create_task(self._attempt(attempt))
            self._attempts.add(task)
            task.add_done_callback(self._attempts.discard)

    def _room(self, subscription_id: UUID, now: float) -> int:
        health = self._health.get(subscription_id)
        if health is None:
            return max(0, PER_TARGET - self._in_hand[subscription_id])
        if now < health.rest_until:
            return 0
        return max(0, 1 - self._in_hand[subscription_id])

    async def _attempt(self, attempt: Attempt) -> None:
        one = attempt.subscription_id
        try:
            outcome = await self._post(attempt)
            self._judge(one, outcome)
            metrics.WEBHOOKS.labels(
                "DELIVERED" if outcome.state is DeliveryState.DELIVERED else "FAILED"
            ).inc()
            crash.point("notifications.webhook.answered")
            async with self._writing, self._sessions.begin() as session:
                owner = await store.record(session, attempt, outcome)
                if owner is not None:
                    events.publish_changed(session, one, owner, ["state"])
            if owner is not None:
                log.warning("webhook subscription disabled", subscription_id=str(one), error=outcome.error)
        except (
            Exception
        ) as error:  # not written down: delivered again, with the same id, when the lease has ended
            log.warning(
                "webhook attempt not recorded", delivery_id=str(attempt.delivery_id), error=repr(error)
            )
        finally:
            self._in_hand[one] -= 1
            if not self._in_hand[one]:
                del self._in_hand[one]
            self._due.set()

    async def _post(self, attempt: Attempt) -> Outcome:
        now = datetime.datetime.now(datetime.UTC)
        sealed = [secret for secret in (attempt.secret, attempt.previous_secret) if secret is not None]
        try:
            secrets = [signing.unseal(self._vault, attempt.subscription_id, one) for one in sealed]
            answer = await self._http.call(
                "POST",
                attempt.target_address,
                headers=signing.headers(attempt.message_id, attempt.payload, secrets, now),
                content=attempt.payload.encode(),
                max_bytes=None,
                seconds=ATTEMPT_SECONDS,
            )
        except (AddressRefused, ForeignCallFailed) as error:
            return domain.unanswered(str(error), attempt.tries)
        except SealBroken:
            return domain.unanswered("the secret cannot be read: rotate it", attempt.tries)
        return domain.answered(answer.status, attempt.tries, answer.headers.get("retry-after", ""), now)

    def _judge(self, subscription_id: UUID, outcome: Outcome) -> None:
        if outcome.state is DeliveryState.DELIVERED:
            self._health.pop(subscription_id, None)
            return
        health = self._health.setdefault(subscription_id, _Health())
        health.failures += 1
        if health.failures >= REST_FROM:
            rest = min(MAX_REST_SECONDS, 2.0 ** (health.failures - REST_FROM))
            health.rest_until = asyncio.get_running_loop().time() + rest
