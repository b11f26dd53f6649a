"""Bytes to text: a byte order mark decides, then UTF-8 where the bytes are that, else Windows-1252."""

from __future__ import annotations

import codecs

from orders.entry.given import unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def text_of(content: bytes) -> str:
    """Raises InvalidFields when the encoding cannot be told."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _decoded(content[len(mark) :], encoding)
    if content[1:4:2] == b"\0\0" and b"\0" not in content[:4:2]:
        return _decoded(content, "utf-16-le")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _decoded(content, "cp1252")


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        text = "the encoding is neither UTF-8, UTF-16 nor Windows-1252; save the file as UTF-8"
        raise unreadable(text, "ENCODING") from None
