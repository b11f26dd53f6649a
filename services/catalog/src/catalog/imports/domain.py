"""Records, findings and verdicts of an import, and its errors. No I/O."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from chassis.errors import FailedPrecondition, InvalidArgument, NotFound

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
ACCEPTED, CHANGED, UNCHANGED, REFUSED = "ACCEPTED", "CHANGED", "UNCHANGED", "REFUSED"
MAX_BYTES = 2 * 1024**3
MAX_PIECE = 1024**2
MAX_RECORD = 1024**2  # characters


class ImportNotFound(NotFound):
    reason = "IMPORT_NOT_FOUND"

    def __init__(self, import_id: UUID) -> None:
        super().__init__(f"There is no import {import_id}.", import_id=import_id)


class ImportTooLarge(InvalidArgument):
    reason = "IMPORT_TOO_LARGE"

    def __init__(self) -> None:
        super().__init__(f"A file may have at most {MAX_BYTES} bytes.", limit=MAX_BYTES)


class ImportIncomplete(InvalidArgument):
    reason = "IMPORT_INCOMPLETE"

    def __init__(self) -> None:
        super().__init__("The upload ended before its last message, an empty content.")


class ImportEnded(FailedPrecondition):
    reason = "IMPORT_ENDED"

    def __init__(self, import_id: UUID, state: str) -> None:
        super().__init__(f"Import {import_id} is {state} already.", import_id=import_id, state=state)


class Stopped(Exception):
    """The service ends, or somebody else goes on with the job."""


class Cancelled(Exception):
    """Somebody asked for the end of the job."""


class Unreadable(Exception):
    """The file as a whole cannot be read; the job fails with this text."""


class ReaderDied(Exception):
    """The process that reads a file ended before its time: killed, or out of memory."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the process that reads the file ended with status {status}")


class Refused(Exception):
    """One record cannot be taken."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__(", ".join(finding.rule for finding in findings))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a field, or was; `repaired` when it was put right with certainty."""

    field: str
    value: str
    rule: str
    repaired: bool = False

    @property
    def as_json(self) -> dict[str, object]:
        return {
            "field": self.field,
            "value": _UNSTORABLE.sub("\ufffd", self.value[:200]),
            "rule": self.rule,
            "repaired": self.repaired,
        }


def too_long(begin: str) -> Finding:
    return Finding("record", begin[:200], f"TOO_LONG: {MAX_RECORD} characters at most")


@dataclass(slots=True)
class Record:
    """One record of the file: the line it begins on, and its non-empty values by column; or its number and its
    `content`, where there are no columns. A record that could not even be read carries the `broken` finding
    instead. `size` in characters."""

    number: int
    values: Mapping[str, str]
    broken: Finding | None = None
    content: object = None
    size: int = 0


@dataclass(slots=True)
class Verdict:
    number: int
    ref: str
    outcome: str
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ImportView:
    id: UUID
    kind: str
    format: str
    file_name: str
    state: str
    total_bytes: int
    processed_bytes: int
    accepted_count: int
    changed_count: int
    unchanged_count: int
    refused_count: int
    error: str
    create_time: datetime.datetime
    finish_time: datetime.datetime | None
    source_address: str = ""
