"""Descriptors -> JSON Schema (OpenAPI 3.1) and examples, by the rules that parse and show values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway.wire import enums, scalars
from gateway.wire.examples import (
    BY_TYPE,
    EXAMPLES,
    FLAGS,
    NUMBERS,
    example_of_type,
    example_text,
    without_alternatives,
)
from gateway.wire.parse import MAX_ITEMS, nested, writable
from gateway.wire.render import is_map
from gateway.wire.rules import REQUIRED, is_identifier

Schema = dict[str, Any]
_BOUNDS = {
    FieldDescriptor.CPPTYPE_INT32: ("int32", 2**31),
    FieldDescriptor.CPPTYPE_INT64: ("int64", 2**63),
}
MONEY: Schema = {
    "type": "object",
    "description": "A decimal string, never a JSON number. Unit prices have up to four decimals.",
    "properties": {
        "amount": {"type": "string", "pattern": scalars.AMOUNT_PATTERN},
        "currency": {
            "type": "string",
            "pattern": scalars.CURRENCY_PATTERN,
            "description": "ISO 4217.",
        },
    },
    "required": ["amount", "currency"],
    "additionalProperties": False,
    "examples": [BY_TYPE[scalars.MONEY]],
}
LOCALIZED: Schema = {
    "type": "object",
    "description": "A text by language.",
    "properties": {language: {"type": "string"} for language in scalars.LANGUAGES},
    "additionalProperties": False,
    "examples": [BY_TYPE[scalars.LOCALIZED]],
}
LOCALIZED_INPUT: Schema = LOCALIZED | {
    "properties": {
        language: {"type": ["string", "null"], "pattern": scalars.TEXT_PATTERN}
        for language in scalars.LANGUAGES
    }
}
_STRINGS: dict[str, Schema] = {
    scalars.DECIMAL: {"type": "string", "pattern": scalars.DECIMAL_PATTERN},
    scalars.DATE: {"type": "string", "format": "date"},
    scalars.INSTANT: {"type": "string", "format": "date-time"},
}


class Schemas:
    """Collects the components of one OpenAPI document while operations describe themselves."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def reference(self, name: str, make: Any) -> Schema:
        if name not in self.components:
            self.components[name] = {}  # keeps the place: a message may contain itself
            self.components[name] = make()
        return {"$ref": f"#/components/schemas/{name}"}

    def shown(self, descriptor: Descriptor) -> Schema:
        """What an answer of this type looks like."""
        if descriptor.full_name in _STRINGS:
            return _STRINGS[descriptor.full_name]
        if descriptor.full_name == scalars.MONEY:
            return self.reference("Money", lambda: MONEY)
        if descriptor.full_name == scalars.LOCALIZED:
            return self.reference("LocalizedText", lambda: LOCALIZED)
        fields = {field.name: field for field in descriptor.fields}
        name = component(descriptor)
        if name.endswith("Input"):  # what is accepted has that name, see `accepted`
            name = f"{name.removesuffix('Input')}Given"
        return self.reference(name, lambda: self.shown_object(fields))

    def shown_object(self, fields: Mapping[str, FieldDescriptor]) -> Schema:
        properties = {name: self.shown_field(field) for name, field in fields.items()}
        return {"type": "object", "properties": properties, "required": list(properties)}

    def shown_field(self, field: FieldDescriptor) -> Schema:
        if is_map(field):
            return {"type": "object", "additionalProperties": {"type": "string"}}
        if field.message_type is not None:
            one = self.shown(field.message_type)
        elif field.enum_type is not None:
            one = {"type": "string", "enum": list(enums.numbers(field.enum_type))}
        else:
            one = _scalar(field)
        if field.is_repeated:
            return {"type": "array", "items": one}
        absent = field.message_type is not None or field.enum_type is not None or field.has_presence
        return nullable(one) if absent else one

    def accepted(self, descriptor: Descriptor) -> Schema:
        """What a request may contain at a place of this type."""
        if descriptor.full_name in _STRINGS or descriptor.full_name == scalars.MONEY:
            return self.shown(descriptor)
        if descriptor.full_name == scalars.LOCALIZED:
            return self.reference("LocalizedTextInput", lambda: LOCALIZED_INPUT)
        name = component(descriptor).removesuffix("Input") + "Input"
        return self.reference(
            name, lambda: self.accepted_object(writable(descriptor), REQUIRED.get(descriptor.full_name, ()))
        )

    def accepted_patch(self, descriptor: Descriptor) -> Schema:
        """The same with nothing required: what is absent stays."""
        fields = writable(descriptor)
        return self.reference(
            f"{component(descriptor)}Patch", lambda: self.accepted_object(fields, patch=True)
        )

    def accepted_object(
        self, fields: Mapping[str, FieldDescriptor], required: tuple[str, ...] = (), *, patch: bool = False
    ) -> Schema:
        """A closed object. What is not required may be null: the same as absent, or in a PATCH: clear it."""
        must = [name for name in fields if name in required and not patch]
        properties = {}
        for name, field in fields.items():
            inner = nested(field) if patch else None
            one = self.accepted_patch(inner) if inner is not None else self.accepted_field(field)
            properties[name] = one if name in must else nullable(one)
        schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
        return schema | {"required": must} if must else schema

    def accepted_field(self, field: FieldDescriptor) -> Schema:
        if field.message_type is not None:
            one = self.accepted(field.message_type)
        elif field.enum_type is not None:
            one = {"type": "string", "enum": list(enums.numbers(field.enum_type))}
        else:
            one = _scalar(field)
            if one == {"type": "string"}:
                one = {"type": "string", "pattern": scalars.TEXT_PATTERN}
                if is_identifier(field):
                    one = {"type": "string", "format": "uuid"}
        return {"type": "array", "items": one, "maxItems": MAX_ITEMS} if field.is_repeated else one


