"""AccessService: what the other services ask before somebody sees or orders something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.common.v1 import common_pb2
from commis.customers.v1 import accounts_pb2, sessions_pb2_grpc
from commis.customers.v1 import sessions_pb2 as pb

from chassis import access, context, fields, money, paging
from chassis.access import Rule
from chassis.context import Principal
from chassis.db import Sessions
from chassis.errors import Violations
from chassis.money import Money
from customers import callers, transactions
from customers.access import assisted, queries, rules
from customers.access.errors import OrderNotAuthorized
from customers.access.queries import Facts
from customers.accounts.search import display_name
from customers.attribution import party_kind

_SERVICES = access.services("customers.access")


class AccessServicer(sessions_pb2_grpc.AccessServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "GetOrderingContext": _SERVICES,
        "AuthorizeOrder": _SERVICES,
        "ListVisibleAccounts": _SERVICES,
        "GetPlatformAccess": _SERVICES,
    }

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def GetOrderingContext(
        self, request: pb.GetOrderingContextRequest, context: Any
    ) -> pb.GetOrderingContextResponse:
        found = Violations()
        account_id = fields.identifier(found, "account_id", request.account_id)
        found.raise_if_any()
        assert account_id is not None
        who = _caller()
        row = await queries.get_facts(self._sessions, who, account_id)
        return pb.GetOrderingContextResponse(context=_context(row, who))

    async def AuthorizeOrder(
        self, request: pb.AuthorizeOrderRequest, context: Any
    ) -> pb.AuthorizeOrderResponse:
        found = Violations()
        fields.identifier(found, "order_id", request.order_id)
        account_id = fields.identifier(found, "account_id", request.account_id)
        method = fields.text(found, "payment_method", request.payment_method, max_length=60)
        found.raise_if_any()
        assert account_id is not None
        who = _caller()
        row = await queries.get_facts(self._sessions, who, account_id)
        if assisted.is_assisted(who):
            allowed = assisted.payment_methods(row)
        else:
            own = who is not None and who.effective_actor[0] == "PERSON"
            allowed = rules.payment_methods(pay_later_allowed=row.pay_later_allowed, by_customer=own)
        against = rules.findings(row.state, method, allowed)
        if against:
            raise OrderNotAuthorized(account_id, against)
        return pb.AuthorizeOrderResponse(context=_context(row, who), payment_methods=allowed)

    async def ListVisibleAccounts(
        self, request: pb.ListVisibleAccountsRequest, context: Any
    ) -> pb.ListVisibleAccountsResponse:
        who = _caller()
        if who is None:
            return pb.ListVisibleAccountsResponse(all=True)
        filters = {"caller": who.effective_actor, "subject": str(who.subject), "list": "visible"}
        page = paging.decode(request.page_size, request.page_token, filters)
        async with transactions.reading(self._sessions) as (session, _who):
            if callers.sees_all(who):
                return pb.ListVisibleAccountsResponse(all=True)
            ids = await queries.list_visible(session, who, page)
        answer = pb.ListVisibleAccountsResponse(account_ids=map(str, ids[: page.size]))
        if len(ids) > page.size:
            answer.next_page_token = paging.next_token((ids[page.size - 1],), filters)
        return answer

    async def GetPlatformAccess(
        self, request: pb.GetPlatformAccessRequest, context: Any
    ) -> pb.GetPlatformAccessResponse:
        async with self._sessions() as session:
            platform_id, communities, products = await assisted.platform_access(session, _caller())
        return pb.GetPlatformAccessResponse(
            platform_id=str(platform_id), community_ids=map(str, communities), product_detail=products
        )


def _caller() -> Principal | None:
    """The end user whose token was forwarded, or the internal team; None when a service asks for itself."""
    return context.current().principal


def _context(row: Facts, who: Principal | None) -> pb.OrderingContext:
    person = f"{row.first_name} {row.last_name}".strip()
    built = pb.OrderingContext(
        account_id=str(row.id),
        account_number=row.number,
        display_name=display_name(row.kind, row.company_name, person),
        language_code=row.language_code,
        region_code=row.ship_region_code or row.bill_region_code or "",
        groups=row.groups,
        buyer_class=accounts_pb2.BuyerClass.Value(f"BUYER_CLASS_{row.buyer_class}"),
        business=row.business,
        vat_number=row.vat_number,
        pay_later_allowed=row.pay_later_allowed,
        contact_name=person,
        contact_email=row.email,
        contact_phone=row.phone,
        rep_code=row.rep_code,
        account_state=accounts_pb2.Account.State.Value(f"STATE_{row.state}"),
    )
    if row.membership_role:
        built.membership_role = accounts_pb2.Person.Role.Value(f"ROLE_{row.membership_role}")
    if assisted.is_assisted(who):
        assisted.fill(built, row)
    if row.spending_control:
        _control(built.spending_control, row)
    for prefix, target in (("bill", built.billing_address), ("ship", built.delivery_address)):
        if getattr(row, f"has_{prefix}"):
            _address(target, row, prefix, person)
    kind, identity = who.effective_actor if who is not None else ("SERVICE", "")
    built.actor.kind = party_kind(kind)
    built.actor.id = identity
    built.actor.display_name = f"{row.actor_first_name or ''} {row.actor_last_name or ''}".strip()
    return built


def _control(target: pb.SpendingControl, row: Facts) -> None:
    """Without a limit every order waits."""
    target.SetInParent()
    if row.spending_limit_minor is not None:
        limit = Money(row.spending_limit_minor, row.spending_limit_currency)
        target.limit.CopyFrom(money.to_proto(limit))


def _address(target: common_pb2.Address, row: Facts, prefix: str, person: str) -> None:
    """An address that names nobody is the contact's."""
    for name in ("company", "postal_code", "city", "administrative_area", "region_code", "phone"):
        setattr(target, name, getattr(row, f"{prefix}_{name}"))
    target.street_lines.extend(getattr(row, f"{prefix}_street_lines"))
    recipient = getattr(row, f"{prefix}_recipient")
    target.recipient = recipient if recipient or target.company else person
