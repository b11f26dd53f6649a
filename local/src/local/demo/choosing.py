"""What somebody picks from what the API offers."""

from __future__ import annotations

from local.demo.api import Json


def available_sku(hit: Json, quantity: int) -> str:
    """The first variant with enough stock or none to count."""
    offers = {offer["variant_id"]: offer["availability"] for offer in hit["offers"]}
    for variant in hit["product"]["variants"]:
        availability = offers.get(variant["id"]) or {}
        enough = int(availability.get("available_quantity") or 0) >= quantity
        if enough or availability.get("state") in {"TO_ORDER", "BACKORDER"}:
            return str(variant["sku"])
    return str(hit["product"]["variants"][0]["sku"])


def delivered(checkout: Json) -> str:
    """The first shipping method that brings the goods."""
    return str(next(option["code"] for option in checkout["shipping_options"] if not option["pick_up"]))
