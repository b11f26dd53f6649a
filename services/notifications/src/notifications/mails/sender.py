"""Sends what is due: mails that the consumer hands over in memory, and from the table what others left."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from chassis import crash, db
from chassis.errors import ServiceError
from chassis.ids import new_id
from chassis.logs import log
from notifications.mails import metrics, store
from notifications.mails.contents import Contents, NoLongerNeeded
from notifications.mails.marks import Marks
from notifications.mails.smtp import Broken, Connection, Refused, Unreachable
from notifications.mails.store import Draft, Mail, Mark, State

CAPACITY = 500
POLL_SECONDS = 1.0
LOST_EVERY_SECONDS = 15.0
# After a refusal for now (4xx): about two days in total, then FAILED.
BACKOFF_SECONDS = (30, 120, 600, 1800, 3600, *[4 * 3600] * 11)
# How long no mail is tried after the server could not be reached.
PAUSE_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)
# A transaction that waited longer for the database than this is opened anew: the server may have closed it.
STALE_SECONDS = 5.0


class Sender:
    """A background task; any number of replicas may run."""

    def __init__(
        self,
        engine: AsyncEngine,
        contents: Contents,
        connect: Callable[[], Connection],
        *,
        address: str,
        workers: int,
    ) -> None:
        self._engine = engine
        self._contents = contents
        self._connect = connect
        self._address = address
        self._workers = workers
        self._id = new_id()
        self._marks = Marks(engine, self._id, enough=workers)
        self._queue: deque[Mail] = deque()
        self._in_hand: set[UUID] = set()
        self._arrived = asyncio.Event()
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._reachable = asyncio.Event()
        self._reachable.set()
        self._failures = 0

    @property
    def lease(self) -> float:
        """Seconds for which new mails are ours; 0 when we have enough in hand."""
        return store.LEASE_SECONDS if len(self._in_hand) < CAPACITY else 0

    def accept(self, mails: Iterable[Mail]) -> None:
        """Mails that were just written under our lease."""
        for mail in mails:
            if mail.id not in self._in_hand:
                self._in_hand.add(mail.id)
                self._queue.append(mail)
        self._arrived.set()

    async def run(self) -> None:
        self._stopping.clear()
        self._idle.clear()
        self._queue.clear()
        self._in_hand.clear()
        marking = asyncio.create_task(self._marks.run())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._poll())
                for _ in range(self._workers):
                    group.create_task(self._work())
        finally:
            self._marks.close()
            await marking
            self._idle.set()

    async def stop(self) -> None:
        """Returns when mails on their way have arrived and their states are written."""
        self._stopping.set()
        self._arrived.set()
        self._reachable.set()
        await self._idle.wait()

    async def _poll(self) -> None:
        lost_due = 0.0
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            more = False
            try:
                async with self._engine.begin() as connection:
                    if loop.time() >= lost_due:
                        lost_due = loop.time() + LOST_EVERY_SECONDS
                        await self._mark_lost(connection)
                    room = CAPACITY - len(self._in_hand)
                    due = (
                        await store.claim(connection, min(room, 100))
                        if room > 0 and self._reachable.is_set()
                        else []
                    )
                    more = len(due) == 100
                self.accept(due)
            except Exception as error:
                log.warning("mails not looked at", error=repr(error))
            if not more:
                await _wait(self._stopping, POLL_SECONDS)

    async def _mark_lost(self, connection: AsyncConnection) -> None:
        for mail_id in await store.mark_lost(connection, self._id):
            log.error("mail may or may not have been sent", mail_id=str(mail_id))
            metrics.MAILS.labels("UNKNOWN").inc()

    async def _work(self) -> None:
        connection = self._connect()
        while not self._stopping.is_set():
            await self._reachable.wait()
            if not self._queue:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            mail = self._queue.popleft()
            try:
                mark = await self._send(connection, mail)
            except Exception as error:
                connection.close()
                log.error("mail not sent", mail_id=str(mail.id), exc_info=error)
                mark = self._later(mail, repr(error))
            if mark is None:
                self._in_hand.discard(mail.id)
            else:
                metrics.MAILS.labels(mark.state.value).inc()
                self._marks.tell(mark).add_done_callback(lambda _, m=mail: self._in_hand.discard(m.id))  # type: ignore[misc]
        await connection.quit()

    async def _send(self, connection: Connection, mail: Mail) -> Mark | None:
        """What became of the mail; None when somebody else has it."""
        try:
            message = await self._contents.message(mail)
            await connection.begin(self._address, mail.recipient)
            self._reached()
        except NoLongerNeeded as error:
            return Mark(mail.id, State.FAILED, error=str(error))
        except ServiceError as error:
            return Mark(mail.id, State.PENDING, error=error.message, delay=error.retry_after or 5)
        except Refused as error:
            return self._refused(mail, error)
        except Broken as error:
            return self._later(mail, str(error))
        except Unreachable as error:
            return self._unreachable(mail, error)
        return await self._transmit(connection, mail, message)

    async def _transmit(self, connection: Connection, mail: Mail, message: bytes) -> Mark | None:
        asked = asyncio.get_running_loop().time()
        if not await self._marks.tell(Mark(mail.id, State.SENDING, tried=True)):
            connection.close()
            return None
        crash.point("notifications.sending.committed")
        try:
            if asyncio.get_running_loop().time() - asked > STALE_SECONDS:
                connection.close()
                await connection.begin(self._address, mail.recipient)
            await connection.transmit(message)
        except Refused as error:
            return self._refused(mail, error, counted=True)
        except Broken as error:
            return self._later(mail, str(error), counted=True)
        except Unreachable as error:
            return self._unreachable(mail, error)
        except Exception as error:  # Lost, or what nobody foresaw: never risk a second mail
            log.error("mail may or may not have been sent", mail_id=str(mail.id), exc_info=error)
            return Mark(mail.id, State.UNKNOWN, error=f"no answer to the mail: {error}"[:500])
        crash.point("notifications.sent")
        return Mark(mail.id, State.SENT)

    def _refused(self, mail: Mail, error: Refused, *, counted: bool = False) -> Mark:
        if error.permanent:
            return Mark(mail.id, State.FAILED, tried=not counted, error=str(error))
        return self._later(mail, str(error), counted=counted)

    def _later(self, mail: Mail, error: str, *, counted: bool = False) -> Mark:
        if mail.attempt_count >= len(BACKOFF_SECONDS):
            return Mark(mail.id, State.FAILED, tried=not counted, error=error)
        delay = BACKOFF_SECONDS[mail.attempt_count]
        return Mark(mail.id, State.PENDING, tried=not counted, error=error, delay=delay)

    def _reached(self) -> None:
        self._failures = 0

    def _unreachable(self, mail: Mail, error: Unreachable) -> Mark:
        """No mail's attempt: all wait, and this one is as due as the others afterwards."""
        pause = PAUSE_SECONDS[min(self._failures, len(PAUSE_SECONDS) - 1)]
        if self._reachable.is_set() and not self._stopping.is_set():
            self._failures += 1
            self._reachable.clear()
            asyncio.get_running_loop().call_later(pause, self._reachable.set)
            log.warning("mail server cannot be reached", error=str(error), pause=pause)
        return Mark(mail.id, State.PENDING, error=f"mail server: {error}"[:500], delay=pause)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return


async def hand_over(session: AsyncSession, drafts: Sequence[Draft], sender: Sender | None) -> None:
    """Write the mails; a sender of this process gets them once they are committed, unless it has enough in hand."""
    if not drafts:
        return
    lease = sender.lease if sender is not None else 0
    mails = await store.add(session, drafts, lease=lease)
    if sender is not None and lease:
        db.after_commit(session, lambda: sender.accept(mails))
