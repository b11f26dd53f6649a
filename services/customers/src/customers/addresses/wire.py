"""Addresses between the wire and the service."""

from __future__ import annotations

from commis.common.v1 import common_pb2
from commis.customers.v1 import accounts_pb2

from chassis import etag, fields
from chassis.errors import Violations
from customers.addresses import postal
from customers.addresses.postal import Postal
from customers.addresses.queries import AddressView
from customers.addresses.use_cases import AddressInput
from customers.people import wire as people_wire

MAX_STREET_LINES = 3


def parse(found: Violations, prefix: str, pb: accounts_pb2.AccountAddress) -> AddressInput:
    """`prefix` is the path of the AccountAddress in the request, e.g. "addresses[0]"."""
    sent, at = pb.address, f"{prefix}.address."
    lines = [
        people_wire.line(found, f"{at}street_lines[{index}]", text, max_length=100)
        for index, text in enumerate(sent.street_lines[:MAX_STREET_LINES])
    ]
    if len(sent.street_lines) > MAX_STREET_LINES:
        found.add(f"{at}street_lines", f"must have at most {MAX_STREET_LINES} lines", "TOO_LONG")
    region = fields.country(found, f"{at}region_code", sent.region_code)
    given = Postal(
        street_lines=tuple(text for text in lines if text),
        postal_code=people_wire.line(found, f"{at}postal_code", sent.postal_code, max_length=20),
        city=people_wire.line(found, f"{at}city", sent.city, max_length=100),
        administrative_area=people_wire.line(
            found, f"{at}administrative_area", sent.administrative_area, max_length=100
        ),
        region_code=region,
    )
    return AddressInput(
        label=people_wire.line(found, f"{prefix}.label", pb.label, max_length=60),
        recipient=people_wire.line(found, f"{at}recipient", sent.recipient, max_length=100),
        company=people_wire.line(found, f"{at}company", sent.company, max_length=100),
        postal=postal.check(found, at, given) if region else given,
        phone=people_wire.phone(found, f"{at}phone", sent.phone),
        default_billing=pb.default_billing,
        default_delivery=pb.default_delivery,
    )


def postal_address(view: AddressView) -> common_pb2.Address:
    return common_pb2.Address(
        recipient=view.recipient,
        company=view.company,
        street_lines=view.street_lines,
        postal_code=view.postal_code,
        city=view.city,
        administrative_area=view.administrative_area,
        region_code=view.region_code,
        phone=view.phone,
    )


def answer(view: AddressView) -> accounts_pb2.AccountAddress:
    return accounts_pb2.AccountAddress(
        id=str(view.id),
        label=view.label,
        address=postal_address(view),
        default_billing=view.default_billing,
        default_delivery=view.default_delivery,
        etag=etag.format(view.version),
    )
