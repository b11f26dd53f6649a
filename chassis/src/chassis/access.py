"""Who may call which RPC: a rule per method, checked before the request is even parsed.

Rules look at the token alone; what an object allows is decided where the object is read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chassis.context import Principal, Request
from chassis.errors import PermissionDenied, Unauthenticated

ADMIN = "ADMIN"


@dataclass(frozen=True, slots=True)
class Rule:
    """`allows` sees verified tokens, if any. One that is not valid is refused; a public rule takes it for none."""

    description: str
    allows: Callable[[Request], bool]
    public: bool = False


PUBLIC = Rule("anyone", lambda request: True, public=True)


def _principal(description: str, allows: Callable[[Principal], bool]) -> Rule:
    def check_principal(request: Request) -> bool:
        return request.principal is not None and allows(request.principal)

    return Rule(description, check_principal)


def anyone_signed_in() -> Rule:
    """People, reps, staff and internal teams alike."""
    return _principal("anyone signed in", lambda who: True)


def accounts() -> Rule:
    """Whoever acts for an account: its own people, or a rep in an ordering session."""
    return _principal("an account", lambda who: who.acts_for_account is not None)


def reps() -> Rule:
    """A rep signed in as such (not inside an account's ordering session)."""
    return _principal("a rep", lambda who: who.kind == "REP")


def of_kind(kind: str, description: str) -> Rule:
    """Whoever signed in as that kind of subject."""
    return _principal(description, lambda who: who.kind == kind)


def staff(*roles: str) -> Rule:
    """Staff with one of the roles; any staff when none is named. ADMIN may do all."""
    wanted = frozenset(roles) | {ADMIN}
    name = f"staff ({', '.join(sorted(wanted))})" if roles else "staff"
    return _principal(
        name, lambda who: who.kind == "STAFF" and (not roles or not wanted.isdisjoint(who.roles))
    )


def services(scope: str) -> Rule:
    """A calling service that vouches for itself, or an internal team's token, with this scope."""

    def check_scope(request: Request) -> bool:
        for who in (request.service, request.principal):
            if who is not None and who.kind == "SERVICE" and scope in who.scopes:
                return True
        return False

    return Rule(f"a service with scope {scope}", check_scope)


def any_of(*rules: Rule) -> Rule:
    return Rule(
        " or ".join(rule.description for rule in rules),
        lambda request: any(rule.allows(request) for rule in rules),
        public=any(rule.public for rule in rules),
    )


def check(rule: Rule, request: Request) -> None:
    """Raises Unauthenticated without any token, PermissionDenied with one that the rule does not allow."""
    if rule.public or rule.allows(request):
        return
    if request.principal is None and request.service is None:
        raise Unauthenticated("This needs an access token.")
    raise PermissionDenied(f"This needs {rule.description}.", needs=rule.description)
