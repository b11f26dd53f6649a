"""A running installation for the tests that span services, in containers or embedded, behind one interface.

    async with start_stack() as stack:          # a `Stack`, see tests/stack/interface.py
        await stack.kill("orders")
        await stack.start("orders", env={"COMMIS_CRASH_AT": "..."})

Containers are used when an engine answers and its images are there (`eval "$(tools/containers)"` gets them);
otherwise PostgreSQL and NATS come from their wheels and every service is a process. COMMIS_STACK=containers
or COMMIS_STACK=embedded decides by hand. pytest's header says which one it is, and why.
"""

from __future__ import annotations

import functools
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.stack.interface import PARTS, SERVICES, Stack, StackProblem

if TYPE_CHECKING:
    from tests.stack.containers import ContainerStack
    from tests.stack.embedded import EmbeddedStack

__all__ = ["PARTS", "SERVICES", "Stack", "StackProblem", "chosen", "start_stack"]


@functools.cache
def chosen() -> tuple[str, str]:
    """(containers or embedded, why); decided once per run."""
    asked = os.environ.get("COMMIS_STACK", "")
    if asked not in {"", "containers", "embedded"}:
        raise StackProblem(f"COMMIS_STACK is {asked}; known: containers, embedded")
    if asked:
        return asked, "as COMMIS_STACK says"
    from tests.stack.engine import missing

    lacks = missing()
    return ("embedded", lacks) if lacks else ("containers", "a container engine answers")


def _stack(env: Mapping[str, Mapping[str, str]]) -> ContainerStack | EmbeddedStack:
    # Imported here: whoever has no container engine needs none of its libraries.
    if chosen()[0] == "containers":
        from tests.stack.containers import ContainerStack

        return ContainerStack(env)
    from tests.stack.embedded import EmbeddedStack

    return EmbeddedStack(env)


@asynccontextmanager
async def start_stack(env: Mapping[str, Mapping[str, str]] | None = None) -> AsyncIterator[Stack]:
    """Start everything, empty but for the first administrator; ``env`` holds variables per part."""
    stack = _stack(env or {})
    try:
        await stack.up()
        yield stack
    finally:
        await stack.down()
