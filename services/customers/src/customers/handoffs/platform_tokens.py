"""A care platform's own token: client credentials with a signed assertion instead of a secret (RFC 7523, 2.2)."""

from __future__ import annotations

from uuid import UUID

from chassis.db import Sessions
from customers.handoffs import partner_tokens, refusals
from customers.handoffs.errors import Cause, HandoffRefused
from customers.handoffs.partner_tokens import Signer
from customers.keys.clients import ClientRefused
from customers.platforms.partner_keys import PartnerKeys

SCOPE = "assisted"
# Not the type of a hand-off: a statement that was made to hand somebody over must not get a token as well.
TYPES = (None, "JWT", "client-authentication+jwt")


async def grant(
    sessions: Sessions, keys: PartnerKeys, assertion: str, *, client_id: str, scope: str
) -> tuple[UUID, str]:
    """The platform's id and the scope of its token. Raises ClientRefused, which says no more than that; the
    cause is recorded."""
    signer: Signer | None = None
    try:
        token = partner_tokens.take_apart(assertion, TYPES)
        signer, source = await partner_tokens.signer_of(sessions, token)
        await partner_tokens.check_signature(keys, source, token)
        partner_tokens.check_frame(token, signer)
        issuer = token.claims["iss"]
        if token.claims.get("sub") != issuer or client_id not in ("", issuer):
            raise HandoffRefused(Cause.CLAIMS)
        async with sessions.begin() as session:
            await partner_tokens.accept_once(session, signer, token)
    except HandoffRefused as error:
        refused = ClientRefused()
        cause = error.metadata["cause"]
        await refusals.record(sessions, refused, signer.id if signer is not None else None, cause=cause)
        raise refused from None
    if not set(scope.split()) <= {SCOPE}:
        raise ClientRefused
    return signer.id, SCOPE
