"""The adapter against the payment provider of the local suite, over real HTTP."""

import asyncio
import datetime
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
import uvicorn

from chassis.ids import new_id
from chassis.money import Money
from chassis.outward import ForeignHttp
from local.payprovider import LOCAL_KEY
from local.payprovider.pages import PayProviderPages
from orders.payments.domain import Payment, RefundState
from orders.payments.mollie import Mollie
from orders.payments.ports import PaymentFact, ProviderAway, ProviderRefused, WantedPayment

EUR = Money(1234, "EUR")
HOOK = "https://shop.example/v1/payment-notifications/mollie"


@dataclass
class Running:
    pages: PayProviderPages
    base: str

    def adapter(self, key: str = LOCAL_KEY, base: str = "") -> Mollie:
        return Mollie(ForeignHttp(internal_allowed=True), base or self.base, key, HOOK)

    async def post(self, path: str, **given: object) -> None:
        if path == "/switches":
            given |= {"webhooks": "held"}
        async with httpx.AsyncClient(base_url=self.base) as client:
            (await client.post(path, json=given)).raise_for_status()


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    pages = PayProviderPages(LOCAL_KEY)
    server = uvicorn.Server(uvicorn.Config(pages, port=0, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    pages.base = f"http://127.0.0.1:{port}"
    pages.ledger.switches.webhooks = "held"
    yield Running(pages, pages.base)
    server.should_exit = True
    await task


def wanted(amount: Money = EUR) -> WantedPayment:
    return WantedPayment(new_id(), amount, "2026-000123", "https://shop.example/thanks", "nl_BE")


async def paid(running: Running, mollie: Mollie) -> PaymentFact:
    fact = await mollie.create(wanted())
    await running.post(f"/payments/{fact.provider_id}:paid")
    return fact


@pytest.mark.spec("O-22")
async def test_a_payment_from_its_page_to_its_refund(running: Running) -> None:
    mollie = running.adapter()
    asked = wanted()
    made = await mollie.create(asked)
    assert made.state is Payment.OPEN
    assert made.checkout_address == f"{running.base}/checkout/{made.provider_id}"
    assert made.expire_time is not None
    assert made.expire_time > datetime.datetime.now(datetime.UTC)
    assert made.amount == EUR
    assert await mollie.create(asked) == made  # the same key, the same payment
    stored = running.pages.ledger.payments[made.provider_id].asked
    assert stored["metadata"] == {"payment_id": str(asked.id)}
    assert stored["webhookUrl"] == HOOK
    await running.post(f"/payments/{made.provider_id}:paid")
    refund_id = new_id()
    asked_back = await mollie.refund(made.provider_id, refund_id, Money(234, "EUR"), "2026-000123")
    assert (asked_back.state, asked_back.refund_id) == (RefundState.PENDING, refund_id)
    again = await mollie.refund(made.provider_id, refund_id, Money(234, "EUR"), "2026-000123")
    assert again == asked_back
    await running.post(f"/refunds/{asked_back.provider_id}:refunded")
    shown = await mollie.get(made.provider_id)
    assert (shown.state, shown.checkout_address) == (Payment.PAID, "")
    assert [(one.state, one.amount.minor) for one in shown.refunds] == [(RefundState.REFUNDED, 234)]


@pytest.mark.spec("O-22")
@pytest.mark.parametrize("state", list(Payment))
async def test_every_state_has_its_name(running: Running, state: Payment) -> None:
    mollie = running.adapter()
    made = await mollie.create(wanted())
    await running.post(f"/payments/{made.provider_id}:{state.lower()}")
    assert (await mollie.get(made.provider_id)).state is state


@pytest.mark.spec("O-22")
async def test_amounts_have_the_decimals_of_their_currency(running: Running) -> None:
    mollie = running.adapter()
    for money, text in ((EUR, "12.34"), (Money(1200, "EUR"), "12.00"), (Money(1200, "JPY"), "1200")):
        made = await mollie.create(wanted(money))
        assert made.amount == money
        assert running.pages.ledger.payments[made.provider_id].asked["amount"]["value"] == text


@pytest.mark.spec("O-22")
async def test_what_may_be_repeated_is_and_nothing_happens_twice(running: Running) -> None:
    mollie = running.adapter()
    for status in (429, 500, 503, 409):
        await running.post("/switches", fail_status=status, fail_times=2)
        before = len(running.pages.ledger.payments)
        await mollie.create(wanted())
        assert len(running.pages.ledger.payments) == before + 1
    await running.post("/switches", lose_answers=2)
    fact = await mollie.create(wanted())
    assert len(running.pages.ledger.payments) == 5
    await running.post(f"/payments/{fact.provider_id}:paid")
    await running.post("/switches", lose_answers=2)
    await mollie.refund(fact.provider_id, new_id(), EUR, "x")
    assert len(running.pages.ledger.payments[fact.provider_id].refunds) == 1


@pytest.mark.spec("O-22")
async def test_what_is_refused_is_not_repeated_and_names_the_field(running: Running) -> None:
    mollie = running.adapter()
    with pytest.raises(ProviderRefused) as refused:
        await mollie.create(wanted(Money(99_999_999, "EUR")))
    assert (refused.value.status, refused.value.field) == (422, "amount")
    assert running.pages.ledger.calls["POST payments"] == 1
    with pytest.raises(ProviderRefused):
        await mollie.get("tr_unknown")
    fact = await paid(running, mollie)
    with pytest.raises(ProviderRefused):
        await mollie.refund(fact.provider_id, new_id(), Money(1235, "EUR"), "x")
    await mollie.cancel(fact.provider_id)  # too late, which is no error
    assert (await mollie.get(fact.provider_id)).state is Payment.PAID
    other = await mollie.create(wanted())
    await mollie.cancel(other.provider_id)
    assert (await mollie.get(other.provider_id)).state is Payment.CANCELED


@pytest.mark.spec("O-22")
async def test_the_key_is_in_no_error(running: Running) -> None:
    key = "live_secret_of_the_vendor"
    with pytest.raises(ProviderRefused) as refused:
        await running.adapter(key).create(wanted())
    assert refused.value.status == 401
    assert key not in repr(refused.value) + str(refused.value)
    with pytest.raises(ProviderAway) as away:
        await running.adapter(key, "http://127.0.0.1:9").create(wanted())
    assert key not in repr(away.value) + str(away.value)
    await running.post("/switches", fail_status=500, fail_times=9)
    with pytest.raises(ProviderAway):
        await running.adapter().create(wanted())
    with pytest.raises(ProviderAway):  # an internal address is none of Mollie's
        await Mollie(ForeignHttp(), "http://127.0.0.1:9", key, HOOK).create(wanted())
