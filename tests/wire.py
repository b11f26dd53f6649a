"""One request by its row, sent both ways: to the service over gRPC, and to the gateway as its route has it."""

from __future__ import annotations

import dataclasses
import importlib
import uuid
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from gateway.operation import Operation
from gateway.wire.render import member
from tests.access_rules import ROWS
from tests.api import Api

CONTRACTS = Path(__file__).parents[1] / "proto/gen"
READS = ("Get", "List", "Search", "BatchGet", "Download", "Quote")


@dataclasses.dataclass(frozen=True)
class Answer:
    """`code` is a gRPC status code's name; `text` everything that was answered."""

    code: str
    reason: str
    text: str


def methods() -> dict[str, MethodDescriptor]:
    """Every RPC of every contract by name."""
    for path in sorted(CONTRACTS.glob("commis/*/v1/*_pb2.py")):
        importlib.import_module(str(path.relative_to(CONTRACTS))[:-3].replace("/", "."))
    pool = descriptor_pool.Default()
    files = [path.relative_to(CONTRACTS) for path in sorted(CONTRACTS.glob("commis/*/v1/*_pb2.py"))]
    found: dict[str, MethodDescriptor] = {}
    for path in files:
        contract = pool.FindFileByName(str(path).replace("_pb2.py", ".proto"))
        for service in contract.services_by_name.values():
            for name, method in service.methods_by_name.items():
                assert name not in found, f"two RPCs are called {name}"
                found[name] = method
    return found


def filled(value: Any, objects: dict[str, str]) -> Any:
    """The row's request with the objects put in; {key}, {code} and {email} are new each time."""
    if isinstance(value, dict):
        return {name: filled(item, objects) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, objects) for item in value]
    if not isinstance(value, str) or "{" not in value:
        return value
    own = uuid.uuid4()
    new = {"key": str(own), "code": f"M{own.hex[:12]}".upper(), "email": f"m{own.hex}@matrix.example"}
    for name, text in (new | objects).items():
        value = value.replace("{" + name + "}", text)
    return value


def absent(objects: dict[str, str]) -> dict[str, str]:
    """The same names, for things that do not exist."""
    kept = {"jwks": objects["jwks"]}
    return {name: str(uuid.uuid4()) for name in objects} | kept


def message(method: MethodDescriptor, objects: dict[str, str]) -> Any:
    """The request of a row."""
    made = message_factory.GetMessageClass(method.input_type)()
    fields = dict(ROWS[method.name].request)
    paths = fields.pop("update_mask", None)
    json_format.ParseDict(filled(fields, objects), made)
    if paths:
        made.update_mask.paths.extend(paths.split(","))
    return made


async def by_rpc(
    channels: dict[str, grpc.aio.Channel], method: MethodDescriptor, request: Any, token: str
) -> Answer:
    """Call the service itself."""
    service = method.containing_service.full_name
    channel = channels[service.split(".")[1]]
    codec = (
        message_factory.GetMessageClass(method.input_type).SerializeToString,
        message_factory.GetMessageClass(method.output_type).FromString,
    )
    metadata = [("authorization", f"Bearer {token}")] if token else []
    path = f"/{service}/{method.name}"
    try:
        if method.client_streaming:
            content = (b"warehouse,sku,quantity\n", b"")
            pieces = iter([request, *(type(request)(content=piece) for piece in content)])
            answered = await channel.stream_unary(path, *codec)(pieces, metadata=metadata, timeout=20)
        elif method.server_streaming:
            call = channel.unary_stream(path, *codec)(request, metadata=metadata, timeout=20)
            answered = [piece async for piece in call]
        else:
            answered = await channel.unary_unary(path, *codec)(request, metadata=metadata, timeout=20)
    except grpc.aio.AioRpcError as error:
        return Answer(error.code().name, _reason(error), f"{error.details()}")
    return Answer("OK", "", str(answered))


def _reason(error: grpc.aio.AioRpcError) -> str:
    status = rpc_status.from_call(error)
    info = error_details_pb2.ErrorInfo()
    for detail in status.details if status is not None else ():
        if detail.Unpack(info):
            return str(info.reason)
    return ""


_CODES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ABORTED",
          412: "ABORTED", 422: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED"}  # fmt: skip


async def by_route(api: Api, operation: Operation, request: Any) -> Answer:
    """Call the gateway: the same request in the shape of its route."""
    path = operation.path.replace(":id}", "}")
    for name in operation.parameters:
        place = request
        for part in operation.parameter_place(name):
            place = getattr(place, part)
        path = path.replace("{" + name + "}", place or "LIBRARY")
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    etag = request
    for part in operation.etag_place:
        etag = getattr(etag, part)
    if operation.etag_place and etag:
        headers["If-Match"] = etag
    options: dict[str, Any] = {"headers": headers, "params": _query(operation, request)}
    if operation.body is not None:
        options["json"] = _body(operation, request)
    response = await api.send(operation.method, path, **options)
    return answered(response)


def answered(response: Any) -> Answer:
    """An HTTP answer in the terms of gRPC."""
    code = "OK" if response.is_success else _CODES.get(response.status_code, f"HTTP_{response.status_code}")
    reason = "" if response.is_success or not response.content else response.json().get("reason", "")
    return Answer(code, reason or "", response.text)


def _query(operation: Operation, request: Any) -> dict[str, Any]:
    given = {}
    for query in operation.queries:
        field = query.field(operation.request)
        if field in dict(request.ListFields()):
            given[query.name] = member(field)(request)
    return given


def _body(operation: Operation, request: Any) -> dict[str, Any]:
    assert operation.body is not None
    inside = getattr(request, operation.body.inside) if operation.body.inside else request
    present = {field.name for field, _ in inside.ListFields()}
    masked = set(request.update_mask.paths) if operation.body.patch else present
    return {
        name: _compact(member(field)(inside))
        for name, field in operation.body_fields.items()
        if field.name in present & masked
    }


def _compact(value: Any) -> Any:
    """Without the members that are empty: those that a client may not send are among them."""
    if isinstance(value, dict):
        return {name: _compact(item) for name, item in value.items() if item not in (None, "", [], False, 0)}
    return [_compact(item) for item in value] if isinstance(value, list) else value
