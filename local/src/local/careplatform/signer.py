"""The platform's key and what it signs; kept in a file, because partners remember the public half."""

from __future__ import annotations

import json
import os
import time
import uuid
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import OKPKey

HANDOFF_TYPE = "commis-handoff+jwt"
_ALGORITHM = "Ed25519"
_SECONDS = 120
Json = dict[str, Any]


class Signer:
    """An Ed25519 key (RFC 8037), named by its thumbprint."""

    def __init__(self, key: OKPKey) -> None:
        self._key = key
        self.kid = key.thumbprint()

    @classmethod
    def load_or_create(cls, path: Path | None) -> Signer:
        """From the file, or a new one, written there with mode 0600; only in memory without a path."""
        if path is not None and path.exists():
            return cls(OKPKey.import_key(json.loads(path.read_text())))
        key = OKPKey.generate_key("Ed25519")
        if path is not None:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(key.as_dict(private=True), file)
        return cls(key)

    def jwks(self) -> Json:
        """The public half (RFC 7517)."""
        return {"keys": [self._key.as_dict(private=False) | {"kid": self.kid, "use": "sig"}]}

    def handoff(self, platform: Json, worker: Json, client: Json, communities: Json) -> str:
        """The signed statement: this care worker is to order for this client of that community."""
        external_id = client["profile"]["community"]
        claims = {
            "iss": platform["issuer"],
            "aud": platform["audience"],
            "sub": client["sub"],
            "act": {name: worker[name] for name in ("sub", "name", "language")},
            "community": {"id": external_id, "name": communities[external_id]},
            "communities": worker["communities"],
            "client": client["profile"],
            "return_address": platform["return_addresses"][0],
        }
        return self.sign(claims, HANDOFF_TYPE)

    def credentials(self, platform: Json) -> str:
        """Who asks for a token: the platform itself (RFC 7523 section 3)."""
        issuer = platform["issuer"]
        return self.sign({"iss": issuer, "sub": issuer, "aud": platform["audience"]}, "JWT")

    def sign(self, claims: Json, kind: str) -> str:
        """A compact JWS with its own id, valid for two minutes."""
        now = int(time.time())
        header = {"alg": _ALGORITHM, "typ": kind, "kid": self.kid}
        times = {"iat": now, "exp": now + _SECONDS, "jti": str(uuid.uuid4())}
        return jwt.encode(header, times | claims, self._key, algorithms=[_ALGORITHM])
