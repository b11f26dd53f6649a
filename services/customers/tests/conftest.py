"""Fixtures of customers: its migrated database, and a running server with real tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher, Type
from commis.customers.v1 import (
    accounts_pb2,
    accounts_pb2_grpc,
    audit_pb2_grpc,
    handoffs_pb2_grpc,
    platforms_pb2_grpc,
    privacy_pb2_grpc,
    representatives_pb2,
    representatives_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
)
from grpc_status import rpc_status
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import db
from chassis.db import Sessions
from chassis.ids import new_id
from chassis.testing import (
    LocalIssuer,
    as_service,
    as_staff,
    database_fixtures,
    empty,
    grpc_server,
    issuer,
)
from chassis.tokens import Verifier
from customers.__main__ import MIGRATIONS, servicers
from customers.config import Settings
from customers.keys import signing
from customers.keys.signing import Keyring
from customers.people.hashing import HashPool
from customers.sessions.throttle import Throttle
from customers.sessions.use_cases import Door
from customers.vault import Vault

SECRET = "a secret of customers for tests only, forty"
PASSWORD = "staple horse battery 42"
AUDIT = ("audit_entries", "audit_authors", "audit_head", "audit_checkpoints")
STUBS = (
    accounts_pb2_grpc,
    audit_pb2_grpc,
    handoffs_pb2_grpc,
    platforms_pb2_grpc,
    privacy_pb2_grpc,
    representatives_pb2_grpc,
    sessions_pb2_grpc,
)
BRUSSELS = {
    "street_lines": ["Kerkstraat 12"],
    "postal_code": "1000",
    "city": "Brussel",
    "region_code": "BE",
}

engine, _emptied = database_fixtures("customers", MIGRATIONS)


@pytest.fixture(name="sessions")
async def sessions_fixture(engine: AsyncEngine) -> AsyncIterator[Sessions]:
    yield db.sessions(engine)
    async with engine.begin() as connection:
        # The audit refuses this to everybody but a superuser who switches the triggers off.
        await connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        for table in AUDIT:
            await connection.execute(sa.text(f"DELETE FROM {table}"))
    await empty(engine, keep=AUDIT)


@pytest.fixture(scope="session")
def quick_hashes() -> HashPool:
    """Argon2id at its cheapest: what is tested is not its cost."""
    return HashPool(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, type=Type.ID))


@pytest.fixture
def vault() -> Vault:
    return Vault(SECRET)


@pytest.fixture
async def keyring(sessions: Sessions, vault: Vault) -> Keyring:
    made = Keyring(sessions, vault, issuer.name)
    await made.start()
    return made


@pytest.fixture
def door(sessions: Sessions, vault: Vault, keyring: Keyring, quick_hashes: HashPool) -> Door:
    return Door(sessions, vault, keyring, quick_hashes, Throttle(sessions, vault))


class Refused(Exception):
    """A refused RPC: code, reason, violations as {field: reason}, metadata."""

    def __init__(self, error: grpc.aio.AioRpcError) -> None:
        self.code = error.code().name
        self.reason, self.domain, self.metadata, self.violations, self.retry = "", "", {}, {}, None
        status = rpc_status.from_call(error)
        for detail in status.details if status is not None else ():
            self._read(detail)
        super().__init__(f"{self.code} {self.reason} {self.violations} {error.details()}")

    def _read(self, detail: Any) -> None:
        from google.rpc import error_details_pb2

        for kind in (error_details_pb2.ErrorInfo, error_details_pb2.BadRequest, error_details_pb2.RetryInfo):
            message = kind()
            if not detail.Unpack(message):
                continue
            if kind is error_details_pb2.ErrorInfo:
                self.reason, self.domain, self.metadata = (
                    message.reason,
                    message.domain,
                    dict(message.metadata),
                )
            elif kind is error_details_pb2.BadRequest:
                self.violations = {one.field: one.reason for one in message.field_violations}
            else:
                self.retry = message.retry_delay.ToTimedelta().total_seconds()


class _Issuer(LocalIssuer):
    """Accepts the tokens of the test's issuer and those that customers itself signs."""

    def __init__(self, sessions: Sessions) -> None:
        self.name = issuer.name
        self._sessions = sessions
        self.verifier = Verifier(self.jwks, issuer.name, refresh_seconds=0)

    async def jwks(self) -> dict[str, Any]:
        async with self._sessions() as session:
            own = await signing.published(session)
        return {"keys": own["keys"] + (await issuer.jwks())["keys"]}


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


