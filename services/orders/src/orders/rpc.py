"""OrderService: the RPCs of all capabilities in the one servicer that gRPC wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from commis.orders.v1 import orders_pb2_grpc

from chassis.access import Rule
from orders.approval.rpc import ApprovalRpcs
from orders.fulfilment.rpc import FulfilmentRpcs
from orders.history.rpc import HistoryRpcs
from orders.placing.rpc import PlacingRpcs
from orders.sheets.rpc import SheetRpcs


class OrderServicer(
    SheetRpcs, PlacingRpcs, ApprovalRpcs, FulfilmentRpcs, HistoryRpcs, orders_pb2_grpc.OrderServiceServicer
):
    RULES: ClassVar[Mapping[str, Rule]] = {
        **SheetRpcs.RULES,
        **PlacingRpcs.RULES,
        **ApprovalRpcs.RULES,
        **FulfilmentRpcs.RULES,
        **HistoryRpcs.RULES,
    }
