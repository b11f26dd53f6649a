"""Messages of products are kept as long as there is room."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from commis.catalog.v1 import products_pb2 as pb

from catalog.products import known


async def test_what_was_not_asked_for_longest_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[list[UUID]] = []

    async def find(_connection: object, wanted: list[UUID]) -> dict[UUID, Any]:
        read.append(wanted)
        return {each: SimpleNamespace(id=each, version=1) for each in wanted}

    monkeypatch.setattr(known, "find_products", find)
    monkeypatch.setattr(known, "product_to_proto", lambda view: pb.Product(id=str(view.id), brand="x" * 1000))
    products = known.KnownProducts(most_bytes=2_500)
    first, second, third = uuid4(), uuid4(), uuid4()

    for asked in (first, second, first, third, first, second):
        assert (await products.of(None, {asked: 1}))[asked].id == str(asked)
    newer = await products.of(None, {first: 2, second: 1})

    assert read == [[first], [second], [third], [second], [first]]
    assert newer.keys() == {first, second}
