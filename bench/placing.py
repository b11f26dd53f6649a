"""Placing a 3-line order through the gateway at 1, 8 and 32 clients, beside a floor measured in the same run.

``python bench/placing.py [--seconds 20] [--json FILE]`` starts the whole suite on free ports in a temporary folder,
makes a small world through the public API, and lets each client create a draft of three lines and place it, over
and over, as a rep for the own customers. Reported per number of clients: orders/s over the run **including** the time
until every event was consumed and every mail was delivered, latencies of creating and of placing, CPU milliseconds
per order by process, memory by process. The floor is ``pgbench`` writing the rows of one order in one transaction on
the same server.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import floor, processes
from bench.http_client import Connection
from local.ports import Ports
from local.suite import Suite
from tests.world import World, build

GOAL_ORDERS_PER_SECOND = 120


def percentile(values: list[float], share: float) -> float:
    """The value below which ``share`` of the sorted values lie, in milliseconds."""
    ordered = sorted(values)
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def client(
    world: World, token: str, until: float, seen: dict[str, list[float]], dice: random.Random
) -> None:
    """One client: draft, place, again; a refusal ends the benchmark, since none is expected."""
    connection = Connection(world.api.base_url, token)
    while time.monotonic() < until:
        lines = [{"sku": sku, "quantity": dice.randint(1, 3)} for sku in dice.sample(world.skus, 3)]
        body = {
            "lines": lines,
            "shipping_method": "STANDARD",
            "payment_method": "PAY_LATER",
            "order_reference": "B",
        }
        begin = time.perf_counter()
        status, answer = await connection.request("POST", "/v1/orders", body)
        if status != 201:
            raise SystemExit(f"creating was refused: {status} {answer[:500]!r}")
        created = time.perf_counter()
        order = json.loads(answer)
        key = f"Idempotency-Key: {uuid.uuid4()}\r\n"
        status, answer = await connection.request("POST", f"/v1/orders/{order['id']}:place", world.terms, key)
        if status != 200:
            raise SystemExit(f"placing was refused: {status} {answer[:500]!r}")
        placed = time.perf_counter()
        seen["create"].append(created - begin)
        seen["place"].append(placed - created)
        seen["both"].append(placed - begin)
    await connection.close()


async def drained(world: World, suite: Suite, mails: int) -> None:
    """Wait until all mails arrived and no outbox holds anything."""
    while True:
        stats = (await world.mailbox._client.get("/stats")).json()
        if stats["received"] >= mails and not await floor.unpublished(suite):
            return
        await asyncio.sleep(0.05)


async def measure(world: World, suite: Suite, clients: int, seconds: float) -> dict[str, Any]:
    """One row of the report."""
    sessions = [await world.ordering(account) for account in world.accounts]
    seen: dict[str, list[float]] = {"create": [], "place": [], "both": []}
    received = (await world.mailbox._client.get("/stats")).json()["received"]
    before = processes.sample(suite)
    begin = time.monotonic()
    tokens = itertools.cycle(session.token for session in sessions)
    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(client(world, next(tokens), begin + seconds, seen, random.Random(number)))
    busy = time.monotonic() - begin
    orders = len(seen["both"])
    await drained(world, suite, received + 2 * orders)
    total = time.monotonic() - begin
    after = processes.sample(suite)
    cpu = {name: 1000 * (after[name].cpu - before[name].cpu) / orders for name in after}
    return {
        "clients": clients,
        "orders": orders,
        "orders_per_second": orders / total,
        "orders_per_second_while_busy": orders / busy,
        "drain_seconds": total - busy,
        "latency_ms": {
            name: {"p50": percentile(values, 0.5), "p95": percentile(values, 0.95), "p99": percentile(values, 0.99),
                   "mean": 1000 * statistics.fmean(values)}
            for name, values in seen.items()
        },
        "cpu_ms_per_order": cpu | {"all": sum(cpu.values())},
        "memory_mib": {name: after[name].memory / 2**20 for name in after},
    }  # fmt: skip


def show(row: dict[str, Any], floor_rate: float) -> None:
    """One row for people."""
    print(f"\n{row['clients']} client(s): {row['orders']} orders, {row['orders_per_second']:.1f} orders/s "
          f"(mails and events drained; {row['orders_per_second_while_busy']:.1f} while busy, drain "
          f"{row['drain_seconds']:.1f} s), floor/ours {floor_rate / row['orders_per_second']:.1f}")  # fmt: skip
    for name, values in row["latency_ms"].items():
        print(f"  {name:7} " + "  ".join(f"{key} {value:7.1f} ms" for key, value in values.items()))
    for title, values, unit in (
        ("CPU per order", row["cpu_ms_per_order"], "ms"),
        ("memory", row["memory_mib"], "MiB"),
    ):
        print(
            f"  {title}: " + ", ".join(f"{name} {value:.2f}" for name, value in values.items()) + f" {unit}"
        )


async def main() -> None:
    """Start, measure, report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20, help="length of each run")
    parser.add_argument("--warm-up", type=float, default=15, help="seconds before the first run")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--json", type=Path, help="also write the report here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="commis-bench-") as folder:
        suite = Suite(Path(folder), ports=Ports.free(), say=print)
        suite.env["gateway"]["GATEWAY_RATE_LIMIT_PER_MINUTE"] = "10000000"
        async with suite:
            admin = ("admin@commis.example", suite.secrets.admin_password)
            world = await build(
                suite.gateway_url, suite.mailbox_url, admin, variants=300, stock=10**7, accounts=32
            )
            await measure(world, suite, 32, options.warm_up)
            report: dict[str, Any] = {"rows": []}
            for clients in options.clients:
                report["floor_tps"] = await floor.measure(suite, clients)
                row = await measure(world, suite, clients, options.seconds)
                print(f"\nfloor, pgbench with {clients} client(s): {report['floor_tps']:.0f} transactions/s")
                show(row, report["floor_tps"])
                report["rows"].append(row | {"floor_tps": report["floor_tps"]})
            await world.mailbox.close()
            await world.api.close()
    if options.json:
        options.json.write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    asyncio.run(main())
