"""Plain functions with defaults, and fakes of the neighbours."""

from __future__ import annotations

import datetime
import zoneinfo
from decimal import Decimal
from typing import Any
from uuid import UUID

from commis.common.v1 import common_pb2
from commis.orders.v1 import events_pb2, messages_pb2, orders_pb2, shipments_pb2
from google.type import date_pb2, decimal_pb2, money_pb2

from chassis.consumer import Permanent
from chassis.envelope import Meta
from chassis.ids import new_id
from notifications.mails.causes import Causes
from notifications.mails.contents import Contents
from notifications.mails.drafting import Vendor
from notifications.mails.notices import Notices
from notifications.mails.order_news import OrderNews
from notifications.ports import (
    BusinessRequestMail,
    CredentialLink,
    Customers,
    PaymentLinks,
    ReceiptMail,
    Recipient,
)
from services.notifications.tests.linkfactories import FakePaymentLinks

BRUSSELS = zoneinfo.ZoneInfo("Europe/Brussels")
ORDER_ID = UUID("01933f5e-7a10-7000-8000-000000000001")
ACCOUNT_ID = UUID("01933f5e-7a10-7000-8000-000000000002")
VENDOR_MAIL = "desk@vendor.example"
# 23:30 UTC is already the next day in Brussels.
PLACED = datetime.datetime(2026, 11, 20, 23, 30, tzinfo=datetime.UTC)


def eur(text: str) -> money_pb2.Money:
    value = Decimal(text)
    units = int(value)
    return money_pb2.Money(currency_code="EUR", units=units, nanos=int((value - units) * 10**9))


def a_line(position: int = 1, **changes: Any) -> orders_pb2.OrderLine:
    line = orders_pb2.OrderLine(
        id=str(new_id()),
        position=position,
        sku="BK-9789401",
        description="Het verdriet van België",
        quantity=1200,
        line_reference="KAST-7",
    )
    price = line.price
    price.currency_code = "EUR"
    price.unit_price.CopyFrom(eur("12.3456"))
    price.discount.CopyFrom(eur("1481.47"))
    price.discount_percent.value = "10"
    price.total.CopyFrom(eur("13333.25"))
    price.tax_rate_percent.value = "6"
    line.MergeFrom(orders_pb2.OrderLine(**changes))
    return line


def an_order(language: str = "fr", **changes: Any) -> orders_pb2.Order:
    """A rep's order for a bookshop, billed to its company."""
    address = common_pb2.Address(
        recipient="Marie Dupont",
        company="Librairie du Parc",
        street_lines=["Rue de la Loi 16"],
        postal_code="1000",
        city="Bruxelles",
        region_code="BE",
        phone="+32 2 501 02 11",
    )
    order = orders_pb2.Order(
        id=str(ORDER_ID),
        number="2026-000123",
        state=orders_pb2.Order.STATE_PLACED,
        parties=orders_pb2.Parties(
            actor=common_pb2.Party(kind=common_pb2.PARTY_KIND_REP, id="r", display_name="Jan Peeters"),
            customer=common_pb2.Party(
                kind=common_pb2.PARTY_KIND_ACCOUNT, id=str(ACCOUNT_ID), display_name="Librairie du Parc"
            ),
            payer=common_pb2.Party(
                kind=common_pb2.PARTY_KIND_ACCOUNT, id=str(new_id()), display_name="Groupe Parc SA"
            ),
            channel=common_pb2.CHANNEL_REP,
            rep_code="R07",
        ),
        language_code=language,
        currency_code="EUR",
        order_reference="PO-2026-17",
        cost_centre="CC-9",
        note="Sonner deux fois",
        billing_address=address,
        delivery_address=address,
        contact=orders_pb2.Contact(name="Marie Dupont", email="marie@parc.example", phone="+32 2 501 02 11"),
        shipping_method="BPOST",
        payment_method=orders_pb2.PAYMENT_METHOD_PAY_LATER,
        requested_delivery_date=date_pb2.Date(year=2026, month=12, day=1),
        totals=orders_pb2.Totals(
            goods=eur("14826.22"),
            discount=eur("1481.47"),
            shipping=eur("9.95"),
            tax=eur("803.25"),
            total=eur("14157.95"),
            net=eur("13354.70"),
            taxes=[
                orders_pb2.TaxTotal(
                    rate_percent=decimal_pb2.Decimal(value="6"), taxable=eur("13333.25"), tax=eur("799.99")
                ),
                orders_pb2.TaxTotal(
                    rate_percent=decimal_pb2.Decimal(value="21"), taxable=eur("21.45"), tax=eur("4.50")
                ),
            ],
        ),
        terms_acceptance=orders_pb2.TermsAcceptance(
            terms_version="2026-01",
            accepted_by=common_pb2.Party(display_name="Jan Peeters"),
        ),
    )
    order.lines.append(a_line())
    order.lines.append(a_line(2, description="Sac en toile", quantity=1, sku="BAG-1"))
    plain = order.lines[1].price
    plain.ClearField("discount")
    plain.ClearField("discount_percent")
    plain.unit_price.CopyFrom(eur("11.5"))
    plain.total.CopyFrom(eur("11.5"))
    plain.tax_rate_percent.value = "21"
    order.place_time.FromDatetime(PLACED)
    order.terms_acceptance.accept_time.FromDatetime(PLACED)
    order.MergeFrom(orders_pb2.Order(**changes))
    return order


