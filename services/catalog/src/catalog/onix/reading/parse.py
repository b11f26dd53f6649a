"""The text of one Product as elements with reference names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.entities import name2codepoint
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import quoteattr

from catalog.imports.domain import Finding, Refused
from catalog.onix.reading.tags import REFERENCE

_PREDEFINED = ("amp", "lt", "gt", "apos", "quot")
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,30});")


def parse(text: str, prefixes: Mapping[str, str], findings: list[Finding], *, doctype: bool) -> Element:
    """A Product has no document type of its own, so there is nothing to expand or to fetch. Where the message
    names the DTD of ONIX, the characters which that gives names to (those of HTML 4) are taken as such.

    Raises Refused.
    """
    if doctype and "&" in text:
        text = _named(text, findings)
    if prefixes:
        spaces = " ".join(f"xmlns:{name}={quoteattr(value)}" for name, value in prefixes.items())
        text = f"<r {spaces}>{text}</r>"
    try:
        # Not of untrusted structure: no DTD, no entities, a bounded size; see the module.
        root = ElementTree.fromstring(text.encode())  # noqa: S314
    except UnicodeEncodeError as error:
        around = text[max(0, error.start - 50) : error.end + 50]
        raise Refused(Finding("record", around, "UNSTORABLE_CHARACTER")) from None
    except (ElementTree.ParseError, ValueError) as error:
        raise Refused(Finding("record", text[:200], f"MALFORMED: {error}")) from None
    product = root[0] if prefixes else root
    if prefixes or product.tag != "Product":
        for element in product.iter():
            tag = element.tag.rpartition("}")[2]
            element.tag = REFERENCE.get(tag, tag)
    return product


def _named(text: str, findings: list[Finding]) -> str:
    used: dict[str, str] = {}

    def character(found: re.Match[str]) -> str:
        name = found[1]
        if name in _PREDEFINED or name not in name2codepoint:
            return found[0]
        used[found[0]] = chr(name2codepoint[name])
        return used[found[0]]

    text = _ENTITY.sub(character, text)
    findings += [
        Finding("record", name, f"NAMED_CHARACTER: taken as {value}", repaired=True)
        for name, value in used.items()
    ]
    return text
