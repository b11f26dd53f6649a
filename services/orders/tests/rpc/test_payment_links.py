"""Payment links: asked for by those who must not pay, mailed to the customer, seen by nobody else."""

import datetime
import hashlib
from typing import Any

import pytest
from commis.orders.v1 import events_pb2, orders_pb2, payments_pb2

from chassis.ids import new_id
from chassis.testing import as_customer, as_service, as_staff
from orders.domain.model import Contact
from orders.payments.domain import Payment
from services.orders.tests.care import Care
from services.orders.tests.conftest import Clock
from services.orders.tests.provider import MAIL, Till
from services.orders.tests.shop import Shop, amount, refused

Order = orders_pb2.Order
STAFF = as_staff("ORDER_DESK")


async def send(till: Till, order_id: str, who: Any, **fields: Any) -> payments_pb2.SendPaymentLinkResponse:
    request = payments_pb2.SendPaymentLinkRequest(order_id=order_id, **fields)
    answer: payments_pb2.SendPaymentLinkResponse = await till.payments.SendPaymentLink(request, metadata=who)
    return answer


async def mailed(till: Till, number: int = -1) -> payments_pb2.GetPaymentLinkMailResponse:
    """What the mail says of the link that was asked for last."""
    asked = [
        events_pb2.PaymentLinkRequested.FromString(one)
        for one in await till.shop.events("payment_link_requested")
    ]
    request = payments_pb2.GetPaymentLinkMailRequest(payment_link_id=asked[number].payment_link_id)
    answer: payments_pb2.GetPaymentLinkMailResponse = await till.payments.GetPaymentLinkMail(
        request, metadata=MAIL
    )
    return answer


def token_of(mail: payments_pb2.GetPaymentLinkMailResponse) -> str:
    page, _, token = mail.address.partition("#token=")
    assert page == "https://shop.example/pay"
    return token


async def look(till: Till, token: str) -> payments_pb2.GetPaymentLinkResponse:
    answer: payments_pb2.GetPaymentLinkResponse = await till.payments.GetPaymentLink(
        payments_pb2.GetPaymentLinkRequest(token=token)
    )
    return answer


@pytest.mark.spec("O-12")
async def test_a_rep_sends_a_link_and_the_customer_pays_by_it(till: Till, shop: Shop) -> None:
    order = await shop.placed(("A", 2))  # by bank transfer
    answer = await send(till, order.id, shop.as_rep)
    assert answer.ListFields() == [(answer.DESCRIPTOR.fields_by_name["expire_time"], answer.expire_time)]
    mail = await mailed(till)
    assert (mail.recipient, mail.language_code, mail.order_number) == (
        "lies@linde.example",
        "nl",
        order.number,
    )
    assert amount(mail.amount) == "56.14"
    token = token_of(mail)
    link = await look(till, token)
    assert (link.order_number, amount(link.amount), link.paid) == (order.number, "56.14", False)
    paid = await till.payments.PayByLink(payments_pb2.PayByLinkRequest(token=token))
    again = await till.payments.PayByLink(payments_pb2.PayByLinkRequest(token=token))
    assert paid.checkout_address == again.checkout_address
    [payment] = await till.list(order.id)
    await till.tell(payment.id, Payment.PAID)
    assert (await shop.get(order.id)).payment_state == Order.PAYMENT_STATE_PAID
    assert (await look(till, token)).paid
    async with refused("PAYMENT_NOT_DUE"):
        await till.payments.PayByLink(payments_pb2.PayByLinkRequest(token=token))
    async with refused("PAYMENT_NOT_DUE"):
        await send(till, order.id, shop.as_rep)
    entry = (await shop.history(order.id))[2]
    assert (entry.action, entry.detail, entry.actor.display_name) == ("payment_link_sent", "", "Name of REP")


