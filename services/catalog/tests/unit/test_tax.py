"""VAT by destination, class and day."""

import datetime
from decimal import Decimal

import pytest

from catalog.tax.rates import Destination, Tax, tax_of

DAY = datetime.date(2026, 11, 21)


def tax(region: str, vat_class: str = "STANDARD", day: datetime.date = DAY, **facts: object) -> Tax:
    return tax_of(Destination(region, **facts), vat_class, day, "BE")  # type: ignore[arg-type]


@pytest.mark.spec("C-13")
@pytest.mark.parametrize(
    ("region", "standard", "book"),
    [("BE", "21", "6"), ("FR", "20", "5.5"), ("NL", "21", "9"), ("IT", "22", "4"), ("DE", "19", "7"),
     ("LU", "17", "3")],
)  # fmt: skip
def test_standard_and_book_rates_by_country(region: str, standard: str, book: str) -> None:
    assert tax(region).rate == Decimal(standard)
    assert tax(region, "BOOK").rate == Decimal(book)
    assert tax(region, "ZERO").rate == 0
    assert (tax(region).category, tax(region, "ZERO").category) == ("S", "Z")


@pytest.mark.spec("C-13")
def test_rates_change_on_their_day() -> None:
    before, after = datetime.date(2018, 12, 31), datetime.date(2019, 1, 1)
    assert (tax("NL", "BOOK", before).rate, tax("NL", "BOOK", after).rate) == (6, 9)
    assert tax("DE", day=datetime.date(2020, 8, 1)).rate == 16


@pytest.mark.spec("C-13")
def test_business_in_another_member_state_pays_no_tax_here() -> None:
    known = tax("FR", business=True, vat_number="FR40303265045")
    assert (known.rate, known.category, known.home_rate) == (0, "K", 21)
    assert tax("FR", business=True).category == "S"
    assert tax("FR", business=False, vat_number="FR40303265045").category == "S"
    assert tax("BE", business=True, vat_number="FR40303265045").rate == 21  # delivered here
    assert tax("FR", business=True, vat_number="BE0403170701").rate == 20


@pytest.mark.spec("C-13")
def test_export_and_regions_outside_the_territory() -> None:
    assert (tax("CH").rate, tax("CH").category) == (0, "G")
    assert tax("GB", business=True, vat_number="GB123").category == "G"
    assert (tax("IT", postal_code="23041").rate, tax("IT", postal_code="23041").category) == (0, "G")
    assert tax("FR", postal_code="97110").rate == Decimal("8.5")
    assert tax("FR", "BOOK", postal_code="97110").rate == Decimal("2.1")
    assert tax("", "BOOK").rate == 6  # no destination yet: the vendor's own country
    assert tax("MC").rate == 20
    assert tax("GR", business=True, vat_number="EL094014201").category == "K"


def test_a_country_without_a_row_takes_the_standard_rate() -> None:
    assert tax("ES", "BOOK").rate == tax("ES").rate == 21


def test_postal_codes_with_catastrophic_text_are_harmless() -> None:
    assert tax("FR", postal_code="9" * 10_000 + "x").rate == 20
