"""What 50 sign-ins at once do to everybody else: p95 of another endpoint, quiet and during the storm.

    python -m bench.sign_in [--seconds 10] [--storm 50]

A sign-in costs about 50 ms of one processor by design (Argon2id); it must not cost the others their answer. The
last line is the ratio of the two p95.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.http_client import Connection
from local.ports import Ports
from local.secrets_file import ADMIN_EMAIL
from local.suite import Suite
from tests.api import Api, sign_in


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def watch(url: str, token: str, seconds: float) -> list[float]:
    """Times of GET /v1/accounts, one after another, in seconds."""
    connection = Connection(url, token)
    times: list[float] = []
    end = time.perf_counter() + seconds
    while (begin := time.perf_counter()) < end:
        status, body = await connection.request("GET", "/v1/accounts?page_size=1")
        if status != 200:
            raise SystemExit(f"GET /v1/accounts answered {status}: {body[:300]!r}")
        times.append(time.perf_counter() - begin)
    await connection.close()
    return times


async def storm(url: str, password: str, clients: int, until: asyncio.Event) -> tuple[int, int]:
    """So many clients sign in again and again; answers how many came in and how many were asked to wait."""
    counts = {200: 0, 429: 0}

    async def one() -> None:
        connection = Connection(url, "")
        while not until.is_set():
            body = {"email": ADMIN_EMAIL, "password": password}
            status, answer = await connection.request("POST", "/v1/sign-in", body)
            if status not in counts:
                raise SystemExit(f"POST /v1/sign-in answered {status}: {answer[:300]!r}")
            counts[status] += 1
        await connection.close()

    await asyncio.gather(*(one() for _ in range(clients)))
    return counts[200], counts[429]


async def measure(seconds: float, clients: int) -> None:
    with tempfile.TemporaryDirectory(prefix="commis-bench-", ignore_cleanup_errors=True) as folder:
        suite = Suite(Path(folder), ports=Ports.free())
        suite.env["gateway"]["GATEWAY_RATE_LIMIT_PER_MINUTE"] = "0"
        async with suite:
            api = Api(suite.gateway_url)
            password = suite.secrets.admin_password
            token = (await sign_in(api, ADMIN_EMAIL, password)).token
            await watch(suite.gateway_url, token, 2)
            quiet = await watch(suite.gateway_url, token, seconds)
            until = asyncio.Event()
            rush = asyncio.create_task(storm(suite.gateway_url, password, clients, until))
            await asyncio.sleep(1)
            busy = await watch(suite.gateway_url, token, seconds)
            until.set()
            came, waited = await rush
            await api.close()
    show("quiet", quiet)
    show(f"{clients} sign-ins at once", busy)
    print(f"sign-ins: {came} answered 200, {waited} answered 429 (try again)")
    print(f"ratio of the p95: {percentile(busy, 0.95) / percentile(quiet, 0.95):.1f}")


def show(name: str, times: list[float]) -> None:
    p50, p95 = (percentile(times, share) * 1000 for share in (0.5, 0.95))
    print(f"{name:<22} GET /v1/accounts  p50 {p50:6.1f} ms  p95 {p95:6.1f} ms  {len(times)} requests")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--storm", type=int, default=50, help="clients that sign in at once")
    given = parser.parse_args()
    asyncio.run(measure(given.seconds, given.storm))
