"""WebhookService over a real channel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import Any

import grpc
import pytest
import sqlalchemy as sa
from commis.notifications.v1 import events_pb2, webhooks_pb2_grpc
from commis.notifications.v1 import webhooks_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from chassis.context import Principal
from chassis.db import Sessions
from chassis.errors import ServiceError
from chassis.ids import new_id
from chassis.outward import ForeignHttp
from chassis.status import from_rpc_error
from chassis.testing import as_customer, as_rep, as_service, as_staff, grpc_server, issuer
from notifications.webhooks import rpc
from notifications.webhooks.rpc import WebhookServicer
from services.notifications.tests.webhookfactories import (
    OTHER_PLATFORM,
    PLATFORM,
    VAULT,
    FakePlatforms,
    an_event,
    tell,
)

ADMIN = as_staff("ADMIN")
TARGET = "https://receiver.example/hooks"
State = pb.WebhookSubscription.State
Webhooks = webhooks_pb2_grpc.WebhookServiceStub


def as_platform(platform: Any) -> Any:
    return issuer.metadata(
        Principal(platform, "CARE_PLATFORM", channel="API", scopes=frozenset(["assisted"]))
    )


MINE, THEIRS = as_platform(PLATFORM), as_platform(OTHER_PLATFORM)


@pytest.fixture
def platforms() -> FakePlatforms:
    return FakePlatforms(PLATFORM, OTHER_PLATFORM)


@pytest.fixture
async def webhooks(sessions: Sessions, platforms: FakePlatforms) -> AsyncIterator[Webhooks]:
    servicer = (
        webhooks_pb2_grpc.add_WebhookServiceServicer_to_server,
        WebhookServicer(sessions, VAULT, ForeignHttp(), platforms),
        "commis.notifications.v1.WebhookService",
    )
    async with grpc_server([servicer], domain="notifications.commis") as running:
        yield Webhooks(running.channel)


async def refused(call: Awaitable[Any]) -> ServiceError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return from_rpc_error(caught.value, "notifications")


def creating(**changes: Any) -> pb.CreateWebhookSubscriptionRequest:
    given = {"platform_id": str(PLATFORM), "target_address": TARGET} | changes
    return pb.CreateWebhookSubscriptionRequest(
        request_id=str(new_id()), subscription=pb.WebhookSubscription(**given)
    )


async def create(webhooks: Webhooks, **changes: Any) -> pb.WebhookSubscription:
    answer = await webhooks.CreateWebhookSubscription(creating(**changes), metadata=ADMIN)
    return answer.subscription


@pytest.mark.spec("M-03")
async def test_the_secret_is_answered_once_and_kept_sealed(webhooks: Webhooks, sessions: Sessions) -> None:
    request = creating(event_types=["order.shipped", "order.placed", "order.placed"])
    first = await webhooks.CreateWebhookSubscription(request, metadata=ADMIN)
    again = await webhooks.CreateWebhookSubscription(request, metadata=ADMIN)
    assert first == again, "a repeat of the same request, whose answer got lost"
    assert first.secret.startswith("whsec_")
    made = first.subscription
    assert (made.platform_id, made.state, made.etag) == (str(PLATFORM), State.STATE_ACTIVE, '"1"')
    assert list(made.event_types) == ["order.placed", "order.shipped"]
    read = await webhooks.GetWebhookSubscription(
        pb.GetWebhookSubscriptionRequest(subscription_id=made.id), metadata=ADMIN
    )
    assert read.subscription == made
    stored = await everything(sessions)
    assert first.secret not in stored
    assert first.secret.removeprefix("whsec_") not in stored
    request_id = str(new_id())
    rotating = pb.RotateWebhookSecretRequest(subscription_id=made.id, request_id=request_id)
    rotated = [(await webhooks.RotateWebhookSecret(rotating, metadata=ADMIN)).secret for _ in range(2)]
    assert rotated[0] == rotated[1] != first.secret
    assert rotated[0] not in await everything(sessions)


async def everything(sessions: Sessions) -> str:
    """All that a reader of the database finds, binary columns too."""
    async with sessions() as session:
        found = []
        for table in ("webhook_subscriptions", "idempotency", "outbox"):
            for row in await session.execute(sa.text(f"SELECT * FROM {table}")):
                found += [x.decode("latin-1") if isinstance(x, bytes) else str(x) for x in row]
    return "\n".join(found)


@pytest.mark.spec("M-03")
@pytest.mark.parametrize(
    "address",
    [
        "", "http://example.com/hooks", "https://127.0.0.1/", "https://10.0.0.8/", "https://[::1]/", "https://localhost/",
        "https://169.254.169.254/latest/meta-data", "https://[::ffff:192.168.1.1]/", "https://u:p@example.com/",
        "https://example.com/#x", "https://example.com:0/", "https://exa mple.com/", "https://exämple.com/", "nonsense",
        "https://" + "x" * 2000 + ".example/", "https://example.com/\x00", "https://localhost.localdomain.localhost/",
        "ftp://example.com/", "file:///etc/passwd", "https://2130706433/", "https://0x7f.1/",
    ],
)  # fmt: skip
async def test_targets_that_are_refused(webhooks: Webhooks, address: str) -> None:
    error = await refused(
        webhooks.CreateWebhookSubscription(creating(target_address=address), metadata=ADMIN)
    )
    assert error.kind == "INVALID_ARGUMENT"
    assert {violation.field for violation in error.violations} == {"subscription.target_address"}


async def test_every_violation_is_answered_at_once(webhooks: Webhooks) -> None:
    bad = creating(platform_id="x", target_address="http://a/", event_types=["order.placed", "all", "\x00"])
    error = await refused(webhooks.CreateWebhookSubscription(bad, metadata=ADMIN))
    assert {violation.field for violation in error.violations} == {
        "subscription.platform_id",
        "subscription.target_address",
        "subscription.event_types[1]",
        "subscription.event_types[2]",
    }
    for unknown in (str(new_id()), "00000000-0000-0000-0000-000000000000"):
        error = await refused(
            webhooks.CreateWebhookSubscription(creating(platform_id=unknown), metadata=ADMIN)
        )
        assert [(v.field, v.reason) for v in error.violations] == [
            ("subscription.platform_id", "CARE_PLATFORM_NOT_FOUND")
        ]
    bad = creating()
    bad.request_id = "x"
    error = await refused(webhooks.CreateWebhookSubscription(bad, metadata=ADMIN))
    assert [violation.field for violation in error.violations] == ["request_id"]


@pytest.mark.spec("M-03")
async def test_a_subscription_is_changed_paused_and_resumed(webhooks: Webhooks, sessions: Sessions) -> None:
    made = await create(webhooks)
    await tell(sessions, an_event())

    async def update(
        metadata: Any = ADMIN, paths: tuple[str, ...] = (), **values: Any
    ) -> pb.WebhookSubscription:
        request = pb.UpdateWebhookSubscriptionRequest(
            subscription=pb.WebhookSubscription(id=made.id, **values), update_mask=FieldMask(paths=paths)
        )
        return (await webhooks.UpdateWebhookSubscription(request, metadata=metadata)).subscription

    moved = await update(target_address="https://other.example/", event_types=["order.placed"], etag='"1"')
    assert (moved.target_address, moved.etag) == ("https://other.example/", '"2"')
    everything_again = await update(paths=("event_types",))
    assert list(everything_again.event_types) == []
    assert (await update(paths=("event_types", "last_error"))).etag == everything_again.etag, (
        "nothing changed"
    )
    assert (await refused(update(target_address=TARGET, etag='"1"'))).reason == "ETAG_MISMATCH"
    assert [v.field for v in (await refused(update(target_address=TARGET, etag="x"))).violations] == ["etag"]
    error = await refused(update(paths=("state", "colour"), state=State.STATE_DISABLED))
    assert {violation.field for violation in error.violations} == {"subscription.state", "update_mask"}
    error = await refused(update(paths=("*",)))
    assert {v.field for v in error.violations} == {"subscription.state", "subscription.target_address"}
    paused = await update(MINE, state=State.STATE_PAUSED)
    assert paused.state == State.STATE_PAUSED
    async with sessions.begin() as session:
        await session.execute(
            sa.text("UPDATE webhook_deliveries SET tries = 7, next_attempt_time = now() + interval '1 day'")
        )
    assert (await update(MINE, state=State.STATE_ACTIVE)).state == State.STATE_ACTIVE
    async with sessions() as session:
        query = sa.text("SELECT tries, next_attempt_time <= now() FROM webhook_deliveries")
        assert (await session.execute(query)).one() == (0, True)
    assert (await refused(update(MINE, target_address=TARGET))).reason == "CHANGE_NOT_ALLOWED"
    assert (await refused(update(THEIRS, target_address=TARGET))).reason == "WEBHOOK_SUBSCRIPTION_NOT_FOUND"
    assert (
        await refused(update(THEIRS, state=State.STATE_PAUSED))
    ).reason == "WEBHOOK_SUBSCRIPTION_NOT_FOUND"
    changed = []
    async with sessions() as session:
        for payload in (
            await session.execute(sa.text("SELECT payload FROM outbox ORDER BY position"))
        ).scalars():
            changed.append(list(events_pb2.WebhookSubscriptionChanged.FromString(payload).changed_fields))
    assert changed == [
        ["target_address", "event_types", "state"],
        ["event_types", "target_address"],
        ["event_types"],
        ["state"],
        ["state"],
    ]


@pytest.mark.spec("H-12")
async def test_a_platform_sees_its_own_and_nothing_of_others(webhooks: Webhooks, sessions: Sessions) -> None:
    mine, theirs = await create(webhooks), await create(webhooks, platform_id=str(OTHER_PLATFORM))
    await tell(sessions, an_event(), an_event(platform=OTHER_PLATFORM))
    for metadata, visible, hidden in ((MINE, mine, theirs), (THEIRS, theirs, mine)):
        listed = await webhooks.ListWebhookSubscriptions(
            pb.ListWebhookSubscriptionsRequest(), metadata=metadata
        )
        assert [one.id for one in listed.subscriptions] == [visible.id]
        foreign = pb.ListWebhookSubscriptionsRequest(platform_id=hidden.platform_id)
        assert not (await webhooks.ListWebhookSubscriptions(foreign, metadata=metadata)).subscriptions
        foreign_events = pb.ListWebhookEventsRequest(platform_id=hidden.platform_id)
        assert not (await webhooks.ListWebhookEvents(foreign_events, metadata=metadata)).events
        vendor = pb.ListWebhookEventsRequest(platform_id="00000000-0000-0000-0000-000000000000")
        assert not (await webhooks.ListWebhookEvents(vendor, metadata=metadata)).events
        assert (
            len((await webhooks.ListWebhookEvents(pb.ListWebhookEventsRequest(), metadata=metadata)).events)
            == 1
        )
        request = pb.ListWebhookDeliveriesRequest(subscription_id=visible.id)
        (delivery,) = (await webhooks.ListWebhookDeliveries(request, metadata=metadata)).deliveries
        again = pb.RedeliverWebhookRequest(delivery_id=delivery.id)
        assert (await webhooks.RedeliverWebhook(again, metadata=metadata)).delivery.id == delivery.id
        rotating = pb.RotateWebhookSecretRequest(subscription_id=visible.id)
        assert (await webhooks.RotateWebhookSecret(rotating, metadata=metadata)).secret
    request = pb.ListWebhookDeliveriesRequest(subscription_id=theirs.id)
    (delivery,) = (await webhooks.ListWebhookDeliveries(request, metadata=ADMIN)).deliveries
    absent = str(new_id())
    for one, missing in ((theirs.id, delivery.id), (absent, absent)):
        for call in (
            webhooks.GetWebhookSubscription(
                pb.GetWebhookSubscriptionRequest(subscription_id=one), metadata=MINE
            ),
            webhooks.RotateWebhookSecret(pb.RotateWebhookSecretRequest(subscription_id=one), metadata=MINE),
            webhooks.ListWebhookDeliveries(
                pb.ListWebhookDeliveriesRequest(subscription_id=one), metadata=MINE
            ),
        ):
            error = await refused(call)
            assert (error.reason, error.metadata) == (
                "WEBHOOK_SUBSCRIPTION_NOT_FOUND",
                {"subscription_id": one},
            )
        error = await refused(
            webhooks.RedeliverWebhook(pb.RedeliverWebhookRequest(delivery_id=missing), metadata=MINE)
        )
        assert (error.reason, error.metadata) == ("WEBHOOK_DELIVERY_NOT_FOUND", {"delivery_id": missing})


@pytest.mark.spec("H-14")
async def test_a_platform_that_is_not_trusted_any_more_reads_nothing(
    webhooks: Webhooks, platforms: FakePlatforms
) -> None:
    made = await create(webhooks)
    platforms.trusted.discard(PLATFORM)
    for call in (
        webhooks.ListWebhookSubscriptions(pb.ListWebhookSubscriptionsRequest(), metadata=MINE),
        webhooks.ListWebhookEvents(pb.ListWebhookEventsRequest(), metadata=MINE),
        webhooks.GetWebhookSubscription(
            pb.GetWebhookSubscriptionRequest(subscription_id=made.id), metadata=MINE
        ),
        webhooks.RotateWebhookSecret(pb.RotateWebhookSecretRequest(subscription_id=made.id), metadata=MINE),
    ):
        assert (await refused(call)).kind == "NOT_FOUND"


@pytest.mark.spec("H-12", "M-03")
async def test_events_are_read_again_from_any_number(webhooks: Webhooks, sessions: Sessions) -> None:
    await tell(sessions, *(an_event() for _ in range(7)))

    async def read(since: int, size: int = 0, metadata: Any = MINE, **more: Any) -> tuple[list[int], int]:
        request = pb.ListWebhookEventsRequest(since_sequence=since, page_size=size, **more)
        answer = await webhooks.ListWebhookEvents(request, metadata=metadata)
        return [one.sequence for one in answer.events], answer.last_sequence

    assert await read(0, 3) == ([1, 2, 3], 3)
    assert await read(3, 3) == ([4, 5, 6], 6)
    assert await read(6, 3) == ([7], 7)
    assert await read(7, 3) == ([], 7)
    assert await read(0, platform_id=str(PLATFORM), metadata=ADMIN) == (list(range(1, 8)), 7)
    assert await read(0, metadata=ADMIN) == ([], 0), "the vendor's own feed"
    assert await read(2**63 - 1) == ([], 2**63 - 1)
    for bad, field in (
        (pb.ListWebhookEventsRequest(since_sequence=-1), "since_sequence"),
        (pb.ListWebhookEventsRequest(page_size=-1), "page_size"),
        (pb.ListWebhookEventsRequest(platform_id="\x00"), "platform_id"),
    ):
        error = await refused(webhooks.ListWebhookEvents(bad, metadata=MINE))
        assert [violation.field for violation in error.violations] == [field]


@pytest.mark.spec("M-03")
async def test_deliveries_are_listed_newest_first_and_by_state(
    webhooks: Webhooks, sessions: Sessions
) -> None:
    made = await create(webhooks)
    await tell(sessions, *(an_event() for _ in range(5)))
    async with sessions.begin() as session:
        await session.execute(
            sa.text("UPDATE webhook_deliveries SET state = 'FAILED', last_status = 500 WHERE sequence = 2")
        )

    async def listed(**filters: Any) -> list[int]:
        request = pb.ListWebhookDeliveriesRequest(subscription_id=made.id, page_size=2, **filters)
        seen: list[int] = []
        while True:
            answer = await webhooks.ListWebhookDeliveries(request, metadata=ADMIN)
            seen += [one.sequence for one in answer.deliveries]
            request.page_token = answer.next_page_token
            if not answer.next_page_token:
                return seen

    assert await listed() == [5, 4, 3, 2, 1]
    assert await listed(state=pb.WebhookDelivery.STATE_FAILED) == [2]
    assert await listed(state=pb.WebhookDelivery.STATE_PENDING) == [5, 4, 3, 1]
    assert await listed(state=pb.WebhookDelivery.STATE_DELIVERED) == []
    bad: Any = pb.ListWebhookDeliveriesRequest(subscription_id="x", state=99)  # type: ignore[arg-type]
    error = await refused(webhooks.ListWebhookDeliveries(bad, metadata=ADMIN))
    assert {violation.field for violation in error.violations} == {"subscription_id", "state"}


async def test_subscriptions_are_paged(webhooks: Webhooks) -> None:
    made = [(await create(webhooks)).id for _ in range(3)]
    request = pb.ListWebhookSubscriptionsRequest(page_size=2)
    first = await webhooks.ListWebhookSubscriptions(request, metadata=ADMIN)
    request.page_token = first.next_page_token
    second = await webhooks.ListWebhookSubscriptions(request, metadata=ADMIN)
    assert [one.id for one in (*first.subscriptions, *second.subscriptions)] == made[::-1]
    assert not second.next_page_token
    request.platform_id = str(PLATFORM)
    error = await refused(webhooks.ListWebhookSubscriptions(request, metadata=ADMIN))
    assert [violation.field for violation in error.violations] == ["page_token"]


async def test_redelivering_begins_the_retries_anew(webhooks: Webhooks, sessions: Sessions) -> None:
    made = await create(webhooks)
    await tell(sessions, an_event())
    update = "UPDATE webhook_deliveries SET state = 'FAILED', tries = 10, attempt_count = 10"
    async with sessions.begin() as session:
        await session.execute(sa.text(update))
    request = pb.ListWebhookDeliveriesRequest(subscription_id=made.id)
    (delivery,) = (await webhooks.ListWebhookDeliveries(request, metadata=ADMIN)).deliveries
    again = pb.RedeliverWebhookRequest(delivery_id=delivery.id, request_id=str(new_id()))
    first, second = [(await webhooks.RedeliverWebhook(again, metadata=ADMIN)).delivery for _ in range(2)]
    assert first == second
    assert (first.state, first.message_id) == (pb.WebhookDelivery.STATE_PENDING, delivery.message_id)
    assert (first.attempt_count, first.next_attempt_time.seconds > 0) == (10, True)
    async with sessions() as session:
        assert (await session.execute(sa.text("SELECT tries FROM webhook_deliveries"))).scalar_one() == 0


async def test_whoever_makes_the_vendors_first_waits_until_all_know(
    webhooks: Webhooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(rpc.asyncio, "sleep", sleep)
    await create(webhooks)
    assert waited == []
    first = await create(webhooks, platform_id="")
    assert first.platform_id == ""
    assert waited == [rpc.BELIEF_SECONDS]
    await create(webhooks, platform_id="")
    assert len(waited) == 1


@pytest.mark.spec("M-03", "H-12")
async def test_who_may_do_what(webhooks: Webhooks) -> None:
    reading: list[tuple[Any, Any]] = [
        (webhooks.ListWebhookEvents, pb.ListWebhookEventsRequest()),
        (webhooks.ListWebhookSubscriptions, pb.ListWebhookSubscriptionsRequest()),
        (webhooks.ListWebhookDeliveries, pb.ListWebhookDeliveriesRequest()),
        (webhooks.GetWebhookSubscription, pb.GetWebhookSubscriptionRequest()),
        (webhooks.UpdateWebhookSubscription, pb.UpdateWebhookSubscriptionRequest()),
        (webhooks.RotateWebhookSecret, pb.RotateWebhookSecretRequest()),
        (webhooks.RedeliverWebhook, pb.RedeliverWebhookRequest()),
    ]
    others = (
        as_customer(new_id(), new_id()),
        as_rep(new_id()),
        as_service("orders.read", "customers.access"),
        as_staff("ORDER_DESK"),
        as_staff("CATALOGUE", "FINANCE"),
    )
    for call, request in [*reading, (webhooks.CreateWebhookSubscription, creating())]:
        for metadata in others:
            assert (await refused(call(request, metadata=metadata))).kind == "PERMISSION_DENIED"
        assert (await refused(call(request))).kind == "UNAUTHENTICATED"
    assert (
        await refused(webhooks.CreateWebhookSubscription(creating(), metadata=MINE))
    ).kind == "PERMISSION_DENIED"
    assert (
        await refused(webhooks.RotateWebhookSecret(pb.RotateWebhookSecretRequest(), metadata=MINE))
    ).violations
