"""What a list is asked for: the same for lists and exports."""

from __future__ import annotations

from uuid import UUID

from commis.orders.v1 import orders_pb2 as pb

from chassis import fields
from chassis.errors import Violations
from orders import parsing
from orders.sheets.filters import Sort
from orders.sheets.listing import ListOrders


def wanted(v: Violations, request: pb.ListOrdersRequest, prefix: str = "") -> ListOrders:
    """All but the page; `prefix` stands before the names of fields."""

    def identifier(name: str, value: str) -> UUID | None:
        return fields.identifier(v, prefix + name, value, required=False)

    sort = fields.enum(v, f"{prefix}sort", request.sort, pb.OrderSort, required=False)
    return ListOrders(
        account_id=identifier("account_id", request.account_id),
        states=parsing.states(v, f"{prefix}states", request.states),
        representative_id=identifier("representative_id", request.representative_id),
        place_from=fields.date(v, f"{prefix}place_from_date", request.place_from_date),
        place_to=fields.date(v, f"{prefix}place_to_date", request.place_to_date),
        community_id=identifier("community_id", request.community_id),
        actor_id=identifier("actor_id", request.actor_id),
        payer_account_id=identifier("payer_account_id", request.payer_account_id),
        client_external_id=fields.text(v, f"{prefix}client_external_id", request.client_external_id),
        query=fields.text(v, f"{prefix}query", request.query, max_length=100),
        sort=Sort(sort.removeprefix("ORDER_SORT_")) if sort else Sort.NEWEST,
    )