@pytest.mark.spec("O-12")
async def test_the_token_is_nowhere_but_in_the_mail(till: Till, shop: Shop) -> None:
    order = await shop.placed(("A", 2))
    await send(till, order.id, shop.as_rep)
    token = token_of(await mailed(till))
    assert token_of(await mailed(till)) != token  # each mail has its own; both open the link
    assert await look(till, token)
    tables = [
        row.name
        for row in await shop.rows("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    ]
    for table in tables:
        found = await shop.rows(f"SELECT t::text AS row FROM {table} t")
        assert not any(token in one.row for one in found), table
    stored = [row.hash for row in await shop.rows("SELECT hash FROM payment_link_tokens")]
    assert hashlib.sha256(token.encode()).digest() in stored
    order_text = str(await shop.get(order.id, shop.as_rep)) + str(await shop.history(order.id))
    assert token not in order_text
    assert "pay.example" not in order_text


@pytest.mark.spec("O-12")
async def test_a_newer_link_ends_the_older_one_and_time_ends_both(
    till: Till, shop: Shop, clock: Clock
) -> None:
    order = await shop.placed(("A", 2))
    await send(till, order.id, STAFF)
    old = token_of(await mailed(till))
    await send(till, order.id, shop.as_rep)
    new = token_of(await mailed(till))
    async with refused("PAYMENT_LINK_NOT_FOUND"):
        await look(till, old)
    async with refused("PAYMENT_LINK_NOT_FOUND"):
        await mailed(till, 0)
    assert await look(till, new)
    clock.fixed = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=14, minutes=1)
    for ended in (new, old, "", "x" * 200, "é"):
        reason = "PAYMENT_LINK_NOT_FOUND" if ended else "INVALID_FIELDS"
        async with refused(reason):
            await look(till, ended)
        async with refused(reason):
            await till.payments.PayByLink(payments_pb2.PayByLinkRequest(token=ended))


@pytest.mark.spec("O-12")
async def test_a_link_ends_with_its_order(till: Till, shop: Shop) -> None:
    order = await shop.placed(("A", 2))
    await send(till, order.id, STAFF)
    token = token_of(await mailed(till))
    await shop.orders.CancelOrder(orders_pb2.CancelOrderRequest(order_id=order.id), metadata=shop.customer)
    async with refused("PAYMENT_LINK_NOT_FOUND"):
        await look(till, token)
    async with refused("PAYMENT_NOT_DUE"):
        await send(till, order.id, STAFF)


@pytest.mark.spec("O-12")
async def test_who_may_ask_for_a_link(till: Till, shop: Shop) -> None:
    order = await shop.placed(("A", 2))
    async with refused("PAYMENT_NOT_ALLOWED"):
        await send(till, order.id, shop.customer)
    async with refused("ORDER_NOT_FOUND"):
        await send(till, order.id, as_customer(new_id(), new_id()))
    async with refused("PERMISSION_DENIED"):
        await send(till, order.id, as_staff("CATALOGUE"))
    assert not await shop.events("payment_link_requested")
    request = payments_pb2.GetPaymentLinkMailRequest(payment_link_id=str(new_id()))
    for who in (shop.staff, shop.as_rep, shop.customer, as_service("orders.read")):
        async with refused("PERMISSION_DENIED"):
            await till.payments.GetPaymentLinkMail(request, metadata=who)


@pytest.mark.spec("O-12")
async def test_the_link_goes_to_the_accounts_own_address_first(till: Till, shop: Shop) -> None:
    contact = orders_pb2.Contact(name="X", email="rep.himself@elsewhere.example", phone="+32 2 501 02 11")
    order = await shop.place((await shop.sheet(("A", 1), contact=contact)).id)
    await send(till, order.id, shop.as_rep)
    assert (await mailed(till)).recipient == "lies@linde.example"
    shop.customers.add(shop.account, contact=Contact("Without address"))
    shop.customers.reps[shop.account].add(str(shop.rep))
    await send(till, order.id, shop.as_rep)
    assert (await mailed(till)).recipient == "rep.himself@elsewhere.example"


@pytest.mark.spec("O-12")
async def test_a_repeated_request_sends_one_link(till: Till, shop: Shop) -> None:
    order = await shop.placed(("A", 2))
    key = str(new_id())
    first = await send(till, order.id, shop.as_rep, request_id=key)
    assert await send(till, order.id, shop.as_rep, request_id=key) == first
    assert len(await shop.events("payment_link_requested")) == 1


@pytest.mark.spec("H-08")
async def test_an_assisted_order_is_paid_by_the_client_through_a_mailed_link(till: Till, shop: Shop) -> None:
    care = Care(shop)
    agreed = care.client(payment_methods=("ELECTRONIC", "PAY_LATER"))
    electronic = orders_pb2.PAYMENT_METHOD_ELECTRONIC
    who = care.carer(agreed)
    sheet = await care.sheet(who, payment_method=electronic)
    order = await shop.place(sheet.id, who)
    mail = await mailed(till)  # asked for by placing itself
    assert (mail.recipient, mail.language_code) == ("m@x.example", "fr")
    assert (await look(till, token_of(mail))).order_number == order.number
    async with refused("PAYMENT_NOT_ALLOWED"):
        await till.start(order.id, who)
    await send(till, order.id, who)
    paid = await till.payments.PayByLink(payments_pb2.PayByLinkRequest(token=token_of(await mailed(till))))
    assert paid.checkout_address
    refused_client = care.carer(care.client())
    sheet = await care.sheet(refused_client, payment_method=electronic)
    async with refused("ORDER_NOT_PLACEABLE"):
        await shop.place(sheet.id, refused_client)


@pytest.mark.spec("H-08")
async def test_what_the_residence_pays_is_not_paid_by_the_client(till: Till, shop: Shop) -> None:
    care = Care(shop)
    order = await care.placed(care.carer(care.client("maria@peeters.example")))
    async with refused("PAYMENT_NOT_DUE"):
        await send(till, order.id, STAFF)
