"""Blocks 1, 2 and 4 of a book, with what our product has for them; the reverse of catalog.onix.reading."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID
from xml.sax.saxutils import escape

from catalog.onix.reading import codes
from catalog.onix.reading.text import line
from catalog.products.domain import LANGUAGES

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ROLE = re.compile(r"contributor ([A-Z]\d\d)")
_ROLES = {label: role for role, label in codes.HELPER_ROLES.items()}
_SCHEMES = {label: scheme for scheme, label in codes.SCHEMES.items()}
_SUBJECT = codes.OTHER_SCHEME.format("")
_CODE = re.compile(r"[A-Z0-9]{2}", re.ASCII)
_KEYWORDS = "20"


def text(name: str, value: str) -> str:
    return f"<{name}>{_safe(value)}</{name}>"


def _safe(value: str) -> str:
    return escape(_CONTROLS.sub("", value), {"\r": "&#13;"})


def plain(amount: Decimal) -> str:
    """With two decimals, or as many more as it has."""
    shown = f"{amount:.4f}"
    return shown[:-2] if shown.endswith("00") else shown.rstrip("0")


def descriptive(book: Any, categories: Mapping[UUID, tuple[str, str]]) -> Iterator[str]:
    pairs: list[list[str]] = json.loads(book["characteristics"])
    yield "<DescriptiveDetail><ProductComposition>00</ProductComposition>"
    yield text("ProductForm", book["product_form"] or "00")
    yield from _measures(pairs, book["weight_grams"])
    for name, value in pairs:
        if name == codes.SERIES:
            title = f"<TitleElementLevel>02</TitleElementLevel>{text('TitleText', line(value))}"
            yield (
                "<Collection><CollectionType>10</CollectionType><TitleDetail><TitleType>01</TitleType>"
                f"<TitleElement>{title}</TitleElement></TitleDetail></Collection>"
            )
    yield from _titles(json.loads(book["names"]), book["text_language_code"])
    yield from _contributors(book["authors"], pairs)
    yield from (text("EditionStatement", line(value)) for name, value in pairs if name == codes.EDITION)
    language = codes.three_letters(book["text_language_code"])
    if language is not None:
        yield f"<Language><LanguageRole>01</LanguageRole>{text('LanguageCode', language)}</Language>"
    yield from _pages(pairs)
    yield from _subjects(book["category_ids"], pairs, categories)
    yield "</DescriptiveDetail>"


def _measures(pairs: Sequence[Sequence[str]], grams: int) -> Iterator[str]:
    kinds = {label: kind for kind, label in codes.MEASURES.items()}
    sizes = [(kinds[name], value, "mm") for name, value in pairs if name in kinds and _is_size(value)]
    if grams:
        sizes.append((codes.WEIGHT, str(grams), "gr"))
    for kind, value, unit in sizes:
        inside = text("MeasureType", kind) + text("Measurement", value) + text("MeasureUnitCode", unit)
        yield f"<Measure>{inside}</Measure>"


def _is_size(value: str) -> bool:
    try:
        size = Decimal(value)
    except InvalidOperation:
        return False
    return size.is_finite() and 0 < size < 1_000_000_000 and f"{size.normalize():f}" == value


def _titles(names: Mapping[str, str], own: str) -> Iterator[str]:
    """The title in the language of the book first, then those in other languages."""
    order = sorted((language for language in LANGUAGES if names.get(language)), key=lambda item: item != own)
    for place, language in enumerate(order):
        kind = "06" if place else "01"
        yield (
            f"<TitleDetail><TitleType>{kind}</TitleType><TitleElement><TitleElementLevel>01</TitleElementLevel>"
            f'<TitleText language="{codes.three_letters(language)}">{_safe(line(names[language]))}</TitleText>'
            "</TitleElement></TitleDetail>"
        )


def _contributors(authors: Sequence[str], pairs: Sequence[Sequence[str]]) -> Iterator[str]:
    entries = [("A01", name) for name in authors]
    for name, value in pairs:
        other = _ROLE.fullmatch(name)
        role = _ROLES.get(name) or (other[1] if other is not None else None)
        if role is not None:
            entries.append((role, value))
    for number, (role, name) in enumerate(entries, start=1):
        inside = (
            text("SequenceNumber", str(number))
            + text("ContributorRole", role)
            + text("PersonName", line(name))
        )
        yield f"<Contributor>{inside}</Contributor>"


def _pages(pairs: Sequence[Sequence[str]]) -> Iterator[str]:
    for name, value in pairs:
        if name == codes.PAGES and value.isascii() and value.isdigit() and len(value) < 7:
            yield (
                f"<Extent><ExtentType>00</ExtentType>{text('ExtentValue', value)}<ExtentUnit>03</ExtentUnit></Extent>"
            )
            return


def _subjects(
    ids: Sequence[UUID], pairs: Sequence[Sequence[str]], categories: Mapping[UUID, tuple[str, str]]
) -> Iterator[str]:
    found = [(*categories[category_id], "") for category_id in ids if category_id in categories]
    for name, value in pairs:
        if name in _SCHEMES:
            found.append((_SCHEMES[name], value, ""))
        elif name.startswith(_SUBJECT):
            scheme = name.removeprefix(_SUBJECT)
            known = (
                len(scheme) == 2 and scheme.isascii() and scheme.isalnum() and scheme.isupper()
            ) or scheme.isdigit()
            found.append((scheme, value, "") if known else ("24", value, scheme))
    for scheme, value, label in found:
        coded = "SubjectHeadingText" if scheme == _KEYWORDS else "SubjectCode"
        inside = text("SubjectSchemeIdentifier", scheme) + (text("SubjectSchemeName", label) if label else "")
        yield f"<Subject>{inside}{text(coded, line(value))}</Subject>"


def collateral(descriptions: Mapping[str, str], pictures: Sequence[str]) -> Iterator[str]:
    if not any(descriptions.values()) and not pictures:
        return
    yield "<CollateralDetail>"
    for language in LANGUAGES:
        if descriptions.get(language):
            yield (
                "<TextContent><TextType>03</TextType><ContentAudience>00</ContentAudience>"
                f'<Text language="{codes.three_letters(language)}" textformat="06">{_safe(descriptions[language])}'
                "</Text></TextContent>"
            )
    for number, address in enumerate(pictures):
        kind = "07" if number else "01"
        yield (
            f"<SupportingResource><ResourceContentType>{kind}</ResourceContentType>"
            "<ContentAudience>00</ContentAudience><ResourceMode>03</ResourceMode><ResourceVersion>"
            f"<ResourceForm>01</ResourceForm>{text('ResourceLink', address)}</ResourceVersion></SupportingResource>"
        )
    yield "</CollateralDetail>"


def publishing(brand: str, status: str, date: str) -> Iterator[str]:
    """Nothing without a brand: ONIX wants a publisher or an imprint in this block."""
    if not brand:
        return
    yield f"<PublishingDetail><Imprint>{text('ImprintName', line(brand))}</Imprint>"
    yield text("PublishingStatus", status)
    if date:
        yield f"<PublishingDate><PublishingDateRole>01</PublishingDateRole>{_date(date)}</PublishingDate>"
    yield "</PublishingDetail>"


def market(date: str, *, ended: bool) -> Iterator[str]:
    """The publication date as that of the market, where there is no block 4."""
    if date:
        yield "<Market><Territory><RegionsIncluded>WORLD</RegionsIncluded></Territory></Market>"
        yield f"<MarketPublishingDetail>{text('MarketPublishingStatus', '08' if ended else '04')}"
        yield f"<MarketDate><MarketDateRole>01</MarketDateRole>{_date(date)}</MarketDate></MarketPublishingDetail>"


def _date(date: str) -> str:
    form = {4: "05", 7: "01", 10: "00"}[len(date)]
    return f'<Date dateformat="{form}">{date.replace("-", "")}</Date>'
