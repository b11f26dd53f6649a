"""Messages about orders, and canned texts for them."""

from gateway.answers import Whole
from gateway.operation import Body, Routes

_messages = Routes("orders.v1.OrderMessageService", "Messages")
_canned = Routes("orders.v1.CannedMessageService", "Messages")
_OF_ORDER = "/v1/orders/{order_id:id}/messages"
_ONE = "/v1/canned-messages/{canned_message_id:id}"
_CANNED = """\
Placeholders in the texts: `{order_number}`, `{customer_name}`, `{order_date}`, `{today}`, `{contact_name}`, `{total}`,
`{vendor_name}`. English is required; it is used where a language is missing."""

OPERATIONS = (
    _messages.get(
        _OF_ORDER,
        "ListOrderMessages",
        "List the messages about an order",
        description="Oldest first.",
        errors="ORDER_NOT_FOUND",
    ),
    _messages.post(
        _OF_ORDER,
        "WriteOrderMessage",
        "Write a message about an order",
        description="From the vendor to the customer or the other way round; it is mailed to the other side and kept.",
        body=Body(),
        status=201,
        errors="ORDER_NOT_FOUND INVALID_FIELDS TOO_MANY_MESSAGES",
    ),
    _canned.get("/v1/canned-messages", "ListCannedMessages", "List canned messages", description="By name."),
    _canned.post(
        "/v1/canned-messages",
        "CreateCannedMessage",
        "Create a canned message",
        description=_CANNED,
        body=Body("canned_message"),
        status=201,
        errors="INVALID_FIELDS CANNED_MESSAGE_NAME_TAKEN",
    ),
    _canned.patch(
        _ONE,
        "UpdateCannedMessage",
        "canned_message",
        "Change a canned message",
        description=_CANNED,
        errors="CANNED_MESSAGE_NOT_FOUND ETAG_MISMATCH INVALID_FIELDS CANNED_MESSAGE_NAME_TAKEN",
    ),
    _canned.delete(
        _ONE,
        "DeleteCannedMessage",
        "Delete a canned message",
        errors="CANNED_MESSAGE_NOT_FOUND ETAG_MISMATCH",
    ),
    _canned.post(
        _ONE + ":fill",
        "FillCannedMessage",
        "Fill in a canned message for an order",
        description="In the customer's language, to be changed and sent. Nothing is sent by it.",
        body=Body(),
        answer=Whole(),
        errors="CANNED_MESSAGE_NOT_FOUND ORDER_NOT_FOUND",
    ),
)
