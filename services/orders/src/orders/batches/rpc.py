"""OrderBatchService."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

from commis.orders.v1 import entry_pb2 as pb
from commis.orders.v1 import entry_pb2_grpc

from chassis import access as rules
from chassis import context, db
from chassis.access import Rule
from chassis.errors import FieldViolation, Kind, ServiceError, Violations
from chassis.logs import log
from orders.batches import parsing, use_cases, wire
from orders.batches.domain import Answer, Outcome
from orders.batches.ports import Proposals
from orders.direct import Unanswered
from orders.domain.errors import AccountNotFound
from orders.infrastructure import Infrastructure

# Orders of one upload at work at once: others place orders too.
_AT_ONCE = 4
# What one order may take; with less left none is begun.
_SPARE_SECONDS = 1.5
_FINAL = frozenset((Kind.INVALID_ARGUMENT, Kind.NOT_FOUND, Kind.ALREADY_EXISTS, Kind.PERMISSION_DENIED))


class OrderBatchServicer(entry_pb2_grpc.OrderBatchServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "UploadOrders": rules.any_of(rules.reps(), rules.staff("ORDER_DESK"))
    }

    def __init__(self, infra: Infrastructure, proposals: Proposals) -> None:
        self._infra = infra
        self._proposals = proposals
        self._running: set[asyncio.Task[pb.UploadOrdersResponse]] = set()

    async def UploadOrders(
        self, request: pb.UploadOrdersRequest, ctx: Any
    ) -> AsyncIterator[pb.UploadOrdersResponse]:
        v = Violations()
        parsing.check_batch(v, request)
        v.raise_if_any()
        waiting: deque[tuple[pb.OfflineOrder, asyncio.Task[pb.UploadOrdersResponse]]] = deque()
        for sent in request.orders:
            if len(waiting) == _AT_ONCE:
                yield await _in_time(*waiting.popleft())
            waiting.append((sent, self._begin(sent)))
        while waiting:
            yield await _in_time(*waiting.popleft())

    def _begin(self, sent: pb.OfflineOrder) -> asyncio.Task[pb.UploadOrdersResponse]:
        """A task of its own: a client who leaves does not cut an order off in the middle."""
        task = asyncio.create_task(self._answer(sent))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _answer(self, sent: pb.OfflineOrder) -> pb.UploadOrdersResponse:
        left = context.current().remaining()
        if left is not None and left < _SPARE_SECONDS:
            return _not_now(sent, "DEADLINE_EXCEEDED", "The time ran out before this order was begun.")
        try:
            return await use_cases.upload(self._infra, self._proposals, parsing.offline_order(sent))
        except ServiceError as error:
            return _failed(sent, error)
        except Unanswered:
            return _not_now(sent, "DATABASE_UNAVAILABLE", "The database did not answer.")
        except Exception as error:
            away = db.unavailable(error)
            if away is not None:
                return _failed(sent, away)
            log.error("order of an upload failed", order_id=sent.order_id[:50], exc_info=error)
            return _not_now(sent, "INTERNAL", "Internal error.")


async def _in_time(
    sent: pb.OfflineOrder, task: asyncio.Task[pb.UploadOrdersResponse]
) -> pb.UploadOrdersResponse:
    left = context.current().remaining()
    try:
        async with asyncio.timeout(None if left is None else max(0.0, left - _SPARE_SECONDS / 2)):
            return await asyncio.shield(task)
    except TimeoutError:
        return _not_now(sent, "DEADLINE_EXCEEDED", "The time ran out; what was begun goes on.")


def _failed(sent: pb.OfflineOrder, error: ServiceError) -> pb.UploadOrdersResponse:
    if error.kind not in _FINAL:
        return _not_now(sent, error.reason, error.message)
    field = "account_id" if isinstance(error, AccountNotFound) else "order_id"
    reasons = error.violations or (FieldViolation(field, error.message, error.reason),)
    return wire.answer(Answer(sent.order_id, Outcome.REFUSED, reasons=reasons))


def _not_now(sent: pb.OfflineOrder, reason: str, text: str) -> pb.UploadOrdersResponse:
    reasons = (FieldViolation("order_id", text, reason),)
    return wire.answer(Answer(sent.order_id, Outcome.TRY_AGAIN, reasons=reasons))
