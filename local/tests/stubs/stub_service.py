"""Stands for a service where the supervisor is tested: migrates a table, answers /readyz, ends at SIGTERM."""

import asyncio
import os
import signal
import sys

import asyncpg


def main(name: str) -> None:
    command = sys.argv[1]
    if command == "migrate":
        asyncio.run(migrate(name))
    elif command == "serve":
        asyncio.run(serve(name))
    elif command == "bootstrap-admin":
        sys.stdin.read()


async def migrate(name: str) -> None:
    url = os.environ[f"{name.upper()}_DATABASE_URL"].replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE IF NOT EXISTS starts (time timestamptz DEFAULT now())")
    await connection.execute("INSERT INTO starts DEFAULT VALUES")
    await connection.close()


async def serve(name: str) -> None:
    if os.environ.get("STUB_FAILS") == name:
        import a_module_that_is_missing  # noqa: F401
    variable = "GATEWAY_PORT" if name == "gateway" else f"{name.upper()}_ADMIN_PORT"
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", int(os.environ[variable])):
        print(f"{name} is ready {os.environ.get('STUB_SAYS', '')}", flush=True)
        await stopped.wait()
