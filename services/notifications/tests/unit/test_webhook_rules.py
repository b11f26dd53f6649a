"""What webhooks say, how they are signed, and what an answer means."""

from __future__ import annotations

import datetime
import json
from uuid import UUID

import pytest
from commis.orders.v1 import events_pb2
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from chassis.consumer import Permanent
from chassis.ids import new_id
from notifications.vault import SealBroken, Vault
from notifications.webhooks import domain, facts, signing
from notifications.webhooks.consumers import FeedConsumer
from notifications.webhooks.domain import RETRY_SECONDS, VENDOR, DeliveryState
from services.notifications.tests.factories import meta
from services.notifications.tests.webhookfactories import PLATFORM, VAULT, an_event

NOW = datetime.datetime(2026, 11, 20, 12, 0, tzinfo=datetime.UTC)
HOUR = 3600


@pytest.mark.spec("M-03")
def test_the_signature_is_that_of_the_specification() -> None:
    """The example that the specification's libraries are tested with."""
    sent = signing.headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        '{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        datetime.datetime.fromtimestamp(1614265330, datetime.UTC),
    )
    assert sent["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert sent["webhook-timestamp"] == "1614265330"
    assert sent["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.spec("M-03")
def test_the_specifications_library_verifies_what_we_sign_and_nothing_else() -> None:
    old, new, foreign = (signing.new_secret() for _ in range(3))
    payload = json.dumps({"name": "Zoë"}, ensure_ascii=False)
    sent = signing.headers("msg_1", payload, [new, old], datetime.datetime.now(datetime.UTC))
    for secret in (old, new):
        assert Webhook(secret).verify(payload.encode(), sent) == {"name": "Zoë"}
    for wrong in (
        lambda: Webhook(foreign).verify(payload, sent),
        lambda: Webhook(new).verify(payload + " ", sent),
        lambda: Webhook(new).verify(payload, sent | {"webhook-id": "msg_2"}),
    ):
        with pytest.raises(WebhookVerificationError):
            wrong()
    long_ago = signing.headers("msg_1", payload, [new], NOW - datetime.timedelta(days=9000))
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(payload, long_ago)


def test_secrets_are_sealed_each_for_its_own_subscription() -> None:
    one, other, secret = new_id(), new_id(), signing.new_secret()
    sealed = signing.seal(VAULT, one, secret)
    assert secret.encode() not in sealed
    assert signing.unseal(VAULT, one, sealed) == secret
    for opened_by, subscription, bytes_ in (
        (VAULT, other, sealed),
        (VAULT, one, sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (Vault("another secret of thirty-two characters"), one, sealed),
    ):
        with pytest.raises(SealBroken):
            signing.unseal(opened_by, subscription, bytes_)


@pytest.mark.spec("H-12")
def test_a_platform_learns_ids_state_and_amount_and_nothing_else() -> None:
    event = an_event(events_pb2.OrderShipped)
    told = facts.fact(event, meta(), PLATFORM)
    assert json.loads(told.payload(17)) == {
        "type": "order.shipped",
        "timestamp": "2026-11-20T23:30:05.250Z",
        "data": {
            "sequence": 17,
            "order_id": event.order_id,
            "number": "2026-000123",
            "state": "SHIPPED",
            "community_external_id": "RES-7",
            "client_external_id": "client-9",
            "care_worker_subject": "carer|42",
            "total": {"amount": "14157.95", "currency": "EUR"},
        },
    }


@pytest.mark.spec("M-03")
def test_the_vendor_learns_the_account_too() -> None:
    event = an_event(platform=None)
    data = facts.fact(event, meta(), VENDOR).data
    assert data["account_id"] == event.account_id
    assert "community_external_id" not in data
    assisted = facts.fact(an_event(), meta(), VENDOR).data
    assert (assisted["platform_id"], assisted["client_external_id"]) == (str(PLATFORM), "client-9")


@pytest.mark.spec("H-12")
@pytest.mark.parametrize(
    ("message", "event_type", "state"),
    [
        (events_pb2.OrderPlaced, "order.placed", "PLACED"),
        (events_pb2.OrderAmended, "order.changed", "PLACED"),
        (events_pb2.OrderProcessed, "order.changed", "PROCESSING"),
        (events_pb2.OrderShipped, "order.shipped", "SHIPPED"),
        (events_pb2.OrderDelivered, "order.changed", "DELIVERED"),
        (events_pb2.OrderClosed, "order.changed", "CLOSED"),
        (events_pb2.OrderCancelled, "order.cancelled", "CANCELLED"),
    ],
)
def test_each_fact_has_its_name(message: type, event_type: str, state: str) -> None:
    told = facts.fact(an_event(message), meta(), PLATFORM)
    assert (told.event_type, told.data["state"]) == (event_type, state)
    assert event_type in domain.EVENT_TYPES
    assert told.data["total"] == {"amount": "14157.95", "currency": "EUR"}
    [orders, _] = FeedConsumer(None).subscriptions()
    assert f"commis.orders.v1.order_{message.__name__.removeprefix('Order').lower()}" in orders.subjects


@pytest.mark.spec("M-03")
def test_a_message_keeps_its_id_when_its_event_is_read_again() -> None:
    cause, event = new_id(), an_event()
    first, second = (facts.fact(event, meta(cause_id=cause), PLATFORM) for _ in range(2))
    assert first.message_id == second.message_id
    assert facts.fact(event, meta(cause_id=cause), VENDOR).message_id != first.message_id


@pytest.mark.parametrize("text", ["x", str(UUID(int=0)), "00000000"])
def test_a_platform_that_can_be_none_is_never_taken_for_the_vendor(text: str) -> None:
    event = an_event()
    event.assistance.platform_id = text
    with pytest.raises(Permanent):
        facts.platform_of(event)


@pytest.mark.spec("M-03")
def test_retries_go_on_for_three_days() -> None:
    delays, tries = [], 1
    while (outcome := domain.answered(500, tries, "", NOW)).state is DeliveryState.PENDING:
        delays.append(outcome.delay)
        tries += 1
    assert delays == [5, 300, 1800, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR]
    assert 3 * 24 * HOUR < sum(delays) < 4 * 24 * HOUR
    assert (outcome.state, outcome.error, tries) == (DeliveryState.FAILED, "answered 500", 10)
    assert domain.unanswered("x", 10).state is DeliveryState.FAILED


@pytest.mark.spec("M-03")
@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_delivered(status: int) -> None:
    assert domain.answered(status, 1, "", NOW).state is DeliveryState.DELIVERED


@pytest.mark.parametrize("status", [100, 301, 302, 307, 400, 401, 404, 409, 429, 500, 502, 503, 504])
def test_anything_else_is_tried_again(status: int) -> None:
    outcome = domain.answered(status, 1, "", NOW)
    assert (outcome.state, outcome.delay, outcome.gone) == (DeliveryState.PENDING, RETRY_SECONDS[0], False)


def test_410_is_the_end_of_the_subscription_but_not_of_what_waits() -> None:
    outcome = domain.answered(410, 1, "", NOW)
    assert (outcome.state, outcome.gone) == (DeliveryState.PENDING, True)


@pytest.mark.spec("M-03")
@pytest.mark.parametrize(
    ("header", "delay"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("1", 5),  # never sooner than the schedule
        ("999999999999", 24 * HOUR),
        ("Fri, 20 Nov 2026 13:00:00 GMT", HOUR),
        ("Fri, 20 Nov 2026 13:00:00 -0000", HOUR),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 5),
        ("soon", 5),
        ("-3", 5),
        ("", 5),
        ("٣٣٣", 5),
        ("Fri, 99 Nov 2026 13:00:00 GMT", 5),
    ],
)
def test_a_target_may_ask_for_patience_within_bounds(header: str, delay: float) -> None:
    assert domain.answered(503, 1, header, NOW).delay == delay
