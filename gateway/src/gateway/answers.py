"""The shapes of successful answers: one resource, a page of a list, a whole response, tokens, nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway.wire import schema
from gateway.wire.render import member, renderer
from gateway.wire.schema import Schema, Schemas

Show = Callable[[Any], Any]


class Answer(Protocol):
    def shower(self, response: Descriptor) -> Show | None:
        """The function from the RPC's response to JSON; None for an answer without a body."""

    def schema(self, response: Descriptor, schemas: Schemas) -> Schema | None: ...

    def example(self, response: Descriptor) -> Any: ...

    def etag(self, response: Descriptor) -> Callable[[Any], str] | None:
        """The function from the RPC's response to the ETag header, where the resource has one."""


def _message(response: Descriptor, name: str) -> Descriptor:
    message = response.fields_by_name[name].message_type
    assert message is not None, f"{response.full_name}.{name} is not a message"
    return message


def _fields(descriptor: Descriptor) -> dict[str, FieldDescriptor]:
    return {item.name: item for item in descriptor.fields}


def _etag_within(response: Descriptor, name: str) -> Callable[[Any], str] | None:
    if "etag" not in _message(response, name).fields_by_name:
        return None
    return lambda answered: str(getattr(answered, name).etag)


@dataclass(frozen=True, slots=True)
class Nothing:
    """204, or 202 for what happens later."""

    def shower(self, response: Descriptor) -> None:
        return None

    def schema(self, response: Descriptor, schemas: Schemas) -> None:
        return None

    def example(self, response: Descriptor) -> None:
        return None

    def etag(self, response: Descriptor) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Whole:
    """Every member of the response."""

    def shower(self, response: Descriptor) -> Show:
        return renderer(response)

    def schema(self, response: Descriptor, schemas: Schemas) -> Schema:
        return schemas.shown(response)

    def example(self, response: Descriptor) -> Any:
        return schema.example(_fields(response), accepted=False)

    def etag(self, response: Descriptor) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Resource:
    """The message in one field of the response, with its ETag."""

    name: str

    def shower(self, response: Descriptor) -> Show:
        show, name = renderer(_message(response, self.name)), self.name
        return lambda answered: show(getattr(answered, name))

    def schema(self, response: Descriptor, schemas: Schemas) -> Schema:
        return schemas.shown(_message(response, self.name))

    def example(self, response: Descriptor) -> Any:
        return schema.example(_fields(_message(response, self.name)), accepted=False)

    def etag(self, response: Descriptor) -> Callable[[Any], str] | None:
        return _etag_within(response, self.name)


@dataclass(frozen=True, slots=True)
class Page:
    """{"items": [...], "next_page_token": ...} and what else the response has, e.g. facets; a feed has no token."""

    def shower(self, response: Descriptor) -> Show:
        items, *others = response.fields
        parts = [("items", member(items))]
        parts += [(other.name, member(other)) for other in others]

        def show(answered: Any) -> dict[str, Any]:
            shown = {name: part(answered) for name, part in parts}
            if "next_page_token" in shown:
                shown["next_page_token"] = shown["next_page_token"] or None
            return shown

        return show

    def schema(self, response: Descriptor, schemas: Schemas) -> Schema:
        items, *others = response.fields
        shape = schemas.shown_object({"items": items} | {other.name: other for other in others})
        if "next_page_token" in shape["properties"]:
            shape["properties"]["next_page_token"] = {
                "type": ["string", "null"],
                "description": "Give it as page_token for the next page; null on the last one.",
            }
        return schemas.reference(response.name.replace("Response", "Page"), lambda: shape)

    def example(self, response: Descriptor) -> Any:
        items, *others = response.fields
        return schema.example({"items": items} | {other.name: other for other in others}, accepted=False)

    def etag(self, response: Descriptor) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Merged:
    """The members of one field's message, and the other fields of the response beside them."""

    name: str
    names: Mapping[str, str] = field(default_factory=dict)  # JSON name by field name, where they differ
    constant: Mapping[str, str] = field(default_factory=dict)

    def _parts(self, response: Descriptor) -> tuple[Descriptor, list[FieldDescriptor]]:
        inner = _message(response, self.name)
        return inner, [item for item in response.fields if item.name != self.name]

    def shower(self, response: Descriptor) -> Show:
        inner, others = self._parts(response)
        show_inner, constant = renderer(inner), dict(self.constant)
        names = {item.name: self.names.get(item.name, item.name) for item in inner.fields}
        parts = [(other.name, member(other)) for other in others]

        def show(answered: Any) -> dict[str, Any]:
            merged = show_inner(getattr(answered, self.name))
            shown = {names[name]: value for name, value in merged.items()} | constant
            for name, part in parts:
                shown[name] = part(answered)
            return shown

        return show

    def schema(self, response: Descriptor, schemas: Schemas) -> Schema:
        inner, others = self._parts(response)
        fields = {self.names.get(item.name, item.name): item for item in inner.fields}
        shape = schemas.shown_object(fields | {other.name: other for other in others})
        shape["properties"] |= {name: {"const": value} for name, value in self.constant.items()}
        shape["required"] += list(self.constant)
        return schemas.reference(response.name, lambda: shape)

    def example(self, response: Descriptor) -> Any:
        inner, others = self._parts(response)
        fields = {self.names.get(item.name, item.name): item for item in inner.fields}
        merged = fields | {other.name: other for other in others}
        return schema.example(merged, accepted=False) | dict(self.constant)

    def etag(self, response: Descriptor) -> Callable[[Any], str] | None:
        return _etag_within(response, self.name)


def inferred(response: Descriptor) -> Answer:
    """Nothing for an empty response, a page for next_page_token, its only message, else all of it."""
    if not response.fields:
        return Nothing()
    if "next_page_token" in response.fields_by_name:
        return Page()
    if len(response.fields) == 1 and response.fields[0].message_type and not response.fields[0].is_repeated:
        return Resource(response.fields[0].name)
    return Whole()
