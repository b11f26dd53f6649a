"""An event as it lies on the stream: CloudEvents headers around a protobuf message."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message

from chassis import ids


class Unreadable(Exception):
    """No id, an unknown type or broken bytes: no delivery will ever be better than this one."""


@dataclass(frozen=True, slots=True)
class Meta:
    """What the headers say; `deliveries` counts from 1."""

    id: UUID
    type: str
    subject: str
    source: str
    aggregate_id: str
    aggregate_version: int
    time: datetime.datetime
    traceparent: str = ""
    deliveries: int = 1

    def age(self) -> float:
        return (datetime.datetime.now(datetime.UTC) - self.time).total_seconds()


@cache
def event_class(name: str) -> type[Message]:
    """The generated class; its module must have been imported. Raises Unreadable for an unknown name."""
    try:
        return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(name))
    except KeyError:
        raise Unreadable(f"unknown event type {name}") from None


def parse(subject: str, payload: bytes, headers: Mapping[str, str], deliveries: int) -> tuple[Message, Meta]:
    """Raises Unreadable."""
    identity = ids.parse_id(headers.get("ce-id", ""))
    if identity is None:
        raise Unreadable("ce-id is not a UUID")
    try:
        event = event_class(headers.get("ce-type", "")).FromString(payload)
        return event, Meta(
            id=identity,
            type=headers["ce-type"],
            subject=subject,
            source=headers.get("ce-source", ""),
            aggregate_id=headers.get("ce-subject", ""),
            aggregate_version=int(headers.get("ce-aggregateversion", "0")),
            time=datetime.datetime.fromisoformat(headers["ce-time"]),
            traceparent=headers.get("traceparent", ""),
            deliveries=deliveries,
        )
    except (DecodeError, KeyError, ValueError) as error:
        raise Unreadable(str(error)) from error


def read(msg: Any) -> tuple[Message, Meta]:
    """A JetStream message; the delivery count is the 5th token of its reply
    ($JS.ACK.<stream>.<consumer>.<n>...) or the 7th where the server has a domain."""
    tokens = msg.reply.split(".")
    return parse(msg.subject, msg.data, msg.headers or {}, int(tokens[4 if len(tokens) == 9 else 6]))