def component(descriptor: Descriptor) -> str:
    """The name of its schema: `ErasureReceiptItem` of ErasureReceipt.Item."""
    outer = descriptor.containing_type
    return (outer.name if outer is not None else "") + descriptor.name


def _scalar(field: FieldDescriptor) -> Schema:
    if field.cpp_type in _BOUNDS:
        form, bound = _BOUNDS[field.cpp_type]
        return {"type": "integer", "format": form, "minimum": -bound, "maximum": bound - 1}
    return {"type": "boolean"} if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL else {"type": "string"}


def nullable(schema: Schema) -> Schema:
    """The schema, or null."""
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    wider = schema | {"type": [schema["type"], "null"]}
    return wider | {"enum": [*schema["enum"], None]} if "enum" in schema else wider


def example(fields: Mapping[str, FieldDescriptor], *, accepted: bool, depth: int = 4) -> dict[str, Any]:
    """A filled-in object; for requests only what clients may send, and together."""
    fields = without_alternatives(fields) if accepted else fields
    return {name: example_field(field, accepted=accepted, depth=depth) for name, field in fields.items()}


def example_field(field: FieldDescriptor, *, accepted: bool, depth: int) -> Any:
    if is_map(field):
        return {"fr": EXAMPLES["hash"]}
    if field.message_type is not None:
        one = example_of_type(field) or _example_message(
            field.message_type, accepted=accepted, depth=depth - 1
        )
        if one is None:
            return [] if field.is_repeated else None
    elif field.enum_type is not None:
        one = next(iter(enums.numbers(field.enum_type)))
    elif field.cpp_type in _BOUNDS:
        one = NUMBERS.get(field.name, 2)
    elif field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        one = FLAGS.get(field.name, True)
    else:
        one = example_text(field)
    return [one] if field.is_repeated else one


def _example_message(descriptor: Descriptor, *, accepted: bool, depth: int) -> Any:
    if depth <= 0:
        return None
    fields = writable(descriptor) if accepted else {field.name: field for field in descriptor.fields}
    return example(fields, accepted=accepted, depth=depth)
