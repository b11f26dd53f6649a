"""Webhooks, their deliveries, and the feed by which a receiver catches up."""

from gateway.answers import Merged, Page
from gateway.operation import Body, Routes
from gateway.query import Query

_webhooks = Routes("notifications.v1.WebhookService", "Webhooks")
_ONE = "/v1/webhook-subscriptions/{subscription_id:id}"
_MISSING = "WEBHOOK_SUBSCRIPTION_NOT_FOUND"
_OF_PLATFORM = Query("platform_id", description="Staff name the platform; a platform sees its own.")

OPERATIONS = (
    _webhooks.post(
        "/v1/webhook-subscriptions",
        "CreateWebhookSubscription",
        "Subscribe to webhooks",
        description="Deliveries follow the Standard Webhooks specification. The secret is answered once.",
        body=Body("subscription", without=("state",)),
        answer=Merged("subscription"),
        status=201,
        location="/v1/webhook-subscriptions/{id}",
        errors="INVALID_FIELDS",
    ),
    _webhooks.get(
        "/v1/webhook-subscriptions",
        "ListWebhookSubscriptions",
        "List webhook subscriptions",
        query=(_OF_PLATFORM,),
    ),
    _webhooks.get(_ONE, "GetWebhookSubscription", "Get a webhook subscription", errors=_MISSING),
    _webhooks.patch(
        _ONE,
        "UpdateWebhookSubscription",
        "subscription",
        "Change a webhook subscription",
        description="Making it ACTIVE again resumes with what is due.",
        without=("platform_id",),
        errors=_MISSING + " ETAG_MISMATCH INVALID_FIELDS",
    ),
    _webhooks.post(
        _ONE + ":rotate-secret",
        "RotateWebhookSecret",
        "Make a new secret",
        description="For 24 hours deliveries are signed with both. The secret is answered once.",
        body=Body(),
        errors=_MISSING,
    ),
    _webhooks.get(
        "/v1/webhook-deliveries",
        "ListWebhookDeliveries",
        "List webhook deliveries",
        description="Newest first, with attempts and the last answer.",
        query=(Query("subscription_id", required=True), Query("state")),
    ),
    _webhooks.post(
        "/v1/webhook-deliveries/{delivery_id:id}:redeliver",
        "RedeliverWebhook",
        "Deliver a webhook once more",
        description="With the same message id.",
        body=Body(),
        errors="WEBHOOK_DELIVERY_NOT_FOUND",
    ),
    _webhooks.get(
        "/v1/webhook-events",
        "ListWebhookEvents",
        "Read events again",
        description="The events after a sequence number, oldest first, kept for 400 days. Numbers have no gap. "
        "Ask again with `last_sequence`.",
        query=(
            Query("since_sequence", description="Events with a higher number; all when absent."),
            Query("platform_id", description="Staff name the platform; a platform reads its own."),
            Query("page_size", description="At most so many events."),
        ),
        answer=Page(),
    ),
)
