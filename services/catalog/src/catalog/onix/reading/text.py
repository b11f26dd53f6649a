"""Texts of ONIX elements as plain text: the shop shows text, and markup of others is not ours to trust."""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from xml.etree.ElementTree import Element

_BLOCKS = frozenset(("p", "br", "div", "li", "ul", "ol", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6",
                     "tr", "table", "blockquote"))  # fmt: skip
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)\b[^<>]*>")
_BREAK = "\ue000"  # private use: no text of a book has it
_MANY = re.compile(r"\n{3,}")
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def line(text: str | None) -> str:
    """One line, NFC, single spaces."""
    if not text:
        return ""
    clean = " ".join(text.split())
    return clean if clean.isascii() else unicodedata.normalize("NFC", clean)


def child(parent: Element, name: str) -> str:
    """The text of the first such child, as one line; empty when there is none."""
    found = parent.find(name)
    if found is None:
        return ""
    return line("".join(found.itertext()) if len(found) else found.text)


def children(parent: Element, name: str) -> list[str]:
    return [value for found in parent.iterfind(name) if (value := line("".join(found.itertext())))]


def paragraphs(element: Element) -> str:
    """Several lines: embedded XHTML (textformat 05), escaped HTML (02) and plain text (06, taken as it is)."""
    if element.get("textformat") == "06" and not len(element):
        return unicodedata.normalize("NFC", _UNSTORABLE.sub("", element.text or "").strip())
    marked = element.get("textformat") in ("02", "05") or len(element) > 0
    text = _walked(element)
    if marked or "</" in text:
        text = unescape(_TAG.sub(_break, " ".join(text.split()))).replace(_BREAK, "\n")
    text = _UNSTORABLE.sub("", text)
    text = "\n".join(" ".join(part.split()) for part in text.splitlines())
    text = _MANY.sub("\n\n", text).strip()
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _walked(element: Element) -> str:
    """All text, with a mark where an element begins or ends a line; not by recursion, for a file may nest as
    deep as it likes."""
    parts: list[str] = [element.text or ""]
    walk = [(element, iter(element))]
    while walk:
        inside, rest = walk[-1]
        inner = next(rest, None)
        if inner is None:
            walk.pop()
            if walk:
                parts += [_BREAK if _local(inside) in _BLOCKS else "", inside.tail or ""]
            continue
        parts += [_BREAK if _local(inner) in _BLOCKS else "", inner.text or ""]
        walk.append((inner, iter(inner)))
    return "".join(parts)


def _break(found: re.Match[str]) -> str:
    return _BREAK if found[2].lower() in _BLOCKS else ""


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2].lower()
