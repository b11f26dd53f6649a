"""Who acts for whom, who pays, through which community, and who agreed."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from uuid import UUID

from chassis.money import Money


@dataclass(frozen=True, slots=True)
class Party:
    """`kind` as in commis.common.v1.PartyKind without its prefix; `name` as it was at that time."""

    kind: str
    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Assistance:
    """Through which community a care worker ordered. `*_external_id` and `care_worker_subject` are the platform's own
    ids, `session_id` the assisted session. The care worker's id with us is the actor's."""

    platform_id: UUID
    community_id: UUID
    community_external_id: str
    care_worker_subject: str
    client_external_id: str
    session_id: str


@dataclass(frozen=True, slots=True)
class Parties:
    """The four parties of an order; frozen when it is placed. `approver`: with spending control."""

    actor: Party
    customer: Party
    payer: Party
    channel: str
    rep_code: str = ""
    assistance: Assistance | None = None
    community_name: str = ""
    approver: Party | None = None


@dataclass(frozen=True, slots=True)
class Spender:
    """A user who agreed to a shared order under spending control. `limit`: as it was then, tax included; None: every
    order waits for an administrator."""

    party: Party
    limit: Money | None

    def allowance(self, currency: str) -> int:
        """Up to which total the user is free, in minor units; -1 when no total is low enough."""
        return self.limit.minor if self.limit is not None and self.limit.currency == currency else -1


@dataclass(frozen=True, slots=True)
class Approval:
    """A user asked to place the order and an administrator has to agree. `digest` is of the exact content that was
    asked for; `terms_*` is what the user accepted. `decided_by` stays empty when the request ended by itself."""

    requested_by: Party
    request_time: datetime.datetime
    digest: str
    terms_version: str
    terms_hash: str
    decided_by: Party | None = None
    decide_time: datetime.datetime | None = None
    reason: str = ""
