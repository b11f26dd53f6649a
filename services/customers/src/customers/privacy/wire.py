"""Exports, erasures and receipts as messages."""

from __future__ import annotations

from collections.abc import Iterable

from commis.customers.v1 import accounts_pb2
from commis.customers.v1 import privacy_pb2 as pb

from chassis import fields
from chassis.errors import Violations
from customers.privacy import erasures
from customers.privacy.erasing import Counted, Explained
from customers.privacy.erasures import ErasureView
from customers.privacy.exports import ExportView

MAX_ITEMS = 100
Item = accounts_pb2.ErasureReceipt.Item


def data_export(view: ExportView) -> pb.DataExport:
    built = pb.DataExport(
        id=str(view.id),
        account_id=str(view.account_id),
        person_id=str(view.person_id or ""),
        state=pb.DataExport.State.Value(f"STATE_{view.state}"),
        collected=view.collected,
        missing=view.missing,
    )
    built.create_time.FromDatetime(view.create_time)
    built.expire_time.FromDatetime(view.expire_time)
    return built


def receipt(view: ErasureView) -> accounts_pb2.ErasureReceipt:
    built = accounts_pb2.ErasureReceipt(
        id=str(view.id),
        account_id=str(view.account_id),
        erased=[Item(subject=subject, count=count) for subject, count, _ in erasures.merged(view.erased)],
        kept=[
            Item(subject=subject, count=count, kept_because=why)
            for subject, count, why in erasures.merged(view.kept)
        ],
    )
    built.erase_time.FromDatetime(view.done_time or view.create_time)
    return built


def erasure(view: ErasureView) -> pb.Erasure:
    built = pb.Erasure(
        id=str(view.id),
        account_id=str(view.account_id),
        person_id=str(view.person_id or ""),
        state=pb.Erasure.STATE_DONE if view.done_time is not None else pb.Erasure.STATE_RUNNING,
        missing=view.missing,
        receipt=receipt(view),
    )
    built.create_time.FromDatetime(view.create_time)
    return built


def items(found: Violations, field: str, given: Iterable[Item], *, kept: bool) -> list[tuple[str, int, str]]:
    """What a service reported; what is kept needs a reason."""
    listed = []
    for index, item in enumerate(list(given)[: MAX_ITEMS + 1]):
        path = f"{field}[{index}]"
        if index == MAX_ITEMS:
            found.add(field, f"must have at most {MAX_ITEMS} items", "TOO_LONG")
            break
        subject = fields.text(found, f"{path}.subject", item.subject, required=True, max_length=200)
        if not 0 <= item.count < 2**53:
            found.add(f"{path}.count", "must not be negative", "OUT_OF_RANGE")
        why = fields.text(found, f"{path}.kept_because", item.kept_because, required=kept, max_length=500)
        listed.append((subject, item.count, why))
    return listed


def counted(listed: Iterable[tuple[str, int, str]]) -> Counted:
    return [(subject, count) for subject, count, _ in listed]


def explained(listed: Iterable[tuple[str, int, str]]) -> Explained:
    return list(listed)
