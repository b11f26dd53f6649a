"""Selections as they go over the wire, and requests about them turned into values."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from commis.catalog.v1 import selections_pb2 as pb
from commis.common.v1 import common_pb2
from google.type import date_pb2

from catalog.pricing.wire import date_to_proto
from catalog.products.domain import FieldsUnknown
from catalog.products.wire import localized
from catalog.selections import domain
from catalog.selections.domain import Content, NewEntry
from catalog.selections.queries import SelectionView
from chassis import etag, fields
from chassis.errors import Violations

_CATEGORIES = {
    name.removeprefix("WISE_CATEGORY_"): number for name, number in pb.Selection.WiseCategory.items()
}
_NO_CATEGORY = pb.Selection.WISE_CATEGORY_UNSPECIFIED
# Field of the message to field of Content.
_PATHS = {
    "title": "titles",
    "text": "texts",
    "wise_category": "wise_category",
    "valid_from": "valid_from",
    "valid_to": "valid_to",
    "visible_to_all": "visible_to_all",
    "groups": "groups",
    "account_ids": "account_ids",
}
_OUTPUT_ONLY = frozenset(("id", "entry_count", "create_time", "update_time", "etag"))


def selection_to_proto(view: SelectionView, *, staff: bool) -> pb.Selection:
    """Whom it is made for is told to staff only."""
    content = view.content
    built = pb.Selection(
        id=str(view.id),
        title=common_pb2.LocalizedText(texts=content.titles),
        text=common_pb2.LocalizedText(texts=content.texts),
        wise_category=category_to_proto(content.wise_category),
        valid_from=date_to_proto(content.valid_from),
        valid_to=date_to_proto(content.valid_to),
        visible_to_all=content.visible_to_all,
        groups=content.groups if staff else (),
        account_ids=[str(account_id) for account_id in content.account_ids] if staff else (),
        entry_count=view.entry_count,
        etag=etag.format(view.version),
    )
    built.create_time.FromDatetime(view.create_time)
    built.update_time.FromDatetime(view.update_time)
    return built


def category_to_proto(category: str) -> pb.Selection.WiseCategory.ValueType:
    return _CATEGORIES.get(category, _NO_CATEGORY)


def content(v: Violations, sent: pb.Selection) -> Content:
    """All fields that staff write; every violation is added, but not whether the validity ends after it begins."""
    valid_from = _day(v, "selection.valid_from", sent.valid_from)
    if valid_from is None and not any(found.field == "selection.valid_from" for found in v):
        v.add("selection.valid_from", "is required", "REQUIRED")
    return Content(
        titles=localized(v, "selection.title", sent.title, max_length=domain.MAX_TITLE, required=True),
        texts=localized(v, "selection.text", sent.text, max_length=domain.MAX_TEXT),
        wise_category=_category(v, "selection.wise_category", sent.wise_category),
        valid_from=valid_from or domain.FIRST_DAY,
        valid_to=_day(v, "selection.valid_to", sent.valid_to),
        visible_to_all=sent.visible_to_all,
        groups=_groups(v, sent.groups),
        account_ids=_accounts(v, sent.account_ids),
    )


def new_content(v: Violations, sent: pb.Selection) -> Content:
    built = content(v, sent)
    if not any(found.field.startswith("selection.valid_") for found in v):
        domain.check_validity(v, built.valid_from, built.valid_to)
    return built


def changes(v: Violations, request: pb.UpdateSelectionRequest) -> dict[str, Any]:
    """The new values by field of Content. Without a mask the populated fields, with `*` all; fields that are not
    written are not judged (AIP-134). Raises FieldsUnknown."""
    paths = {path.split(".", 1)[0] for path in request.update_mask.paths}
    paths = paths or {descriptor.name for descriptor, _ in request.selection.ListFields()}
    if "*" in paths:
        paths = set(_PATHS)
    unknown = paths - _PATHS.keys() - _OUTPUT_ONLY
    if unknown:
        raise FieldsUnknown(", ".join(sorted(unknown)))
    found = Violations()
    built = content(found, request.selection)
    for violation in found:
        if violation.field.split(".")[1].split("[")[0] in paths:
            v.add(violation.field, violation.description, violation.reason)
    return {_PATHS[path]: getattr(built, _PATHS[path]) for path in paths - _OUTPUT_ONLY}


def entries(v: Violations, sent: Sequence[pb.SelectionEntry]) -> tuple[NewEntry, ...]:
    """At most 2 000; each names a variant by id or SKU."""
    if len(sent) > domain.MAX_ENTRIES:
        v.add("entries", f"must have at most {domain.MAX_ENTRIES} entries", "TOO_LONG")
        return ()
    return tuple(_entry(v, f"entries[{number}]", entry) for number, entry in enumerate(sent))


def _entry(v: Violations, path: str, sent: pb.SelectionEntry) -> NewEntry:
    if bool(sent.variant_id) == bool(sent.sku):
        v.add(path, "needs exactly one of variant_id and sku", "REQUIRED")
    return NewEntry(
        variant_id=fields.identifier(v, f"{path}.variant_id", sent.variant_id, required=False),
        sku=fields.text(v, f"{path}.sku", sent.sku, required=bool(sent.sku), max_length=100),
        wise_category=_category(v, f"{path}.wise_category", sent.wise_category),
    )


def _category(v: Violations, path: str, sent: int) -> str:
    name = fields.enum(v, path, sent, pb.Selection.WiseCategory, required=False)
    return name.removeprefix("WISE_CATEGORY_")


def _day(v: Violations, path: str, sent: date_pb2.Date) -> datetime.date | None:
    day = fields.date(v, path, sent)
    if day is not None and not domain.FIRST_DAY <= day <= domain.LAST_DAY:
        v.add(path, f"must be between {domain.FIRST_DAY} and {domain.LAST_DAY}", "OUT_OF_RANGE")
    return day


def _groups(v: Violations, sent: Sequence[str]) -> tuple[str, ...]:
    if len(sent) > domain.MAX_GROUPS:
        v.add("selection.groups", f"must have at most {domain.MAX_GROUPS} entries", "TOO_LONG")
        return ()
    named = [
        fields.text(v, f"selection.groups[{number}]", group, required=True, max_length=100)
        for number, group in enumerate(sent)
    ]
    return tuple(dict.fromkeys(named))


def _accounts(v: Violations, sent: Sequence[str]) -> tuple[UUID, ...]:
    if len(sent) > domain.MAX_ACCOUNTS:
        v.add("selection.account_ids", f"must have at most {domain.MAX_ACCOUNTS} entries", "TOO_LONG")
        return ()
    parsed = [
        fields.identifier(v, f"selection.account_ids[{number}]", text) for number, text in enumerate(sent)
    ]
    return tuple(dict.fromkeys(account_id for account_id in parsed if account_id is not None))
