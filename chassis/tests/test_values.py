"""Ids, money, etags, page tokens and field checks."""

import datetime
from decimal import Decimal
from uuid import UUID

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2, decimal_pb2, money_pb2
from hypothesis import given
from hypothesis import strategies as st

from chassis import etag, fields, ids, money, paging
from chassis.errors import EtagMismatch, InvalidFields, Violations
from chassis.money import Money


def test_ids_grow_and_have_one_spelling() -> None:
    made = [ids.new_id() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert made[0].version == 7
    assert ids.parse_id(str(made[0])) == made[0]
    for other in (str(made[0]).upper(), made[0].hex, f"{{{made[0]}}}", "", "x" * 36, str(made[0]) + "\n"):
        assert ids.parse_id(other) is None


@pytest.mark.parametrize(("currency", "places"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("HUF", 2)])
def test_exponents_follow_iso_4217(currency: str, places: int) -> None:
    assert money.exponent(currency) == places


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "QQQ", "XX\x00"])
def test_unknown_currencies_are_refused(currency: str) -> None:
    with pytest.raises(ValueError, match="unknown currency"):
        money.exponent(currency)


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.sampled_from(["EUR", "JPY", "KWD", "CLF"]))
def test_money_survives_the_wire(minor: int, currency: str) -> None:
    assert money.from_proto(money.to_proto(Money(minor, currency))) == Money(minor, currency)


@pytest.mark.parametrize(
    ("currency", "units", "nanos"),
    [
        ("EUR", 1, 5_000_000),
        ("JPY", 1, 500_000_000),
        ("EUR", 1, -10_000_000),
        ("EUR", -1, 10_000_000),
        ("EUR", 0, 1_000_000_000),
        ("EUR", 2**63 - 1, 0),
        ("QQQ", 1, 0),
    ],
)
def test_amounts_that_the_currency_cannot_hold_are_refused(currency: str, units: int, nanos: int) -> None:
    with pytest.raises(ValueError, match=r"."):
        money.from_proto(money_pb2.Money(currency_code=currency, units=units, nanos=nanos))


def test_prices_have_four_places_in_every_currency() -> None:
    for price in (Decimal("0.0001"), Decimal("-12.3456"), Decimal(7)):
        assert money.price_from_proto(money.price_to_proto(price, "JPY")) == (price, "JPY")
    with pytest.raises(ValueError, match="decimal places"):
        money.price_to_proto(Decimal("0.00001"), "EUR")


def test_halves_are_rounded_away_from_zero_and_only_once() -> None:
    assert money.round_half_up(Decimal("0.125"), 2) == 13
    assert money.round_half_up(Decimal("-0.125"), 2) == -13
    # 3 x 0.3333 - 0.005 = 0.9949: rounding the product first would give 1.00 - 0.005 = 1.00.
    assert money.line_total(Decimal("0.3333"), 3, Decimal("0.005"), "EUR") == Money(99, "EUR")


def test_money_of_two_currencies_does_not_mix() -> None:
    euro, yen = Money(150, "EUR"), Money(150, "JPY")
    assert euro + Money(50, "EUR") == Money(200, "EUR")
    assert -euro - euro == Money(-300, "EUR")
    assert Money.zero("EUR") < euro <= euro
    assert euro.decimal == Decimal("1.50")
    assert Money.from_decimal(Decimal("1.5"), "EUR") == euro
    for mix in (lambda: euro + yen, lambda: euro - yen, lambda: euro < yen, lambda: euro >= yen):
        with pytest.raises(ValueError, match="cannot combine"):
            mix()
    with pytest.raises(ValueError, match="decimal places"):
        Money.from_decimal(Decimal("1.505"), "EUR")


def test_etags() -> None:
    etag.check("order", "", 3)
    etag.check("order", "*", 3)
    etag.check("order", etag.format(3), 3)
    with pytest.raises(EtagMismatch) as stale:
        etag.check("order", '"2"', 3)
    assert stale.value.metadata["current_etag"] == '"3"'
    for malformed in ("3", '"x"', '"3', '"٣"', '"3"\x00'):
        with pytest.raises(InvalidFields):
            etag.check("order", malformed, 3)


KEY = ("a", 7, datetime.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=datetime.UTC), UUID(int=5))


def test_page_tokens_return_their_key_with_its_types() -> None:
    token = paging.next_token(KEY, {"state": "NEW"})
    assert paging.decode(10, token, {"state": "NEW"}) == paging.Page(10, KEY)
    assert paging.decode(0, "", {}) == paging.Page(50)
    assert paging.decode(10_000, "", {}).size == 200


