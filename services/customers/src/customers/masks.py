"""Update masks (AIP-134): which paths of a resource a request wants to change."""

from __future__ import annotations

from collections.abc import Collection

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from chassis.errors import Violations


def paths(
    found: Violations,
    mask: FieldMask,
    resource: Message,
    writable: Collection[str],
    read_only: Collection[str] = (),
) -> list[str]:
    """The writable paths of the mask, in the order of `writable`. Without a mask: what is filled in;
    "*" is all of them; a message stands for all its fields; output-only paths are ignored.

    Adds a violation for a path that does not exist."""
    if not mask.paths:
        return [path for path in writable if _is_filled(resource, path)]
    wanted: set[str] = set()
    for path in mask.paths:
        below = {name for name in writable if path in ("*", name) or name.startswith(f"{path}.")}
        if not below and path.split(".")[0] not in read_only and path not in read_only:
            found.add("update_mask", f"has the unknown path {path[:60]!r}", "UNKNOWN_PATH")
        wanted |= below
    return [path for path in writable if path in wanted]


def _is_filled(resource: Message, path: str) -> bool:
    at: Message = resource
    *parents, name = path.split(".")
    for parent in parents:
        if not at.HasField(parent):
            return False
        at = getattr(at, parent)
    field = at.DESCRIPTOR.fields_by_name[name]
    return at.HasField(name) if field.has_presence else bool(getattr(at, name))
