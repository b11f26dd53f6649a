"""HTTP request -> keyword arguments of the protobuf request, for one operation, compiled once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chassis.errors import Violations
from gateway import headers as header
from gateway.exchange import Exchange
from gateway.operation import Operation
from gateway.problems import Problem, invalid_fields
from gateway.query import query_reader
from gateway.wire.parse import nested, object_reader, writable
from gateway.wire.paths import money_member

_TEXTS = re.compile(r"\.texts(?:\.|\[[\"']?)([a-z]{2})(?:[\"']?\])?")
_NOT_FOUND = {
    "line_id": "ORDER_LINE_NOT_FOUND",
    "subscription_id": "WEBHOOK_SUBSCRIPTION_NOT_FOUND",
    "delivery_id": "WEBHOOK_DELIVERY_NOT_FOUND",
    "MembershipService.person_id": "MEMBER_NOT_FOUND",
}


class Inputs:
    """First `ids`, so that a path that cannot exist is 404 whatever comes with it; then `read`."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._places = {name: operation.parameter_place(name) for name in operation.parameters}
        self._query = query_reader(operation.queries, operation.request)
        self._body = object_reader(operation.body_fields) if operation.body else None
        self._back = self._names_back()
        inner = (operation.body_message,) if operation.body and operation.body.inside else ()
        self._roots = (operation.request, *inner)

    def read(self, exchange: Exchange, ids: Mapping[str, str], query: bytes, body: Any) -> dict[str, Any]:
        """Raises Problem 400 with every violation of the shape."""
        found: dict[str, Any] = {}
        violations = Violations()
        operation = self._operation
        if query or operation.query:
            found.update(self._query(query, violations))
        if self._body is not None:
            self._read_body(body, found, violations)
        for name, value in ids.items():
            _put(found, self._places[name], value)
        if operation.key_accepted:
            key = exchange.headers.get(b"idempotency-key")
            token = exchange.token or ""
            request_id = header.request_id_of(
                key, token, required=operation.key_required, violations=violations
            )
            if request_id:
                found["request_id"] = request_id
        if operation.etag_place:
            etag = header.etag_of(exchange.headers.get(b"if-match"), violations)
            if etag:
                _put(found, operation.etag_place, etag)
        if violations:
            raise invalid_fields(violations)
        return found

    def _read_body(self, body: Any, found: dict[str, Any], violations: Violations) -> None:
        declared = self._operation.body
        assert declared is not None
        assert self._body is not None
        read = self._body(body, "", violations)
        if declared.patch and type(body) is dict:
            found["update_mask"] = {"paths": self._mask(body, read)}
        if declared.inside:
            found[declared.inside] = read
        else:
            found.update(read)

    def _mask(self, body: dict[str, Any], read: dict[str, Any]) -> list[str]:
        """The paths that a merge patch (RFC 7396) names: members of nested objects one by one, so that the
        others stay; null names the whole object. An empty nested object names and changes nothing."""
        paths = []
        for name, value in body.items():
            item = self._operation.body_fields.get(name)
            if item is None:
                continue
            inner = nested(item)
            if inner is None or type(value) is not dict:
                paths.append(item.name)
            elif value:
                paths += [f"{item.name}.{part}" for part in value if part in writable(inner)]
            else:
                read.pop(item.name, None)
        return paths

    def ids(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """The path parameters, checked. Raises Problem 404."""
        ids = {}
        for name, value in parameters.items():
            known = header.canonical_uuid(value) if name.endswith("_id") else value
            if known is None or "\x00" in value:
                raise not_found(self._operation, name)
            ids[name] = known
        return ids

    def _names_back(self) -> dict[str, str]:
        body = self._operation.body
        back = {to: name for name, to in body.names.items()} if body else {}
        back |= {query.to: query.name for query in self._operation.queries if query.to}
        back["request_id"] = header.KEY_HEADER
        back["update_mask"] = ""  # the body as a whole
        if self._operation.etag_place:
            back["etag"] = header.MATCH_HEADER
        return back

    def client_path(self, path: str) -> str:
        """The field path of the protobuf request as the client knows it: `account.email` -> `email`."""
        inside = self._operation.body.inside if self._operation.body else ""
        path = money_member(path, *self._roots)
        if inside and path.startswith(inside + "."):
            path = path[len(inside) + 1 :]
        path = _TEXTS.sub(r".\1", path)
        first = re.split(r"[.\[]", path, maxsplit=1)[0]
        known = self._back.get(first)
        return path if known is None else known + path[len(first) :]


def _put(found: dict[str, Any], place: tuple[str, ...], value: str) -> None:
    for name in place[:-1]:
        found = found.setdefault(name, {})
    found[place[-1]] = value


def not_found(operation: Operation, parameter: str) -> Problem:
    """What the owning service answers for an id that does not exist."""
    name = parameter.removesuffix("_id")
    within = f"{operation.rpc_descriptor.containing_service.name}.{parameter}"
    reason = _NOT_FOUND.get(within) or _NOT_FOUND.get(parameter, f"{name.upper()}_NOT_FOUND")
    detail = f"There is no such {name.replace('_', ' ')}."
    return Problem(404, reason, detail, domain=f"{operation.service}.commis")
