"""From events to drafts, and from rows to messages."""

from __future__ import annotations

import zoneinfo
from uuid import UUID

from commis.orders.v1 import orders_pb2

from notifications.mails.message import compose
from notifications.mails.store import Draft, Mail
from notifications.ports import CredentialLink, Customers, PaymentLink, PaymentLinks
from notifications.wording import languages
from notifications.wording.catalogue import texts
from notifications.wording.orders import OrderView, persons_in
from notifications.wording.rendering import Content, render

PAYMENT_LINK = "payment_link"
# What an order's contact is mailed, and what the vendor is.
PLACED = "order_confirmation", "new_order"
AMENDED = "order_changed", "changed_order"


class NoLongerNeeded(Exception):
    """The link was used, replaced or ran out while the mail waited."""


class Contents:
    """`vendor` signs the mails; `vendor_address` gets the new orders, in `vendor_language`."""

    def __init__(
        self,
        customers: Customers,
        links: PaymentLinks,
        *,
        sender: tuple[str, str],
        vendor: str,
        vendor_address: str,
        vendor_language: str,
        zone: zoneinfo.ZoneInfo,
    ) -> None:
        self._customers = customers
        self._links = links
        self._sender = sender
        self._vendor = vendor
        self._vendor_address = vendor_address
        self._vendor_language = vendor_language
        self._zone = zone

    def of_order(
        self, cause_id: UUID, order: orders_pb2.Order, kinds: tuple[str, str] = PLACED
    ) -> list[Draft]:
        """`kinds`, PLACED or AMENDED: to the order's contact, in the order's language, and to the vendor."""
        confirmation, news = kinds
        theirs = languages.known(order.language_code)
        views = {theirs: OrderView(order, theirs, self._zone)}
        if self._vendor_language not in views:
            views[self._vendor_language] = OrderView(order, self._vendor_language, self._zone)
        drafts = [self._of_order(cause_id, order, news, self._vendor_address, self._vendor_language, views)]
        if order.contact.email:
            drafts.append(self._of_order(cause_id, order, confirmation, order.contact.email, theirs, views))
        return drafts

    def _of_order(
        self,
        cause_id: UUID,
        order: orders_pb2.Order,
        template: str,
        recipient: str,
        language: str,
        views: dict[str, OrderView],
    ) -> Draft:
        to_customer = template in (PLACED[0], AMENDED[0])
        values = views[language].values(to_customer=to_customer, vendor=self._vendor)
        content = render(template, language, values)
        return Draft(
            cause_id=cause_id,
            template=template,
            recipient=recipient,
            language=language,
            subject=content.subject,
            text=content.text,
            html=content.html,
            order_id=UUID(order.id),
            account_id=UUID(order.parties.customer.id),
            named=persons_in(order),
        )

    async def of_credential(
        self, cause_id: UUID, template: str, request_id: UUID, person_id: UUID | None = None
    ) -> list[Draft]:
        """The mail without its link, which is fetched again when it is sent; none when the link has ended."""
        found = await self._customers.find_credential_link(request_id)
        if found is None:
            return []
        language = languages.known(found.language)
        content = self._credential(template, found, texts(language)["link_masked"])
        return [
            Draft(
                cause_id=cause_id,
                template=template,
                recipient=found.email,
                language=language,
                subject=content.subject,
                text=content.text,
                credential_request_id=request_id,
                person_id=person_id,
            )
        ]

    def _credential(self, template: str, found: CredentialLink, link: str) -> Content:
        language = languages.known(found.language)
        values = {
            "name": found.display_name,
            "vendor": self._vendor,
            "link": link,
            "expiry": languages.moment(language, found.expire_time, self._zone),
        }
        return render(template, language, values)

    async def of_payment_link(self, cause_id: UUID, link_id: UUID, account_id: UUID) -> list[Draft]:
        """As `of_credential`: without its link."""
        found = await self._links.find_payment_link(link_id)
        if found is None:
            return []
        language = languages.known(found.language)
        content = self._payment_link(found, texts(language)["link_masked"])
        return [
            Draft(
                cause_id=cause_id,
                template=PAYMENT_LINK,
                recipient=found.email,
                language=language,
                subject=content.subject,
                text=content.text,
                order_id=found.order_id,
                account_id=account_id,
                credential_request_id=link_id,
            )
        ]

    def _payment_link(self, found: PaymentLink, link: str) -> Content:
        language = languages.known(found.language)
        values = {
            "number": found.number,
            "amount": languages.amount(language, found.amount.decimal, found.amount.currency),
            "vendor": self._vendor,
            "link": link,
            "expiry": languages.moment(language, found.expire_time, self._zone),
        }
        return render(PAYMENT_LINK, language, values)

    async def message(self, mail: Mail) -> bytes:
        """The bytes to send. Raises NoLongerNeeded; ServiceError while whoever makes its link cannot answer."""
        content = Content(mail.subject, mail.text, mail.html)
        if mail.credential_request_id is not None:
            content = await self._with_link(mail, mail.credential_request_id)
        return compose(mail.id, self._sender, mail.recipient, mail.language, content)

    async def _with_link(self, mail: Mail, link_id: UUID) -> Content:
        """Raises NoLongerNeeded."""
        if mail.template == PAYMENT_LINK:
            payment = await self._links.find_payment_link(link_id)
            if payment is None:
                raise NoLongerNeeded("the link was replaced or ran out, or nothing is due any more")
            return self._payment_link(payment, payment.link)
        found = await self._customers.find_credential_link(link_id)
        if found is None:
            raise NoLongerNeeded("the link was used, replaced or ran out")
        return self._credential(mail.template, found, found.link)
