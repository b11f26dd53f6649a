"""Care platforms and communities between the wire and the service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from commis.customers.v1 import platforms_pb2 as pb

from chassis import etag, fields, outward
from chassis.errors import Violations
from chassis.outward import AddressRefused
from customers.people import wire as people_wire
from customers.platforms import key_sets
from customers.platforms.models import METHODS
from customers.platforms.queries import CommunityView, PlatformView

DEFAULT_MINUTES = 480
MINUTES = (5, 24 * 60)
MAX_RETURN_ADDRESSES = 20
_MAX_IDENTIFIER = 500
_MAX_EXTERNAL_ID = 200
Check = Callable[[Violations, str, Any], Any]


def token_text(
    found: Violations, field: str, value: str, *, max_length: int = _MAX_IDENTIFIER, required: bool = True
) -> str:
    """What is compared character by character: nothing in it may be invisible."""
    clean = people_wire.line(found, field, value, required=required, max_length=max_length)
    if clean != value or any(character.isspace() for character in clean):
        found.add(field, "must not contain white space or decomposed characters")
    return clean


def external_id(found: Violations, field: str, value: str) -> str:
    return token_text(found, field, value, max_length=_MAX_EXTERNAL_ID)


def payment_methods(found: Violations, field: str, given: Sequence[str]) -> list[str]:
    """Each once, in the order of `METHODS`."""
    for index, name in enumerate(given[: len(METHODS) + 1]):
        if name not in METHODS:
            found.add(f"{field}[{index}]", f"must be one of {', '.join(METHODS)}")
    if len(given) > len(METHODS):
        found.add(field, f"must have at most {len(METHODS)} methods", "TOO_LONG")
    return [name for name in METHODS if name in given]


class Checks:
    """Checks that depend on the profile: plain http is for the local one."""

    def __init__(self, *, internal_allowed: bool) -> None:
        self._internal_allowed = internal_allowed

    def platform(self, found: Violations, sent: pb.CarePlatform, paths: Sequence[str]) -> dict[str, Any]:
        """The checked values of these paths."""
        checks: dict[str, Check] = {
            "display_name": people_wire.name,
            "issuer": token_text,
            "audience": token_text,
            "jwks_uri": self._key_address,
            "jwks_json": _key_set,
            "return_addresses": self._return_addresses,
            "storefront_address": self._optional_page,
            "session_minutes": _session_minutes,
            "statistics_detail": _statistics_detail,
            "active": lambda _found, _field, value: value,
        }
        return {path: checks[path](found, f"care_platform.{path}", getattr(sent, path)) for path in paths}

    def _key_address(self, found: Violations, field: str, value: str) -> str:
        if value and token_text(found, field, value) == value:
            try:
                outward.check_address(value, internal_allowed=self._internal_allowed)
            except (AddressRefused, ValueError) as error:
                found.add(field, str(error), "ADDRESS_REFUSED")
        return value

    def _page(self, found: Violations, field: str, value: str) -> str:
        """An address that a browser is sent to; it may well lead into the platform's own network."""
        if token_text(found, field, value) == value and value:
            try:
                outward.check_address(value, internal_allowed=True)
                if not value.startswith("https://") and not self._internal_allowed:
                    raise AddressRefused("must be an https address")
            except (AddressRefused, ValueError) as error:
                found.add(field, str(error), "ADDRESS_REFUSED")
        return value

    def _optional_page(self, found: Violations, field: str, value: str) -> str:
        return self._page(found, field, value) if value else ""

    def _return_addresses(self, found: Violations, field: str, given: Sequence[str]) -> list[str]:
        if len(given) > MAX_RETURN_ADDRESSES:
            found.add(field, f"must have at most {MAX_RETURN_ADDRESSES} addresses", "TOO_LONG")
        listed = given[:MAX_RETURN_ADDRESSES]
        return [self._page(found, f"{field}[{index}]", value) for index, value in enumerate(listed)]


def _key_set(found: Violations, field: str, value: str) -> str:
    clean = fields.text(found, field, value, max_length=key_sets.MAX_BYTES)
    if clean:
        for problem in key_sets.read(clean).problems:
            found.add(field, problem.description, problem.reason)
    return clean


def _session_minutes(found: Violations, field: str, value: int) -> int:
    return fields.integer(found, field, value or DEFAULT_MINUTES, minimum=MINUTES[0], maximum=MINUTES[1])


def _statistics_detail(found: Violations, field: str, value: int) -> str:
    name = fields.enum(found, field, value, pb.StatisticsDetail, required=False)
    return name.removeprefix("STATISTICS_DETAIL_") or "TOTALS"


def _residence(found: Violations, field: str, value: str) -> Any:
    return fields.identifier(found, field, value, required=False)


def _email(found: Violations, field: str, value: str) -> str:
    return people_wire.email(found, field, value) if value else ""


def _required_methods(found: Violations, field: str, given: Sequence[str]) -> list[str]:
    if not given:
        found.add(field, "needs at least one method", "REQUIRED")
    return payment_methods(found, field, given)


_COMMUNITY: dict[str, Check] = {
    "external_id": external_id,
    "display_name": people_wire.name,
    "residence_account_id": _residence,
    "email": _email,
    "language_code": fields.language,
    "payment_methods": _required_methods,
    "active": lambda _found, _field, value: value,
}


def community(found: Violations, sent: pb.Community, paths: Sequence[str]) -> dict[str, Any]:
    """The checked values of these paths."""
    return {path: _COMMUNITY[path](found, f"community.{path}", getattr(sent, path)) for path in paths}


def platform_answer(view: PlatformView) -> pb.CarePlatform:
    built = pb.CarePlatform(
        id=str(view.id),
        display_name=view.display_name,
        issuer=view.issuer,
        audience=view.audience,
        jwks_uri=view.jwks_uri,
        jwks_json=view.jwks_json,
        return_addresses=view.return_addresses,
        storefront_address=view.storefront_address,
        session_minutes=view.session_minutes,
        statistics_detail=pb.StatisticsDetail.Value(f"STATISTICS_DETAIL_{view.statistics_detail}"),
        active=view.active,
        etag=etag.format(view.version),
    )
    built.create_time.FromDatetime(view.create_time)
    return built


def community_answer(view: CommunityView) -> pb.Community:
    built = pb.Community(
        id=str(view.id),
        platform_id=str(view.platform_id),
        external_id=view.external_id,
        display_name=view.display_name,
        residence_account_id=str(view.residence_account_id or ""),
        email=view.email,
        language_code=view.language_code,
        payment_methods=view.payment_methods,
        active=view.active,
        etag=etag.format(view.version),
    )
    built.create_time.FromDatetime(view.create_time)
    return built
