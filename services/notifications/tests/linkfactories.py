"""Payment links, as orders would answer them."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

from chassis.money import Money
from notifications.ports import PaymentLink

ORDER_ID = UUID("01933f5e-7a10-7000-8000-000000000001")


def a_payment_link(**changes: Any) -> PaymentLink:
    given: dict[str, Any] = {
        "order_id": ORDER_ID,
        "number": "2026-000123",
        "email": "marie@parc.example",
        "language": "fr",
        "link": "https://shop.example/pay#token=SECRET-TOKEN",
        "amount": Money(1415795, "EUR"),
        "expire_time": datetime.datetime(2026, 12, 5, 8, 5, tzinfo=datetime.UTC),
    }
    return PaymentLink(**(given | changes))


class FakePaymentLinks:
    """One link, or none."""

    def __init__(self, link: PaymentLink | None = None) -> None:
        self.link = link

    async def find_payment_link(self, payment_link_id: UUID) -> PaymentLink | None:
        return self.link
