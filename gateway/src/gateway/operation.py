"""The declaration of a route: one RPC, where its request's fields come from, what its answer looks like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

# The descriptor pool knows the RPCs of the contracts that were imported.
import commis.catalog.v1.exports_pb2
import commis.catalog.v1.imports_pb2
import commis.catalog.v1.legal_caps_pb2
import commis.catalog.v1.onix_pb2
import commis.catalog.v1.pricing_pb2
import commis.catalog.v1.products_pb2
import commis.catalog.v1.selections_pb2
import commis.catalog.v1.stock_pb2
import commis.customers.v1.accounts_pb2
import commis.customers.v1.audit_pb2
import commis.customers.v1.handoffs_pb2
import commis.customers.v1.platforms_pb2
import commis.customers.v1.privacy_pb2
import commis.customers.v1.representatives_pb2
import commis.customers.v1.sessions_pb2
import commis.library.v1.budgets_pb2
import commis.notifications.v1.feed_pb2
import commis.notifications.v1.mails_pb2
import commis.notifications.v1.webhooks_pb2
import commis.orders.v1.checkout_pb2
import commis.orders.v1.entry_pb2
import commis.orders.v1.messages_pb2
import commis.orders.v1.orders_pb2
import commis.orders.v1.payments_pb2
import commis.orders.v1.shared_orders_pb2
import commis.orders.v1.shipments_pb2  # noqa: F401
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

from gateway.answers import Answer, inferred
from gateway.query import PAGING, Query
from gateway.wire.rules import REQUIRED, is_read_only

TIMEOUT = 10.0
_PARAMETER = re.compile(r"\{([a-z_]+)(?::[a-z]+)?\}")
_FIXED = ("request_id", "etag", "update_mask", "page_size", "page_token")


@dataclass(frozen=True, slots=True)
class Body:
    """The JSON body: the request itself, or the message in its field `inside`.

    `names` renames JSON members that are called otherwise in the request (JSON name -> field); fields
    `without` are not accepted here. With `patch` the members that are present are the update mask.
    """

    inside: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    patch: bool = False


@dataclass(frozen=True)
class Operation:
    """`rpc` is e.g. "orders.v1.OrderService/PlaceOrder"; `errors` lists the reasons worth naming.

    `public` needs no token; with `signed_in_too` one is heeded. `max_body_bytes` lowers the general limit.
    """

    method: str
    path: str
    rpc: str
    tag: str
    summary: str
    description: str = field(default="", kw_only=True)
    body: Body | None = field(default=None, kw_only=True)
    query: tuple[Query, ...] = field(default=(), kw_only=True)
    answer: Answer | None = field(default=None, kw_only=True)
    status: int = field(default=200, kw_only=True)
    location: str = field(default="", kw_only=True)
    public: bool = field(default=False, kw_only=True)
    signed_in_too: bool = field(default=False, kw_only=True)
    key_required: bool = field(default=False, kw_only=True)
    errors: str = field(default="", kw_only=True)
    id: str = field(default="", kw_only=True)
    timeout: float = field(default=TIMEOUT, kw_only=True)
    max_body_bytes: int = field(default=0, kw_only=True)

    @cached_property
    def rpc_descriptor(self) -> MethodDescriptor:
        """Raises KeyError for an RPC that does not exist."""
        service, _, name = self.rpc.partition("/")
        pool = descriptor_pool.Default()
        return pool.FindServiceByName(f"commis.{service}").methods_by_name[name]

    @property
    def service(self) -> str:
        return self.rpc.partition(".")[0]

    @cached_property
    def request(self) -> Descriptor:
        return self.rpc_descriptor.input_type

    @cached_property
    def response(self) -> Descriptor:
        return self.rpc_descriptor.output_type

    @cached_property
    def answers(self) -> Answer:
        return self.answer or inferred(self.response)

    @cached_property
    def operation_id(self) -> str:
        name = self.id or self.rpc.partition("/")[2]
        return name[0].lower() + name[1:]

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of the path parameters."""
        return tuple(_PARAMETER.findall(self.path))

    @cached_property
    def queries(self) -> tuple[Query, ...]:
        paged = "page_token" in self.request.fields_by_name
        return (*self.query, *(PAGING if paged else ()))

    @cached_property
    def body_message(self) -> Descriptor:
        inside = self.body.inside if self.body else ""
        message = self.request.fields_by_name[inside].message_type if inside else self.request
        assert message is not None, f"{self.rpc}: {inside} is not a message"
        return message

    @cached_property
    def body_fields(self) -> dict[str, FieldDescriptor]:
        """What the body may contain, by JSON name."""
        assert self.body is not None
        taken = {*_FIXED, *self.parameters, *self.body.without}
        renamed = {to: name for name, to in self.body.names.items()}
        return {
            renamed.get(item.name, item.name): item
            for item in self.body_message.fields
            if not is_read_only(item) and item.name not in taken
        }

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Body members that the owning service demands."""
        if self.body is None or self.body.patch:
            return ()
        demanded = REQUIRED.get(self.body_message.full_name, ())
        return tuple(name for name, item in self.body_fields.items() if item.name in demanded)

    @property
    def body_patch(self) -> bool:
        return self.body is not None and self.body.patch

    @property
    def body_required(self) -> bool:
        return self.body_patch or bool(self.required)

    @cached_property
    def key_accepted(self) -> bool:
        return "request_id" in self.request.fields_by_name

    @cached_property
    def etag_place(self) -> tuple[str, ...]:
        """Where If-Match goes: ("etag",), ("order", "etag") or nowhere."""
        if self.method == "GET":
            return ()
        if "etag" in self.request.fields_by_name:
            return ("etag",)
        for name in self.parameters:
            match self.parameter_place(name):
                case (inside, "id") if "etag" in self.body_message.fields_by_name:
                    return (inside, "etag")
        return ()

    def parameter_place(self, name: str) -> tuple[str, ...]:
        """Where a path parameter goes: a field of the request, or the id of the resource in the body."""
        if name in self.request.fields_by_name:
            return (name,)
        assert self.body is not None
        assert self.body.inside, f"{self.rpc} has no place for {name}"
        return (self.body.inside, "id")


@dataclass(frozen=True, slots=True)
class Routes:
    """Declares the operations of one gRPC service, e.g. Routes("orders.v1.OrderService", "Orders")."""

    service: str
    tag: str

    def get(self, path: str, rpc: str, summary: str, **more: Any) -> Operation:
        return self._operation("GET", path, rpc, summary, **more)

    def post(self, path: str, rpc: str, summary: str, **more: Any) -> Operation:
        return self._operation("POST", path, rpc, summary, **more)

    def put(self, path: str, rpc: str, summary: str, **more: Any) -> Operation:
        return self._operation("PUT", path, rpc, summary, **more)

    def patch(
        self, path: str, rpc: str, inside: str, summary: str, *, without: tuple[str, ...] = (), **more: Any
    ) -> Operation:
        body = Body(inside, without=without, patch=True)
        return self._operation("PATCH", path, rpc, summary, body=body, **more)

    def delete(self, path: str, rpc: str, summary: str, **more: Any) -> Operation:
        return self._operation("DELETE", path, rpc, summary, **more)

    def _operation(self, method: str, path: str, rpc: str, summary: str, **more: Any) -> Operation:
        declared = Operation(method, path, f"{self.service}/{rpc}", self.tag, summary)
        return replace(declared, **more)
