"""Blocks 2 and 4: texts and pictures; publisher, status and dates."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from catalog.imports.domain import Finding
from catalog.onix.reading import codes, dates
from catalog.onix.reading.message import Collateral, Publishing
from catalog.onix.reading.text import child, paragraphs
from catalog.products import domain

MAX_PICTURES = 50
MAX_BRAND = 200
_DESCRIPTIONS = ("03", "02", "30")  # description, short description, abstract


def collateral(block: Element, home: str, findings: list[Finding]) -> Collateral:
    """`home` is the language of texts that name none."""
    found = Collateral()
    best: dict[str, int] = {}
    for content in block.iterfind("TextContent"):
        kind = child(content, "TextType")
        if kind not in _DESCRIPTIONS:
            continue
        for text in content.iterfind("Text"):
            said = text.get("language", "")
            language = (codes.language_of(said) or "") if said else home
            rank = _DESCRIPTIONS.index(kind)
            if language not in domain.LANGUAGES or best.get(language, 99) <= rank:
                continue
            plain = paragraphs(text)
            if len(plain) > domain.MAX_DESCRIPTION:
                rule = f"TOO_LONG: {domain.MAX_DESCRIPTION} characters at most; left out"
                findings.append(Finding("Text", plain, rule))
            elif plain:
                found.descriptions[language], best[language] = plain, rank
    found.picture_urls = _pictures(block, findings)
    return found


def _pictures(block: Element, findings: list[Finding]) -> list[str]:
    found: list[tuple[int, str]] = []
    for resource in block.iterfind("SupportingResource"):
        kind = child(resource, "ResourceContentType")
        if kind not in codes.PICTURES or child(resource, "ResourceMode") not in ("", "03"):
            continue
        for version in resource.iterfind("ResourceVersion"):
            address = child(version, "ResourceLink")
            if domain.valid_url(address):
                found.append((codes.PICTURES.index(kind), address))
            elif address:
                findings.append(Finding("ResourceLink", address, "URL; left out"))
    ordered = [address for _, address in sorted(found, key=lambda item: item[0])]
    return list(dict.fromkeys(ordered))[:MAX_PICTURES]


def publishing(block: Element, findings: list[Finding]) -> Publishing:
    found = Publishing(status=_status(block, findings))
    imprint = block.find("Imprint")
    found.brand = child(imprint, "ImprintName") if imprint is not None else ""
    if not found.brand:
        found.brand = _publisher(block)
    if len(found.brand) > MAX_BRAND:
        findings.append(
            Finding("ImprintName", found.brand, f"TOO_LONG: {MAX_BRAND} characters at most; left out")
        )
        found.brand = ""
    found.date = dated(block.iterfind("PublishingDate"), "PublishingDateRole", findings)
    return found


def _status(block: Element, findings: list[Finding]) -> str:
    status = child(block, "PublishingStatus")
    if status and not (len(status) == 2 and status.isascii() and status.isdigit()):
        findings.append(Finding("PublishingStatus", status, "ONIX_LIST_64; left out"))
        return ""
    return status


def _publisher(block: Element) -> str:
    names = {
        child(publisher, "PublishingRole"): child(publisher, "PublisherName")
        for publisher in block.iterfind("Publisher")
    }
    return names.get("01") or next(iter(names.values()), "")


def dated(composites: Iterable[Element], role: str, findings: list[Finding]) -> str:
    """The publication date (role 01), as exactly as it is known; empty when there is none."""
    for composite in composites:
        if child(composite, role) == "01":
            written = child(composite, "Date")
            found = dates.publication(written, dates.form_of(composite))
            if written and not found:
                findings.append(Finding("Date", written, "DATE: year, month or day; left out"))
            return found
    return ""