def test_page_tokens_of_other_lists_and_forgeries_are_refused() -> None:
    token = paging.next_token(KEY, {"state": "NEW"})
    flipped = token[:20] + ("A" if token[20] != "A" else "B") + token[21:]
    for bad in (token + "A", flipped, token[:-4], "x", "\x00", "é", "====", "A" * 10_000):
        with pytest.raises(InvalidFields) as refused:
            paging.decode(10, bad, {"state": "NEW"})
        assert refused.value.violations[0].field == "page_token"
    with pytest.raises(InvalidFields):
        paging.decode(10, token, {"state": "OLD"})
    with pytest.raises(InvalidFields):
        paging.decode(-1, "", {})


def found(v: Violations) -> list[tuple[str, str]]:
    return [(violation.field, violation.reason) for violation in v]


def test_all_violations_come_at_once() -> None:
    v = Violations()
    assert fields.text(v, "name", "a\x00b") == ""
    assert fields.text(v, "title", "a\ud800", required=True) == ""
    assert fields.text(v, "note", "  ", required=True) == ""
    assert fields.text(v, "long", "x" * 201) == ""
    assert fields.identifier(v, "id", "nope") is None
    assert fields.identifier(v, "owner", "") is None
    assert fields.integer(v, "count", 2**40, minimum=0, maximum=2**31 - 1) == 0
    assert fields.language(v, "language", "de") == "en"
    assert fields.country(v, "country", "EU") == ""
    assert fields.page_size(v, -1) == 50
    with pytest.raises(InvalidFields) as refused:
        v.raise_if_any()
    assert found(v) == [
        ("name", "UNSTORABLE_CHARACTER"),
        ("title", "UNSTORABLE_CHARACTER"),
        ("note", "REQUIRED"),
        ("long", "TOO_LONG"),
        ("id", "INVALID"),
        ("owner", "REQUIRED"),
        ("count", "OUT_OF_RANGE"),
        ("language", "INVALID"),
        ("country", "INVALID"),
        ("page_size", "OUT_OF_RANGE"),
    ]
    assert len(refused.value.violations) == 10


def test_good_fields_pass() -> None:
    v = Violations()
    assert fields.text(v, "name", " Cafe\u0301 ") == "Café"
    assert fields.identifier(v, "parent", "", required=False) is None
    assert fields.country(v, "country", "IT") == "IT"
    assert fields.date(v, "date", date_pb2.Date(year=2024, month=2, day=29)) == datetime.date(2024, 2, 29)
    assert fields.date(v, "date", date_pb2.Date()) is None
    assert fields.timestamp(v, "time", Timestamp(seconds=1)) is not None
    assert fields.money(v, "price", money_pb2.Money(currency_code="EUR", units=1), minimum=100) == Money(
        100, "EUR"
    )
    exact = decimal_pb2.Decimal(value="1.50")
    assert fields.decimal(v, "rate", exact, minimum=0, maximum=2, places=1) == Decimal("1.5")
    assert fields.enum(v, "type", 1, money_type, required=False) == "ONE"
    v.raise_if_any()
    nested = Violations()
    nested.extend("lines[0]", _one("sku"))
    assert found(nested) == [("lines[0].sku", "INVALID")]


class money_type:
    @staticmethod
    def Name(number: int) -> str:
        if number != 1:
            raise ValueError(number)
        return "ONE"


def _one(field: str) -> Violations:
    v = Violations()
    v.add(field, "is wrong")
    return v


@pytest.mark.parametrize(
    "value", ["", "NaN", "Infinity", "1e999999999", "1_0", "٣", "1.005", "-1", "3", "0x1"]
)
def test_bad_decimals(value: str) -> None:
    v = Violations()
    assert fields.decimal(v, "rate", value, minimum=0, maximum=2, places=2) == 0
    assert found(v)[0][0] == "rate"


def test_bad_dates_times_enums_and_money() -> None:
    v = Violations()
    fields.date(v, "a", date_pb2.Date(year=2023, month=2, day=29))
    fields.date(v, "b", date_pb2.Date(year=2023))
    fields.date(v, "c", date_pb2.Date(year=-5, month=1, day=1))
    fields.timestamp(v, "d", Timestamp(seconds=2**62))
    fields.timestamp(v, "e", Timestamp(seconds=1, nanos=-5))
    fields.enum(v, "f", 99, money_type)
    fields.enum(v, "g", 0, money_type)
    fields.money(v, "h", money_pb2.Money())
    fields.money(v, "i", money_pb2.Money(currency_code="EUR", nanos=1))
    fields.money(v, "j", money_pb2.Money(currency_code="EUR"), minimum=1)
    assert [field for field, _ in found(v)] == [
        "a",
        "b",
        "c",
        "d",
        "e",
        "f",
        "g",
        "h.currency_code",
        "i",
        "j",
    ]
