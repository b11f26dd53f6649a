"""Products and variants as values, and the rules of their fields. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from uuid import UUID

from babel import Locale

from chassis.errors import AlreadyExists, InvalidArgument, NotFound

VAT_CLASSES = ("STANDARD", "REDUCED", "BOOK", "ZERO")
STOCK_POLICIES = ("STOCKED", "BACKORDER", "UNMANAGED")
LANGUAGES = ("en", "fr", "it", "nl")
MAX_NAME = 500
MAX_DESCRIPTION = 20_000
MAX_CODE = 100
MAX_PATH = 500
MAX_WEIGHT = 100_000_000

_PUBLICATION = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_FORM = re.compile(r"[A-Z]{2}", re.ASCII)
_URL = re.compile(r"https?://[^\s\x00-\x1f\"<>]{1,1990}")
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class ProductNotFound(NotFound):
    reason = "PRODUCT_NOT_FOUND"

    def __init__(self, product_id: UUID) -> None:
        super().__init__(f"There is no product {product_id}.", product_id=product_id)


class CategoryNotFound(NotFound):
    reason = "CATEGORY_NOT_FOUND"

    def __init__(self, category_id: UUID) -> None:
        super().__init__(f"There is no category {category_id}.", category_id=category_id)


class SkuTaken(AlreadyExists):
    reason = "SKU_TAKEN"

    def __init__(self, skus: str) -> None:
        super().__init__(f"These SKUs belong to another product: {skus}.", skus=skus)


class ProductRefTaken(AlreadyExists):
    reason = "PRODUCT_REF_TAKEN"

    def __init__(self, product_ref: str) -> None:
        super().__init__(f"Another product has the reference {product_ref}.", product_ref=product_ref)


class CategoryTaken(AlreadyExists):
    reason = "CATEGORY_TAKEN"

    def __init__(self, path: str) -> None:
        super().__init__(f"There is a category {path} already.", path=path)


class FieldsUnknown(InvalidArgument):
    reason = "UNKNOWN_UPDATE_MASK"

    def __init__(self, paths: str) -> None:
        super().__init__(f"update_mask names fields that cannot be updated: {paths}.", paths=paths)


@dataclass(slots=True)
class VariantData:
    sku: str
    gtin: str | None = None
    isbn: str | None = None
    options: list[list[str]] = field(default_factory=list)
    weight_grams: int = 0
    stock_policy: str = "STOCKED"
    discontinued: bool = False


@dataclass(slots=True)
class ProductData:
    """The fields of a product that its owner writes; `characteristics` are [name, value] pairs."""

    product_ref: str | None = None
    names: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    brand: str = ""
    authors: list[str] = field(default_factory=list)
    category_ids: list[UUID] = field(default_factory=list)
    characteristics: list[list[str]] = field(default_factory=list)
    picture_urls: list[str] = field(default_factory=list)
    vat_class: str = "STANDARD"
    publication_date: str = ""
    product_form: str = ""
    text_language_code: str = ""
    discontinued: bool = False


def valid_publication_date(text: str) -> bool:
    """YYYY, YYYY-MM or YYYY-MM-DD of the years 1 to 9999."""
    found = _PUBLICATION.fullmatch(text)
    if found is None or found[1] == "0000":
        return False
    year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    if not 1 <= month <= 12 or not 1 <= day <= _DAYS[month - 1]:
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return leap or (month, day) != (2, 29)


def valid_product_form(text: str) -> bool:
    """Two capital letters, as all codes of ONIX list 150 are."""
    return _FORM.fullmatch(text) is not None


def valid_url(text: str) -> bool:
    return _URL.fullmatch(text) is not None


@cache
def _languages() -> frozenset[str]:
    return frozenset(str(code) for code in Locale("en").languages if len(str(code)) == 2)


def valid_text_language(text: str) -> bool:
    """An ISO 639-1 code in lower case."""
    return text in _languages()
