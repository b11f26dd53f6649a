"""What notifications needs from others."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from commis.customers.v1 import accounts_pb2
from commis.orders.v1 import messages_pb2, orders_pb2, shared_orders_pb2, shipments_pb2

from chassis.money import Money


@dataclass(frozen=True, slots=True)
class CredentialLink:
    """Where an activation or a password reset leads, and whom it is for."""

    email: str
    display_name: str
    language: str
    link: str
    expire_time: datetime.datetime


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a mail is written to; `email` is empty for somebody who cannot be written to."""

    email: str
    display_name: str
    language: str


@dataclass(frozen=True, slots=True)
class BusinessRequestMail:
    """What was written about a request for a business account; `customer` is who asked for it."""

    customer: Recipient
    company_name: str
    account_number: str
    text: str


@dataclass(frozen=True, slots=True)
class ReceiptMail:
    recipient: Recipient
    receipt: accounts_pb2.ErasureReceipt


@dataclass(frozen=True, slots=True)
class PaymentLink:
    """Where a customer pays an order, and whom the mail is for. Every asking gives another link to the same page."""

    order_id: UUID
    number: str
    email: str
    language: str
    link: str
    amount: Money
    expire_time: datetime.datetime


class PaymentLinks(Protocol):
    async def find_payment_link(self, payment_link_id: UUID) -> PaymentLink | None:
        """None when it ended, or nothing is due any more. Raises ServiceError while orders cannot answer."""
        ...


class Customers(Protocol):
    """Raises ServiceError while customers cannot answer; None is what is not there, or not any more."""

    async def find_credential_link(self, credential_request_id: UUID) -> CredentialLink | None:
        """None when it was used, replaced or ran out."""
        ...

    async def find_person(self, person_id: UUID) -> Recipient | None: ...

    async def find_account_name(self, account_id: UUID) -> str | None:
        """Of a business its company, else its holder."""
        ...

    async def find_holder(self, account_id: UUID) -> Recipient | None:
        """Of the account, by the account's name."""
        ...

    async def find_representative(self, representative_id: UUID, account_id: UUID) -> Recipient | None:
        """None also for one who does not look after the account any more."""
        ...

    async def list_administrators(self, account_id: UUID) -> Sequence[Recipient]: ...

    async def find_business_request(
        self, request_id: UUID, message_id: UUID | None = None
    ) -> BusinessRequestMail | None:
        """With that message, else with the decision, or before it with what the customer wrote."""
        ...

    async def find_receipt(self, receipt_id: UUID) -> ReceiptMail | None: ...


class Orders(Protocol):
    async def get_order(self, order_id: UUID) -> orders_pb2.Order:
        """Raises ServiceError."""
        ...

    async def list_shipments(self, order_id: UUID) -> shipments_pb2.ListShipmentsResponse:
        """Raises ServiceError."""
        ...

    async def find_message(self, message_id: UUID) -> messages_pb2.OrderMessage | None:
        """None for one that is not there. Raises ServiceError."""
        ...


class SharedOrders(Protocol):
    """Raises ServiceError while orders cannot answer; None is what is not there, or not any more."""

    async def find_shared_order(self, order_id: UUID, side: str) -> shared_orders_pb2.SharedOrder | None:
        """As the side VENDOR or CUSTOMER sees it."""
        ...

    async def find_change(self, order_id: UUID, sequence: int) -> shared_orders_pb2.SheetChange | None:
        """One line of the log, with its words."""
        ...


class Platforms(Protocol):
    async def exists(self, platform_id: UUID) -> bool:
        """As the calling member of staff sees it. Raises ServiceError."""
        ...

    async def trusted_platform(self) -> UUID:
        """The calling care platform. Raises ServiceError when it is not trusted any more."""
        ...
