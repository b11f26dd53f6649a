"""JSON value -> keyword arguments of a protobuf message, with every violation of the shape at once.

Only shape is checked here (types, ranges, formats, unknown members): meaning is the services' affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from chassis.errors import Violations
from gateway.wire import enums, scalars
from gateway.wire.rules import is_read_only
from gateway.wire.scalars import READERS, Reader

MAX_ITEMS = 10_000
_SHOWN_NAME = 80


def writable(descriptor: Descriptor) -> dict[str, FieldDescriptor]:
    """The members that a client may send, by name."""
    return {field.name: field for field in descriptor.fields if not is_read_only(field)}


@cache
def message_reader(descriptor: Descriptor) -> Reader:
    own = READERS.get(descriptor.full_name)
    return own if own is not None else object_reader(writable(descriptor))


def object_reader(fields: Mapping[str, FieldDescriptor]) -> Reader:
    """Reads an object with exactly these members (JSON name -> field); null means absent."""
    readers = {name: (field.name, field_reader(field)) for name, field in fields.items()}

    def read(value: Any, path: str, violations: Violations) -> dict[str, Any]:
        if type(value) is not dict:
            violations.add(path, "must be an object", "TYPE")
            return {}
        prefix = path and path + "."
        found = {}
        for name, item in value.items():
            known = readers.get(name)
            if known is None:
                violations.add(prefix + name[:_SHOWN_NAME], "is not a known field", "UNKNOWN_FIELD")
            elif item is not None:
                found[known[0]] = known[1](item, prefix + name, violations)
        return found

    return read


def field_reader(field: FieldDescriptor) -> Reader:
    one = _one(field)
    return _list(one) if field.is_repeated else one


def _one(field: FieldDescriptor) -> Reader:
    if field.message_type is not None:
        return message_reader(field.message_type)
    if field.enum_type is not None:
        return enums.reader(field.enum_type)
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING if field.type == FieldDescriptor.TYPE_STRING:
            return scalars.text
        case FieldDescriptor.CPPTYPE_BOOL:
            return scalars.boolean
        case FieldDescriptor.CPPTYPE_INT32:
            return _INT32
        case FieldDescriptor.CPPTYPE_INT64:
            return _INT64
    raise TypeError(f"{field.full_name} has no JSON form")


def _list(one: Reader) -> Reader:
    def read(value: Any, path: str, violations: Violations) -> list[Any]:
        if type(value) is not list:
            violations.add(path, "must be a list", "TYPE")
            return []
        if len(value) > MAX_ITEMS:
            violations.add(path, f"must have at most {MAX_ITEMS} items", "TOO_MANY")
            return []
        return [one(item, f"{path}[{index}]", violations) for index, item in enumerate(value)]

    return read


def nested(field: FieldDescriptor) -> Descriptor | None:
    """The message of a single member that is a plain JSON object: what a merge patch reaches into."""
    message = field.message_type
    if message is None or field.is_repeated or message.full_name in READERS:
        return None
    return message


_INT32, _INT64 = scalars.integer(32), scalars.integer(64)
