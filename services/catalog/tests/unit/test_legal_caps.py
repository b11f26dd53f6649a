"""Where, when and for which books legal caps hold."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from catalog.legal_caps.domain import BUYER_CLASSES, CERTAINTIES, LegalCap, buyer_class_of, places_of
from catalog.legal_caps.readings import (
    first_free_day,
    in_force,
    is_book,
    latest_first_day,
    readings,
    strictest,
)

DAY = datetime.date(2026, 7, 15)
FIRST_RULES = Path(__file__).parents[2] / "migrations/versions/0003_create_legal_caps.json"
_ids = iter(range(1, 10**9))


def a_cap(percent: str, jurisdiction: str = "BE-VLG", **fields: object) -> LegalCap:
    values = {
        "languages": frozenset(),
        "forms": (),
        "buyer_class": "CONSUMER",
        "months": 0,
        "min_quantity": 1,
        "valid_from": datetime.date(2017, 7, 1),
        "valid_to": None,
    } | fields
    return LegalCap(
        id=UUID(int=next(_ids)),
        jurisdiction=jurisdiction,
        max_discount_percent=Decimal(percent),
        **values,  # type: ignore[arg-type]
    )


def chosen(
    *caps: LegalCap, place: str = "9000", language: str = "nl", form: str = "BC", quantity: int = 1
) -> str | None:
    found = strictest(readings(caps, places_of("BE", place), language, form), quantity)
    return None if found is None else str(found.max_discount_percent)


@pytest.mark.spec("C-16")
@pytest.mark.parametrize(
    ("postal_code", "part"),
    [
        ("1000", "BE-BRU"), ("1299", "BE-BRU"), ("1300", "BE-WAL"), ("1499", "BE-WAL"), ("1500", "BE-VLG"),
        ("3999", "BE-VLG"), ("4000", "BE-WAL"), ("7999", "BE-WAL"), ("8000", "BE-VLG"), ("9999", "BE-VLG"),
        ("B-9000", "BE-VLG"), ("be 1030", "BE-BRU"), (" 5000 ", "BE-WAL"),
    ],
)  # fmt: skip
def test_the_postal_code_says_the_part_of_belgium(postal_code: str, part: str) -> None:
    assert places_of("BE", postal_code) == (("BE", part),)


@pytest.mark.spec("C-16")
@pytest.mark.parametrize("postal_code", ["", "0612", "123", "10000", "١٠٠٠", "x", "B-", "9000 Gent", "²000"])
def test_without_a_part_the_strictest_of_belgium_holds(postal_code: str) -> None:
    assert places_of("BE", postal_code) == (("BE", "BE-BRU"), ("BE", "BE-VLG"), ("BE", "BE-WAL"))
    caps = (a_cap("20"), a_cap("5", "BE-WAL"), a_cap("10", "BE-BRU"))
    assert chosen(*caps, place=postal_code) == "5"
    assert places_of("FR", postal_code) == (("FR",),)


@pytest.mark.spec("C-16")
def test_overseas_regions_are_france_and_monaco_is_not() -> None:
    for region in ("RE", "GP", "MQ", "GF", "YT", "BL", "MF", "PM"):
        assert places_of(region, "97400") == (("FR", region),)
    assert [places_of(region, "") for region in ("FR", "MC", "NC")] == [(("FR",),), (("MC",),), (("NC",),)]


@pytest.mark.spec("C-16")
def test_of_a_ladder_the_most_that_is_reached() -> None:
    caps = [a_cap(percent, min_quantity=least) for percent, least in (("0", 1), ("5", 10), ("100", 100))]
    assert [chosen(*caps, quantity=count) for count in (1, 9, 10, 99, 100)] == ["0", "0", "5", "5", "100"]
    assert chosen(a_cap("5", min_quantity=10), quantity=9) is None


@pytest.mark.spec("C-16")
def test_languages_and_forms_are_those_of_the_rule_and_what_is_unknown_lowers_no_price() -> None:
    dutch = a_cap("20", languages=frozenset({"nl", "fy"}))
    french = a_cap("15", languages=frozenset({"fr"}))
    printed = a_cap("30", forms=("B",))
    assert chosen(dutch, french, language="fy") == "20"
    assert chosen(dutch, french, language="en") is None
    assert chosen(dutch, french, language="") == "15"
    assert chosen(dutch, a_cap("5"), language="") == "5"  # it may be neither
    assert [chosen(printed, form=form) for form in ("BC", "EA", "")] == ["30", None, "30"]
    assert chosen(printed, a_cap("10"), form="BC") == "30"  # an exception allows more
    assert chosen(printed, a_cap("10"), form="") == "10"


@pytest.mark.spec("C-16")
@pytest.mark.parametrize(
    ("published", "last", "free"),
    [
        ("2026-01-15", "2026-07-14", "2026-07-15"),
        ("2026-01", "2026-07-30", "2026-07-31"),  # the 31st of January at the latest
        ("2025", "2026-06-30", "2026-07-01"),  # the 31st of December; June has no 31st
        ("2025-08-31", "2026-02-28", "2026-03-01"),
        ("2027-01-01", "2026-07-15", "2027-07-01"),  # ordered before it appears
    ],
)
def test_six_months_by_local_date(published: str, last: str, free: str) -> None:
    found = readings([a_cap("10", months=6)], places_of("BE", "9000"), "nl", "BC")
    start = latest_first_day(published)
    assert in_force(found, start, datetime.date.fromisoformat(last))
    assert not in_force(found, start, datetime.date.fromisoformat(free))


@pytest.mark.spec("C-16")
def test_without_a_date_or_without_an_end_a_title_stays_under_fixed_price() -> None:
    places = places_of("BE", "9000")
    assert in_force(readings([a_cap("10", months=6)], places, "nl", "BC"), None, datetime.date(2999, 1, 1))
    endless = readings([a_cap("10")], places, "nl", "BC")
    assert in_force(endless, datetime.date(1950, 1, 1), DAY)
    assert latest_first_day("") is None
    assert first_free_day(datetime.date(9999, 12, 31), 1200) == datetime.date.max


def test_what_is_a_book_and_who_is_a_consumer() -> None:
    assert [is_book(form, isbn) for form, isbn in (("BC", None), ("", "9789000000000"), ("", None), ("AC", None))] == [
        True, True, False, False,
    ]  # fmt: skip
    assert [buyer_class_of(told) for told in ("", "UNSPECIFIED", "EDUCATION")] == [
        "CONSUMER",
        "CONSUMER",
        "EDUCATION",
    ]


@pytest.mark.spec("C-16")
def test_the_first_rules_name_their_source_and_certainty() -> None:
    laws = json.loads(FIRST_RULES.read_text())["laws"]
    rules = [law | cap for law in laws for cap in law["caps"]]
    for rule in rules:
        assert rule["source"]
        assert rule["note"]
        assert len(rule["source"]) <= 2000
        assert len(rule["note"]) <= 2000
        assert rule["certainty"] in CERTAINTIES
        assert rule["buyer_class"] in BUYER_CLASSES
    flanders = {
        rule["buyer_class"]: rule["max_discount_percent"]
        for rule in rules
        if rule["jurisdiction"] == "BE-VLG"
    }
    assert flanders == {"CONSUMER": "10", "PUBLIC_LIBRARY": "20", "EDUCATION": "25"}
    assert {rule["jurisdiction"] for rule in rules} == {"BE-VLG", "BE-WAL", "BE-BRU", "FR", "NL", "DE", "IT"}
