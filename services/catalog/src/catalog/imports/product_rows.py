"""Rows of a product file as changes: what a row says about its product and its variant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from catalog.imports.domain import Finding, Record, Refused
from catalog.imports.identifiers import identifiers_of
from catalog.products import domain
from catalog.products.domain import ProductData, VariantData

COLUMNS = frozenset(
    (
        "product_ref", "sku", "brand", "category", "gtin", "isbn", "isbn10", "isbn13", "author", "publication_date",
        "product_form", "text_language", "vat_class", "weight_grams", "picture_url", "stock_policy",
        *(f"{kind}_{language}" for kind in ("name", "description") for language in domain.LANGUAGES),
    )
)  # fmt: skip
PREFIXES = ("option_", "attr_")
REQUIRED = ("sku",)
SEPARATOR = "|"


@dataclass(slots=True)
class ProductRow:
    """`product` and `variant` hold only what the row says; an empty cell says nothing."""

    record: Record
    ref: str
    sku: str
    product: dict[str, str] = field(default_factory=dict)
    characteristics: dict[str, str] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    options: dict[str, str] = field(default_factory=dict)
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


_LIMITS = {"sku": domain.MAX_CODE, "product_ref": domain.MAX_CODE, "brand": 200, "category": 2000, "author": 1000,
           "picture_url": 20_000}  # fmt: skip


def _one_of(known: tuple[str, ...]) -> Callable[[str], str | None]:
    return lambda value: None if value in known else f"MUST_BE_ONE_OF: {', '.join(known)}"


def _passes(valid: Callable[[str], bool], rule: str) -> Callable[[str], str | None]:
    return lambda value: None if valid(value) else rule


def _weight(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 9 and int(value) <= domain.MAX_WEIGHT


_CHECKS: Mapping[str, Callable[[str], str | None]] = {
    "vat_class": _one_of(domain.VAT_CLASSES),
    "stock_policy": _one_of(domain.STOCK_POLICIES),
    "publication_date": _passes(domain.valid_publication_date, "DATE: YYYY, YYYY-MM or YYYY-MM-DD"),
    "product_form": _passes(domain.valid_product_form, "ONIX_LIST_150: two capital letters"),
    "text_language": _passes(domain.valid_text_language, "ISO_639_1"),
    "weight_grams": _passes(_weight, f"WHOLE_NUMBER: 0 to {domain.MAX_WEIGHT}"),
    "picture_url": _passes(lambda value: all(map(domain.valid_url, _split(value))), "URL"),
}


def _split(value: str) -> list[str]:
    return [part for piece in value.split(SEPARATOR) if (part := piece.strip())]


def _categories(values: Mapping[str, str], wrong: list[Finding]) -> tuple[str, ...]:
    paths = []
    for written in _split(values.get("category", "")):
        path = "/".join(name for part in written.split("/") if (name := part.strip()))
        if not path or len(path) > domain.MAX_PATH or path.count("/") > 9:
            wrong.append(Finding("category", written, f"PATH: up to 10 names, {domain.MAX_PATH} characters"))
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
        elif name == "weight_grams":
            row.variant[name] = int(value)
        elif name == "stock_policy":
            row.variant[name] = value
        elif name not in ("sku", "product_ref", "category", "gtin", "isbn", "isbn10", "isbn13"):
            row.product[name] = value


def apply_to_variant(row: ProductRow, data: VariantData) -> bool:
    """Whether anything changed."""
    before = (data.gtin, data.isbn, data.weight_grams, data.stock_policy, list(data.options))
    for name, value in row.variant.items():
        setattr(data, name, value)
    data.options = _merged(data.options, row.options)
    return before != (data.gtin, data.isbn, data.weight_grams, data.stock_policy, data.options)


def _merged(pairs: list[list[str]], said: Mapping[str, str]) -> list[list[str]]:
    merged = {pair[0]: pair[1] for pair in pairs} | dict(said)
    return [[name, value] for name, value in merged.items()]


def apply_to_product(row: ProductRow, data: ProductData, category_ids: list[object], *, first: bool) -> bool:
    """Whether anything changed. The first row of a product in a file decides; later rows only fill in what is
    still empty, and where they differ it is noted: so the same file twice changes nothing."""
    changed = False
    for name, value in row.product.items():
        changed |= _set(row, data, name, value, first=first)
    known = {pair[0]: pair[1] for pair in data.characteristics}
    for name, value in row.characteristics.items():
        if known.get(name) == value:
            continue
        if first or name not in known:
            known[name] = value
            changed = True
        else:
            row.findings.append(Finding(f"attr_{name}", value, "DIFFERS_FROM_FIRST_ROW; left out"))
    if changed:
        data.characteristics = [[name, value] for name, value in known.items()]
    if category_ids and data.category_ids != category_ids:
        if first or not data.category_ids:
            data.category_ids = list(category_ids)  # type: ignore[arg-type]
            return True
        row.findings.append(
            Finding("category", SEPARATOR.join(row.categories), "DIFFERS_FROM_FIRST_ROW; left out")
        )
    return changed


def _set(row: ProductRow, data: ProductData, name: str, value: str, *, first: bool) -> bool:
    current = _get(data, name)
    wanted: object = _split(value) if name in ("author", "picture_url") else value
    if current == wanted:
        return False
    if current and not first:
        row.findings.append(Finding(name, value, "DIFFERS_FROM_FIRST_ROW; left out"))
        return False
    kind, _, language = name.partition("_")
    if kind in ("name", "description") and language in domain.LANGUAGES:
        (data.names if kind == "name" else data.descriptions)[language] = value
    else:
        setattr(data, _ATTRIBUTES.get(name, name), wanted)
    return True


_ATTRIBUTES = {"author": "authors", "picture_url": "picture_urls", "text_language": "text_language_code"}


def _get(data: ProductData, name: str) -> object:
    kind, _, language = name.partition("_")
    if kind in ("name", "description") and language in domain.LANGUAGES:
        return (data.names if kind == "name" else data.descriptions).get(language)
    return getattr(data, _ATTRIBUTES.get(name, name))
