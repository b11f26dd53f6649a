"""CPU that the surroundings add to one RPC (client and server in one process): python chassis/bench/rpc.py"""

import asyncio
import sys
import time
from typing import ClassVar

import grpc
import uvloop
from google.protobuf.wrappers_pb2 import StringValue

from chassis import access, client, context, logs, server
from chassis.context import Principal, Request
from chassis.ids import new_id
from chassis.testkit.issuer import LocalIssuer

CALLS = 4000
CODEC = (StringValue.SerializeToString, StringValue.FromString)


class Echo:
    RULES: ClassVar[dict[str, access.Rule]] = {"Say": access.accounts()}

    async def Say(self, request, ctx):
        return request


def add(servicer, to):
    handlers = {"Say": grpc.unary_unary_rpc_method_handler(servicer.Say, CODEC[1], CODEC[0])}
    to.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.Echo", handlers),))
    to.add_registered_method_handlers("t.Echo", handlers)


async def cpu(work, parallel):
    async def many():
        for _ in range(CALLS // parallel):
            await work()

    before = time.process_time()
    await asyncio.gather(*(many() for _ in range(parallel)))
    return (time.process_time() - before) / CALLS * 1e6


async def main():
    logs.configure("INFO", "bench")
    signer = LocalIssuer()
    who = Principal(new_id(), "ACCOUNT", str(new_id()), "PERSON", channel="STOREFRONT")
    token = signer.token(who)
    await signer.verifier.verify(token)
    plain = grpc.aio.server(options=server.OPTIONS)
    add(Echo(), plain)
    wrapped, _, _ = server.build([(add, Echo(), "t.Echo")], signer.verifier, "bench.commis")
    methods = []
    for one in (plain, wrapped):
        port = one.add_insecure_port("127.0.0.1:0")
        await one.start()
        methods.append(client.channel(f"127.0.0.1:{port}").unary_unary("/t.Echo/Say", *CODEC))
    bare, dressed = methods
    message = StringValue(value="x" * 200)
    metadata = (("authorization", f"Bearer {token}"), ("x-request-id", "r"), ("traceparent", "0" * 55))
    context.enter(
        Request(
            "r",
            Principal(who.subject, "ACCOUNT", token=token),
            traceparent="0" * 55,
            deadline=time.monotonic() + 900,
        )
    )

    async def raw():
        await bare(message, timeout=5, metadata=metadata)

    async def served():
        await dressed(message, timeout=5, metadata=metadata)

    async def called():
        await client.call(dressed, message)

    for parallel in (1, 16):
        await cpu(raw, parallel)
        figures = {}
        for _ in range(3):
            for work in (raw, served, called):
                figures.setdefault(work.__name__, []).append(await cpu(work, parallel))
        best = {name: min(values) for name, values in figures.items()}
        sys.stdout.write(
            f"parallel {parallel}: bare {best['raw']:.0f} us,"
            f" server side adds {best['served'] - best['raw']:.0f} us,"
            f" client side adds {best['called'] - best['served']:.0f} us\n"
        )
    await wrapped.stop(0)
    await plain.stop(0)


uvloop.run(main())
