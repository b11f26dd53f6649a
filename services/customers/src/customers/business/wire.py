"""Business requests between the wire and the service."""

from __future__ import annotations

import unicodedata

from commis.customers.v1 import accounts_pb2 as pb

from chassis import etag, fields
from chassis.errors import Violations
from customers.accounts import wire as account_wire
from customers.attribution import party_kind
from customers.business.queries import MessageView, RequestView
from customers.business.use_cases import ProfileRequest

MAX_MESSAGE = 4000
_OF_A_VISITOR = ("first_name", "last_name", "email", "language_code", "phone")


def message(found: Violations, field: str, text: str, *, required: bool) -> str:
    """Several lines of text; it goes into a mail."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    clean = fields.text(found, field, unified, required=required, max_length=MAX_MESSAGE)
    if any(unicodedata.category(one) == "Cc" and one not in "\n\t" for one in clean):
        found.add(field, "must not contain control characters", "UNSTORABLE_CHARACTER")
        return ""
    return clean


def asked(found: Violations, sent: pb.RequestBusinessProfileRequest) -> ProfileRequest:
    """State and switches of the profile are the vendor's and not read."""
    return ProfileRequest(
        texts=account_wire.profile(found, "profile", sent.profile),
        message=message(found, "message", sent.message, required=False),
    )


def nothing_of_a_visitor(found: Violations, sent: pb.RequestBusinessProfileRequest) -> None:
    for name in _OF_A_VISITOR:
        if getattr(sent, name):
            found.add(name, "is known of a signed-in account and must be empty", "UNEXPECTED")


def answer(view: RequestView) -> pb.BusinessRequest:
    request = pb.BusinessRequest(
        id=str(view.id),
        account_id=str(view.account_id),
        account_number=view.account_number,
        state=pb.BusinessRequest.State.Value(f"STATE_{view.state}"),
        profile=account_wire.profile_answer(view.profile),
        first_name=view.first_name,
        last_name=view.last_name,
        email=view.email,
        messages=map(_message, view.messages),
        etag=etag.format(view.version),
    )
    request.create_time.FromDatetime(view.create_time)
    if view.decide_time is not None:
        request.decide_time.FromDatetime(view.decide_time)
    return request


def _message(view: MessageView) -> pb.BusinessRequestMessage:
    written = pb.BusinessRequestMessage(id=str(view.id), text=view.text)
    written.author.kind = party_kind(view.author_kind)
    written.author.id = view.author_id
    written.author.display_name = view.author_name
    written.create_time.FromDatetime(view.create_time)
    return written
