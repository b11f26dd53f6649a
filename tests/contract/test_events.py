"""Every event can be read by the audit and by consumers that were built earlier."""

import importlib
from pathlib import Path

import commis.orders.v1.events_pb2 as orders_events
import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pool import Default

SERVICES = ("customers", "catalog", "orders", "library", "notifications")
GOLDEN = Path(__file__).parent / "golden"


def events(service: str) -> list[Descriptor]:
    importlib.import_module(f"commis.{service}.v1.events_pb2")
    file = Default().FindFileByName(f"commis/{service}/v1/events.proto")
    return [message for message in file.message_types_by_name.values() if not message.name.endswith("Line")]


@pytest.mark.parametrize("service", SERVICES)
def test_the_first_field_of_every_event_is_its_attribution(service: str) -> None:
    for event in events(service):
        first = event.fields_by_number[1]
        assert first.name == "attribution", event.full_name
        assert first.message_type.full_name == "commis.common.v1.Attribution", event.full_name


def test_an_order_placed_event_of_the_first_release_still_reads_the_same() -> None:
    event = orders_events.OrderPlaced.FromString((GOLDEN / "order_placed.bin").read_bytes())
    assert event.order_id == "0199d0c2-5b7e-7c3a-9f00-000000000001"
    assert event.number == "2026-000123"
    assert event.attribution.actor.id == "0199d0c2-5b7e-7c3a-9f00-000000000002"
    assert (event.total.units, event.total.nanos, event.total.currency_code) == (123, 450_000_000, "EUR")
    assert [(line.line_id, line.quantity) for line in event.lines] == [
        ("0199d0c2-5b7e-7c3a-9f00-000000000003", 3)
    ]
    assert event.attempt_id == "0199d0c2-5b7e-7c3a-9f00-000000000004"
