"""Who asks, on whose behalf, with which correlation: bound per request."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID

from chassis.errors import Unauthenticated


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified access token. `kind`: what `subject` is (ACCOUNT, STAFF, SERVICE ...); `actor_*` from `act`;
    `details`: what else the issuer says about the session, from the claim `ctx`."""

    subject: UUID | str
    kind: str
    actor_id: str | None = None
    actor_kind: str | None = None
    channel: str = ""
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    session_id: str = ""
    membership_role: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    token: str = ""

    @property
    def acts_for_account(self) -> UUID | None:
        """The account this principal acts for, else None."""
        return self.subject if self.kind == "ACCOUNT" and isinstance(self.subject, UUID) else None

    @property
    def effective_actor(self) -> tuple[str, str]:
        """(kind, id) of who really acts: the person or rep behind an account, else the subject itself."""
        if self.actor_id is not None and self.actor_kind is not None:
            return self.actor_kind, self.actor_id
        return self.kind, str(self.subject)


@dataclass(frozen=True, slots=True)
class Request:
    """`deadline` in time.monotonic() seconds; `service` is the calling service, if one vouched for itself."""

    request_id: str
    principal: Principal | None = None
    service: Principal | None = None
    peer: str = ""
    traceparent: str = ""
    deadline: float | None = None

    def remaining(self) -> float | None:
        return None if self.deadline is None else self.deadline - time.monotonic()


_NONE = Request(request_id="")
_current: ContextVar[Request] = ContextVar("commis_request", default=_NONE)


def current() -> Request:
    """The bound request; an empty one outside of any."""
    return _current.get()


@contextmanager
def bind(request: Request) -> Iterator[Request]:
    token = _current.set(request)
    try:
        yield request
    finally:
        _current.reset(token)


def enter(request: Request) -> None:
    """Bind for the rest of the current task (cheaper than `bind` where the task ends with the request)."""
    _current.set(request)


def principal() -> Principal:
    """Raises Unauthenticated when nobody signed in."""
    found = _current.get().principal
    if found is None:
        raise Unauthenticated("This needs an access token.")
    return found
