"""/openapi.json and /docs, which works without the internet: Swagger UI comes from an installed package."""

from __future__ import annotations

from importlib import resources
from typing import Any

import orjson

from gateway.endpoint import JSON, reply
from gateway.exchange import Scope

_PAGE = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Commis API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START = b"""SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
  docExpansion: "none",
});
"""
# Swagger UI sets style attributes and uses data: pictures; scripts come from here alone.
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    b"connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HTML, _CSS, _SCRIPT = (
    b"text/html; charset=utf-8",
    b"text/css; charset=utf-8",
    b"text/javascript; charset=utf-8",
)


class Static:
    """A fixed answer."""

    def __init__(self, name: str, kind: bytes, content: bytes) -> None:
        self.name = name
        self._kind = kind
        self._content = content

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        headers = [
            (b"content-type", self._kind),
            (b"cache-control", b"public, max-age=300"),
            (b"content-security-policy", _POLICY),
        ]
        await reply(send, 200, headers, self._content)


def pages(document: dict[str, Any]) -> dict[str, Static]:
    """Path -> endpoint."""
    assets = resources.files("fastapi_offline") / "static"
    css = (assets / "swagger-ui.css").read_bytes()
    script = (assets / "swagger-ui-bundle.js").read_bytes()
    return {
        "/openapi.json": Static("openapi", JSON, orjson.dumps(document)),
        "/docs": Static("docs", _HTML, _PAGE),
        "/docs/start.js": Static("docs", _SCRIPT, _START),
        "/docs/swagger-ui.css": Static("docs", _CSS, css),
        "/docs/swagger-ui-bundle.js": Static("docs", _SCRIPT, script),
    }
