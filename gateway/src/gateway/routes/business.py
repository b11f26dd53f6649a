"""Business profiles: asked for by customers, decided by staff, removed by the account's administrators."""

from gateway.answers import Whole
from gateway.operation import Body, Routes
from gateway.query import Query

_business = Routes("customers.v1.BusinessProfileService", "Business requests")
_ONE = "/v1/business-requests/{business_request_id:id}"
_MISSING = "BUSINESS_REQUEST_NOT_FOUND"
_DECIDED = _MISSING + " BUSINESS_REQUEST_STATE ETAG_MISMATCH"
_REQUEST = """\
A visitor names a person and gets a consumer account with this request; the answer is the same whether the
address is known or not, the rest comes by mail. A signed-in account asks for itself, leaves the person empty
and is answered the request. Nothing of a business works before it is approved."""

OPERATIONS = (
    _business.post(
        "/v1/business-requests",
        "RequestBusinessProfile",
        "Ask for a business profile",
        description=_REQUEST,
        body=Body(),
        answer=Whole(),
        status=202,
        public=True,
        signed_in_too=True,
        errors="REGISTRATION_CLOSED INVALID_FIELDS BUSINESS_PROFILE_EXISTS",
    ),
    _business.get(
        "/v1/business-requests",
        "ListBusinessRequests",
        "List business requests",
        description="Those that wait for the vendor unless a state is named, the oldest first.",
        query=(Query("state"),),
    ),
    _business.get(
        _ONE,
        "GetBusinessRequest",
        "Get a business request",
        description="With everything that was written about it.",
        errors=_MISSING,
    ),
    _business.post(
        _ONE + ":approve",
        "ApproveBusinessRequest",
        "Approve a business request",
        description="The profile is in force at once; the customer gets a mail.",
        body=Body(),
        errors=_DECIDED,
    ),
    _business.post(
        _ONE + ":reject",
        "RejectBusinessRequest",
        "Reject a business request",
        description="The customer gets a mail, with the message if there is one.",
        body=Body(),
        errors=_DECIDED + " INVALID_FIELDS",
    ),
    _business.post(
        _ONE + ":ask",
        "AskBusinessRequest",
        "Ask the customer for what is missing",
        description="The message is mailed and kept.",
        body=Body(),
        errors=_DECIDED + " INVALID_FIELDS",
    ),
    _business.post(
        _ONE + ":answer",
        "AnswerBusinessRequest",
        "Answer the vendor's question",
        description="And correct the profile with it, when one is given.",
        body=Body(),
        errors=_DECIDED + " INVALID_FIELDS",
    ),
    _business.delete(
        "/v1/accounts/{account_id:id}/business-profile",
        "RemoveBusinessProfile",
        "Remove the business layer of an account",
        description="Business functions stop at once, also in open sessions; memberships of others end and "
        "business data is erased. The personal account, its sign-in, its orders and fiscal documents stay. "
        "Answers a receipt of what was erased and kept, which is mailed too.",
        errors="ACCOUNT_NOT_FOUND BUSINESS_PROFILE_NOT_FOUND ETAG_MISMATCH",
    ),
)
