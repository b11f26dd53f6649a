"""What customers answers about an account, as our values."""

from __future__ import annotations

from uuid import UUID

from commis.common.v1 import common_pb2
from commis.customers.v1 import accounts_pb2, sessions_pb2

from chassis import money
from orders.domain.model import Address, Contact
from orders.domain.parties import Assistance, Party
from orders.ports import OrderingContext, SpendingControl


def address(pb: common_pb2.Address) -> Address:
    return Address(
        recipient=pb.recipient,
        company=pb.company,
        street_lines=tuple(pb.street_lines),
        postal_code=pb.postal_code,
        city=pb.city,
        administrative_area=pb.administrative_area,
        region_code=pb.region_code,
        phone=pb.phone,
    )


def _party(pb: common_pb2.Party) -> Party:
    kind = common_pb2.PartyKind.Name(pb.kind).removeprefix("PARTY_KIND_")
    return Party(kind, pb.id, pb.display_name)


def _assistance(pb: common_pb2.Assistance) -> Assistance:
    return Assistance(
        platform_id=UUID(pb.platform_id),
        community_id=UUID(pb.community_id),
        community_external_id=pb.community_external_id,
        care_worker_subject=pb.care_worker_subject,
        client_external_id=pb.client_external_id,
        session_id=pb.session_id,
    )


def _spending(pb: sessions_pb2.SpendingControl) -> SpendingControl:
    return SpendingControl(money.from_proto(pb.limit) if pb.HasField("limit") else None)


def _role(pb: sessions_pb2.OrderingContext) -> str:
    name = accounts_pb2.Person.Role.Name(pb.membership_role).removeprefix("ROLE_")
    return "" if name == "UNSPECIFIED" else name


def context(pb: sessions_pb2.OrderingContext) -> OrderingContext:
    return OrderingContext(
        account_id=UUID(pb.account_id),
        display_name=pb.display_name,
        language=pb.language_code or "en",
        region_code=pb.region_code,
        groups=tuple(pb.groups),
        buyer_class=accounts_pb2.BuyerClass.Name(pb.buyer_class).removeprefix("BUYER_CLASS_"),
        business=pb.business,
        vat_number=pb.vat_number,
        pay_later_allowed=pb.pay_later_allowed,
        billing=address(pb.billing_address),
        delivery=address(pb.delivery_address),
        contact=Contact(pb.contact_name, pb.contact_email, pb.contact_phone),
        actor=_party(pb.actor),
        rep_code=pb.rep_code,
        role=_role(pb) if pb.membership_role else "",
        assistance=_assistance(pb.assistance) if pb.HasField("assistance") else None,
        community_name=pb.community_name,
        residence=_party(pb.residence) if pb.HasField("residence") else None,
        residence_email=pb.residence_email,
        payment_methods=tuple(pb.payment_methods),
        spending_control=_spending(pb.spending_control) if pb.HasField("spending_control") else None,
    )
