"""Query parameters: declared per route, read by the type of the field they fill; unknown ones are refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from chassis.errors import Violations
from gateway.wire import enums, scalars
from gateway.wire.parse import field_reader
from gateway.wire.scalars import Reader
from gateway.wire.schema import Schema, Schemas

MAX_PARAMETERS = 100
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Query:
    """`to` is the field of the request when it has another name, with dots that of a message in it; `lower` spells
    enum values in lower case."""

    name: str
    to: str = ""
    description: str = ""
    lower: bool = False
    required: bool = False

    def field(self, request: Descriptor) -> FieldDescriptor:
        *outer, name = self.place
        for each in outer:
            inner = request.fields_by_name[each].message_type
            assert inner is not None, f"{request.full_name}.{each} is not a message"
            request = inner
        return request.fields_by_name[name]

    @property
    def place(self) -> list[str]:
        return (self.to or self.name).split(".")


PAGING = (
    Query("page_size", description="At most so many items; 50 when absent, never more than 200."),
    Query("page_token", description="`next_page_token` of the previous page, with the same filters."),
)


def query_reader(
    queries: Sequence[Query], request: Descriptor
) -> Callable[[bytes, Violations], dict[str, Any]]:
    """The function from a raw query string to fields of the request."""
    readers = {
        query.name: (query.place, query.field(request).is_repeated, _reader(query, request))
        for query in queries
    }
    required = [query.name for query in queries if query.required]

    def read(raw: bytes, violations: Violations) -> dict[str, Any]:
        found: dict[str, Any] = {}
        seen = set()
        for name, value in _pairs(raw, violations):
            known = readers.get(name)
            if known is None:
                violations.add(name[:80], "is not a known query parameter", "UNKNOWN_PARAMETER")
                continue
            (*outer, to), repeated, parse = known
            within = found
            for each in outer:
                within = within.setdefault(each, {})
            if repeated:
                within.setdefault(to, []).append(parse(value, name, violations))
            elif name in seen:
                violations.add(name, "must be given once", "REPEATED")
            else:
                within[to] = parse(value, name, violations)
            seen.add(name)
        for name in required:
            if name not in seen:
                violations.add(name, "is required", "REQUIRED")
        return found

    return read


def _pairs(raw: bytes, violations: Violations) -> list[tuple[str, str]]:
    if not raw:
        return []
    try:
        return parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except ValueError:  # not UTF-8, or too many
        description = f"must be UTF-8 with at most {MAX_PARAMETERS} parameters"
        violations.add("query", description, "FORMAT")
        return []


def _reader(query: Query, request: Descriptor) -> Reader:
    field = query.field(request)
    if field.enum_type is not None:
        return enums.reader(field.enum_type, lower=query.lower)
    if field.message_type is not None:
        own = _characteristic if field.message_type.name == "Characteristic" else None
        return own or scalars.READERS[field.message_type.full_name]
    if field.cpp_type in {FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64}:
        return _integer(field)
    return _boolean if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL else scalars.text


def _boolean(value: str, path: str, violations: Violations) -> bool:
    if value not in {"true", "false"}:
        violations.add(path, "must be true or false", "FORMAT")
    return value == "true"


def _integer(field: FieldDescriptor) -> Reader:
    within = field_reader(field)

    def read(value: str, path: str, violations: Violations) -> Any:
        if not _WHOLE.fullmatch(value):
            violations.add(path, "must be a whole number", "FORMAT")
            return 0
        return within(int(value), path, violations)

    return read


def _characteristic(value: str, path: str, violations: Violations) -> dict[str, str]:
    """`name:value`; the name ends at the first colon."""
    name, colon, rest = scalars.text(value, path, violations).partition(":")
    if not (name and colon and rest):
        violations.add(path, 'must be a name and a value such as "Size:XS"', "FORMAT")
    return {"name": name, "value": rest}


def documented(queries: Sequence[Query], request: Descriptor, schemas: Schemas) -> list[dict[str, Any]]:
    """The parameters as OpenAPI objects."""
    return [
        {
            "name": query.name,
            "in": "query",
            "required": query.required,
            "schema": _schema(query, request, schemas),
            **({"description": query.description} if query.description else {}),
            **({"explode": True, "style": "form"} if query.field(request).is_repeated else {}),
        }
        for query in queries
    ]


def _schema(query: Query, request: Descriptor, schemas: Schemas) -> Schema:
    field = query.field(request)
    schema: Mapping[str, Any] = schemas.accepted_field(field)
    one = dict(schema["items"]) if field.is_repeated else dict(schema)
    if field.message_type is not None and field.message_type.name == "Characteristic":
        one = {"type": "string", "pattern": r"^[^:\u0000]+:[^\u0000]+$", "examples": ["Size:XS"]}
    if query.lower:
        one["enum"] = [name.lower() for name in one["enum"]]
    if query.name == "page_size":
        one |= {"minimum": 0, "default": 50}
    return {"type": "array", "items": one} if field.is_repeated else one
