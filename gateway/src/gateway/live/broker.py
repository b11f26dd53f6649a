"""What this process hears from the broker, for all its lines together."""

from __future__ import annotations

import asyncio
import datetime
from typing import Any, cast

from commis.customers.v1 import events_pb2 as customers
from commis.notifications.v1 import feed_pb2
from commis.orders.v1 import shared_orders_pb2
from nats.aio.client import Client as NatsClient
from nats.aio.msg import Msg

from chassis import broker
from chassis.config import ServiceSettings
from chassis.logs import log
from gateway import metrics
from gateway.config import Settings
from gateway.live import messages
from gateway.live.feeds import Gap
from gateway.live.hub import Hub
from gateway.live.presence import SUBJECT, Presence
from gateway.live.reader import Reader

SHEETS = "commis.orders.v1.sheets."
FEEDS = "commis.notifications.v1.feeds."
_RIGHTS = "commis.customers.v1."


def sheet_topic(order_id: str) -> str:
    return "sheet " + order_id


def account_topic(account_id: object) -> str:
    return f"account {account_id}"


class Broker:
    """The gateway serves everything else while the broker is away: `ready` says whether feeds may begin."""

    def __init__(self, settings: Settings, hub: Hub) -> None:
        self._settings = settings
        self._hub = hub
        self._connection: NatsClient | None = None
        self.presence = Presence(self._publish, self._show)
        told = "sessions_ended", "account_unassigned", "member_updated", "member_removed"
        rights = [_RIGHTS + name for name in told]
        self._readers = (
            Reader("COMMIS_ORDERS", [SHEETS + "*"], self._sheet_changed, self._missed("sheet ")),
            Reader("COMMIS_NOTIFICATIONS", [FEEDS + "*"], self._feed_grew, self._missed("account ")),
            Reader("COMMIS_CUSTOMERS", rights, self._rights_changed, self._missed("")),
        )

    @property
    def ready(self) -> bool:
        """Connected, and every stream is followed."""
        connection = self._connection
        return (
            connection is not None and connection.is_connected and all(one.attached for one in self._readers)
        )

    async def run(self) -> None:
        """Until cancelled."""
        self._connection = connection = await broker.connect(cast(ServiceSettings, self._settings))
        try:
            await connection.subscribe(SUBJECT + "*", cb=self._presence_told)
            async with asyncio.TaskGroup() as group:
                group.create_task(self.presence.run())
                for reader in self._readers:
                    group.create_task(reader.run(connection))
        finally:
            await connection.close()

    def _missed(self, topics: str) -> Any:
        def lost() -> None:
            log.warning("events may be missing", topics=topics or "rights")
            for line in self._hub:
                if line.topic.startswith(topics):
                    line.offer(Gap())

        return lost

    def _sheet_changed(self, subject: str, data: bytes, headers: dict[str, str]) -> None:
        topic = sheet_topic(subject.removeprefix(SHEETS))
        if topic in self._hub:
            self._hub.publish(topic, messages.Change(shared_orders_pb2.SheetChanged.FromString(data)))
            _observe(headers)

    def _feed_grew(self, subject: str, data: bytes, headers: dict[str, str]) -> None:
        topic = account_topic(subject.removeprefix(FEEDS))
        if topic in self._hub:
            self._hub.notice(topic, feed_pb2.FeedAppended.FromString(data).entry.sequence)
            _observe(headers)

    def _rights_changed(self, subject: str, data: bytes, headers: dict[str, str]) -> None:
        """A session that ended ends its lines; other changes make those whom they concern ask again."""
        match subject.removeprefix(_RIGHTS):
            case "sessions_ended":
                self._hub.end_sessions(customers.SessionsEnded.FromString(data).session_ids)
            case "account_unassigned":
                rep = customers.AccountUnassigned.FromString(data).representative_id
                self._hub.check(lambda line: line.caller.actor_id == rep)
            case "member_updated":
                person = customers.MemberUpdated.FromString(data).person_id
                self._hub.check(lambda line: line.caller.actor_id == person)
            case "member_removed":  # whose session may act for another account by now, and go on
                gone = customers.MemberRemoved.FromString(data).person_id
                self._hub.check(lambda line: line.caller.actor_id == gone)

    async def _presence_told(self, msg: Msg) -> None:
        try:
            self.presence.receive(msg.subject, msg.data)
        except (ValueError, KeyError, TypeError) as error:
            log.warning("presence not understood", error=repr(error))

    async def _publish(self, subject: str, data: bytes) -> None:
        """Who cannot be told now is told when it is said again."""
        if self._connection is not None and self._connection.is_connected:
            await self._connection.publish(subject, data)

    def _show(self, sheet_id: str, viewers: list[Any]) -> None:
        self._hub.publish(sheet_topic(sheet_id), messages.present(viewers))


def _observe(headers: dict[str, str]) -> None:
    try:
        told = datetime.datetime.fromisoformat(headers.get("ce-time", ""))
    except ValueError:
        return
    metrics.FEED_LAG.observe(max(0.0, (datetime.datetime.now(datetime.UTC) - told).total_seconds()))
