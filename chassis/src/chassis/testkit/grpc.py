"""An in-process gRPC server with the real surroundings, reached over a real channel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc

from chassis import client, server
from chassis.rpc import Surroundings
from chassis.testkit.issuer import LocalIssuer, issuer


@dataclass(frozen=True, slots=True)
class TestServer:
    __test__ = False

    channel: grpc.aio.Channel
    port: int
    surroundings: Surroundings

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"


@asynccontextmanager
async def grpc_server(
    servicers: Sequence[server.Servicer], *, domain: str = "test.commis", signer: LocalIssuer = issuer
) -> AsyncIterator[TestServer]:
    """`async with grpc_server([(add_OrderServiceServicer_to_server, servicer, name)]) as running:`"""
    running, surroundings, _checks = server.build(servicers, signer.verifier, domain)
    port = running.add_insecure_port("127.0.0.1:0")
    await running.start()
    channel = client.channel(f"127.0.0.1:{port}")
    try:
        yield TestServer(channel, port, surroundings)
    finally:
        await channel.close(None)
        await running.stop(0)
