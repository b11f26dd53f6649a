"""What notifications needs from others."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from commis.orders.v1 import orders_pb2


@dataclass(frozen=True, slots=True)
class CredentialLink:
    """Where an activation or a password reset leads, and whom it is for."""

    email: str
    display_name: str
    language: str
    link: str
    expire_time: datetime.datetime


class Customers(Protocol):
    async def find_credential_link(self, credential_request_id: UUID) -> CredentialLink | None:
        """None when it was used, replaced or ran out. Raises ServiceError while customers cannot answer."""
        ...


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
