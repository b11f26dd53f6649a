"""``python -m local.careplatform``: serve until a signal ends the process."""

from __future__ import annotations

import argparse
from pathlib import Path

import uvicorn
import uvloop

from local.careplatform.pages import CarePlatformPages
from local.careplatform.partner import Partner
from local.careplatform.signer import Signer
from local.careplatform.webhooks import Received
from local.ports import HOST


async def serve(host: str, port: int, gateway_url: str, key: Path | None) -> None:
    """Run the server until a signal ends it."""
    signer = Signer.load_or_create(key)
    config = uvicorn.Config(
        CarePlatformPages(Partner(gateway_url, signer), signer, Received()),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="off",
    )
    await uvicorn.Server(config).serve()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m local.careplatform", description="A care platform for development."
    )
    parser.add_argument("--host", default=HOST, help="the address to listen on")
    parser.add_argument("--http-port", type=int, default=8026)
    parser.add_argument("--gateway-url", default="http://127.0.0.1:8080", help="the shop's public API")
    parser.add_argument("--key", type=Path, help="where its key is kept; else only as long as it runs")
    given = parser.parse_args()
    uvloop.run(serve(given.host, given.http_port, given.gateway_url, given.key))


if __name__ == "__main__":
    main()
