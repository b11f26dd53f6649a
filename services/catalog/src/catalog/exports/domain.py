"""What can be exported, and the errors of exports. No I/O."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.errors import FailedPrecondition, ResourceExhausted

PRODUCTS = (
    "product_ref", "sku", "gtin", "isbn", "name_en", "name_fr", "name_it", "name_nl", "description_en",
    "description_fr", "description_it", "description_nl", "brand", "author", "category", "options",
    "characteristics", "picture_url", "vat_class", "publication_date", "product_form", "text_language",
    "weight_grams", "stock_policy", "discontinued", "product_discontinued",
)  # fmt: skip
PRICES = ("price_list", "sku", "min_quantity", "amount", "currency", "valid_from", "valid_to")
STOCK = ("warehouse", "sku", "quantity")
MEDIA_TYPES = {
    "CSV": "text/csv; charset=utf-8",
    "XLSX": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ONIX": "application/xml",
}
SUFFIXES = {"CSV": "csv", "XLSX": "xlsx", "ONIX": "onix.xml"}


class ExportsBusy(ResourceExhausted):
    reason = "EXPORTS_BUSY"

    def __init__(self, most: int) -> None:
        super().__init__(f"There are {most} exports under way already; try again later.", limit=most)


class CellTooLong(FailedPrecondition):
    reason = "CELL_TOO_LONG"

    def __init__(self, column: str, row: int, most: int) -> None:
        message = f"{column} in row {row} has more than the {most} characters of a cell of XLSX; export CSV."
        super().__init__(message, column=column, row=row, limit=most)


class TooManyRows(FailedPrecondition):
    reason = "TOO_MANY_ROWS"

    def __init__(self, most: int) -> None:
        super().__init__(f"There are more rows than the {most} of a sheet of XLSX; export CSV.", limit=most)


@dataclass(frozen=True, slots=True)
class Number:
    """A cell that is a number: written as such where the format knows numbers."""

    text: str


Cell = str | Number