@dataclass
class World:
    """A running customers and short ways to fill it. Calls are an ADMIN's unless `as_` says otherwise."""

    channel: grpc.aio.Channel
    sessions: Sessions
    door: Door
    admin: tuple[tuple[str, str], ...]
    password: str = PASSWORD

    async def call(self, stub: str, method: str, request: Any, as_: Any = None, timeout: float = 10) -> Any:
        name = f"{stub}Stub"
        module = next(each for each in STUBS if hasattr(each, name))
        target = getattr(module, name)(self.channel)
        try:
            return await getattr(target, method)(
                request, metadata=self.admin if as_ is None else as_, timeout=timeout
            )
        except grpc.aio.AioRpcError as error:
            raise Refused(error) from None

    async def account(self, email: str = "", **fields: Any) -> accounts_pb2.Account:
        given = {
            "first_name": "Lies",
            "last_name": "Peeters",
            "email": email or f"{new_id().hex}@shops.example",
            "language_code": "nl",
        }
        given |= fields
        answer = await self.call(
            "AccountService", "CreateAccount", accounts_pb2.CreateAccountRequest(**given)
        )
        return answer.account

    async def business(self, email: str = "", **fields: Any) -> accounts_pb2.Account:
        profile = {"company_name": "Boekhandel De Linde", "vat_number": "BE0403170701", "b2b_active": True}
        profile |= fields.pop("profile", {})
        address = {"address": BRUSSELS, "default_billing": True, "default_delivery": True}
        given = {"business_profile": profile, "addresses": [address]} | fields
        return await self.account(email, **given)

    async def invite(
        self, account_id: str, email: str = "", role: str = "USER", as_: Any = None, **fields: Any
    ) -> accounts_pb2.Person:
        request = accounts_pb2.InvitePersonRequest(
            account_id=account_id,
            first_name="Karel",
            last_name="Claes",
            email=email or f"{new_id().hex}@shops.example",
            language_code="nl",
            role=accounts_pb2.Person.Role.Value(f"ROLE_{role}"),
            **fields,
        )
        return (await self.call("MembershipService", "InvitePerson", request, as_)).person

    async def enter(self, email: str, *, activated: bool = False) -> sessions_pb2.SignInResponse:
        """Activate the person and sign in."""
        if not activated:
            await self.activate(email)
        return await self.sign_in(email)

    async def rep(
        self, code: str = "", *accounts: str, email: str = ""
    ) -> representatives_pb2.Representative:
        sent = representatives_pb2.Representative(
            rep_code=code or new_id().hex[-12:],
            first_name="Robin",
            last_name="Reiziger",
            email=email or f"{new_id().hex}@reps.example",
            language_code="fr",
        )
        request = representatives_pb2.CreateRepresentativeRequest(representative=sent)
        made = (await self.call("RepresentativeService", "CreateRepresentative", request)).representative
        for account_id in accounts:
            await self.assign(made.id, account_id)
        return made

    async def assign(self, rep_id: str, account_id: str) -> None:
        request = representatives_pb2.AssignAccountRequest(representative_id=rep_id, account_id=account_id)
        await self.call("RepresentativeService", "AssignAccount", request)

    async def unassign(self, rep_id: str, account_id: str) -> None:
        request = representatives_pb2.UnassignAccountRequest(representative_id=rep_id, account_id=account_id)
        await self.call("RepresentativeService", "UnassignAccount", request)

    async def link_token(self, email: str) -> str:
        """The token in the newest link of a person, as notifications gets it for the mail."""
        query = sa.text(
            "SELECT c.id FROM credential_requests c JOIN persons p ON p.id = c.person_id"
            " WHERE p.email = :email AND c.replace_time IS NULL ORDER BY c.id DESC LIMIT 1"
        )
        async with self.sessions() as session:
            found = await session.scalar(query, {"email": email})
        request = sessions_pb2.GetCredentialLinkRequest(credential_request_id=str(found))
        answer = await self.call(
            "RecipientService", "GetCredentialLink", request, as_service("customers.recipients")
        )
        return answer.link.partition("#token=")[2]

    async def activate(self, email: str, password: str = PASSWORD) -> None:
        token = await self.link_token(email)
        await self.set_password(token, password)

    async def set_password(self, token: str, password: str = PASSWORD) -> None:
        request = sessions_pb2.SetPasswordRequest(token=token, password=password)
        await self.call("SessionService", "SetPassword", request, ())

    async def sign_in(
        self, email: str, password: str = PASSWORD, address: str = "192.0.2.7"
    ) -> sessions_pb2.SignInResponse:
        request = sessions_pb2.SignInRequest(email=email, password=password)
        return await self.call("SessionService", "SignIn", request, (("x-forwarded-for", address),))

    async def refresh(self, token: str) -> sessions_pb2.RefreshSessionResponse:
        request = sessions_pb2.RefreshSessionRequest(refresh_token=token)
        return await self.call("SessionService", "RefreshSession", request, ())

    async def rep_session(self, *accounts: str) -> tuple[representatives_pb2.Representative, Any]:
        """A rep who signed in with a password, and its metadata."""
        email = f"{new_id().hex}@reps.example"
        rep = await self.rep("", *accounts, email=email)
        await self.activate(email)
        signed_in = await self.sign_in(email)
        return rep, bearer(signed_in.tokens.access_token)

    async def open_session(self, account_id: str, as_: Any) -> sessions_pb2.OpenOrderingSessionResponse:
        request = sessions_pb2.OpenOrderingSessionRequest(account_id=account_id)
        return await self.call("SessionService", "OpenOrderingSession", request, as_)

    async def facts(self, subject: str = "") -> list[Any]:
        """Events in the outbox, oldest first, parsed."""
        from chassis.envelope import event_class

        query = sa.text("SELECT subject, payload, headers->>'ce-type' AS type FROM outbox ORDER BY position")
        async with self.sessions() as session:
            rows = (await session.execute(query)).all()
        return [
            event_class(r.type).FromString(r.payload) for r in rows if not subject or r.subject == subject
        ]

    async def scalar(self, statement: str, **given: Any) -> Any:
        async with self.sessions.begin() as session:
            return await session.scalar(sa.text(statement), given)

    async def execute(self, statement: str, **given: Any) -> None:
        async with self.sessions.begin() as session:
            await session.execute(sa.text(statement), given)


@pytest.fixture
async def world(sessions: Sessions, door: Door) -> AsyncIterator[World]:
    settings = Settings(
        database_url="postgresql+asyncpg://unused",
        secret=SECRET,
        profile="local",
        self_registration="open",
        service_clients={"orders": {"secret_sha256": "ab" * 32, "scope": "customers.access"}},
    )
    listed = servicers(settings, door)
    async with grpc_server(listed, domain="customers.commis", signer=_Issuer(sessions)) as running:
        yield World(running.channel, sessions, door, as_staff("ADMIN"))


@pytest.fixture
def refused() -> type[Refused]:
    return Refused
