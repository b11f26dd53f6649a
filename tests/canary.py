"""Where a word is found in a running installation: every table, every stream, every log."""

from __future__ import annotations

import asyncpg
import nats

from tests.stack import PARTS, SERVICES, Stack

_TABLES = """
    SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"""


async def in_databases(stack: Stack, *needles: str) -> set[str]:
    """`orders.public.orders` for each table with a row that holds a needle: as text in any case, or inside of bytes."""
    hits = set()
    patterns = [f"%{needle.lower()}%" for needle in needles]
    patterns += [f"%{needle.encode().hex()}%" for needle in needles]
    for service in SERVICES:
        connection = await asyncpg.connect(stack.database_url(service))
        try:
            for (table,) in await connection.fetch(_TABLES):
                found = f"SELECT EXISTS (SELECT FROM {table} t WHERE lower(t::text) LIKE ANY($1))"
                if await connection.fetchval(found, patterns):
                    hits.add(f"{service}.{table}")
        finally:
            await connection.close()
    return hits


async def columns(stack: Stack, service: str, table: str, *needles: str) -> set[str]:
    """The columns of one table that hold a needle."""
    connection = await asyncpg.connect(stack.database_url(service))
    try:
        rows = await connection.fetch(f"SELECT to_jsonb(t)::text AS whole, t.* FROM {table} t")
    finally:
        await connection.close()
    words = [needle.lower() for needle in needles]
    return {
        name
        for row in rows
        for name, value in row.items()
        if name != "whole" and any(word in str(value).lower() for word in words)
    }


async def in_streams(stack: Stack, *needles: str) -> tuple[set[str], int]:
    """Subjects of messages that hold a needle in payload or headers, and how many messages were looked at."""
    client = await nats.connect(stack.nats_url)
    hits, seen = set(), 0
    words = [needle.lower().encode() for needle in needles]
    try:
        js = client.jetstream()
        for info in await js.streams_info():
            name = info.config.name or ""
            for sequence in range(max(1, info.state.first_seq), info.state.last_seq + 1):
                message = await js.get_msg(name, sequence)
                whole = (message.data or b"") + str(message.headers or "").encode()
                seen += 1
                if any(word in whole.lower() for word in words):
                    hits.add(message.subject or name)
    finally:
        await client.close()
    return hits, seen


def in_logs(stack: Stack, *needles: str) -> set[str]:
    """Parts whose log holds a needle. The mail box is left out: it is the outside world."""
    words = [needle.lower() for needle in needles]
    return {
        part
        for part in PARTS
        if part != "mailbox"
        for log in [stack.logs(part).lower()]
        if any(word in log for word in words)
    }