def a_link(**changes: Any) -> CredentialLink:
    given: dict[str, Any] = {
        "email": "marie@parc.example",
        "display_name": "Marie Dupont",
        "language": "fr",
        "link": "https://shop.example/password?token=SECRET-TOKEN",
        "expire_time": datetime.datetime(2026, 11, 24, 8, 5, tzinfo=datetime.UTC),
    }
    return CredentialLink(**(given | changes))


class FakeCustomers:
    """Knows by id; what was not put in is not there."""

    def __init__(self, link: CredentialLink | None = None) -> None:
        self.link = link
        self.error: Exception | None = None
        self.asked = 0
        self.persons: dict[UUID, Recipient] = {}
        self.account_names: dict[UUID, str] = {}
        self.administrators: dict[UUID, list[Recipient]] = {}
        self.requests: dict[tuple[UUID, UUID | None], BusinessRequestMail] = {}
        self.receipts: dict[UUID, ReceiptMail] = {}
        self.holders: dict[UUID, Recipient] = {}
        self.representatives: dict[UUID, Recipient] = {}
        self.looked_after: set[UUID] = {ACCOUNT_ID}

    async def find_person(self, person_id: UUID) -> Recipient | None:
        return self.persons.get(person_id)

    async def find_holder(self, account_id: UUID) -> Recipient | None:
        return self.holders.get(account_id)

    async def find_representative(self, representative_id: UUID, account_id: UUID) -> Recipient | None:
        return self.representatives.get(representative_id) if account_id in self.looked_after else None

    async def find_account_name(self, account_id: UUID) -> str | None:
        return self.account_names.get(account_id)

    async def list_administrators(self, account_id: UUID) -> list[Recipient]:
        return self.administrators.get(account_id, [])

    async def find_business_request(
        self, request_id: UUID, message_id: UUID | None = None
    ) -> BusinessRequestMail | None:
        return self.requests.get((request_id, message_id))

    async def find_receipt(self, receipt_id: UUID) -> ReceiptMail | None:
        return self.receipts.get(receipt_id)

    async def find_credential_link(self, credential_request_id: UUID) -> CredentialLink | None:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.link


class FakeOrders:
    def __init__(self, *orders: orders_pb2.Order) -> None:
        self.orders = {UUID(order.id): order for order in orders}
        self.shipments = shipments_pb2.ListShipmentsResponse()
        self.messages: dict[UUID, messages_pb2.OrderMessage] = {}

    async def list_shipments(self, order_id: UUID) -> shipments_pb2.ListShipmentsResponse:
        return self.shipments

    async def find_message(self, message_id: UUID) -> messages_pb2.OrderMessage | None:
        return self.messages.get(message_id)

    async def get_order(self, order_id: UUID) -> orders_pb2.Order:
        if order_id not in self.orders:
            raise Permanent("no such order")
        return self.orders[order_id]


def contents(
    customers: Customers | None = None, vendor_language: str = "nl", links: PaymentLinks | None = None
) -> Contents:
    return Contents(
        customers or FakeCustomers(),
        links or FakePaymentLinks(),
        sender=("Boek & Zoon", "orders@vendor.example"),
        vendor="Boek & Zoon",
        vendor_address=VENDOR_MAIL,
        vendor_language=vendor_language,
        zone=BRUSSELS,
    )


def notices(customers: Customers | None = None, vendor_language: str = "nl") -> Notices:
    vendor = Vendor("Boek & Zoon", VENDOR_MAIL, vendor_language)
    return Notices(customers or FakeCustomers(), vendor, BRUSSELS)


def news(orders: FakeOrders, customers: Customers | None = None, vendor_language: str = "nl") -> OrderNews:
    vendor = Vendor("Boek & Zoon", VENDOR_MAIL, vendor_language)
    return OrderNews(customers or FakeCustomers(), orders, vendor, BRUSSELS)


def causes(
    orders: FakeOrders | None = None, customers: Customers | None = None, vendor_language: str = "nl"
) -> Causes:
    known = orders or FakeOrders()
    return Causes(
        known,
        contents(customers, vendor_language),
        notices(customers, vendor_language),
        news(known, customers, vendor_language),
    )


def placed(order: orders_pb2.Order) -> events_pb2.OrderPlaced:
    return events_pb2.OrderPlaced(order_id=order.id, number=order.number)


def meta(event_type: str = "commis.orders.v1.OrderPlaced", cause_id: UUID | None = None) -> Meta:
    return Meta(cause_id or new_id(), event_type, "", "/orders", "", 0, datetime.datetime.now(datetime.UTC))
