"""ReservationService: for orders only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar

from commis.catalog.v1 import stock_pb2, stock_pb2_grpc

from catalog.pricing import requests
from catalog.pricing.quote_rpc import SCOPE
from catalog.reservations import amending, use_cases
from catalog.reservations.use_cases import ReserveStock, Reserving
from chassis import access, fields
from chassis.access import Rule
from chassis.errors import Violations


class ReservationServicer(stock_pb2_grpc.ReservationServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "ReserveStock": access.services(SCOPE),
        "ReleaseStock": access.services(SCOPE),
    }

    def __init__(self, needs: Reserving) -> None:
        self._needs = needs

    async def ReserveStock(
        self, request: stock_pb2.ReserveStockRequest, _context: Any
    ) -> stock_pb2.ReserveStockResponse:
        v = Violations()
        order_id = fields.identifier(v, "order_id", request.order_id)
        attempt_id = fields.identifier(v, "attempt_id", request.attempt_id, required=False)
        customer = requests.customer(v, request.customer)
        lines = requests.lines(v, request.lines, may_agree=True)
        language = requests.language(v, request.language_code)
        if request.amends and not request.attempt_id:
            v.add("attempt_id", "is required", "REQUIRED")
        if len({line.line_id for line in lines}) < len(lines) or any(not line.line_id for line in lines):
            v.add("lines", "need a line_id each, all different")
        v.raise_if_any()
        assert order_id is not None
        command = ReserveStock(
            order_id=order_id,
            # An order that does not count its attempts has one, named like itself.
            attempt_id=attempt_id or order_id,
            customer=customer,
            lines=lines,
            language=language,
            content_hash=hashlib.sha256(request.SerializeToString(deterministic=True)).digest(),
        )
        reserve = amending.reserve_beyond if request.amends else use_cases.reserve_stock
        answer = await reserve(self._needs, command)
        return stock_pb2.ReserveStockResponse.FromString(answer)

    async def ReleaseStock(
        self, request: stock_pb2.ReleaseStockRequest, _context: Any
    ) -> stock_pb2.ReleaseStockResponse:
        v = Violations()
        order_id = fields.identifier(v, "order_id", request.order_id)
        attempt_id = fields.identifier(v, "attempt_id", request.attempt_id, required=False)
        fields.text(v, "reason", request.reason, max_length=500)
        if request.amends and not request.attempt_id:
            v.add("attempt_id", "is required", "REQUIRED")
        v.raise_if_any()
        assert order_id is not None
        if request.amends:
            assert attempt_id is not None
            await amending.release_beyond(self._needs.sessions, order_id, attempt_id)
        else:
            await use_cases.release_stock(self._needs.sessions, order_id, attempt_id)
        return stock_pb2.ReleaseStockResponse()
