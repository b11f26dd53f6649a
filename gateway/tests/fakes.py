"""The services behind the gateway, in process but over real gRPC: every RPC of every contract, scripted."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from grpc_status import rpc_status

from chassis.errors import FieldViolation, Kind, RemoteError
from chassis.status import to_status
from gateway.clients import path_of
from gateway.operation import Operation
from gateway.routes import OPERATIONS

ANY_ID = "0199f3c2-6f00-7cc1-8d55-2f0b7a1c9e01"
OTHER_ID = "0199f3c2-6f00-7cc1-8d55-2f0b7a1c9e02"
_EXTRA = (
    ("commis.catalog.v1.ExportService", "ExportCatalog"),
    ("commis.catalog.v1.ImportService", "UploadImport"),
    ("commis.customers.v1.DataProtectionService", "DownloadDataExport"),
    ("commis.orders.v1.OrderExportService", "ExportOrders"),
    ("commis.orders.v1.OrderBatchService", "UploadOrders"),
    ("commis.orders.v1.AttachmentService", "AddAttachment"),
    ("commis.orders.v1.QuickEntryService", "CheckEntry"),
    ("commis.orders.v1.QuickEntryService", "AddEntry"),
    ("commis.orders.v1.AttachmentService", "ReadAttachment"),
    ("commis.customers.v1.SessionService", "RedeemFeedTicket"),
    ("commis.orders.v1.PaymentService", "NotifyPayment"),
    ("commis.orders.v1.SharedOrderService", "GetSharedOrder"),
    ("commis.orders.v1.SharedOrderService", "ListSheetChanges"),
    ("commis.customers.v1.TokenService", "GetJwks"),
    ("commis.customers.v1.TokenService", "IssueServiceToken"),
)
Handler = Callable[[Any], Awaitable[Any]]


def refusal(
    kind: Kind,
    reason: str,
    *,
    violations: Sequence[tuple[str, str, str]] = (),
    retry_after: float | None = None,
    **metadata: str,
) -> RemoteError:
    """What a service answers instead of a response."""
    return RemoteError(
        f"{reason} happened.",
        kind=kind,
        reason=reason,
        domain="test.commis",
        metadata=metadata,
        violations=[FieldViolation(*item) for item in violations],
        retry_after=retry_after,
    )


@dataclass
class Call:
    rpc: str
    request: Any
    metadata: dict[str, str]
    seconds_left: float


@dataclass
class Services:
    """`answer` scripts the next answer of an RPC by name; unscripted ones answer an empty response."""

    calls: list[Call] = field(default_factory=list)
    default: Handler | None = None
    _scripted: dict[str, deque[Any]] = field(default_factory=dict)

    def answer(self, rpc: str, *answers: Any) -> None:
        self._scripted.setdefault(rpc, deque()).extend(answers)

    def reset(self) -> None:
        self.calls.clear()
        self._scripted.clear()
        self.default = None

    @property
    def last(self) -> Call:
        return self.calls[-1]

    def register(self, server: grpc.aio.Server) -> None:
        for service in {method.containing_service.full_name for method in methods()}:
            handlers = {
                method.name: self._handler(method)
                for method in methods()
                if method.containing_service.full_name == service
            }
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))

    def _handler(self, method: MethodDescriptor) -> Any:
        response = message_factory.GetMessageClass(method.output_type)
        codec = {
            "request_deserializer": message_factory.GetMessageClass(method.input_type).FromString,
            "response_serializer": response.SerializeToString,
        }

        async def unary(request: Any, context: Any) -> Any:
            metadata = dict(context.invocation_metadata())
            self.calls.append(Call(method.name, request, metadata, context.time_remaining()))
            answer = self._next(method)
            while callable(answer):
                answer = await answer(request)
            if isinstance(answer, RemoteError):
                await context.abort_with_status(rpc_status.to_status(to_status(answer, "test.commis")))
            if isinstance(answer, grpc.StatusCode):
                await context.abort(answer, "text of the transport with 10.0.0.7:50053 in it")
            return answer

        async def stream(requests: Any, context: Any) -> Any:
            *pieces, last = [item async for item in requests]
            marked = not last.DESCRIPTOR.oneofs or last.WhichOneof("part") == "content"
            if not marked or last.content:  # cut off
                await context.abort(grpc.StatusCode.CANCELLED)
            return await unary(pieces, context)

        async def several(request: Any, context: Any) -> Any:
            """An answer that is a list of messages; an exception in it cuts the stream off."""
            for piece in await unary(request, context):
                if isinstance(piece, grpc.StatusCode):
                    await context.abort(piece, "cut off")
                yield piece

        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(several, **codec)
        if method.client_streaming:
            return grpc.stream_unary_rpc_method_handler(stream, **codec)
        return grpc.unary_unary_rpc_method_handler(unary, **codec)

    def _next(self, method: MethodDescriptor) -> Any:
        scripted = self._scripted.get(method.name)
        if scripted:
            return scripted.popleft()
        if self.default is not None:
            return lambda _request: self.default(method)  # type: ignore[misc]
        return message_factory.GetMessageClass(method.output_type)()


def methods() -> list[MethodDescriptor]:
    pool = descriptor_pool.Default()
    found = {path_of(item.rpc_descriptor): item.rpc_descriptor for item in OPERATIONS}
    for service, name in _EXTRA:
        method = pool.FindServiceByName(service).methods_by_name[name]
        found[path_of(method)] = method
    return list(found.values())


def operation(name: str) -> Operation:
    return next(item for item in OPERATIONS if item.operation_id == name)


def path_with_ids(item: Operation) -> str:
    path = item.path.replace(":id}", "}")
    for name in item.parameters:
        path = path.replace("{" + name + "}", ANY_ID if name.endswith("_id") else "LIBRARY")
    return path


def address(item: Operation) -> str:
    """Its path with ids, and the query parameters that the gateway demands."""
    return path_with_ids(item) + required_query(item)


def required_query(item: Operation) -> str:
    """Dates, identifiers, and the first value of what is one of several."""
    pairs = []
    for query in item.queries:
        kind = query.field(item.request).enum_type
        value = ANY_ID if query.name.endswith("_id") else "2026-11-21"
        if kind is not None:
            value = kind.values[1].name.removeprefix(f"{kind.name.upper()}_")
        pairs += [f"{query.name}={value}"] if query.required else []
    return "?" + "&".join(pairs) if pairs else ""


def an_answer(method: MethodDescriptor, chance: random.Random) -> Any:
    """What a service could answer: a message, or several where the RPC streams."""
    if not method.server_streaming:
        return a_message(method.output_type, chance)
    if "content" not in method.output_type.fields_by_name:
        return [a_message(method.output_type, chance) for _ in range(3)]
    response = message_factory.GetMessageClass(method.output_type)
    pieces = [response(content=bytes(chance.randrange(256) for _ in range(size))) for size in (0, 300)]
    if "header" in method.output_type.fields_by_name:
        pieces.insert(0, response(header={"media_type": "text/csv", "file_name": "stock.csv"}))
    if "attachment" in method.output_type.fields_by_name:
        told = {"media_type": "image/png", "file_name": "plan.png", "size_bytes": 300}
        pieces[0].MergeFrom(response(attachment=told))
    return pieces


def a_message(descriptor: Descriptor, chance: random.Random, depth: int = 5) -> Any:
    """A valid message with random content: what a service could answer."""
    own = _WELL_KNOWN.get(descriptor.full_name)
    message = message_factory.GetMessageClass(descriptor)()
    if own is not None:
        own(message, chance)
        return message
    for item in descriptor.fields:
        if item.message_type is not None and item.message_type.GetOptions().map_entry:
            getattr(message, item.name)["fr"] = _text(item, chance)
        elif item.is_repeated:
            count = chance.choice((0, 1, 2)) if depth > 0 else 0
            values = [_value(item, chance, depth) for _ in range(count)]
            getattr(message, item.name).extend(values)
        elif item.message_type is not None:
            if depth > 0 and chance.random() < 0.7:
                getattr(message, item.name).CopyFrom(_value(item, chance, depth))
        else:
            setattr(message, item.name, _value(item, chance, depth))
    return message


def _value(item: FieldDescriptor, chance: random.Random, depth: int) -> Any:
    if item.message_type is not None:
        return a_message(item.message_type, chance, depth - 1)
    if item.enum_type is not None:
        return chance.choice(item.enum_type.values).number
    match item.cpp_type:
        case FieldDescriptor.CPPTYPE_BOOL:
            return chance.random() < 0.5
        case FieldDescriptor.CPPTYPE_INT32:
            return chance.choice((0, 1, -1, 2**31 - 1, -(2**31)))
        case FieldDescriptor.CPPTYPE_INT64:
            return chance.choice((0, 1, 2**53, 2**63 - 1, -(2**63)))
    text = _text(item, chance)
    return text.encode() if item.type == FieldDescriptor.TYPE_BYTES else text


def _text(item: FieldDescriptor, chance: random.Random) -> str:
    if item.name == "jwks_json":
        return '{"keys":[]}'
    if item.full_name == "commis.customers.v1.CreateHandoffResponse.address":
        return "https://shop.example/products#handoff=b25lLXRpbWU"
    if item.name == "etag":
        return f'"{chance.randrange(100)}"'
    return chance.choice(("", "x", 'é\U0001f600\n\t"\\', "a" * 300, "<script>", ANY_ID))


def _money(message: Any, chance: random.Random) -> None:
    sign = chance.choice((1, -1))
    message.currency_code = chance.choice(("EUR", "JPY", "TND", "USD"))
    message.units = sign * chance.randrange(10**12)
    message.nanos = sign * chance.choice((0, 10_000_000, 500_000_000, 999_900_000))


def _decimal(message: Any, chance: random.Random) -> None:
    message.value = chance.choice(("0", "12.5", "-3", "100.0000"))


def _date(message: Any, chance: random.Random) -> None:
    message.year, message.month, message.day = chance.randint(1, 9999), chance.randint(1, 12), 28


def _instant(message: Any, chance: random.Random) -> None:
    message.seconds = chance.randint(-62135596800, 253402300799)
    message.nanos = chance.choice((0, 1000, 123456000))


def _localized(message: Any, chance: random.Random) -> None:
    message.texts["fr"] = chance.choice(("", "Livre"))


_WELL_KNOWN = {
    "google.type.Money": _money,
    "google.type.Decimal": _decimal,
    "google.type.Date": _date,
    "google.protobuf.Timestamp": _instant,
    "commis.common.v1.LocalizedText": _localized,
}
