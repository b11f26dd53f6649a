"""The floor: one transaction that writes the rows of one order, run by pgbench on the same PostgreSQL."""

from __future__ import annotations

import asyncio
import re
import tempfile
from pathlib import Path

import asyncpg

from local.database import programs
from local.suite import Suite

SECONDS = 8
TABLES = """
CREATE TABLE IF NOT EXISTS floor_orders (id uuid PRIMARY KEY, number bigint, account uuid, state text, total bigint,
    data jsonb, create_time timestamptz DEFAULT now());
CREATE TABLE IF NOT EXISTS floor_lines (id uuid PRIMARY KEY, order_id uuid, variant int, quantity int, total bigint);
CREATE TABLE IF NOT EXISTS floor_stock (variant int PRIMARY KEY, on_hand bigint, reserved bigint,
    CHECK (reserved <= on_hand));
CREATE TABLE IF NOT EXISTS floor_outbox (id uuid PRIMARY KEY, subject text, payload bytea, publish_time timestamptz);
CREATE SEQUENCE IF NOT EXISTS floor_numbers;
INSERT INTO floor_stock SELECT n, 1000000000, 0 FROM generate_series(1, 300) n ON CONFLICT DO NOTHING;
"""
ONE_ORDER = r"""
\set a random(1, 100)
\set b random(101, 200)
\set c random(201, 300)
BEGIN;
UPDATE floor_stock SET reserved = reserved + 1 WHERE variant = :a AND on_hand - reserved >= 1;
UPDATE floor_stock SET reserved = reserved + 1 WHERE variant = :b AND on_hand - reserved >= 1;
UPDATE floor_stock SET reserved = reserved + 1 WHERE variant = :c AND on_hand - reserved >= 1;
SELECT gen_random_uuid() AS order_id \gset
INSERT INTO floor_orders (id, number, account, state, total, data)
    VALUES (:order_id, nextval('floor_numbers'), gen_random_uuid(), 'PLACED', 12345, '{"note": "x"}');
INSERT INTO floor_lines VALUES (gen_random_uuid(), :order_id, :a, 1, 100),
    (gen_random_uuid(), :order_id, :b, 1, 100), (gen_random_uuid(), :order_id, :c, 1, 100);
INSERT INTO floor_outbox VALUES (gen_random_uuid(), 'order_placed', decode(repeat('ab', 300), 'hex'), NULL);
COMMIT;
"""


def plain(url: str) -> str:
    """A service's database address as libpq reads it."""
    return url.replace("postgresql+asyncpg://", "postgresql://")


async def measure(suite: Suite, clients: int) -> float:
    """Transactions per second at so many clients."""
    url = plain(suite.database_url("orders"))
    connection = await asyncpg.connect(url)
    await connection.execute(TABLES)
    await connection.close()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "order.sql"
        script.write_text(ONE_ORDER)
        process = await asyncio.create_subprocess_exec(
            str(programs() / "pgbench"), "-n", "-M", "prepared", "-T", str(SECONDS), "-c", str(clients), "-j", "2",
            "-f", str(script), url, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output = (await process.communicate())[0].decode()
    found = re.search(r"tps = ([\d.]+)", output)
    if found is None:
        raise SystemExit(f"pgbench failed: {output}")
    return float(found[1])


async def unpublished(suite: Suite) -> int:
    """Events that still wait in an outbox, of all services."""
    waiting = 0
    for service in suite.services:
        connection = await asyncpg.connect(plain(suite.database_url(service)))
        waiting += await connection.fetchval("SELECT count(*) FROM outbox WHERE publish_time IS NULL")
        await connection.close()
    return waiting
