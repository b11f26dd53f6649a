"""In which encoding a text file is written, told with certainty or not at all.

A byte order mark decides; so do the zero bytes of UTF-16. What is valid UTF-8 is UTF-8. Anything else is taken as
Windows-1252 only when nothing speaks against it: that code page leaves five bytes undefined, and has typographic
signs where the older code pages of DOS and the Mac have accented letters, which then stand inside words.
"""

from __future__ import annotations

import codecs
import re

UNKNOWN = ""
UTF_8, WINDOWS = "utf-8", "cp1252"
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
# low quotes, accents and capitals behind a small letter; daggers, per mille and guillemets inside a word
_FOREIGN = re.compile(
    rb"[a-z][\x82\x84\x88\x8a\x8c\x8e\x98\x9f]|[A-Za-z][\x83\x86\x87\x89\x8b\x9b][A-Za-z]", re.DOTALL
)


class Detector:
    """Sees all bytes in order; `encoding` is the answer once they are all there, `UNKNOWN` when none is certain."""

    def __init__(self) -> None:
        self._head = b""
        self._last = b""
        self._utf8 = codecs.getincrementaldecoder("utf-8")("strict")
        self._valid = True
        self._multibyte = False
        self._foreign = False

    def add(self, part: bytes, *, last: bool = False) -> None:
        if len(self._head) < 4:
            self._head = (self._head + part)[:4]
        if part.isascii() and self._valid and not last:
            self._utf8_ascii(part)
        elif self._valid:
            self._decode(part, last)
        joined = self._last + part
        if not joined.isascii():
            self._foreign = self._foreign or bool(_UNDEFINED.search(part) or _FOREIGN.search(joined))
        self._last = joined[-2:]

    def _utf8_ascii(self, part: bytes) -> None:
        """Cheap, unless a character was cut in two before."""
        if part and self._utf8.getstate()[0]:
            self._decode(part, last=False)

    def _decode(self, part: bytes, last: bool) -> None:
        try:
            self._multibyte |= not self._utf8.decode(part, last).isascii()
        except UnicodeDecodeError:
            self._valid = False

    @property
    def encoding(self) -> str:
        marked = _marked(self._head)
        if marked is not None:
            return marked
        if self._valid:
            return UTF_8
        # Where characters of several bytes came first, it is UTF-8 with records that were spoilt.
        if self._multibyte:
            return UTF_8
        return UNKNOWN if self._foreign else WINDOWS


def _marked(head: bytes) -> str | None:
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(head) == 4 and head[1] == head[3] == 0 and head[0] and head[2]:
        return "utf-16-le"
    if len(head) == 4 and head[0] == head[2] == 0 and head[1] and head[3]:
        return "utf-16-be"
    return None
