"""Care platforms, their communities and clients, and the back channel of the hand-off.

The front channel, a form that a browser posts, is in `gateway.handoff`.
"""

from gateway.operation import Body, Routes
from gateway.query import Query
from gateway.routes.sessions import TOKENS

_platforms = Routes("customers.v1.CarePlatformService", "Care platforms")
_handoffs = Routes("customers.v1.HandoffService", "Hand-offs")
_MISSING = "CARE_PLATFORM_NOT_FOUND"
_OF_PLATFORM = Query("platform_id", description="Staff name the platform; a platform sees its own.")
HANDOFF_BYTES = 20 * 1024  # an assertion has at most 16 KiB

OPERATIONS = (
    _handoffs.post(
        "/v1/handoffs",
        "CreateHandoff",
        "Hand a care worker over",
        description="The back channel: a platform posts its signed statement and sends the care worker's "
        "browser to the one-time address in the answer, which is valid for 60 seconds and one exchange. "
        "The signature is the proof; no other credentials are needed.",
        body=Body(),
        status=201,
        public=True,
        max_body_bytes=HANDOFF_BYTES,
        errors="HANDOFF_REFUSED HANDOFF_NOT_ALLOWED CLIENT_IDENTITY_CHANGED INVALID_FIELDS",
    ),
    _handoffs.post(
        "/v1/handoffs:exchange",
        "ExchangeHandoff",
        "Exchange a one-time code for an assisted session",
        description="The storefront finds the code in the fragment of the address that it was opened with. "
        "`session.assisted` names client, community and care worker for the bar at the top.",
        body=Body(),
        answer=TOKENS,
        public=True,
        errors="HANDOFF_CODE_REFUSED",
    ),
    _platforms.post(
        "/v1/care-platforms",
        "CreateCarePlatform",
        "Register a care platform",
        body=Body("care_platform", without=("active",)),
        status=201,
        location="/v1/care-platforms/{id}",
        errors="INVALID_FIELDS ISSUER_TAKEN",
    ),
    _platforms.get("/v1/care-platforms", "ListCarePlatforms", "List care platforms"),
    _platforms.get(
        "/v1/care-platforms/{care_platform_id:id}", "GetCarePlatform", "Get a care platform", errors=_MISSING
    ),
    _platforms.patch(
        "/v1/care-platforms/{care_platform_id:id}",
        "UpdateCarePlatform",
        "care_platform",
        "Change a care platform",
        description="Making it inactive ends all its assisted sessions at once.",
        errors=_MISSING + " ETAG_MISMATCH INVALID_FIELDS ISSUER_TAKEN",
    ),
    _platforms.post(
        "/v1/communities",
        "CreateCommunity",
        "Register a community",
        description="A residence or home-care organisation on a care platform.",
        body=Body("community", without=("active",)),
        status=201,
        errors=_MISSING + " INVALID_FIELDS EXTERNAL_ID_TAKEN",
    ),
    _platforms.get("/v1/communities", "ListCommunities", "List communities", query=(_OF_PLATFORM,)),
    _platforms.patch(
        "/v1/communities/{community_id:id}",
        "UpdateCommunity",
        "community",
        "Change a community",
        description="Making it inactive ends its assisted sessions at once.",
        without=("platform_id", "external_id"),
        errors="COMMUNITY_NOT_FOUND ETAG_MISMATCH INVALID_FIELDS",
    ),
    _platforms.put(
        "/v1/accounts/{account_id:id}/client-terms",
        "UpdateClient",
        "Set what was agreed for one client",
        description="Replaces the payment methods of the community; none: the community's again.",
        body=Body(),
        status=204,
        errors="ACCOUNT_NOT_FOUND INVALID_FIELDS",
    ),
    _platforms.post(
        "/v1/clients:close",
        "CloseClient",
        "Say that a client left",
        description="Open assisted sessions for the client end and no order can be placed for it any more. A "
        "later hand-off with the same external id makes a new account.",
        body=Body(),
        status=204,
        errors="CLIENT_NOT_FOUND INVALID_FIELDS",
    ),
    _platforms.post(
        "/v1/assisted-sessions:end",
        "EndAssistedSessions",
        "End the sessions of a care worker",
        description="The platform takes its word back: all open sessions of that care worker end at once.",
        body=Body(),
        errors="INVALID_FIELDS",
    ),
    _platforms.get(
        "/v1/handoff-refusals",
        "ListHandoffRefusals",
        "List refused hand-offs",
        description="Newest first, without personal data.",
        query=(_OF_PLATFORM,),
    ),
)
