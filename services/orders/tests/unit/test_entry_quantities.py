"""Quantities and dates as people write them; what could be two things is neither."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.model import MAX_QUANTITY
from orders.entry import dates
from orders.entry.quantities import is_number, quantity_of


@pytest.mark.spec("O-04")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3), (" 3 ", 3), ("003", 3), ("+3", 3), ("3,0", 3), ("3.00", 3), ("x3", 3), ("× 3", 3), ("3x", 3),
        ("3 ex.", 3),         ("3 exemplaires", 3), ("3 stuks", 3), ("3 pz", 3), ("3 pièces", 3),
        ("12 000", 12_000), ("12\u00a0000", 12_000),
        ("12\u202f000", 12_000), ("12'000", 12_000), ("1.000,00", 1000), ("1,000.0", 1000), ("1 000,0", 1000),
        ("３", 3),         ("100000", MAX_QUANTITY), ("1000,0", 1000), ("0010", 10),
    ],
)  # fmt: skip
def test_what_is_a_quantity(text: str, value: int) -> None:
    assert quantity_of(text) == (value, "")
    assert is_number(text)


@pytest.mark.spec("O-04")
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1.000", "1.000 may be 1 or 1000"), ("1,500", "may be 1 or 1500"), ("2,5", "whole"), ("0,500", "whole"),
        ("1.000,50", "whole"), ("0", "1 to"), ("-3", "1 to"), ("0,0", "1 to"), ("100001", "1 to"),
        ("1.000.000", "1 to"),
        ("9" * 39, "1 to"), ("three", "not a number"), ("", "not a number"), ("3 4", "not a number"),
        ("1,2,3", "not a number"), ("1e3", "not a number"), ("٣x٣", "not a number"), ("9" * 41, "not a number"),
    ],
)  # fmt: skip
def test_what_is_none_and_why(text: str, problem: str) -> None:
    found = quantity_of(text)
    assert found.value is None
    assert problem in found.problem


@pytest.mark.spec("O-04")
@given(st.text(max_size=60))
def test_whatever_is_written_has_a_value_or_a_reason(text: str) -> None:
    found = quantity_of(text)
    assert (found.value is None) == bool(found.problem)
    assert found.value is None or 1 <= found.value <= MAX_QUANTITY


@pytest.mark.spec("O-04")
@given(st.integers(1, MAX_QUANTITY))
def test_numbers_are_read_as_they_are_printed(number: int) -> None:
    for text in (
        f"{number}",
        f"{number},00",
        f"{number:,}".replace(",", " "),
        f"{number:,}.00",
        f"x {number}",
    ):
        assert quantity_of(text).value == number


@pytest.mark.spec("O-04")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-01", (2026, 12, 1)), ("2026-12-01T00:00:00", (2026, 12, 1)), ("1/12/2026", (2026, 12, 1)),
        ("01.12.26", (2026, 12, 1)), ("31-12-2026", (2026, 12, 31)), ("12/31/2026", None), ("30/02/2026", None),
        ("1/12-2026", None), ("tomorrow", None), ("", None), ("2026-12-01" * 9, None), ("0000-01-01", None),
    ],
)  # fmt: skip
def test_dates_begin_with_the_day_as_in_europe(text: str, expected: tuple[int, int, int] | None) -> None:
    assert dates.date_of(text) == (datetime.date(*expected) if expected else None)
