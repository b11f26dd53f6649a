"""Limits of files and what is refused. No I/O."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.errors import (
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    Unavailable,
)
from orders.domain.parties import Party
from orders.domain.states import OrderNotEditable, State

MAX_BYTES = 10 * 1024**2
MAX_FILES = 50
MAX_ORDER_BYTES = 100 * 1024**2
MAX_PIECE = 1024**2
_SHEETS = frozenset((State.DRAFT, State.NEGOTIATING, State.PENDING_APPROVAL))


@dataclass(frozen=True, slots=True)
class Attachment:
    """`media_type` is what the content says. `line_id` None: of the whole sheet."""

    id: UUID
    order_id: UUID
    line_id: UUID | None
    file_name: str
    media_type: str
    size_bytes: int
    sha256: bytes
    added_by: Party
    create_time: datetime.datetime


class AttachmentNotFound(NotFound):
    """Also for one that exists and that the caller may not see."""

    reason = "ATTACHMENT_NOT_FOUND"

    def __init__(self, attachment_id: object) -> None:
        super().__init__(f"There is no attachment {attachment_id}.", attachment_id=attachment_id)


class AttachmentNotYours(PermissionDenied):
    reason = "ATTACHMENT_NOT_YOURS"

    def __init__(self, attachment_id: object) -> None:
        text = f"Attachment {attachment_id} is removed by whoever added it, or by staff."
        super().__init__(text, attachment_id=attachment_id)


class AttachmentTooLarge(InvalidArgument):
    reason = "ATTACHMENT_TOO_LARGE"

    def __init__(self) -> None:
        super().__init__(f"A file may have at most {MAX_BYTES} bytes.", limit=MAX_BYTES)


class AttachmentTypeNotAllowed(InvalidArgument):
    """`found` is a media type, or "unknown"; `why` what is wrong with a file of an allowed type."""

    reason = "ATTACHMENT_TYPE_NOT_ALLOWED"

    def __init__(self, found: str, why: str) -> None:
        super().__init__(f"The file ({found}) is not taken: {why}.", found=found, why=why)


class AttachmentIncomplete(InvalidArgument):
    reason = "ATTACHMENT_INCOMPLETE"

    def __init__(self) -> None:
        super().__init__("The upload ended before its last message, an empty content.")


class TooManyAttachments(FailedPrecondition):
    """`limit` of files, or of bytes of all files together."""

    reason = "TOO_MANY_ATTACHMENTS"

    def __init__(self, limit: int, unit: str) -> None:
        super().__init__(f"An order has at most {limit} {unit} of files.", limit=limit, unit=unit)


class BlobMissing(Unavailable):
    """The row is there and the bytes are not: the operator has to look; the sweeper alarms too."""

    reason = "ATTACHMENT_UNAVAILABLE"

    def __init__(self, attachment_id: object) -> None:
        text = f"The content of attachment {attachment_id} cannot be read."
        super().__init__(text, attachment_id=attachment_id)


def check_sheet(state: State) -> None:
    """Raises OrderNotEditable unless files of an order in this state may still change."""
    if state not in _SHEETS:
        raise OrderNotEditable(state)


def check_room(sizes: Sequence[int], size: int) -> None:
    """`sizes` of the files that are there. Raises TooManyAttachments."""
    if len(sizes) >= MAX_FILES:
        raise TooManyAttachments(MAX_FILES, "files")
    if sum(sizes) + size > MAX_ORDER_BYTES:
        raise TooManyAttachments(MAX_ORDER_BYTES, "bytes")
