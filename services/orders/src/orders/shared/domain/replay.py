"""A past revision of a sheet, from the log alone."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from orders.shared.domain import codec
from orders.shared.domain.items import HEADER
from orders.shared.domain.sheet import SHEET, Sheet
from orders.shared.domain.terms import Side


def replay(
    order_id: UUID, started_by: Side, revision: int, pictures: Mapping[str, dict[str, Any] | None]
) -> Sheet | None:
    """`pictures`: the newest of each item up to the revision, None for what was gone by then. None when the log does
    not reach that far, or was erased."""
    header = pictures.get(HEADER)
    if not header:
        return None
    lines = [
        codec.line(picture)
        for key, picture in pictures.items()
        if key not in (HEADER, SHEET) and picture is not None
    ]
    lines.sort(key=lambda item: item.position)
    sheet = Sheet(
        order_id=order_id,
        started_by=started_by,
        header=codec.header(header),
        lines={item.id: item for item in lines},
        revision=revision,
    )
    turn = pictures.get(SHEET)
    if turn:
        sheet.sent = turn["sent"]
        sheet.waiting_for = Side(turn["waiting_for"]) if turn["waiting_for"] else None
        sheet.send_time = datetime.datetime.fromisoformat(turn["send_time"]) if turn["send_time"] else None
        expire = turn["expire_date"]
        sheet.expire_date = datetime.date.fromisoformat(expire) if expire else None
    return sheet
