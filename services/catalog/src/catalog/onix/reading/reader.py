"""ONIX in bounded memory, from pieces as they come: bytes in, records out; the counterpart of CsvReader."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from catalog.imports.domain import Finding, Record, Refused, Unreadable
from catalog.onix.reading import record
from catalog.onix.reading.encoding import Opening, encoding_of
from catalog.onix.reading.message import Defaults, OnixRecord
from catalog.onix.reading.parse import parse
from catalog.onix.reading.splitter import Piece, Splitter

_HEAD = 1024
_HEADER = re.compile(r"<((?:[\w.-]+:)?[Hh]eader)[\s>].*?</\1\s*>", re.DOTALL)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REFERENCE = re.compile(r"<(?:[\w.-]+:)?(?:RecordReference|a001)(?:\s[^<>]*)?>([^<]{1,200})<")


class OnixReader:
    """Records are numbered from 1; those up to `done` are counted and not parsed. `language` and `country`
    are the vendor's: for texts that name no language, and for markets and prices."""

    header_line = 0
    share = None

    def __init__(self, *, done: int, language: str, country: str) -> None:
        self._done, self._language, self._country = done, language, country
        self._head = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._splitter = Splitter()
        self._opening: Opening | None = None
        self._defaults = Defaults()
        self._number = 0
        self._replaces = False
        self.findings: list[Finding] = []

    def feed(self, piece: bytes, *, last: bool = False) -> Iterator[Record]:
        """Raises Unreadable for a file that is no ONIX message."""
        if self._decoder is None:
            self._head += piece
            if len(self._head) < _HEAD and not last:
                return
            encoding = encoding_of(self._head)
            # Bytes that mean nothing become lone surrogates, which no text has, or U+FFFD where that is impossible.
            errors = "replace" if encoding.startswith("utf-") and "8" not in encoding else "surrogateescape"
            self._decoder = codecs.getincrementaldecoder(encoding)(errors)
            self._replaces = errors == "replace"
            piece, self._head = self._head, b""
        for found in self._splitter.feed(self._decoder.decode(piece, last), last=last):
            opening = self._opening or self._open()
            self._number += 1
            if self._number > self._done:
                yield self._read(found, opening)
        if last:
            self._opening or self._open()

    async def open(self) -> None:
        """Nothing has to be made ready."""

    def finish(self) -> None:
        """To be called when all records were taken. Raises Unreadable for a message that was cut off."""
        before = self._splitter.before.rstrip()
        if not self._splitter.ended and not before.lower().endswith(("onixmessage>", "onixmessage/>")):
            raise Unreadable(
                "the end tag of the message is missing: the file was cut off; what came before is taken"
            )

    def _open(self) -> Opening:
        self._opening = Opening(self._splitter.before)
        header = _HEADER.search(self._opening.header)
        if header is not None:
            try:
                self._defaults = record.defaults_of(self._parse(header[0], self._opening, self.findings))
            except Refused as refused:
                self.findings += [Finding("Header", found.value, found.rule) for found in refused.findings]
        return self._opening

    def _parse(self, text: str, opening: Opening, findings: list[Finding]) -> Element:
        return parse(text, opening.prefixes, findings, doctype=opening.doctype)

    def _read(self, piece: Piece, opening: Opening) -> Record:
        if piece.broken:
            finding = Finding("record", piece.text[:200], piece.broken)
            return self._refused(piece, [finding], len(piece.text))
        findings: list[Finding] = []
        if self._replaces and "\ufffd" in piece.text:
            return self._refused(piece, [Finding("record", "", "UNSTORABLE_CHARACTER")], len(piece.text))
        try:
            product = self._parse(piece.text, opening, findings)
            content = record.read(product, self._defaults, self._language, self._country)
        except Refused as refused:
            return self._refused(piece, [*findings, *refused.findings], len(piece.text))
        content.findings[:0] = findings
        return Record(self._number, {}, content=content, size=len(piece.text))

    def _refused(self, piece: Piece, findings: list[Finding], size: int) -> Record:
        """With the reference, when it can still be made out, so that people find the record."""
        found = _REFERENCE.search(piece.text)
        ref = _UNSTORABLE.sub("\ufffd", found[1].strip())[:100] if found else ""
        content = OnixRecord(ref, "", findings=findings[:-1])
        return Record(self._number, {}, broken=findings[-1], content=content, size=size)
