"""Protobuf message -> plain dict for orjson.

Every member is always there: absent scalars and objects are null, absent lists are [], empty strings stay "".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway.wire import enums
from gateway.wire.scalars import SHOWERS

Renderer = Callable[[Any], Any]
_PLAIN = frozenset(
    (
        FieldDescriptor.CPPTYPE_STRING,
        FieldDescriptor.CPPTYPE_INT32,
        FieldDescriptor.CPPTYPE_INT64,
        FieldDescriptor.CPPTYPE_BOOL,
    )
)


def is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


@cache
def renderer(descriptor: Descriptor) -> Renderer:
    """The function from a message of this type to its JSON value."""
    own = SHOWERS.get(descriptor.full_name)
    return own if own is not None else _object(descriptor)


def _object(descriptor: Descriptor) -> Renderer:
    # Plain members are read in one C call; the template fixes the order of the members as declared.
    template = dict.fromkeys(field.name for field in descriptor.fields)
    plain = [
        field.name
        for field in descriptor.fields
        if not field.is_repeated and not field.has_presence and field.cpp_type in _PLAIN
    ]
    if len(plain) < 2:  # attrgetter of one name gives no tuple
        plain = []
    others = [(field.name, member(field)) for field in descriptor.fields if field.name not in plain]
    read_plain: Callable[[Any], Any] = attrgetter(*plain) if plain else lambda _message: ()

    def render(message: Any) -> dict[str, Any]:
        shown: dict[str, Any] = template.copy()
        shown.update(zip(plain, read_plain(message), strict=True))
        for name, show in others:
            shown[name] = show(message)
        return shown

    return render


def member(field: FieldDescriptor) -> Renderer:
    """The function from a message to the JSON value of this one field of it."""
    name, get = field.name, attrgetter(field.name)
    if is_map(field):
        return lambda message: dict(get(message))
    show = _one(field)
    if field.is_repeated and field.enum_type is not None:
        return lambda message: [shown for shown in map(show, get(message)) if shown is not None]
    if field.is_repeated:
        return lambda message: [show(item) for item in get(message)]
    if field.has_presence:
        return lambda message: show(get(message)) if message.HasField(name) else None
    return lambda message: show(get(message))


def _one(field: FieldDescriptor) -> Renderer:
    if field.message_type is not None:
        return _later(field.message_type)
    if field.enum_type is not None:
        return enums.names(field.enum_type).get
    if field.cpp_type not in _PLAIN:
        raise TypeError(f"{field.full_name} has no JSON form")
    return lambda value: value


def _later(descriptor: Descriptor) -> Renderer:
    """Built at first use where a message contains itself, at once otherwise."""
    if descriptor not in _open:
        _open.add(descriptor)
        try:
            return renderer(descriptor)
        finally:
            _open.discard(descriptor)

    def show(message: Any) -> Any:
        return renderer(descriptor)(message)

    return show


_open: set[Descriptor] = set()
