"""AuditService."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.customers.v1 import audit_pb2 as pb
from commis.customers.v1 import audit_pb2_grpc

from chassis import access, fields, paging
from chassis.access import Rule
from chassis.db import Sessions
from chassis.errors import Violations
from customers import transactions
from customers.attribution import channel, party_kind
from customers.audit import queries
from customers.audit.queries import EntryView


class AuditServicer(audit_pb2_grpc.AuditServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "ListAuditEntries": access.any_of(
            access.staff(), access.reps(), access.accounts(), access.services("customers.audit")
        )
    }

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def ListAuditEntries(
        self, request: pb.ListAuditEntriesRequest, context: Any
    ) -> pb.ListAuditEntriesResponse:
        found = Violations()
        account_id = fields.identifier(found, "account_id", request.account_id, required=False)
        order_id = fields.identifier(found, "order_id", request.order_id, required=False)
        found.raise_if_any()
        filters = {"account": request.account_id, "order": request.order_id, "list": "audit"}
        page = paging.decode(request.page_size, request.page_token, filters)
        async with transactions.reading(self._sessions) as (session, who):
            entries = await queries.list_entries(session, who, account_id, order_id, page)
        for_staff = who.kind == "STAFF"
        answered = pb.ListAuditEntriesResponse(
            entries=[answer(entry, for_staff=for_staff) for entry in entries[: page.size]]
        )
        if len(entries) > page.size:
            answered.next_page_token = paging.next_token((entries[page.size - 1].sequence,), filters)
        return answered


def answer(view: EntryView, *, for_staff: bool) -> pb.AuditEntry:
    """The network address is for staff only."""
    entry = pb.AuditEntry(
        sequence=view.sequence,
        account_id=view.account_id,
        channel=channel(view.channel),
        action=view.action,
        subject_id=view.subject_id,
        order_id=view.order_id,
        client_address=view.client_address if for_staff else "",
        request_id=view.request_id,
        hash=view.hash.hex(),
    )
    entry.actor.kind = party_kind(view.actor_kind)
    entry.actor.id = view.actor_id
    entry.actor.display_name = view.actor_name
    entry.occur_time.FromDatetime(view.occur_time)
    return entry
