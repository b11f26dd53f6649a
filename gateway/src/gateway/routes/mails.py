"""Mails that were sent, or are to be."""

from gateway.operation import Body, Routes
from gateway.query import Query

_mails = Routes("notifications.v1.MailService", "Mails")

OPERATIONS = (
    _mails.get(
        "/v1/mails",
        "ListMails",
        "List mails",
        description="Newest first.",
        query=(Query("state"), Query("order_id"), Query("recipient")),
    ),
    _mails.get("/v1/mails/{mail_id:id}", "GetMail", "Get a mail as it was sent", errors="MAIL_NOT_FOUND"),
    _mails.post(
        "/v1/mails/{mail_id:id}:resend",
        "ResendMail",
        "Send a mail once more",
        body=Body(),
        errors="MAIL_NOT_FOUND MAIL_STATE",
    ),
)
