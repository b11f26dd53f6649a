"""Accounts between the wire and the service."""

from __future__ import annotations

from collections.abc import Sequence

from commis.customers.v1 import accounts_pb2

from chassis import etag, fields
from chassis.errors import Violations
from customers.accounts import vat
from customers.accounts.queries import AccountView, ProfileView
from customers.addresses import wire as address_wire
from customers.members import wire as member_wire
from customers.people import wire as people_wire

MAX_GROUPS = 20
PROFILE_TEXTS = {"company_name": 200, "chamber_of_commerce_number": 40, "department": 100}
PROFILE_FLAGS = ("b2b_active", "pay_later_allowed")


def groups(found: Violations, field: str, given: Sequence[str]) -> list[str]:
    """Upper case, each once, in the order sent."""
    if len(given) > MAX_GROUPS:
        found.add(field, f"must have at most {MAX_GROUPS} groups", "TOO_LONG")
    parsed = [
        people_wire.line(found, f"{field}[{index}]", text, required=True, max_length=40).upper()
        for index, text in enumerate(given[:MAX_GROUPS])
    ]
    return list(dict.fromkeys(name for name in parsed if name))


def buyer_class(found: Violations, field: str, number: int) -> str:
    """Without its prefix; "" when nothing was sent."""
    name = fields.enum(found, field, number, accounts_pb2.BuyerClass, required=False)
    return name.removeprefix("BUYER_CLASS_")


def required_buyer_class(found: Violations, field: str, number: int) -> str:
    if number == 0:
        found.add(field, "is required", "REQUIRED")
    return buyer_class(found, field, number)


def state(found: Violations, field: str, number: int) -> str:
    """ACTIVE, SUSPENDED or CLOSED."""
    return fields.enum(found, field, number, accounts_pb2.Account.State).removeprefix("STATE_")


def vat_number(found: Violations, field: str, text: str, region_code: str = "") -> str:
    clean = people_wire.line(found, field, text, max_length=40)
    if not clean:
        return ""
    normalised = vat.normalise(clean, region_code)
    if normalised is None:
        found.add(field, "is not a valid VAT number with its country prefix", "INVALID_VAT_NUMBER")
    return normalised or ""


def required_vat_number(found: Violations, field: str, text: str) -> str:
    if not text.strip():
        found.add(field, "is required for a business profile", "REQUIRED")
    return vat_number(found, field, text)


def profile(
    found: Violations, prefix: str, pb: accounts_pb2.BusinessProfile, region_code: str = ""
) -> dict[str, str | bool]:
    """Every writable field of the profile; company name and VAT number are mandatory."""
    values: dict[str, str | bool] = {
        name: people_wire.line(found, f"{prefix}.{name}", getattr(pb, name), max_length=length)
        for name, length in PROFILE_TEXTS.items()
    }
    values |= {name: getattr(pb, name) for name in PROFILE_FLAGS}
    values["vat_number"] = vat_number(found, f"{prefix}.vat_number", pb.vat_number, region_code)
    for name in ("company_name", "vat_number"):
        if not getattr(pb, name).strip():
            found.add(f"{prefix}.{name}", "is required for a business profile", "REQUIRED")
    return values


def answer(view: AccountView, *, for_staff: bool) -> accounts_pb2.Account:
    """The groups decide about prices and are for staff only."""
    account = accounts_pb2.Account(
        id=str(view.id),
        number=view.number,
        kind=accounts_pb2.Account.Kind.Value(f"KIND_{view.kind}"),
        state=accounts_pb2.Account.State.Value(f"STATE_{view.state}"),
        first_name=view.first_name,
        last_name=view.last_name,
        display_name=view.display_name,
        email=view.email,
        language_code=view.language_code,
        phone=view.phone,
        business_profile=profile_answer(view.profile) if view.profile is not None else None,
        groups=view.groups if for_staff else (),
        buyer_class=accounts_pb2.BuyerClass.Value(f"BUYER_CLASS_{view.buyer_class}"),
        addresses=[address_wire.answer(address) for address in view.addresses],
        persons=[member_wire.answer(person) for person in view.persons],
        spending_control=view.spending_control,
        etag=etag.format(view.version),
    )
    if view.client is not None:
        account.client_link.platform_id = str(view.client.platform_id)
        account.client_link.community_id = str(view.client.community_id)
        account.client_link.external_id = view.client.external_id
        account.client_link.closed = view.client.closed
        account.client_link.payment_methods.extend(view.client.payment_methods)
    account.create_time.FromDatetime(view.create_time)
    account.update_time.FromDatetime(view.update_time)
    if view.erase_time is not None:
        account.erase_time.FromDatetime(view.erase_time)
    return account


def profile_answer(view: ProfileView) -> accounts_pb2.BusinessProfile:
    return accounts_pb2.BusinessProfile(
        state=accounts_pb2.BusinessProfile.State.Value(f"STATE_{view.state}"),
        company_name=view.company_name,
        vat_number=view.vat_number,
        chamber_of_commerce_number=view.chamber_of_commerce_number,
        department=view.department,
        b2b_active=view.b2b_active,
        pay_later_allowed=view.pay_later_allowed,
    )
