"""The persons of an account between the wire and the service."""

from __future__ import annotations

from typing import TypeAlias

from commis.customers.v1 import accounts_pb2

from chassis import etag, fields, money
from chassis.errors import Violations
from chassis.money import Money
from customers.members.queries import MemberView

Limited: TypeAlias = accounts_pb2.Person | accounts_pb2.InvitePersonRequest


def role(found: Violations, field: str, number: int) -> str:
    """ADMINISTRATOR or USER."""
    return fields.enum(found, field, number, accounts_pb2.Person.Role).removeprefix("ROLE_")


def spending_limit(found: Violations, field: str, sent: Limited) -> Money | None:
    """None when there is none: with spending control each order waits."""
    if not sent.HasField("spending_limit"):
        return None
    return fields.money(found, field, sent.spending_limit, minimum=0)


def answer(view: MemberView) -> accounts_pb2.Person:
    person = accounts_pb2.Person(
        id=str(view.id),
        first_name=view.first_name,
        last_name=view.last_name,
        email=view.email,
        language_code=view.language_code,
        role=accounts_pb2.Person.Role.Value(f"ROLE_{view.role}"),
        active=view.active,
        etag=etag.format(view.version),
    )
    if view.spending_limit is not None:
        person.spending_limit.CopyFrom(money.to_proto(view.spending_limit))
    return person
