"""Whatever the provider tells, in whichever order and however often, leads to the same end."""

import datetime
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.money import Money
from orders.payments import domain
from orders.payments.domain import OnlinePayment, Payment, Refund, RefundState
from orders.payments.merging import merged
from orders.payments.mollie import locale
from orders.payments.online import Online
from orders.payments.ports import PaymentFact, RefundFact
from services.orders.tests.provider import FakeProvider

NOW = datetime.datetime(2026, 11, 22, 8, 0, tzinfo=datetime.UTC)
OURS = UUID("0199d0c2-5b7e-7c3a-9f00-00000000000a")
PAYMENT = OnlinePayment(
    id=UUID("0199d0c2-5b7e-7c3a-9f00-000000000001"),
    order_id=UUID("0199d0c2-5b7e-7c3a-9f00-000000000002"),
    state=Payment.OPEN,
    amount=1000,
    currency="EUR",
    provider="mollie",
    return_address="https://shop.example",
    create_time=NOW,
    update_time=NOW,
    refunds=(Refund(OURS, UUID(int=1), 400, RefundState.PENDING, NOW),),
)
refund_facts = st.builds(
    RefundFact,
    provider_id=st.just("re_1"),
    state=st.sampled_from(RefundState),
    amount=st.just(Money(400, "EUR")),
    refund_id=st.just(OURS),
)
facts = st.builds(
    PaymentFact,
    provider_id=st.just("tr_1"),
    state=st.sampled_from(Payment),
    amount=st.just(Money(1000, "EUR")),
    refunds=st.lists(refund_facts, max_size=1).map(tuple),
)


def after(told: list[PaymentFact]) -> OnlinePayment:
    payment = PAYMENT
    for fact in told:
        payment = merged(payment, fact, NOW)
    return payment


@pytest.mark.spec("O-22")
@given(
    st.lists(facts, min_size=1, max_size=8).flatmap(
        lambda told: st.tuples(st.just(told), st.permutations(told))
    )
)
def test_the_order_of_facts_does_not_matter(told: tuple[list[PaymentFact], list[PaymentFact]]) -> None:
    one, other = map(after, told)
    assert one == other
    assert after([*told[0], *told[1]]) == one  # nor does hearing them twice
    assert (one.state is Payment.PAID) == any(fact.state is Payment.PAID for fact in told[0])


@pytest.mark.spec("O-22")
@given(facts)
def test_money_that_came_in_is_never_forgotten(fact: PaymentFact) -> None:
    paid = replace(PAYMENT, state=Payment.PAID, provider_id="tr_1")
    assert merged(paid, fact, NOW).received == 1000


@pytest.mark.spec("O-22")
def test_another_amount_or_payment_is_not_believed() -> None:
    fact = PaymentFact("tr_1", Payment.PAID, Money(999, "EUR"))
    with pytest.raises(ValueError, match="another amount"):
        merged(PAYMENT, fact, NOW)
    known = replace(PAYMENT, provider_id="tr_2")
    with pytest.raises(ValueError, match="another payment"):
        merged(known, replace(fact, amount=Money(1000, "EUR")), NOW)


@pytest.mark.spec("O-22")
def test_a_refund_made_at_the_provider_is_taken_up() -> None:
    fact = PaymentFact(
        "tr_1",
        Payment.PAID,
        Money(1000, "EUR"),
        refunds=(RefundFact("re_9", RefundState.REFUNDED, Money(250, "EUR")),),
    )
    found = merged(replace(PAYMENT, refunds=()), fact, NOW)
    assert (found.refunded, found.left) == (250, 750)
    assert merged(found, fact, NOW) == found


@pytest.mark.spec("O-22")
def test_the_provider_is_asked_ever_more_seldom_and_not_after_the_end() -> None:
    open_one = replace(PAYMENT, refunds=())
    waits = []
    for hours in (0, 1, 3, 5, 200):
        now = NOW + datetime.timedelta(hours=hours)
        check = domain.next_check(open_one, now)
        assert check is not None
        waits.append(check - now)
    assert waits == sorted(waits)
    assert waits[0] == domain.FIRST_CHECK
    assert waits[-1] == domain.LAST_CHECK
    assert domain.next_check(replace(open_one, state=Payment.EXPIRED), NOW) is None
    assert domain.next_check(replace(PAYMENT, state=Payment.PAID), NOW) == NOW  # a refund is to be sent


@pytest.mark.spec("O-22")
def test_customers_come_back_to_what_the_vendor_allows() -> None:
    online = Online(
        FakeProvider(), "https://a.example/pay", ("https://a.example/shop", "http://127.0.0.1:8080")
    )
    for good in (
        "https://a.example/shop", "https://a.example/shop/thanks?order=1#x", "http://127.0.0.1:8080/x",
    ):  # fmt: skip
        assert online.may_return_to(good), good
    for bad in (
        "https://a.example/shopping", "https://a.example/", "https://a.example/shop/../admin",
        "https://a.example/shop/%2e%2e/admin", "http://a.example/shop", "https://u@a.example/shop",
        "https://a.example:bad/shop", "https://[::1/shop", "https://a.example/shop\n", "x" * 3000, "",
    ):  # fmt: skip
        assert not online.may_return_to(bad), bad


@pytest.mark.spec("O-22")
def test_the_page_speaks_the_language_of_the_order() -> None:
    cases = {
        ("nl", "BE"): "nl_BE", ("fr", "BE"): "fr_BE", ("nl", "NL"): "nl_NL", ("fr", ""): "fr_FR",
        ("it", "BE"): "it_IT", ("en", "BE"): "en_GB", ("de", "DE"): "en_GB",
    }  # fmt: skip
    assert {key: locale(*key) for key in cases} == cases
