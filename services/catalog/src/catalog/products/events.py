"""Facts about products for others."""

from __future__ import annotations

from typing import Any

from commis.catalog.v1 import events_pb2

from catalog.attribution import attribution
from catalog.products.queries import ProductView


def product_changed(view: ProductView, *, created: bool) -> dict[str, Any]:
    event = events_pb2.ProductChanged(
        attribution=attribution(),
        product_id=str(view.id),
        created=created,
        discontinued=view.data.discontinued,
    )
    return {
        "event": event,
        "subject": "commis.catalog.v1.product_changed",
        "aggregate_id": str(view.id),
        "aggregate_version": view.version,
    }
