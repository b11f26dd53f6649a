"""In which encoding an XML file is written (XML 1.0, appendix F), and what stands before its first Product."""

from __future__ import annotations

import codecs
import re

from catalog.imports.domain import Unreadable

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["'][^>]*\?>""")
_ROOT = re.compile(r"<(?:([A-Za-z_][\w.-]*):)?([A-Za-z_][\w.-]*)((?:\s[^<>]*)?)>")
_ATTRIBUTE = re.compile(r"""([\w.:-]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')""")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\x00?\x00", "utf-16-le"),
    (b"\x00<\x00?", "utf-16-be"),
    (b"<\x00O\x00", "utf-16-le"),
    (b"\x00<\x00O", "utf-16-be"),
)
_PROBE = "<?xml version='1.0'?>"
# Python's own ways of writing, which no XML file may name.
_NOT_CHARACTER_SETS = frozenset(
    ("unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem", "utf-7", "punycode", "idna")
)


def encoding_of(head: bytes) -> str:
    """A codec by the first kilobyte: byte order mark, else the declaration, else UTF-8. Raises Unreadable."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    declared = _DECLARED.match(head)
    if declared is None:
        return "utf-8"
    name = declared[1].decode("ascii").lower()
    try:
        codec = codecs.lookup(name)
        fits = _PROBE.encode(codec.name) == _PROBE.encode("ascii")
    except (LookupError, UnicodeError, ValueError):
        fits, codec = False, None
    if not fits or codec is None or codec.name.replace("_", "-") in _NOT_CHARACTER_SETS:
        raise Unreadable(f"the file declares the encoding {name}, which is not known or not that of the file")
    return codec.name


class Opening:
    """What precedes the first Product: prefixes of namespaces by name, and the text of the header.

    Raises Unreadable for anything but an ONIX 3 message, and for a document type that declares things of its
    own: neither entities nor addresses of a DTD are ever followed.
    """

    def __init__(self, before: str) -> None:
        at, self.doctype = 0, False
        while True:
            at = len(before) - len(before[at:].lstrip().removeprefix("\ufeff").lstrip())
            if before.startswith("<?", at):
                at = _after(before, "?>", at)
            elif before.startswith("<!--", at):
                at = _after(before, "-->", at)
            elif before[at : at + 9].upper() == "<!DOCTYPE":
                at, self.doctype = _doctype(before, at), True
            else:
                break
        root = _ROOT.match(before, at)
        if root is None or root[2].lower() != "onixmessage":
            raise Unreadable("the file is not an ONIX message: its first element is not ONIXMessage")
        attributes = {name: double or single for name, double, single in _ATTRIBUTE.findall(root[3])}
        release = attributes.get("release", "")
        spaces = " ".join(value for name, value in attributes.items() if name.startswith("xmlns"))
        if not (release.startswith("3.") or "/onix/3." in spaces):
            raise Unreadable(f"the message is of ONIX release {release or 'unknown'}; 3.0 and 3.1 are read")
        self.prefixes = {
            name.removeprefix("xmlns:"): value
            for name, value in attributes.items()
            if name.startswith("xmlns:")
        }
        self.header = before[root.end() :]


def _after(text: str, closing: str, at: int) -> int:
    end = text.find(closing, at)
    if end < 0:
        raise Unreadable(f"what begins with {text[at : at + 20]!r} before the message is never closed")
    return end + len(closing)


def _doctype(text: str, at: int) -> int:
    end = text.find(">", at)
    subset = text.find("[", at)
    if 0 <= subset < end or end < 0:
        raise Unreadable("the document type declares entities or elements of its own, which are not read")
    return end + 1
