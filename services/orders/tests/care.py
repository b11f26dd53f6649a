"""A care platform with a community, a client and care workers, as customers would answer about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from commis.orders.v1 import orders_pb2 as pb

from chassis.context import Principal
from chassis.ids import new_id
from chassis.testing import issuer
from orders.domain.model import Address, Contact
from orders.domain.parties import Party
from services.orders.tests.fakes import FakeCustomers
from services.orders.tests.shop import Shop

MONTHLY = pb.PAYMENT_METHOD_MONTHLY_RESIDENCE
ROOM = Address(
    recipient="Maria Peeters",
    street_lines=("Lindelaan 4",),
    postal_code="9000",
    city="Gent",
    region_code="BE",
)


@dataclass
class Care:
    """One community. `residence`: the account that is billed monthly."""

    shop: Shop
    platform: UUID = field(default_factory=new_id)
    community: UUID = field(default_factory=new_id)
    residence: UUID = field(default_factory=new_id)

    def client(self, email: str = "", **facts: Any) -> UUID:
        """A client who agreed to monthly billing through the residence, or to an invoice."""
        given: dict[str, Any] = {
            "display_name": "Maria Peeters",
            "language": "fr",
            "groups": (),
            "buyer_class": "CONSUMER",
            "business": False,
            "vat_number": "",
            "pay_later_allowed": False,
            "billing": ROOM,
            "delivery": ROOM,
            "contact": Contact("Maria Peeters", email, "+32 9 000 00 00"),
            "residence": Party("ACCOUNT", str(self.residence), "Residentie Ter Linden vzw"),
            "residence_email": "onthaal@terlinden.example",
            "payment_methods": ("MONTHLY_RESIDENCE", "PAY_LATER"),
        }
        account = self.customers.add(**(given | facts))
        self.customers.clients[account] = self.community
        return account

    @property
    def customers(self) -> FakeCustomers:
        return self.shop.customers

    def carer(self, client: UUID, worker: UUID | None = None, **details: str) -> Any:
        """gRPC metadata of a new assisted session."""
        worker = worker or new_id()
        self.customers.names[str(worker)] = "An Claes"
        session = {
            "platform": str(self.platform),
            "community": str(self.community),
            "assisted": str(new_id()),
            "client_external_id": f"client-{client.hex[-6:]}",
            "community_external_id": "ter-linden",
            "care_worker_subject": f"worker-{worker.hex[-6:]}",
        }
        who = Principal(client, "ACCOUNT", str(worker), "CARE_WORKER", channel="ASSISTED")
        return (("authorization", f"Bearer {issuer.token(who, ctx=session | details)}"),)

    def as_platform(self, platform: UUID | None = None) -> Any:
        who = Principal(
            platform or self.platform, "CARE_PLATFORM", channel="API", scopes=frozenset(("assisted",))
        )
        return issuer.metadata(who)

    async def placed(self, who: Any, *lines: tuple[str, int]) -> pb.Order:
        sheet = await self.sheet(who, *lines)
        return await self.shop.place(sheet.id, who)

    async def sheet(self, who: Any, *lines: tuple[str, int], **fields: Any) -> pb.Order:
        given = {"payment_method": MONTHLY, "contact": pb.Contact(name="Maria Peeters", email="m@x.example")}
        return await self.shop.sheet(*(lines or (("A", 1),)), who=who, **(given | fields))
