"""Examples of requests keep the rules of the services that descriptors do not say: each can be sent as it is, with
the reader's own ids."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from gateway.openapi import document

EXAMPLES = [
    pytest.param(media["example"], id=item["operationId"])
    for methods in document()["paths"].values()
    for item in methods.values()
    for kind, media in item.get("requestBody", {}).get("content", {}).items()
    if kind == "application/json" and "example" in media
]
every_example = pytest.mark.parametrize("example", EXAMPLES)
EXCLUSIVE = [
    {"variant_id", "sku"},
    {"variant_id", "product_id", "category_id", "brand"},
    {"account_id", "group"},
    {"unit_price", "list_price"},
    {"terms", "hash"},
    {"jwks_uri", "jwks_json"},
    {"zones", "pick_up_region_code"},
    {"zones", "pick_up_postal_code"},
]
# valid_from and valid_to, min_amount and max_amount, from_warehouse_id and to_warehouse_id ...
PAIRS = [("from", "to"), ("min", "max"), ("start", "end")]
WITHIN = {"session_minutes": range(5, 24 * 60 + 1)}


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(inner)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        yield path, value


def comparable(value: Any) -> Any:
    return Decimal(value["amount"]) if isinstance(value, dict) else value


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 100


@every_example
def test_no_text_is_empty(example: Any) -> None:
    assert [path for path, value in leaves(example) if value in ("", None)] == []


@every_example
def test_of_alternatives_one_is_given(example: Any) -> None:
    for each in objects(example):
        for names in EXCLUSIVE:
            assert len(names & set(each)) <= 1, each


@every_example
def test_what_ends_is_after_what_begins(example: Any) -> None:
    for each in objects(example):
        for low in each:
            for begin, end in PAIRS:
                high = "_".join(end if part == begin else part for part in low.split("_"))
                if high != low and high in each:
                    assert comparable(each[low]) < comparable(each[high]), each


@every_example
def test_a_ladder_begins_at_one_and_ascends(example: Any) -> None:
    for each in objects(example):
        quantities = [step["min_quantity"] for step in each.get("ladder", ())]
        assert quantities == sorted(set(quantities))
        assert quantities[:1] in ([], [1])


@every_example
def test_numbers_are_in_their_range(example: Any) -> None:
    for each in objects(example):
        for name, allowed in WITHIN.items():
            assert each.get(name, allowed[0]) in allowed


@every_example
def test_nothing_is_changed_and_taken_away_at_once(example: Any) -> None:
    assert not any(each.get("removed") or each.get("discontinued") for each in objects(example))


@every_example
def test_nothing_is_in_it_that_only_services_may_send(example: Any) -> None:
    assert not [path for path, _ in leaves(example) if "negotiated_unit_price" in path]
