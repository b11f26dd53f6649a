"""Products as they go over the wire, and requests about them turned into values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from commis.catalog.v1 import products_pb2
from commis.common.v1 import common_pb2

from catalog.products import domain, identifiers
from catalog.products.categories import CategoryView
from catalog.products.codes import Resolved
from catalog.products.domain import ProductData, VariantData
from catalog.products.queries import ProductView, VariantView
from chassis import etag, fields
from chassis.errors import Violations

MAX_VARIANTS = 500
MAX_CODES = 2_000
_POLICIES = {name.removeprefix("STOCK_POLICY_"): number for name, number in products_pb2.StockPolicy.items()}


def product_to_proto(view: ProductView) -> products_pb2.Product:
    data = view.data
    built = products_pb2.Product(
        id=str(view.id),
        product_ref=data.product_ref or "",
        name=common_pb2.LocalizedText(texts=data.names),
        description=common_pb2.LocalizedText(texts=data.descriptions),
        brand=data.brand,
        authors=data.authors,
        category_ids=[str(category_id) for category_id in data.category_ids],
        characteristics=_pairs(data.characteristics),
        picture_urls=data.picture_urls,
        vat_class=data.vat_class,
        publication_date=data.publication_date,
        product_form=data.product_form,
        text_language_code=data.text_language_code,
        variants=[variant_to_proto(variant) for variant in view.variants],
        discontinued=data.discontinued,
        etag=etag.format(view.version),
    )
    built.create_time.FromDatetime(view.create_time)
    built.update_time.FromDatetime(view.update_time)
    return built


def variant_to_proto(view: VariantView) -> products_pb2.Variant:
    data = view.data
    built = products_pb2.Variant(
        id=str(view.id),
        product_id=str(view.product_id),
        sku=data.sku,
        gtin=data.gtin or "",
        isbn=data.isbn or "",
        options=_pairs(data.options),
        weight_grams=data.weight_grams,
        stock_policy=_POLICIES[data.stock_policy],
        discontinued=data.discontinued,
        vat_class=view.vat_class,
    )
    if view.names is not None:
        built.product_name.texts.update(view.names)
    return built


def codes(v: Violations, sent: Sequence[str]) -> list[str]:
    """1 to 2 000, none empty."""
    if not 1 <= len(sent) <= MAX_CODES:
        v.add("codes", f"must have 1 to {MAX_CODES} codes", "OUT_OF_RANGE")
        return []
    return [
        fields.text(v, f"codes[{n}]", text, required=True, max_length=domain.MAX_CODE)
        for n, text in enumerate(sent)
    ]


def resolved_to_proto(resolved: Resolved) -> products_pb2.ResolvedCode:
    matches = [
        products_pb2.CodeMatch(
            variant_id=str(match.variant_id),
            sku=match.sku,
            description=match.description,
            discontinued=match.discontinued,
        )
        for match in resolved.matches
    ]
    return products_pb2.ResolvedCode(code=resolved.code, matches=matches, read_as=resolved.read_as)


def category_to_proto(view: CategoryView) -> products_pb2.Category:
    return products_pb2.Category(
        id=str(view.id),
        parent_id=str(view.parent_id or ""),
        name=common_pb2.LocalizedText(texts=view.names),
        path=view.path,
    )


def _pairs(pairs: Sequence[Sequence[str]]) -> list[products_pb2.Characteristic]:
    return [products_pb2.Characteristic(name=name, value=value) for name, value in pairs]


def localized(
    v: Violations, field: str, sent: common_pb2.LocalizedText, *, max_length: int, required: bool = False
) -> dict[str, str]:
    """Texts by language; empty ones are left out."""
    found: dict[str, str] = {}
    for language, text in sorted(sent.texts.items()):
        if language not in domain.LANGUAGES:
            v.add(f"{field}.texts", f"knows the languages {', '.join(domain.LANGUAGES)} only")
            continue
        clean = fields.text(v, f"{field}.texts[{language}]", text, max_length=max_length)
        if clean:
            found[language] = clean
    if required and not found:
        v.add(field, "needs a text in at least one language", "REQUIRED")
    return found


def product_data(v: Violations, sent: products_pb2.Product) -> ProductData:
    """All fields of the product but its variants; every violation is added."""
    data = ProductData(
        product_ref=fields.text(v, "product.product_ref", sent.product_ref, max_length=domain.MAX_CODE)
        or None,
        names=localized(v, "product.name", sent.name, max_length=domain.MAX_NAME, required=True),
        descriptions=localized(v, "product.description", sent.description, max_length=domain.MAX_DESCRIPTION),
        brand=fields.text(v, "product.brand", sent.brand),
        authors=_texts(v, "product.authors", sent.authors, most=100, max_length=1000),
        category_ids=_ids(v, "product.category_ids", sent.category_ids),
        characteristics=_characteristics(v, "product.characteristics", sent.characteristics),
        picture_urls=_texts(v, "product.picture_urls", sent.picture_urls, most=50, max_length=2000),
        vat_class=fields.text(v, "product.vat_class", sent.vat_class) or "STANDARD",
        publication_date=fields.text(v, "product.publication_date", sent.publication_date),
        product_form=fields.text(v, "product.product_form", sent.product_form),
        text_language_code=fields.text(v, "product.text_language_code", sent.text_language_code),
        discontinued=sent.discontinued,
    )
    _check(v, data)
    return data


def _check(v: Violations, data: ProductData) -> None:
    if data.vat_class not in domain.VAT_CLASSES:
        v.add("product.vat_class", f"must be one of {', '.join(domain.VAT_CLASSES)}")
    if data.publication_date and not domain.valid_publication_date(data.publication_date):
        v.add("product.publication_date", "must be YYYY, YYYY-MM or YYYY-MM-DD")
    if data.product_form and not domain.valid_product_form(data.product_form):
        v.add("product.product_form", "must be a code of ONIX list 150, e.g. BC")
    if data.text_language_code and not domain.valid_text_language(data.text_language_code):
        v.add("product.text_language_code", "must be an ISO 639-1 code")
    for number, url in enumerate(data.picture_urls):
        if not domain.valid_url(url):
            v.add(f"product.picture_urls[{number}]", "must be an http or https URL")


def variants_data(v: Violations, sent: Sequence[products_pb2.Variant]) -> list[VariantData]:
    """1 to 500 variants with different SKUs."""
    if not 1 <= len(sent) <= MAX_VARIANTS:
        v.add("product.variants", f"must be 1 to {MAX_VARIANTS}", "OUT_OF_RANGE")
        return []
    variants = [_variant(v, f"product.variants[{number}]", variant) for number, variant in enumerate(sent)]
    seen: set[str] = set()
    for number, variant in enumerate(variants):
        if variant.sku in seen:
            v.add(f"product.variants[{number}].sku", "appears twice", "DUPLICATE")
        seen.add(variant.sku)
    return variants


def _variant(v: Violations, path: str, sent: products_pb2.Variant) -> VariantData:
    gtin, isbn = fields.text(v, f"{path}.gtin", sent.gtin), fields.text(v, f"{path}.isbn", sent.isbn)
    data = VariantData(
        sku=fields.text(v, f"{path}.sku", sent.sku, required=True, max_length=domain.MAX_CODE),
        gtin=identifiers.normal_gtin(gtin) if gtin else None,
        isbn=identifiers.normal_isbn(isbn) if isbn else None,
        options=_characteristics(v, f"{path}.options", sent.options),
        weight_grams=fields.integer(
            v, f"{path}.weight_grams", sent.weight_grams, minimum=0, maximum=domain.MAX_WEIGHT
        ),
        stock_policy=fields.enum(
            v, f"{path}.stock_policy", sent.stock_policy, products_pb2.StockPolicy, required=False
        ).removeprefix("STOCK_POLICY_")
        or "STOCKED",
        discontinued=sent.discontinued,
    )
    if gtin and data.gtin is None:
        v.add(f"{path}.gtin", "must be a GTIN-8, -12, -13 or -14 with the right check digit", "CHECK_DIGIT")
    if isbn and data.isbn is None:
        v.add(f"{path}.isbn", "must be an ISBN with the right check digit", "CHECK_DIGIT")
    other = identifiers.isbn_of_gtin(data.gtin or "")
    if data.isbn and other and other != data.isbn:
        v.add(f"{path}.gtin", "is the ISBN of another book than isbn", "IDENTIFIERS_DISAGREE")
    return data


def _characteristics(v: Violations, path: str, sent: Sequence[Any]) -> list[list[str]]:
    if len(sent) > 100:
        v.add(path, "must have at most 100 entries", "TOO_LONG")
        return []
    return [
        [
            fields.text(v, f"{path}[{number}].name", pair.name, required=True, max_length=100),
            fields.text(v, f"{path}[{number}].value", pair.value, required=True, max_length=1000),
        ]
        for number, pair in enumerate(sent)
    ]


def _texts(v: Violations, path: str, sent: Sequence[str], *, most: int, max_length: int) -> list[str]:
    if len(sent) > most:
        v.add(path, f"must have at most {most} entries", "TOO_LONG")
        return []
    return [
        fields.text(v, f"{path}[{number}]", text, required=True, max_length=max_length)
        for number, text in enumerate(sent)
    ]


def _ids(v: Violations, path: str, sent: Sequence[str]) -> list[UUID]:
    if len(sent) > 50:
        v.add(path, "must have at most 50 entries", "TOO_LONG")
        return []
    parsed = [fields.identifier(v, f"{path}[{number}]", text) for number, text in enumerate(sent)]
    return list(dict.fromkeys(identity for identity in parsed if identity is not None))
