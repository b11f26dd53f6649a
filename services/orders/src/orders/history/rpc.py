"""ListOrderHistory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.orders.v1 import orders_pb2 as pb

from chassis import paging
from chassis.access import Rule
from orders import parsing, wire
from orders.attribution import channel
from orders.domain.model import HistoryEntry
from orders.history import queries
from orders.infrastructure import Infrastructure
from orders.sheets import listing
from orders.sheets.rpc import READERS


class HistoryRpcs:
    RULES: ClassVar[Mapping[str, Rule]] = {"ListOrderHistory": READERS}
    _infra: Infrastructure

    async def ListOrderHistory(
        self, request: pb.ListOrderHistoryRequest, ctx: Any
    ) -> pb.ListOrderHistoryResponse:
        v, order_id = parsing.order_id(request.order_id)
        v.raise_if_any()
        assert order_id is not None
        filters = {"order_id": request.order_id}
        page = paging.decode(request.page_size, request.page_token, filters)
        await listing.get_order(self._infra, order_id)
        found = await queries.list_history(self._infra.sessions, order_id, page)
        token = ""
        if len(found) > page.size:
            found = found[: page.size]
            token = paging.next_token((found[-1].sequence,), filters)
        return pb.ListOrderHistoryResponse(entries=[_entry(each) for each in found], next_page_token=token)


def _entry(each: HistoryEntry) -> pb.HistoryEntry:
    return pb.HistoryEntry(
        sequence=each.sequence,
        occur_time=wire.time(each.time),
        actor=wire.party(each.actor),
        account_id=str(each.account_id),
        channel=channel(each.channel),
        action=each.action,
        from_state=wire.state(each.from_state),
        to_state=wire.state(each.to_state),
        detail=each.detail,
    )
