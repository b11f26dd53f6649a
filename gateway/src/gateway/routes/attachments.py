"""Files at an order; what carries their content is in `gateway.attachments`, because it streams."""

from gateway.answers import Page
from gateway.operation import Routes

_attachments = Routes("orders.v1.AttachmentService", "Attachments")

OPERATIONS = (
    _attachments.get(
        "/v1/orders/{order_id:id}/attachments",
        "ListAttachments",
        "List the files of an order",
        answer=Page(),
        errors="ORDER_NOT_FOUND",
    ),
    _attachments.delete(
        "/v1/orders/{order_id:id}/attachments/{attachment_id:id}",
        "RemoveAttachment",
        "Remove a file",
        description="By whoever added it, or staff, while the order is a sheet.",
        status=204,
        errors="ATTACHMENT_NOT_FOUND ATTACHMENT_NOT_YOURS ORDER_NOT_EDITABLE",
    ),
)
