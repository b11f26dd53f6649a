"""Sign-in, sessions and passwords."""

from gateway.answers import Merged
from gateway.operation import Body, Routes

_sessions = Routes("customers.v1.SessionService", "Sessions")
# Of every answer that opens or renews a session.
TOKENS = Merged(
    "tokens",
    names={"access_expire_time": "expire_time"},
    constant={"token_type": "Bearer"},
)

OPERATIONS = (
    _sessions.post(
        "/v1/sign-in",
        "SignIn",
        "Sign in",
        description="More than one identity: choose one with `:choose-identity`; it is never guessed.",
        body=Body(),
        answer=TOKENS,
        public=True,
        errors="SIGN_IN_FAILED SIGN_IN_THROTTLED",
    ),
    _sessions.post(
        "/v1/sessions:refresh",
        "RefreshSession",
        "Renew the access token",
        description="The refresh token is used up; a token used again later ends the session everywhere.",
        body=Body(),
        answer=TOKENS,
        public=True,
        errors="REFRESH_REFUSED",
    ),
    _sessions.post("/v1/sessions:sign-out", "SignOut", "Sign out", body=Body(), status=204),
    _sessions.post(
        "/v1/sessions:choose-identity",
        "ChooseIdentity",
        "Choose whom to act as",
        body=Body(),
        answer=TOKENS,
        errors="IDENTITY_NOT_FOUND",
    ),
    _sessions.get("/v1/session", "GetSession", "Get the caller's session", answer=Merged("session")),
    _sessions.post(
        "/v1/accounts/{account_id:id}:open-session",
        "OpenOrderingSession",
        "Open an ordering session",
        description="A representative acts for one of the own accounts from here on.",
        body=Body(),
        answer=TOKENS,
        errors="ACCOUNT_NOT_FOUND ACCOUNT_NOT_ACTIVE",
    ),
    _sessions.post(
        "/v1/password-resets",
        "RequestPasswordReset",
        "Ask for a link to set a new password",
        description="Answers the same whether the address is known or not.",
        body=Body(),
        status=202,
        public=True,
    ),
    _sessions.post(
        "/v1/passwords",
        "SetPassword",
        "Set a password with a link's token",
        body=Body(),
        status=204,
        public=True,
        errors="LINK_NOT_VALID INVALID_FIELDS",
    ),
)
