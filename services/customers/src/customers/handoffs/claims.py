"""The claims of a hand-off: who, for whom, in which community. Checked after the signature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chassis import fields
from chassis.errors import Violations
from customers.handoffs.errors import Cause, Denial, HandoffNotAllowed, HandoffRefused
from customers.handoffs.partner_tokens import MAX_ID, Signer
from customers.people import wire as people_wire

TYPE = "commis-handoff+jwt"
WILDCARD = "*"
MAX_COMMUNITIES = 500
_MAX_ADDRESS = 500


@dataclass(frozen=True, slots=True)
class CareWorkerClaim:
    subject: str
    display_name: str
    language: str


@dataclass(frozen=True, slots=True)
class HandoffClaims:
    """`client` is the profile as it was sent, checked by profile.read; `return_address` is a registered one."""

    client_id: str
    care_worker: CareWorkerClaim
    community_id: str
    communities: tuple[str, ...]
    client_community: str
    client: dict[str, Any]
    return_address: str


def return_address(claims: dict[str, Any], signer: Signer) -> str:
    """Where a browser may be sent back to, whatever else is wrong; "" when nothing registered was named."""
    wanted = claims.get("return_address")
    return wanted if isinstance(wanted, str) and wanted in signer.return_addresses else ""


def read(claims: dict[str, Any], signer: Signer) -> HandoffClaims:
    """Raises HandoffRefused (CLAIMS, with a violation for each), HandoffNotAllowed."""
    found = Violations()
    actor, community = _object(found, claims, "act"), _object(found, claims, "community")
    client = _object(found, claims, "client")
    read_claims = HandoffClaims(
        client_id=_identifier(found, "sub", claims.get("sub")),
        care_worker=CareWorkerClaim(
            subject=_identifier(found, "act.sub", actor.get("sub")),
            display_name=_name(found, "act.name", actor.get("name")),
            language=_optional(found, "act.language", actor.get("language")),
        ),
        community_id=_identifier(found, "community.id", community.get("id")),
        communities=_communities(found, claims.get("communities")),
        client_community=_identifier(found, "client.community", client.get("community")),
        client=client,
        return_address=_optional(found, "return_address", claims.get("return_address")),
    )
    if found:
        raise HandoffRefused(Cause.CLAIMS, found)
    _check_reach(read_claims, signer)
    return read_claims


def _check_reach(said: HandoffClaims, signer: Signer) -> None:
    """A care worker orders for communities that the platform names one by one: "all of them" is no answer."""
    if said.return_address and said.return_address not in signer.return_addresses:
        raise HandoffNotAllowed(Denial.RETURN_ADDRESS)
    if WILDCARD in said.communities or said.community_id not in said.communities:
        raise HandoffNotAllowed(Denial.COMMUNITY)
    if said.client_community != said.community_id:
        raise HandoffNotAllowed(Denial.CLIENT_NOT_IN_COMMUNITY)


def _object(found: Violations, claims: dict[str, Any], name: str) -> dict[str, Any]:
    value = claims.get(name)
    if isinstance(value, dict):
        return value
    found.add(name, "must be an object", "REQUIRED" if value is None else "INVALID")
    return {}


def string(found: Violations, field: str, value: Any) -> str:
    """A claim that must be a string; None is an absent one."""
    if value is None or isinstance(value, str):
        return value or ""
    found.add(field, "must be a string")
    return ""


def _identifier(found: Violations, field: str, value: Any) -> str:
    """Opaque and compared as it is, so it is not trimmed; at most 200 characters."""
    text = string(found, field, value)
    clean = people_wire.line(found, field, text, max_length=MAX_ID)
    if clean != text and not any(one.field == field for one in found):
        found.add(field, "must not begin or end with white space, nor hold decomposed characters")
    if value is None or value == "":
        found.add(field, "is required", "REQUIRED")
    return clean


def _name(found: Violations, field: str, value: Any) -> str:
    text = string(found, field, value)
    if value is not None and not isinstance(value, str):
        return ""
    return people_wire.line(found, field, text, required=True, max_length=200)


def _optional(found: Violations, field: str, value: Any) -> str:
    return people_wire.line(found, field, string(found, field, value), max_length=_MAX_ADDRESS)


def _communities(found: Violations, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        found.add("communities", "must be a list", "REQUIRED" if value is None else "INVALID")
        return ()
    if len(value) > MAX_COMMUNITIES:
        found.add("communities", f"must have at most {MAX_COMMUNITIES} ids", "TOO_LONG")
        return ()
    return tuple(_identifier(found, f"communities[{index}]", one) for index, one in enumerate(value))


def language(tag: str, otherwise: str) -> str:
    """The language of a tag such as "nl-BE" (RFC 5646), if we speak it."""
    primary = tag.split("-", 1)[0].lower()
    return primary if primary in fields.LANGUAGES else otherwise
