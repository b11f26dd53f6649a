"""Addresses and contacts."""

import pytest
from babel import Locale

from orders.domain.model import Address, Contact
from orders.domain.postal import contact_problems, map_link, problems

GOOD = {
    "BE": Address("Lies", "", ("Kerkstraat 12",), "1000", "Brussel", "", "BE"),
    "IT": Address("", "Libri", ("Via Roma 1",), "20121", "Milano", "MI", "IT"),
    "IE": Address("Sean", "", ("1 Main St",), "D02 X285", "Dublin", "Co. Dublin", "IE"),
}


@pytest.mark.parametrize("country", GOOD)
def test_complete_addresses_pass(country: str) -> None:
    assert problems(GOOD[country]) == ()


@pytest.mark.spec("O-20")
def test_every_missing_or_wrong_part_is_named() -> None:
    assert problems(Address()) == (("recipient", "REQUIRED"), ("region_code", "REQUIRED"))
    assert set(problems(Address(region_code="IT", postal_code="x", administrative_area="??"))) == {
        ("recipient", "REQUIRED"), ("street_lines", "REQUIRED"), ("city", "REQUIRED"), ("postal_code", "INVALID"),
        ("administrative_area", "INVALID"),
    }  # fmt: skip


@pytest.mark.parametrize("country", sorted(code for code in Locale("en").territories if len(code) == 2))
def test_no_country_breaks_the_rules(country: str) -> None:
    for area in ("", "Nowhere"):
        problems(Address("x", "", ("y",), "1", "z", area, country))


@pytest.mark.parametrize("email", ["", "a", "a@b", "a b@c.de", "a@b@c.de", "a@.de", "a@c..de"])
def test_what_is_no_email_address(email: str) -> None:
    assert [part for part, _ in contact_problems(Contact("n", email))] == ["email"]


def test_a_contact_needs_name_and_email() -> None:
    assert contact_problems(Contact("Lies", "lies@linde.example")) == ()
    assert contact_problems(Contact()) == (("name", "REQUIRED"), ("email", "REQUIRED"))


@pytest.mark.spec("O-30")
def test_the_map_link_finds_the_address() -> None:
    assert map_link(GOOD["BE"]) == (
        "https://www.openstreetmap.org/search?query=Kerkstraat%2012%2C%201000%20Brussel%2C%20BE"
    )
    assert map_link(Address(region_code="BE")) == ""
