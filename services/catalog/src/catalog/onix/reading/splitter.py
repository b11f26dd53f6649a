"""Cuts the text of a message into its Products, without an XML parser over the whole.

Each Product is parsed by itself afterwards, so that one that is not well-formed spoils itself alone, and a job
that goes on after a crash need not parse what is done. Comments, CDATA sections and processing instructions are
skipped as XML says; where one is never closed, the record it is in is given up and the next begins with the next
start tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_RECORD = 2 * 1024**2
_NAME = r"[Pp]roduct"
_HIDES = r"!--|!\[CDATA\[|\?"
_ANY_PREFIX = r"(?:[A-Za-z_][\w.-]*:)?"
_FIRST = re.compile(rf"<(?:{_HIDES}|({_ANY_PREFIX}){_NAME}(?=[\s/>]))")
_CLOSED_BY = {"<!--": "-->", "<![CDATA[": "]]>", "<?": "?>"}
_TAIL = 200  # longer than any tag that is looked for


@dataclass(frozen=True, slots=True)
class Piece:
    """A Product's text, or why there is none (`broken`)."""

    text: str
    broken: str = ""


class Splitter:
    """`before` gathers the text ahead of the first Product, `ended` whether the message's end tag was seen."""

    def __init__(self) -> None:
        self._text = ""
        self._at = 0
        self._inside = -1  # where the open record begins
        self._lost = False  # behind a record that was given up: only a start tag counts
        self._any = False
        self._start = re.compile(rf"<{_ANY_PREFIX}{_NAME}(?=[\s/>])")
        self._hidden_or_start = _FIRST
        self._each = self._start
        self.before = ""
        self.ended = False

    def feed(self, text: str, *, last: bool = False) -> Iterator[Piece]:
        self._text = self._text[self._keep() :] + text
        while True:
            piece = self._record(last) if self._inside >= 0 else self._find(last)
            if piece is None:
                return
            if piece.text or piece.broken:
                yield piece

    def _keep(self) -> int:
        """Where the text begins that is still needed; positions move there."""
        start = self._inside if self._inside >= 0 else self._at
        self._at -= start
        self._inside = min(self._inside, 0)
        return start

    def _find(self, last: bool) -> Piece | None:
        """Up to the next start tag; None when more text is needed."""
        found = (self._start if self._lost else self._hidden_or_start).search(self._text, self._at)
        if found is None:
            self._pass(len(self._text) if last else max(self._at, len(self._text) - _TAIL))
            return None
        closing = _CLOSED_BY.get(found[0])
        if closing is None:
            self._pass(found.start())
            if not self._any:
                self._learn(found[1] if found.re is _FIRST else "")
            self._inside, self._at, self._lost, self._any = found.start(), found.end(), False, True
            return Piece("")
        end = self._text.find(closing, found.end())
        if end < 0:
            if not last and len(self._text) - found.start() <= MAX_RECORD:
                self._pass(found.start())
                return None
            self._lost = True
            return Piece("")
        self._pass(end + len(closing))
        return Piece("")

    def _learn(self, prefix: str) -> None:
        """All Products have the prefix of the first: without guessing at every tag, the search is much faster."""
        start = rf"{re.escape(prefix)}{_NAME}(?=[\s/>])"
        self._start = re.compile(rf"<{start}")
        self._hidden_or_start = re.compile(rf"<(?:{_HIDES}|{start})")
        self._each = re.compile(rf"<(?:{_HIDES}|{start}|/{re.escape(prefix)}{_NAME}\s*>)")

    def _pass(self, to: int) -> None:
        passed = self._text[self._at : to]
        if not self._any and len(self.before) < MAX_RECORD:
            self.before += passed
        elif "</" in passed and "essage" in passed:
            self.ended = True
        self._at = to

    def _record(self, last: bool) -> Piece | None:
        """The open record, once its end is there; None when more text is needed."""
        end = self._text.find(">", self._inside)
        if end >= 0 and self._text[end - 1] == "/":
            return self._take(end + 1)
        simple = self._text.find("</Product>", self._at)
        if simple < 0:
            simple = self._text.find("</product>", self._at)
        if simple >= 0 and self._plain(simple):
            return self._take(simple + 10)
        return self._closely() or self._short_of(last)

    def _closely(self) -> Piece | None:
        """By every mark that could hide a tag."""
        at = self._at
        while (found := self._each.search(self._text, at)) is not None:
            closing = _CLOSED_BY.get(found[0])
            if closing is None:
                if found[0].startswith("</"):
                    return self._take(found.end())
                return self._give_up(
                    found.start(), "MALFORMED: a Product begins before the one before it ended"
                )
            end = self._text.find(closing, found.end())
            if end < 0:
                return None
            at = end + len(closing)
        end = self._text.find(">", self._inside)
        if end >= 0 and self._text[end - 1] == "/":
            return self._take(end + 1)
        self._at = max(self._at, len(self._text) - _TAIL) if at == self._at else self._at
        return None

    def _short_of(self, last: bool) -> Piece | None:
        start = self._inside
        if last:
            return self._give_up(start + 1, "MALFORMED: the Product is not closed")
        if len(self._text) - start > MAX_RECORD:
            return self._give_up(start + 1, f"TOO_LARGE: more than {MAX_RECORD} characters, or not closed")
        return None

    def _plain(self, end: int) -> bool:
        """Whether nothing up to there needs a closer look."""
        return self._hidden_or_start.search(self._text, self._at, end) is None

    def _take(self, end: int) -> Piece:
        text = self._text[self._inside : end]
        self._inside, self._at = -1, end
        return Piece(text)

    def _give_up(self, next_at: int, rule: str) -> Piece:
        text = self._text[self._inside : self._inside + 2000]
        self._inside, self._at, self._lost = -1, next_at, True
        return Piece(text, rule)
