"""CannedMessageService."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.common.v1 import common_pb2
from commis.orders.v1 import messages_pb2 as pb
from commis.orders.v1 import messages_pb2_grpc

from chassis import access as rules
from chassis import etag as etags
from chassis import fields, idempotency, paging
from chassis.access import Rule
from chassis.context import principal
from chassis.errors import Violations
from orders import parsing, wire
from orders.canned import domain, store, use_cases
from orders.canned.domain import CannedMessage
from orders.canned.use_cases import ChangeCannedMessage
from orders.infrastructure import Infrastructure
from orders.messages.domain import MAX_LENGTH
from orders.terms.rpc import localized

_DESK = rules.staff("ORDER_DESK")
_F = "canned_message"
_WRITABLE = ("name", "text")
_READ_ONLY = frozenset(pb.CannedMessage.DESCRIPTOR.fields_by_name) - {*_WRITABLE}


class CannedMessageServicer(messages_pb2_grpc.CannedMessageServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "CreateCannedMessage": _DESK,
        "UpdateCannedMessage": _DESK,
        "DeleteCannedMessage": _DESK,
        "ListCannedMessages": _DESK,
        "FillCannedMessage": _DESK,
    }

    def __init__(self, infra: Infrastructure) -> None:
        self._infra = infra

    async def CreateCannedMessage(
        self, request: pb.CreateCannedMessageRequest, ctx: Any
    ) -> pb.CreateCannedMessageResponse:
        v = Violations()
        name = _name(v, request.canned_message)
        texts = _texts(v, request.canned_message)
        v.raise_if_any()
        key = {"caller": str(principal().subject), "method": "CreateCannedMessage"}
        answers = pb.CreateCannedMessageResponse
        async with self._infra.sessions.begin() as session:
            stored = await idempotency.once(
                session, **key, request_id=request.request_id, request=request, response_type=answers
            )
            if stored is not None:
                return stored
            made = await use_cases.create_message(self._infra, session, name, texts)
            answer = answers(canned_message=_message(made))
            await idempotency.remember(session, **key, request_id=request.request_id, response=answer)
        return answer

    async def UpdateCannedMessage(
        self, request: pb.UpdateCannedMessageRequest, ctx: Any
    ) -> pb.UpdateCannedMessageResponse:
        v = Violations()
        message_id = fields.identifier(v, f"{_F}.id", request.canned_message.id)
        named = _mask(v, request)
        name = _name(v, request.canned_message) if "name" in named else None
        texts = _texts(v, request.canned_message) if "text" in named else None
        v.raise_if_any()
        assert message_id is not None
        key = {"caller": str(principal().subject), "method": "UpdateCannedMessage"}
        answers = pb.UpdateCannedMessageResponse
        async with self._infra.sessions.begin() as session:
            stored = await idempotency.once(
                session, **key, request_id=request.request_id, request=request, response_type=answers
            )
            if stored is not None:
                return stored
            change = ChangeCannedMessage(message_id, name, texts, request.canned_message.etag)
            changed = await use_cases.change_message(self._infra, session, change)
            answer = answers(canned_message=_message(changed))
            await idempotency.remember(session, **key, request_id=request.request_id, response=answer)
        return answer

    async def DeleteCannedMessage(
        self, request: pb.DeleteCannedMessageRequest, ctx: Any
    ) -> pb.DeleteCannedMessageResponse:
        v = Violations()
        message_id = fields.identifier(v, "canned_message_id", request.canned_message_id)
        v.raise_if_any()
        assert message_id is not None
        key = {"caller": str(principal().subject), "method": "DeleteCannedMessage"}
        answer = pb.DeleteCannedMessageResponse()
        async with self._infra.sessions.begin() as session:
            stored = await idempotency.once(
                session, **key, request_id=request.request_id, request=request, response_type=type(answer)
            )
            if stored is not None:
                return stored
            await use_cases.delete_message(session, message_id, request.etag)
            await idempotency.remember(session, **key, request_id=request.request_id, response=answer)
        return answer

    async def ListCannedMessages(
        self, request: pb.ListCannedMessagesRequest, ctx: Any
    ) -> pb.ListCannedMessagesResponse:
        page = paging.decode(request.page_size, request.page_token, {"list": "canned"})
        found = await use_cases.list_messages(self._infra.sessions, page)
        token = ""
        if len(found) > page.size:
            found = found[: page.size]
            token = paging.next_token((store.key_of(found[-1].name),), {"list": "canned"})
        return pb.ListCannedMessagesResponse(canned_messages=map(_message, found), next_page_token=token)

    async def FillCannedMessage(
        self, request: pb.FillCannedMessageRequest, ctx: Any
    ) -> pb.FillCannedMessageResponse:
        v, order_id = parsing.order_id(request.order_id)
        message_id = fields.identifier(v, "canned_message_id", request.canned_message_id)
        v.raise_if_any()
        assert order_id is not None
        assert message_id is not None
        language, text = await use_cases.fill_message(self._infra, message_id, order_id)
        return pb.FillCannedMessageResponse(text=text, language_code=language)


def _name(v: Violations, given: pb.CannedMessage) -> str:
    return fields.text(v, f"{_F}.name", given.name, required=True, max_length=domain.MAX_NAME)


def _texts(v: Violations, given: pb.CannedMessage) -> dict[str, str]:
    texts = localized(v, f"{_F}.text", given.text, max_length=MAX_LENGTH)
    if "en" not in texts:
        v.add(f"{_F}.text.texts[en]", "is required: it is used where a language is missing", "REQUIRED")
    for language, text in texts.items():
        for name in sorted(set(domain.unknown_placeholders(text)))[:20]:
            known = ", ".join(f"{{{each}}}" for each in domain.PLACEHOLDERS)
            described = f"{{{name[:40]}}} is no placeholder; there are {known}"
            v.add(f"{_F}.text.texts[{language}]", described, "UNKNOWN_PLACEHOLDER")
    return texts


def _mask(v: Violations, request: pb.UpdateCannedMessageRequest) -> tuple[str, ...]:
    """Those named, or those that are set when none is named; what is output only is passed over."""
    paths = list(request.update_mask.paths)
    if "*" in paths:
        return _WRITABLE
    for path in paths[:100]:
        if path not in _WRITABLE and path not in _READ_ONLY:
            v.add("update_mask", f"{path[:100]!r} is not a field of a canned message", "UNKNOWN_FIELD")
    if not paths:
        return tuple(
            field.name for field, _ in request.canned_message.ListFields() if field.name in _WRITABLE
        )
    return tuple(name for name in _WRITABLE if name in paths)


def _message(each: CannedMessage) -> pb.CannedMessage:
    return pb.CannedMessage(
        id=str(each.id),
        name=each.name,
        text=common_pb2.LocalizedText(texts=each.texts),
        update_time=wire.time(each.update_time),
        etag=etags.format(each.version),
    )
