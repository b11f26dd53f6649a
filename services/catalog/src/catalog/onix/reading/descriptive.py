"""Block 1: what the product is."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from xml.etree.ElementTree import Element

from catalog.imports.domain import Finding
from catalog.onix.reading import codes
from catalog.onix.reading.message import Defaults, Descriptive
from catalog.onix.reading.text import child, children, line
from catalog.products import domain

MAX_AUTHORS = 100
MAX_VALUE = 1000


def read(block: Element, defaults: Defaults, vendor_language: str, findings: list[Finding]) -> Descriptive:
    """A value that breaks a rule of ours is left out with a finding."""
    found = Descriptive()
    found.language = _language(block, defaults, findings)
    home = found.language if found.language in domain.LANGUAGES else vendor_language
    _titles(block, home, found, findings)
    _contributors(block, found, findings)
    form = child(block, "ProductForm")
    if domain.valid_product_form(form):
        found.form = form
    elif form not in ("", "00"):
        findings.append(Finding("ProductForm", form, "ONIX_LIST_150; left out"))
    _measures(block, found, findings)
    _extras(block, found)
    found.subjects = list(dict.fromkeys(_subjects(block)))
    return found


def _language(block: Element, defaults: Defaults, findings: list[Finding]) -> str:
    for language in block.iterfind("Language"):
        if child(language, "LanguageRole") == "01":
            code = child(language, "LanguageCode").lower()
            short = codes.language_of(code)
            if short is None:
                findings.append(Finding("LanguageCode", code, "NO_ISO_639_1_CODE; left out"))
            return short or ""
    return codes.language_of(defaults.language) or ""


def _titles(block: Element, home: str, found: Descriptive, findings: list[Finding]) -> None:
    """The distinctive title (01) and titles in other languages (06), by the language they say they have."""
    for detail in block.iterfind("TitleDetail"):
        kind = child(detail, "TitleType")
        if kind not in ("01", "06"):
            continue
        name, said = _title(detail)
        language = codes.language_of(said) if said else (home if kind == "01" else None)
        if language not in domain.LANGUAGES:
            language = home if kind == "01" else None
        if not name or language is None:
            continue
        if len(name) > domain.MAX_NAME:
            findings.append(
                Finding("TitleText", name, f"TOO_LONG: {domain.MAX_NAME} characters at most; left out")
            )
        else:
            found.names.setdefault(language, name)


def _title(detail: Element) -> tuple[str, str]:
    """(title of the product itself with its subtitle, language code or "")."""
    for element in detail.iterfind("TitleElement"):
        if child(element, "TitleElementLevel") != "01":
            continue
        text, language = "", ""
        for name in ("TitleText", "TitleWithoutPrefix", "Subtitle"):
            part = element.find(name)
            language = language or (part.get("language", "") if part is not None else "")
        text = child(element, "TitleText")
        if not text:
            text = line(f"{child(element, 'TitlePrefix')} {child(element, 'TitleWithoutPrefix')}")
        subtitle = child(element, "Subtitle")
        if text or subtitle:
            return ": ".join(part for part in (text, subtitle) if part), language
    return "", ""


def _contributors(block: Element, found: Descriptive, findings: list[Finding]) -> None:
    entries = [(_number(entry), place, entry) for place, entry in enumerate(block.iterfind("Contributor"))]
    for _, _, entry in sorted(entries, key=lambda item: item[:2]):
        name = _person(entry)
        if not name:
            continue
        if len(name) > MAX_VALUE:
            findings.append(
                Finding("Contributor", name, f"TOO_LONG: {MAX_VALUE} characters at most; left out")
            )
            continue
        for role in children(entry, "ContributorRole") or ["A01"]:
            if role in codes.AUTHOR_ROLES:
                if name not in found.authors and len(found.authors) < MAX_AUTHORS:
                    found.authors.append(name)
            else:
                label = codes.HELPER_ROLES.get(role, codes.OTHER_ROLE.format(role))
                found.characteristics.append([label, name])


def _number(entry: Element) -> int:
    text = child(entry, "SequenceNumber")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1_000_000


def _person(entry: Element) -> str:
    """As one says it: "Maj Sjöwall"."""
    whole = child(entry, "PersonName") or child(entry, "CorporateName")
    if whole:
        return whole
    names = ("NamesBeforeKey", "PrefixToKey", "KeyNames", "NamesAfterKey", "SuffixToKey")
    parts = [part for name in names if (part := child(entry, name))]
    if parts:
        return " ".join(parts)
    inverted = child(entry, "PersonNameInverted")
    if inverted.count(",") == 1:
        key, _, before = inverted.partition(",")
        return f"{before.strip()} {key.strip()}".strip()
    return inverted or child(entry, "CorporateNameInverted")


def _measures(block: Element, found: Descriptive, findings: list[Finding]) -> None:
    for measure in block.iterfind("Measure"):
        kind, unit = child(measure, "MeasureType"), child(measure, "MeasureUnitCode")
        written = child(measure, "Measurement")
        factors = codes.GRAMS if kind == codes.WEIGHT else codes.MILLIMETRES
        if kind != codes.WEIGHT and kind not in codes.MEASURES:
            continue
        size = _decimal(written)
        if size is None or unit not in factors:
            findings.append(
                Finding("Measurement", f"{written} {unit}", "MEASURE: a number and a unit; left out")
            )
            continue
        exact = size * Decimal(factors[unit])
        if kind == codes.WEIGHT:
            if exact <= domain.MAX_WEIGHT:
                found.weight_grams = int(exact.to_integral_value())
        else:
            found.characteristics.append([codes.MEASURES[kind], f"{exact.normalize():f}"])


def _decimal(written: str) -> Decimal | None:
    try:
        size = Decimal(written)
    except InvalidOperation:
        return None
    return size if size.is_finite() and 0 < size < 1_000_000_000 else None


def _extras(block: Element, found: Descriptive) -> None:
    pages = {
        child(extent, "ExtentType"): child(extent, "ExtentValue")
        for extent in block.iterfind("Extent")
        if child(extent, "ExtentUnit") == "03"
    }
    count = next((pages[kind] for kind in codes.PAGE_COUNTS if pages.get(kind)), "")
    if count.isascii() and count.isdigit() and len(count) < 7:
        found.characteristics.append([codes.PAGES, count])
    edition = child(block, "EditionStatement") or child(block, "EditionNumber")
    if edition and len(edition) <= MAX_VALUE:
        found.characteristics.append([codes.EDITION, edition])
    for collection in block.iterfind("Collection"):
        detail = collection.find("TitleDetail")
        name = _collection(detail) if detail is not None else ""
        if name and len(name) <= MAX_VALUE:
            found.characteristics.append([codes.SERIES, name])


def _collection(detail: Element) -> str:
    """The title of a series, with the number of the part in it."""
    name = number = ""
    for element in detail.iterfind("TitleElement"):
        number = number or child(element, "PartNumber")
        if child(element, "TitleElementLevel") == "02" and not name:
            name = child(element, "TitleText")
            if not name:
                name = line(f"{child(element, 'TitlePrefix')} {child(element, 'TitleWithoutPrefix')}")
    return f"{name}; {number}" if name and number else name


def _subjects(block: Element) -> Iterator[tuple[str, str, str]]:
    for subject in block.iterfind("Subject"):
        scheme = child(subject, "SubjectSchemeIdentifier")
        code = child(subject, "SubjectCode") or child(subject, "SubjectHeadingText")
        if scheme and code and len(code) <= MAX_VALUE:
            yield scheme, code, child(subject, "SubjectSchemeName")[:80]
