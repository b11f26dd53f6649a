"""The messages of feeds as JSON; for an event of a sheet once per side, however many listen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from commis.common.v1 import common_pb2
from commis.notifications.v1 import feed_pb2
from commis.orders.v1 import shared_orders_pb2 as pb
from google.protobuf.descriptor import EnumDescriptor

from gateway.wire import enums
from gateway.wire.render import member, renderer

_SHEET = renderer(pb.SharedOrder.DESCRIPTOR)
_CHANGE = renderer(pb.SheetChange.DESCRIPTOR)
_ENTRY = renderer(feed_pb2.FeedEntry.DESCRIPTOR)
_EVENT = {field.name: member(field) for field in pb.SheetChanged.DESCRIPTOR.fields}
_SIDES: EnumDescriptor = pb.Side.DESCRIPTOR
_KINDS: EnumDescriptor = common_pb2.PartyKind.DESCRIPTOR
# What a message of changes has beside them; null in those that are read later.
_LIVE = ("state", "waiting_for", "hash", "header_changed", "totals")


@dataclass(frozen=True, slots=True)
class Message:
    """`sequence`: the number to go on from; None for what is not numbered."""

    kind: str
    body: bytes
    sequence: int | None = None


def _message(kind: str, sequence: int | None = None, **members: Any) -> Message:
    numbered = {} if sequence is None else {"sequence": sequence}
    return Message(kind, orjson.dumps({"type": kind, **numbered, **members}), sequence)


def side_name(side: int) -> str | None:
    return enums.names(_SIDES).get(side)


def kind_name(kind: int) -> str | None:
    return enums.names(_KINDS).get(kind)


def snapshot(order: pb.SharedOrder, viewer: str) -> Message:
    return _message("snapshot", order.revision, viewer=viewer, shared_order=_SHEET(order))


def resumed(sequence: int, viewer: str) -> Message:
    return _message("resumed", sequence, viewer=viewer)


def changes(found: list[pb.SheetChange], order: pb.SharedOrder | None) -> Message:
    """Read from the log; the last one of several has the sheet as it is after them."""
    nothing = dict.fromkeys((*_LIVE, "status", "lines"))
    shown = None if order is None else _SHEET(order)
    listed = [_CHANGE(change) for change in found]
    return _message("changes", found[-1].sequence, changes=listed, **nothing, shared_order=shown)


class Change:
    """An event of a sheet on its way to those who listen."""

    def __init__(self, event: pb.SheetChanged) -> None:
        self._event = event
        self._shown: dict[int, Message] = {}
        self.revision = event.revision
        self.visible_to = event.visible_to
        # It says less than happened.
        self.partial = event.partial
        self.first = event.changes[0].sequence if event.changes else event.revision

    def shown_to(self, side: int) -> Message:
        if side not in self._shown:
            self._shown[side] = self._render("vendor" if side == pb.SIDE_VENDOR else "customer")
        return self._shown[side]

    def _render(self, side: str) -> Message:
        event = self._event
        live = {name: _EVENT[name](event) for name in _LIVE}
        status, lines = _EVENT[f"{side}_status"](event), _EVENT[f"{side}_lines"](event)
        listed = _EVENT["changes"](event)
        return _message(
            "changes", event.revision, changes=listed, **live, status=status, lines=lines, shared_order=None
        )


def present(viewers: list[Any]) -> Message:
    return _message("presence", viewers=viewers)


def ready(sequence: int) -> Message:
    return _message("ready", sequence)


def entry(found: feed_pb2.FeedEntry) -> Message:
    return _message("entry", found.sequence, entry=_ENTRY(found))


def heartbeat(sequence: int) -> Message:
    return _message("heartbeat", sequence)


def refusal(problem: bytes) -> Message:
    return Message("problem", b'{"type":"problem","problem":%s}' % problem)
