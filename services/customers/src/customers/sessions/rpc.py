"""SessionService: signing in and out, refreshing, identities, ordering sessions, passwords."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.customers.v1 import accounts_pb2, sessions_pb2_grpc
from commis.customers.v1 import sessions_pb2 as pb

from chassis import access, context, fields
from chassis.access import Rule
from chassis.context import Principal
from chassis.errors import Violations
from customers import transactions
from customers.accounts import queries as account_queries
from customers.accounts import wire as account_wire
from customers.attribution import channel, party_kind
from customers.people import passwords
from customers.people import use_cases as people
from customers.sessions import tickets, use_cases
from customers.sessions.identities import Acting, Assisted, Identity, Party
from customers.sessions.use_cases import Door, Opened


class SessionServicer(sessions_pb2_grpc.SessionServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "SignIn": access.PUBLIC,
        "RefreshSession": access.PUBLIC,
        "SignOut": access.anyone_signed_in(),
        "ChooseIdentity": access.anyone_signed_in(),
        "OpenOrderingSession": access.reps(),
        "RequestPasswordReset": access.PUBLIC,
        "SetPassword": access.PUBLIC,
        "GetSession": access.anyone_signed_in(),
        "CreateFeedTicket": access.any_of(access.accounts(), access.reps(), access.staff()),
        "RedeemFeedTicket": access.PUBLIC,
    }

    def __init__(self, door: Door) -> None:
        self._door = door

    async def SignIn(self, request: pb.SignInRequest, context: Any) -> pb.SignInResponse:
        found = Violations()
        email = fields.text(found, "email", request.email, required=True, max_length=320)
        password = _password(found, request.password)
        found.raise_if_any()
        opened = await use_cases.sign_in(self._door, email, password)
        return pb.SignInResponse(
            tokens=tokens_answer(opened),
            session=session_answer(opened.acting),
            identities=map(_identity, opened.identities),
        )

    async def RefreshSession(
        self, request: pb.RefreshSessionRequest, context: Any
    ) -> pb.RefreshSessionResponse:
        found = Violations()
        token = fields.text(found, "refresh_token", request.refresh_token, required=True)
        found.raise_if_any()
        opened = await use_cases.refresh_session(self._door, token)
        return pb.RefreshSessionResponse(tokens=tokens_answer(opened), session=session_answer(opened.acting))

    async def SignOut(self, request: pb.SignOutRequest, context: Any) -> pb.SignOutResponse:
        await use_cases.sign_out(self._door, _caller())
        return pb.SignOutResponse()

    async def ChooseIdentity(
        self, request: pb.ChooseIdentityRequest, context: Any
    ) -> pb.ChooseIdentityResponse:
        found = Violations()
        identity_id = fields.identifier(found, "identity_id", request.identity_id)
        found.raise_if_any()
        assert identity_id is not None
        opened = await use_cases.choose_identity(self._door, _caller(), identity_id)
        return pb.ChooseIdentityResponse(tokens=tokens_answer(opened), session=session_answer(opened.acting))

    async def OpenOrderingSession(
        self, request: pb.OpenOrderingSessionRequest, context: Any
    ) -> pb.OpenOrderingSessionResponse:
        found = Violations()
        account_id = fields.identifier(found, "account_id", request.account_id)
        found.raise_if_any()
        assert account_id is not None
        who = _caller()
        opened = await use_cases.open_ordering_session(self._door, who, account_id)
        async with self._door.sessions() as session:
            view = await account_queries.get_account(session, who, account_id)
        account: accounts_pb2.Account = account_wire.answer(view, for_staff=False)
        return pb.OpenOrderingSessionResponse(
            tokens=tokens_answer(opened), session=session_answer(opened.acting), account=account
        )

    async def RequestPasswordReset(
        self, request: pb.RequestPasswordResetRequest, context: Any
    ) -> pb.RequestPasswordResetResponse:
        found = Violations()
        email = fields.text(found, "email", request.email, required=True, max_length=320)
        found.raise_if_any()
        await people.request_password_reset(self._door.sessions, self._door.throttle, email)
        return pb.RequestPasswordResetResponse()

    async def SetPassword(self, request: pb.SetPasswordRequest, context: Any) -> pb.SetPasswordResponse:
        found = Violations()
        token = fields.text(found, "token", request.token, required=True)
        password = _password(found, request.password)
        found.raise_if_any()
        door = self._door
        await people.set_password(door.sessions, door.vault, door.hashes, door.throttle, token, password)
        return pb.SetPasswordResponse()

    async def GetSession(self, request: pb.GetSessionRequest, context: Any) -> pb.GetSessionResponse:
        async with transactions.reading(self._door.sessions) as (session, who):
            acting, choices = await use_cases.list_identities(session, who)
        said = session_answer(acting) if acting is not None else _of_token(who)
        return pb.GetSessionResponse(session=said, identities=map(_identity, choices))

    async def CreateFeedTicket(
        self, request: pb.CreateFeedTicketRequest, context: Any
    ) -> pb.CreateFeedTicketResponse:
        ticket, expire_time = await tickets.create_ticket(self._door, _caller())
        answer = pb.CreateFeedTicketResponse(ticket=ticket)
        answer.expire_time.FromDatetime(expire_time)
        return answer

    async def RedeemFeedTicket(
        self, request: pb.RedeemFeedTicketRequest, context: Any
    ) -> pb.RedeemFeedTicketResponse:
        found = Violations()
        ticket = fields.text(found, "ticket", request.ticket, required=True, max_length=100)
        found.raise_if_any()
        token, expire_time = await tickets.redeem_ticket(self._door, ticket)
        answer = pb.RedeemFeedTicketResponse(access_token=token)
        answer.expire_time.FromDatetime(expire_time)
        return answer


def _caller() -> Principal:
    return context.principal()


def _password(found: Violations, value: str) -> str:
    """As typed: spaces at its ends belong to it. The limit keeps a huge text from being hashed."""
    if not value:
        found.add("password", "is required", "REQUIRED")
    elif len(value) > 4 * passwords.MAX_LENGTH:
        found.add("password", f"must have at most {passwords.MAX_LENGTH} characters", "TOO_LONG")
    return value


def tokens_answer(opened: Opened) -> pb.Tokens:
    tokens = pb.Tokens(access_token=opened.access_token, refresh_token=opened.refresh.token)
    tokens.access_expire_time.FromDatetime(opened.access_expire_time)
    tokens.refresh_expire_time.FromDatetime(opened.refresh.expire_time)
    return tokens


def session_answer(acting: Acting) -> pb.Session:
    session = pb.Session(channel=channel(acting.channel), roles=acting.roles)
    _party(session.subject, acting.subject)
    if acting.actor is not None:
        _party(session.actor, acting.actor)
    session.membership_role = _role(acting.membership_role)
    if acting.assisted is not None:
        _assisted(session.assisted, acting, acting.assisted)
    return session


def _assisted(said: pb.AssistedSession, acting: Acting, assisted: Assisted) -> None:
    said.platform_id, said.platform_name = str(assisted.platform_id), assisted.platform_name
    said.community_id, said.community_name = str(assisted.community_id), assisted.community_name
    said.client_name = acting.subject.display_name
    said.care_worker_name = acting.actor.display_name if acting.actor is not None else ""
    said.language_code = assisted.language_code
    said.return_address = assisted.return_address
    said.expire_time.FromDatetime(assisted.expire_time)


def _of_token(who: Principal) -> pb.Session:
    """What the token alone says: a service, or a session this database does not know."""
    session = pb.Session(channel=channel(who.channel), roles=sorted(who.roles))
    session.subject.kind = party_kind(who.kind)
    session.subject.id = str(who.subject)
    if who.actor_id is not None:
        session.actor.kind = party_kind(who.actor_kind or "")
        session.actor.id = who.actor_id
    session.membership_role = _role(who.membership_role)
    return session


def _role(name: str) -> accounts_pb2.Person.Role.ValueType:
    return accounts_pb2.Person.Role.Value(f"ROLE_{name}" if name else "ROLE_UNSPECIFIED")


def _party(pb_party: Any, party: Party) -> None:
    pb_party.kind = party_kind(party.kind)
    pb_party.id = str(party.id)
    pb_party.display_name = party.display_name


def _identity(identity: Identity) -> pb.Identity:
    return pb.Identity(
        id=str(identity.id), kind=party_kind(identity.kind), display_name=identity.display_name
    )
