"""``python -m local.payprovider``: serve until a signal ends the process."""

from __future__ import annotations

import argparse
import os

import uvicorn
import uvloop

from local.payprovider import LOCAL_KEY
from local.payprovider.pages import PayProviderPages
from local.ports import HOST


async def serve(host: str, port: int, base: str, key: str) -> None:
    """Run the server until a signal ends it."""
    config = uvicorn.Config(
        PayProviderPages(key, base),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="off",
    )
    await uvicorn.Server(config).serve()


def main() -> None:
    """Read the arguments and serve. The key comes from MOLLIE_API_KEY, so that no list of processes shows one."""
    parser = argparse.ArgumentParser(
        prog="python -m local.payprovider", description="A payment provider for development."
    )
    parser.add_argument("--host", default=HOST, help="the address to listen on")
    parser.add_argument("--http-port", type=int, default=8027)
    parser.add_argument("--public-url", default="", help="where browsers find it")
    given = parser.parse_args()
    base = given.public_url or f"http://{HOST}:{given.http_port}"
    uvloop.run(serve(given.host, given.http_port, base, os.environ.get("MOLLIE_API_KEY") or LOCAL_KEY))


if __name__ == "__main__":
    main()
