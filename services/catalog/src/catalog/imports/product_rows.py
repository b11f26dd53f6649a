"""Rows of a product file as changes: what a row says about its product and its variant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from catalog.imports.cells import SEPARATOR, pairs, split
from catalog.imports.domain import Finding, Record, Refused
from catalog.imports.identifiers import identifiers_of
from catalog.products import domain
from catalog.products.domain import ProductData, VariantData

PREFIXES = ("option_", "attr_")
MAX_AUTHORS, MAX_PICTURES, MAX_PAIRS, MAX_DEPTH = 100, 50, 100, 50


@dataclass(slots=True)
class ProductRow:
    """`product` and `variant` hold only what the row says; an empty cell says nothing. `all_options` and
    `all_characteristics` replace what is there, single ones are merged into it."""

    record: Record
    ref: str
    sku: str
    product: dict[str, object] = field(default_factory=dict)
    characteristics: dict[str, str] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    options: dict[str, str] = field(default_factory=dict)
    all_options: list[list[str]] | None = None
    all_characteristics: list[list[str]] | None = None
    variant: dict[str, object] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def read_row(record: Record) -> ProductRow:
    """Raises Refused with every finding."""
    values = record.values
    wrong: list[Finding] = []
    sku = values.get("sku", "")
    ref = values.get("product_ref", "") or sku
    if not sku:
        wrong.append(Finding("sku", "", "REQUIRED"))
    row = ProductRow(record, ref, sku)
    for name, value in values.items():
        rule = _rule_broken(name, value)
        if rule is not None:
            wrong.append(Finding(name, value, rule))
    row.categories = _categories(values, wrong)
    _identify(row, values, wrong)
    if wrong:
        raise Refused(*wrong)
    _fill(row, values)
    return row


def _rule_broken(name: str, value: str) -> str | None:
    limit = _limit(name)
    if len(value) > limit:
        return f"TOO_LONG: {limit} characters at most"
    check = _CHECKS.get(name)
    return None if check is None else check(value)


def _limit(name: str) -> int:
    if name.startswith("description_"):
        return domain.MAX_DESCRIPTION
    return _LIMITS.get(name, 1000 if name.startswith(PREFIXES) else domain.MAX_NAME)


_LONG = 500_000  # cells with several values, each of which has a limit of its own
_LIMITS = {"sku": domain.MAX_CODE, "product_ref": domain.MAX_CODE, "brand": 200, "category": _LONG,
           "author": _LONG, "picture_url": _LONG, "options": _LONG, "characteristics": _LONG}  # fmt: skip
_YES, _NO = ("yes", "true", "1", "oui", "vrai", "ja", "waar", "si", "sì", "vero"), (
    "no", "false", "0", "non", "faux", "nee", "onwaar", "falso")  # fmt: skip


def _one_of(known: tuple[str, ...]) -> Callable[[str], str | None]:
    return lambda value: None if value in known else f"MUST_BE_ONE_OF: {', '.join(known)}"


def _passes(valid: Callable[[str], bool], rule: str) -> Callable[[str], str | None]:
    return lambda value: None if valid(value) else rule


def _weight(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 9 and int(value) <= domain.MAX_WEIGHT


def _pairs(value: str) -> bool:
    found = pairs(value)
    if found is None or len(found) > MAX_PAIRS:
        return False
    return all(len(name) <= 100 and len(text) <= 1000 for name, text in found)


_CHECKS: Mapping[str, Callable[[str], str | None]] = {
    "vat_class": _one_of(domain.VAT_CLASSES),
    "stock_policy": _one_of(domain.STOCK_POLICIES),
    "publication_date": _passes(domain.valid_publication_date, "DATE: YYYY, YYYY-MM or YYYY-MM-DD"),
    "product_form": _passes(domain.valid_product_form, "ONIX_LIST_150: two capital letters"),
    "text_language": _passes(domain.valid_text_language, "ISO_639_1"),
    "weight_grams": _passes(_weight, f"WHOLE_NUMBER: 0 to {domain.MAX_WEIGHT}"),
    "picture_url": _passes(
        lambda value: len(found := split(value)) <= MAX_PICTURES and all(map(domain.valid_url, found)),
        f"URL: up to {MAX_PICTURES}",
    ),
    "author": _passes(
        lambda value: len(found := split(value)) <= MAX_AUTHORS and max(map(len, found), default=0) <= 1000,
        f"AUTHORS: up to {MAX_AUTHORS} of 1000 characters",
    ),
    "options": _passes(_pairs, f"PAIRS: up to {MAX_PAIRS} of name=value"),
    "characteristics": _passes(_pairs, f"PAIRS: up to {MAX_PAIRS} of name=value"),
    "discontinued": _passes(lambda value: value.lower() in _YES + _NO, "YES_OR_NO"),
    "product_discontinued": _passes(lambda value: value.lower() in _YES + _NO, "YES_OR_NO"),
}


def _categories(values: Mapping[str, str], wrong: list[Finding]) -> tuple[str, ...]:
    paths = []
    for written in split(values.get("category", "")):
        path = "/".join(name for part in written.split("/") if (name := part.strip()))
        if not path or len(path) > domain.MAX_PATH or path.count("/") >= MAX_DEPTH:
            wrong.append(
                Finding("category", written, f"PATH: up to {MAX_DEPTH} names, {domain.MAX_PATH} characters")
            )
        else:
            paths.append(path)
    return tuple(dict.fromkeys(paths))


def _identify(row: ProductRow, values: Mapping[str, str], wrong: list[Finding]) -> None:
    try:
        found = identifiers_of(values)
    except Refused as refused:
        wrong.extend(refused.findings)
        return
    row.findings.extend(found.findings)
    if found.isbn:
        row.variant["isbn"] = found.isbn
    if found.gtin:
        row.variant["gtin"] = found.gtin


def _fill(row: ProductRow, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        if name.startswith("option_"):
            row.options[name.removeprefix("option_")] = value
        elif name.startswith("attr_"):
            row.characteristics[name.removeprefix("attr_")] = value
        elif name == "options":
            row.all_options = pairs(value)
        elif name == "characteristics":
            row.all_characteristics = pairs(value)
        elif name == "weight_grams":
            row.variant[name] = int(value)
        elif name == "discontinued":
            row.variant[name] = value.lower() in _YES
        elif name == "product_discontinued":
            row.product[name] = value.lower() in _YES
        elif name == "stock_policy":
            row.variant[name] = value
        elif name not in ("sku", "product_ref", "category", "gtin", "isbn", "isbn10", "isbn13"):
            row.product[name] = value


def apply_to_variant(row: ProductRow, data: VariantData) -> bool:
    """Whether anything changed."""
    before = replace(data)
    for name, value in row.variant.items():
        setattr(data, name, value)
    if row.all_options is not None:
        data.options = row.all_options
    data.options = _merged(data.options, row.options)
    return before != data


def _merged(known: list[list[str]], said: Mapping[str, str]) -> list[list[str]]:
    if not said:
        return known
    merged = {pair[0]: pair[1] for pair in known} | dict(said)
    return [[name, value] for name, value in merged.items()]


def apply_to_product(row: ProductRow, data: ProductData, category_ids: list[object], *, first: bool) -> bool:
    """Whether anything changed. The first row of a product in a file decides; later rows only fill in what is
    still empty, and where they differ it is noted: so the same file twice changes nothing."""
    changed = False
    for name, value in row.product.items():
        changed |= _set(row, data, name, value, first=first)
    changed |= _characteristics(row, data, first=first)
    if category_ids and data.category_ids != category_ids:
        if first or not data.category_ids:
            data.category_ids = list(category_ids)  # type: ignore[arg-type]
            return True
        row.findings.append(
            Finding("category", SEPARATOR.join(row.categories), "DIFFERS_FROM_FIRST_ROW; left out")
        )
    return changed


def _characteristics(row: ProductRow, data: ProductData, *, first: bool) -> bool:
    changed = False
    whole = row.all_characteristics
    if whole is not None and whole != data.characteristics:
        if first or not data.characteristics:
            data.characteristics, changed = whole, True
        else:
            value = row.record.values["characteristics"]
            row.findings.append(Finding("characteristics", value, "DIFFERS_FROM_FIRST_ROW; left out"))
    said: dict[str, str] = {}
    known = {pair[0]: pair[1] for pair in data.characteristics}
    for name, value in row.characteristics.items():
        if known.get(name) == value:
            continue
        if first or name not in known:
            said[name] = value
        else:
            row.findings.append(Finding(f"attr_{name}", value, "DIFFERS_FROM_FIRST_ROW; left out"))
    data.characteristics = _merged(data.characteristics, said)
    return changed or bool(said)


def _set(row: ProductRow, data: ProductData, name: str, value: object, *, first: bool) -> bool:
    current = _get(data, name)
    wanted = split(str(value)) if name in ("author", "picture_url") else value
    if current == wanted:
        return False
    if current and not first:
        row.findings.append(Finding(name, str(value), "DIFFERS_FROM_FIRST_ROW; left out"))
        return False
    kind, _, language = name.partition("_")
    if kind in ("name", "description") and language in domain.LANGUAGES:
        (data.names if kind == "name" else data.descriptions)[language] = str(value)
    else:
        setattr(data, _ATTRIBUTES.get(name, name), wanted)
    return True


_ATTRIBUTES = {"author": "authors", "picture_url": "picture_urls", "text_language": "text_language_code",
               "product_discontinued": "discontinued"}  # fmt: skip


def _get(data: ProductData, name: str) -> object:
    kind, _, language = name.partition("_")
    if kind in ("name", "description") and language in domain.LANGUAGES:
        return (data.names if kind == "name" else data.descriptions).get(language)
    return getattr(data, _ATTRIBUTES.get(name, name))
