"""What notifications needs from others."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from commis.customers.v1 import accounts_pb2
from commis.orders.v1 import orders_pb2


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


class Customers(Protocol):
    """Raises ServiceError while customers cannot answer; None is what is not there, or not any more."""

    async def find_credential_link(self, credential_request_id: UUID) -> CredentialLink | None:
        """None when it was used, replaced or ran out."""
        ...

    async def find_person(self, person_id: UUID) -> Recipient | None: ...

    async def find_account_name(self, account_id: UUID) -> str | None:
        """Of a business its company, else its holder."""
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


class Platforms(Protocol):
    async def exists(self, platform_id: UUID) -> bool:
        """As the calling member of staff sees it. Raises ServiceError."""
        ...

    async def trusted_platform(self) -> UUID:
        """The calling care platform. Raises ServiceError when it is not trusted any more."""
        ...
