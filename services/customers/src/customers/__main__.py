"""The composition root of customers: the only place that reads settings and builds objects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from commis.customers.v1 import (
    accounts_pb2_grpc,
    audit_pb2_grpc,
    handoffs_pb2_grpc,
    platforms_pb2_grpc,
    privacy_pb2_grpc,
    representatives_pb2_grpc,
    sessions_pb2_grpc,
)

import chassis.housekeeping
from chassis import broker, commands, db, server
from chassis.consumer import Consumer, Subscription
from chassis.db import Sessions
from chassis.outward import ForeignHttp
from chassis.relay import Relay
from chassis.tokens import Verifier
from customers.access.recipients_rpc import RecipientServicer
from customers.access.rpc import AccessServicer
from customers.accounts.rpc import AccountServicer
from customers.audit import consumers
from customers.audit.consumers import Checkpoints
from customers.audit.rpc import AuditServicer
from customers.business.rpc import BusinessProfileServicer
from customers.commands import COMMANDS
from customers.config import Settings
from customers.database import metadata
from customers.handoffs.rpc import HandoffServicer
from customers.housekeeping import Housekeeping
from customers.keys import signing
from customers.keys.rpc import TokenServicer
from customers.keys.signing import Keyring
from customers.members.rpc import MembershipServicer
from customers.people.hashing import HashPool
from customers.platforms.partner_keys import PartnerKeys
from customers.platforms.rpc import CarePlatformServicer
from customers.platforms.wire import Checks
from customers.privacy import consumers as data_exports
from customers.privacy.rpc import DataProtectionServicer
from customers.reps.rpc import RepresentativeServicer
from customers.sessions.rpc import SessionServicer
from customers.sessions.throttle import Throttle
from customers.sessions.use_cases import Door
from customers.staff.rpc import StaffServicer
from customers.vault import Vault

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def servicers(settings: Settings, door: Door) -> list[server.Servicer]:
    """Every service of customers with its name."""
    sessions, vault = door.sessions, door.vault
    keys = PartnerKeys(sessions, ForeignHttp(internal_allowed=settings.profile == "local"))
    tokens = TokenServicer(sessions, door.keyring, settings.service_clients, keys)
    recipients = RecipientServicer(sessions, vault, settings.link_base)
    registration_open = settings.self_registration == "open"
    profiles = BusinessProfileServicer(sessions, door.throttle, registration_open=registration_open)
    a, r, s, u = accounts_pb2_grpc, representatives_pb2_grpc, sessions_pb2_grpc, audit_pb2_grpc
    package = "commis.customers.v1"
    return [
        (a.add_AccountServiceServicer_to_server, AccountServicer(sessions), f"{package}.AccountService"),
        (
            a.add_BusinessProfileServiceServicer_to_server,
            profiles,
            f"{package}.BusinessProfileService",
        ),
        (
            a.add_MembershipServiceServicer_to_server,
            MembershipServicer(sessions),
            f"{package}.MembershipService",
        ),
        (
            r.add_RepresentativeServiceServicer_to_server,
            RepresentativeServicer(sessions),
            f"{package}.RepresentativeService",
        ),
        (r.add_StaffServiceServicer_to_server, StaffServicer(sessions), f"{package}.StaffService"),
        (s.add_SessionServiceServicer_to_server, SessionServicer(door), f"{package}.SessionService"),
        (s.add_TokenServiceServicer_to_server, tokens, f"{package}.TokenService"),
        (s.add_AccessServiceServicer_to_server, AccessServicer(sessions), f"{package}.AccessService"),
        (s.add_RecipientServiceServicer_to_server, recipients, f"{package}.RecipientService"),
        (u.add_AuditServiceServicer_to_server, AuditServicer(sessions), f"{package}.AuditService"),
        *_care(settings, door, keys),
        (
            privacy_pb2_grpc.add_DataProtectionServiceServicer_to_server,
            DataProtectionServicer(sessions, vault, door.throttle),
            f"{package}.DataProtectionService",
        ),
    ]


def _care(settings: Settings, door: Door, keys: PartnerKeys) -> list[server.Servicer]:
    """What care platforms use, besides tokens."""
    checks = Checks(internal_allowed=settings.profile == "local")
    return [
        (
            platforms_pb2_grpc.add_CarePlatformServiceServicer_to_server,
            CarePlatformServicer(door.sessions, keys, checks),
            "commis.customers.v1.CarePlatformService",
        ),
        (
            handoffs_pb2_grpc.add_HandoffServiceServicer_to_server,
            HandoffServicer(door, keys, settings.storefront),
            "commis.customers.v1.HandoffService",
        ),
    ]


async def serve(settings: Settings) -> None:
    engine = db.engine(settings)
    sessions = db.sessions(engine)
    vault = Vault(settings.secret.get_secret_value())
    keyring = Keyring(sessions, vault, settings.issuer)
    door = Door(sessions, vault, keyring, HashPool(), Throttle(sessions, vault))

    async def own_jwks() -> dict[str, Any]:
        async with sessions() as session:
            return await signing.published(session)

    async def ready() -> None:
        async with engine.connect() as connection:
            await connection.execute(sa.text("SELECT 1"))

    nats = await broker.connect(settings)
    background: list[server.Background] = [
        Relay(engine, nats, "customers", replicas=settings.nats_replicas),
        *(Consumer(sessions, nats, subscription) for subscription in consumers.subscriptions(vault, keyring)),
        *(Consumer(sessions, nats, subscription) for subscription in data_exports.subscriptions(sessions)),
        Checkpoints(sessions, vault, keyring),
        Housekeeping(sessions),
        chassis.housekeeping.Housekeeping(sessions),
    ]
    await server.serve(
        settings,
        servicers=servicers(settings, door),
        verifier=Verifier(own_jwks, settings.issuer),
        engine=engine,
        nats=nats,
        background=background,
        on_start=[keyring.start],
        ready={"database": ready},
    )
    door.hashes.close()


def _subscriptions(settings: Settings, sessions: Sessions) -> Sequence[Subscription]:
    vault = Vault(settings.secret.get_secret_value())
    audit = consumers.subscriptions(vault, Keyring(sessions, vault, settings.issuer))
    return [*audit, *data_exports.subscriptions(sessions)]


SERVICE = commands.Service(
    name="customers",
    settings_class=Settings,
    serve=serve,
    migrations=MIGRATIONS,
    metadata=metadata(),
    subscriptions=_subscriptions,
    extra_commands=COMMANDS,
)

if __name__ == "__main__":
    commands.main(SERVICE)
