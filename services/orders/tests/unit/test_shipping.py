"""Zones and bands."""

import pytest

from orders.shipping.domain import Band, ShippingMethod, Zone


def a_method(*zones: Zone, **fields: object) -> ShippingMethod:
    return ShippingMethod(
        id="m", code="M", name={"en": "Post", "fr": "Poste"}, currency="EUR", zones=zones, **fields
    )  # type: ignore[arg-type]


def price(
    method: ShippingMethod, region: str = "BE", postal: str = "1000", weight: int = 0, amount: int = 0
) -> int | None:
    return method.price(region_code=region, postal_code=postal, weight=weight, amount=amount, currency="EUR")


BELGIUM = Zone(("BE",), (Band(500, 0, 5000), Band(900, 5000, 30_000)), free_from=15_000)


@pytest.mark.spec("O-23")
@pytest.mark.parametrize(
    ("weight", "amount", "expected"),
    [
        (0, 0, 500), (4999, 0, 500), (5000, 0, 900), (29_999, 14_999, 900), (30_000, 0, None),
        (100, 15_000, 0), (30_000, 15_000, None),
    ],
)  # fmt: skip
def test_bands_are_half_open_and_free_from_a_threshold(
    weight: int, amount: int, expected: int | None
) -> None:
    assert price(a_method(BELGIUM), weight=weight, amount=amount) == expected


@pytest.mark.spec("O-23")
def test_the_first_zone_with_the_address_decides() -> None:
    coast = Zone(("BE",), (Band(800, max_weight=1000),), postal_prefixes=("84", "8300"))
    method = a_method(coast, BELGIUM)
    assert price(method, postal="8400") == 800
    assert price(method, postal=" 84-00 ") == 800
    assert price(method, postal="8400", weight=2000) is None
    assert price(method, postal="1000") == 500
    assert price(method, region="FR") is None


def test_amount_bands() -> None:
    method = a_method(Zone(("BE",), (Band(900, max_amount=5000), Band(400, min_amount=5000))))
    assert [price(method, amount=amount) for amount in (0, 4999, 5000, 10**9)] == [900, 900, 400, 400]


def test_a_free_zone_without_bands_serves_only_above_the_threshold() -> None:
    method = a_method(Zone(("BE",), (), free_from=5000))
    assert (price(method, amount=4999), price(method, amount=5000)) == (None, 0)


@pytest.mark.spec("O-23")
def test_pick_up_serves_every_address_and_an_inactive_method_none() -> None:
    assert price(a_method(pick_up=True), region="AQ", postal="", weight=10**9) == 0
    assert price(a_method(BELGIUM, active=False)) is None
    assert (
        a_method(BELGIUM).price(region_code="BE", postal_code="", weight=0, amount=0, currency="USD") is None
    )


def test_names_fall_back_to_english() -> None:
    assert (a_method().display_name("fr"), a_method().display_name("it")) == ("Poste", "Post")
