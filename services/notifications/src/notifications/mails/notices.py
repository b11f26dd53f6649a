"""Mails about accounts and approvals: from an event to drafts, in each reader's own language."""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from commis.orders.v1 import orders_pb2

from notifications.mails.drafting import About, Vendor, draft
from notifications.mails.store import Draft
from notifications.ports import BusinessRequestMail, Customers, Recipient
from notifications.wording import languages, receipts
from notifications.wording.catalogue import texts

Facts = Iterable[tuple[str, str]]


class Notices:
    """Whoever cannot be written to, or is not there any more, gets nothing."""

    def __init__(self, customers: Customers, vendor: Vendor, zone: zoneinfo.ZoneInfo) -> None:
        self._customers = customers
        self._vendor = vendor
        self._zone = zone

    async def business_requested(self, about: About, request_id: UUID) -> list[Draft]:
        """To the vendor."""
        found = await self._customers.find_business_request(request_id)
        return [] if found is None else self._to_vendor("business_requested", about, found)

    async def business_message(
        self, about: About, request_id: UUID, message_id: UUID, *, from_customer: bool
    ) -> list[Draft]:
        """To the other side."""
        found = await self._customers.find_business_request(request_id, message_id)
        if found is None:
            return []
        if from_customer:
            return self._to_vendor("business_answer", about, found)
        return self._to_customer("business_question", about, found)

    async def business_decided(self, about: About, request_id: UUID, *, approved: bool) -> list[Draft]:
        found = await self._customers.find_business_request(request_id)
        kind = "business_approved" if approved else "business_refused"
        return [] if found is None else self._to_customer(kind, about, found)

    async def known_registered(self, about: About, person_id: UUID) -> list[Draft]:
        person = await self._customers.find_person(person_id)
        return self._notice("known_registration", about, person)

    async def invited(self, about: About, person_id: UUID, account_id: UUID) -> list[Draft]:
        """Somebody who can sign in already; a new person gets a link to choose a password instead."""
        account = await self._customers.find_account_name(account_id)
        if account is None:
            return []
        person = await self._customers.find_person(person_id)
        return self._notice("invitation", about, person, values={"account": account})

    async def receipt(self, kind: str, about: About, receipt_id: UUID) -> list[Draft]:
        """`kind`: profile_receipt or erasure_receipt, of which only the fact stays that it was sent."""
        found = await self._customers.find_receipt(receipt_id)
        if found is None or not found.recipient.email:
            return []
        language = languages.known(found.recipient.language)
        erased_at = found.receipt.erase_time.ToDatetime(tzinfo=datetime.UTC)
        values = {
            "name": found.recipient.display_name,
            "date": languages.date(language, erased_at.astimezone(self._zone).date()),
            "erased": receipts.items(language, found.receipt.erased),
            "kept": receipts.items(language, found.receipt.kept),
            "receipt": found.receipt.id or str(receipt_id),
        }
        forget = kind == "erasure_receipt"
        return [self._draft(kind, about, found.recipient.email, language, values, forget=forget)]

    async def approval_requested(self, about: About, order: orders_pb2.Order) -> list[Draft]:
        """To every administrator of the account, unless it was decided meanwhile."""
        if order.state != orders_pb2.Order.STATE_PENDING_APPROVAL:
            return []
        administrators = await self._customers.list_administrators(UUID(order.parties.customer.id))
        drafts: list[Draft] = []
        for one in administrators:
            language = languages.known(one.language)
            values = {
                "requester": order.approval.requested_by.display_name,
                "total": self._amount(language, order),
            }
            facts = self._facts(language, order, requester=True)
            drafts += self._notice("approval_requested", about, one, values=values, facts=facts)
        return drafts

    async def approval_refused(
        self, about: About, order: orders_pb2.Order, requester_id: UUID, *, decided: bool
    ) -> list[Draft]:
        """To whoever asked."""
        kind = "approval_refused" if decided else "approval_ended"
        values = {"decider": order.approval.decided_by.display_name}
        quote = order.approval.reason if decided else ""
        return await self._to_requester(kind, about, order, requester_id, values, quote)

    async def placed_by_approval(
        self, about: About, order: orders_pb2.Order, requester_id: UUID
    ) -> list[Draft]:
        """To whoever asked."""
        values = {"approver": order.parties.approver.display_name, "number": order.number}
        return await self._to_requester("approval_placed", about, order, requester_id, values, "")

    async def _to_requester(
        self,
        kind: str,
        about: About,
        order: orders_pb2.Order,
        requester_id: UUID,
        values: dict[str, Any],
        quote: str,
    ) -> list[Draft]:
        person = await self._customers.find_person(requester_id)
        if person is None:
            return []
        language = languages.known(person.language)
        placed = order.place_time.ToDatetime(tzinfo=datetime.UTC).astimezone(self._zone).date()
        values |= {"date": languages.date(language, placed)}
        facts = self._facts(language, order)
        return self._notice(kind, about, person, values=values, facts=facts, quote=quote)

    def _to_vendor(self, kind: str, about: About, found: BusinessRequestMail) -> list[Draft]:
        vendor = Recipient(self._vendor.address, "", self._vendor.language)
        values = {"company": found.company_name, "customer": found.customer.display_name}
        text = texts(vendor.language)
        facts = (
            (text["label_company"], found.company_name),
            (text["label_account_number"], found.account_number),
            (text["label_email"], found.customer.email),
        )
        return self._notice(kind, about, vendor, values=values, facts=facts, quote=found.text)

    def _to_customer(self, kind: str, about: About, found: BusinessRequestMail) -> list[Draft]:
        values = {"company": found.company_name}
        return self._notice(kind, about, found.customer, values=values, quote=found.text)

    def _notice(
        self,
        kind: str,
        about: About,
        to: Recipient | None,
        *,
        values: dict[str, Any] | None = None,
        facts: Facts = (),
        quote: str = "",
    ) -> list[Draft]:
        if to is None or not to.email:
            return []
        content = {
            "name": to.display_name,
            "facts": [(label, value) for label, value in facts if value],
            "quote": quote.splitlines(),
            **(values or {}),
        }
        return [self._draft(kind, about, to.email, languages.known(to.language), content)]

    def _draft(
        self,
        kind: str,
        about: About,
        email: str,
        language: str,
        values: dict[str, Any],
        *,
        forget: bool = False,
    ) -> Draft:
        return draft(kind, about, email, language, values, self._vendor, forget=forget)

    def _facts(
        self, language: str, order: orders_pb2.Order, *, requester: bool = False
    ) -> Iterator[tuple[str, str]]:
        text = texts(language)
        if requester:
            yield text["label_requested_by"], order.approval.requested_by.display_name
        yield text["label_customer"], order.parties.customer.display_name
        yield text["label_amount"], self._amount(language, order)
        yield text["label_line_count"], languages.integer(language, len(order.lines))
        yield text["label_order_reference"], order.order_reference
        yield text["label_cost_centre"], order.cost_centre
        yield text["label_note"], order.note

    @staticmethod
    def _amount(language: str, order: orders_pb2.Order) -> str:
        total = order.totals.total
        value = Decimal(total.units) + Decimal(total.nanos).scaleb(-9)
        return languages.amount(language, value, total.currency_code or order.currency_code)
