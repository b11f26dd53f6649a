"""Money as whole minor units of an ISO 4217 currency; the only place where amounts are converted."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from functools import cache

from babel import Locale
from google.type import money_pb2

# ISO 4217, column "minor unit"; CLDR rounds several of these differently (it follows circulating coins).
_NO_MINOR = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
_THREE = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
_FOUR = frozenset(("CLF", "UYW"))
_NANOS = 1_000_000_000
_MAX_MINOR = 2**63 - 1
PRICE_PLACES = 4


@cache
def _known() -> frozenset[str]:
    return frozenset(Locale("en").currencies)


def exponent(currency: str) -> int:
    """Decimal places of the currency (ISO 4217). Raises ValueError for a code that is not a currency."""
    if currency not in _known():
        raise ValueError(f"unknown currency {currency!r}")
    if currency in _NO_MINOR:
        return 0
    if currency in _THREE:
        return 3
    return 4 if currency in _FOUR else 2


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents). Arithmetic and order only within one currency, else ValueError."""

    minor: int
    currency: str

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(0, currency)

    @classmethod
    def from_decimal(cls, value: Decimal, currency: str) -> Money:
        """Raises ValueError when the value has more places than the currency."""
        return cls(_exact(value, exponent(currency)), currency)

    @property
    def decimal(self) -> Decimal:
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise ValueError(f"cannot combine {self.currency} with {other.currency}")
        return other.minor

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other)


def _exact(value: Decimal, places: int) -> int:
    if not value.is_finite() or abs(value.adjusted()) > 30:
        raise ValueError("amount is out of range")
    scaled = value.scaleb(places)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"more than {places} decimal places")
    return int(scaled)


def round_half_up(value: Decimal, exponent: int) -> int:
    """Minor units of `value`, a half rounded away from zero."""
    with localcontext() as context:
        context.prec = 60
        return int(value.scaleb(exponent).to_integral_value(rounding=ROUND_HALF_UP))


def line_total(unit_price: Decimal, quantity: int, discount: Decimal, currency: str) -> Money:
    """round(unit price x quantity - discount), rounded once, so that lines add up to their total."""
    return Money(round_half_up(unit_price * quantity - discount, exponent(currency)), currency)


def to_proto(money: Money) -> money_pb2.Money:
    return _pack(money.minor, exponent(money.currency), money.currency)


def from_proto(pb: money_pb2.Money) -> Money:
    """Raises ValueError: unknown currency, excess nanos, opposite signs, more than int64 minor units."""
    places = exponent(pb.currency_code)
    return Money(_unpack(pb, places), pb.currency_code)


def price_to_proto(price: Decimal, currency: str) -> money_pb2.Money:
    """A unit price of up to four decimals, whatever the currency. Raises ValueError beyond that."""
    exponent(currency)
    return _pack(_exact(price, PRICE_PLACES), PRICE_PLACES, currency)


def price_from_proto(pb: money_pb2.Money) -> tuple[Decimal, str]:
    """Raises ValueError as `from_proto`, with four decimals allowed."""
    exponent(pb.currency_code)
    return Decimal(_unpack(pb, PRICE_PLACES)).scaleb(-PRICE_PLACES), pb.currency_code


def parse_decimal(text: str) -> Decimal:
    """A finite decimal number. Raises ValueError, also for the specials (NaN, Infinity) and underscores."""
    if len(text) > 40 or "_" in text or not text.isascii():
        raise ValueError("not a decimal number")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError("not a decimal number") from None
    if not value.is_finite() or abs(value.adjusted()) > 30:
        raise ValueError("not a decimal number in range")
    return value


def _pack(scaled: int, places: int, currency: str) -> money_pb2.Money:
    sign = -1 if scaled < 0 else 1
    units, rest = divmod(abs(scaled), 10**places)
    nanos = rest * (_NANOS // 10**places)
    return money_pb2.Money(currency_code=currency, units=sign * units, nanos=sign * nanos)


def _unpack(pb: money_pb2.Money, places: int) -> int:
    units, nanos = int(pb.units), int(pb.nanos)
    if abs(nanos) >= _NANOS or (units > 0 > nanos) or (units < 0 < nanos):
        raise ValueError("units and nanos disagree")
    step = _NANOS // 10**places
    if nanos % step:
        raise ValueError(f"more than {places} decimal places")
    scaled: int = units * 10**places + (nanos // step)
    if abs(scaled) > _MAX_MINOR:
        raise ValueError("amount is out of range")
    return scaled
