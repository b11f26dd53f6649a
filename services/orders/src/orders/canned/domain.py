"""Canned texts and their placeholders. No I/O.

A placeholder is a name in braces. Texts are filled in one pass over their own placeholders, so that braces in what is
put in, such as a customer's name, stay what they are.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from chassis.errors import AlreadyExists, NotFound

PLACEHOLDERS = (
    *("order_number", "customer_name", "order_date", "today", "contact_name", "total", "vendor_name"),
)
MAX_NAME = 80
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class CannedMessageNotFound(NotFound):
    reason = "CANNED_MESSAGE_NOT_FOUND"

    def __init__(self, canned_message_id: object) -> None:
        message = f"There is no canned message {canned_message_id}."
        super().__init__(message, canned_message_id=canned_message_id)


class CannedMessageNameTaken(AlreadyExists):
    reason = "CANNED_MESSAGE_NAME_TAKEN"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a canned message {name!r} already.", name=name)


@dataclass(frozen=True, slots=True)
class CannedMessage:
    """`texts` by language, English among them."""

    id: UUID
    version: int
    name: str
    texts: Mapping[str, str]
    create_time: datetime.datetime
    update_time: datetime.datetime

    def text_in(self, language: str) -> tuple[str, str]:
        """The language that there is, and the text."""
        found = language if language in self.texts else "en"
        return found, self.texts[found]


def unknown_placeholders(text: str) -> Iterator[str]:
    """Whatever stands in braces and is no placeholder."""
    return (name for name in _PLACEHOLDER.findall(text) if name not in PLACEHOLDERS)


def fill(text: str, values: Mapping[str, str]) -> str:
    """`values` has every placeholder."""
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)
