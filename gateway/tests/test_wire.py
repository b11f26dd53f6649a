"""Values: what is read is what is shown."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from google.type.money_pb2 import Money
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Violations
from gateway.wire import scalars

from .fakes import ANY_ID, Services


def read(reader: Any, value: Any) -> Any:
    violations = Violations()
    found = reader(value, "x", violations)
    assert not violations, list(violations)
    return found


def refused(reader: Any, value: Any) -> bool:
    violations = Violations()
    reader(value, "x", violations)
    return bool(violations)


@given(st.decimals(-(10**14), 10**14, allow_nan=False, allow_infinity=False, places=4))
def test_money_keeps_every_digit(amount: Decimal) -> None:
    text = f"{amount:f}"
    if text.startswith("-0") and not amount:
        text = text[1:]
    shown = scalars.show_money(Money(**read(scalars.read_money, {"amount": text, "currency": "EUR"})))
    assert Decimal(shown["amount"]) == amount
    assert shown["currency"] == "EUR"


@pytest.mark.parametrize(
    ("units", "nanos", "currency", "amount"),
    [
        (12, 340_000_000, "EUR", "12.34"),
        (12, 0, "EUR", "12.00"),
        (12, 345_600_000, "EUR", "12.3456"),
        (0, -10_000_000, "EUR", "-0.01"),
        (-3, -500_000_000, "EUR", "-3.50"),
        (1200, 0, "JPY", "1200"),
        (1, 500_000_000, "TND", "1.500"),
        (1, 1, "EUR", "1.000000001"),
        (1, 0, "ZZZ", "1.00"),
    ],
)
def test_money_shows_the_currencys_decimals(units: int, nanos: int, currency: str, amount: str) -> None:
    shown = scalars.show_money(Money(units=units, nanos=nanos, currency_code=currency))
    assert shown == {"amount": amount, "currency": currency}


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)))  # noqa: DTZ001
def test_instants(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC)
    text = moment.isoformat().replace("+00:00", "Z")
    pb = Timestamp(**read(scalars.read_instant, text))
    assert pb.ToDatetime(UTC) == moment
    assert read(scalars.read_instant, scalars.show_instant(pb)) == {"seconds": pb.seconds, "nanos": pb.nanos}


@given(st.dates())
def test_dates(day: date) -> None:
    assert scalars.show_date(Date(**read(scalars.read_date, day.isoformat()))) == day.isoformat()


NO_INSTANTS = """
2026-11-21 2026-11-21T10:00:00 2026-02-29T10:00:00Z 2026-11-21T25:00:00Z 2026-11-21T10:00:00+25:00
0000-01-01T00:00:00Z 0001-01-01T00:00:00+23:00 9999-12-31T23:59:59-01:00 2026-11-21T10:00:00.1234567890Z
٢٠٢٦-11-21T10:00:00Z
"""


@pytest.mark.parametrize("value", [*NO_INSTANTS.split(), "", "2026-11-21 10:00:00Z", 1790000000, None])
def test_instants_that_cannot_be(value: Any) -> None:
    assert refused(scalars.read_instant, value)


@pytest.mark.parametrize(
    "value", ["2026-02-29", "2026-2-1", "20260201", "0000-01-01", "", 20260201, None, "2026-W01-1"]
)
def test_dates_that_cannot_be(value: Any) -> None:
    assert refused(scalars.read_date, value)


@pytest.mark.parametrize(("bits", "largest"), [(32, 2**31 - 1), (64, 2**63 - 1)])
def test_whole_numbers(bits: int, largest: int) -> None:
    reader = scalars.integer(bits)
    assert read(reader, largest) == largest
    assert read(reader, -largest - 1) == -largest - 1
    assert read(reader, 5.0) == 5
    for value in (largest + 1, -largest - 2, True, "5", 5.5, float("inf"), 1e300, None, []):
        assert refused(reader, value)


AMOUNTS = ["", " 1", "1 ", "1" * 16]
AMOUNTS += ["12,34", "1e3", "+1", "01", ".5", "1.", "NaN", "Infinity", "1.0000000001", "٣"]


@pytest.mark.parametrize("amount", [12.34, 12, None, *AMOUNTS])
async def test_amounts_are_decimal_strings(http: httpx.AsyncClient, services: Services, amount: Any) -> None:
    body = {"amount": {"amount": amount, "currency": "EUR"}, "reason": "x"}
    answered = await http.post(f"/v1/budgets/{ANY_ID}:allocate", json=body)
    assert answered.status_code == 400
    assert [item["field"] for item in answered.json()["violations"]] == ["amount.amount"]
    assert not services.calls
