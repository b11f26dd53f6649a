"""Errors about care platforms and communities."""

from __future__ import annotations

from chassis.errors import AlreadyExists, NotFound, PermissionDenied


class CarePlatformNotFound(NotFound):
    """Also the answer about another platform than the caller."""

    reason = "CARE_PLATFORM_NOT_FOUND"

    def __init__(self, care_platform_id: object) -> None:
        super().__init__(f"There is no care platform {care_platform_id}.", care_platform_id=care_platform_id)


class PlatformNotActive(PermissionDenied):
    """The platform was made inactive while one of its tokens still lives."""

    reason = "PLATFORM_NOT_ACTIVE"

    def __init__(self) -> None:
        super().__init__("This care platform is not active.")


class IssuerTaken(AlreadyExists):
    reason = "ISSUER_TAKEN"

    def __init__(self) -> None:
        super().__init__("There is a care platform with this issuer already.")


class CommunityNotFound(NotFound):
    reason = "COMMUNITY_NOT_FOUND"

    def __init__(self, community_id: object) -> None:
        super().__init__(f"There is no community {community_id}.", community_id=community_id)


class ExternalIdTaken(AlreadyExists):
    reason = "EXTERNAL_ID_TAKEN"

    def __init__(self) -> None:
        super().__init__("The platform has a community with this external id already.")
