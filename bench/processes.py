"""CPU seconds and memory of every process of a running suite, the load generator included."""

from __future__ import annotations

import dataclasses
import os

import psutil

from local.suite import Suite


@dataclasses.dataclass(frozen=True)
class Usage:
    """CPU seconds since the process began, and resident bytes."""

    cpu: float
    memory: int


def sample(suite: Suite) -> dict[str, Usage]:
    """By part; PostgreSQL with all its backends (memory: without shared buffers counted twice)."""
    usages = {part: _tree(pid) for part in suite.parts if (pid := suite.pid(part)) is not None}
    usages["load generator"] = _own()
    return usages


def _own() -> Usage:
    times = os.times()
    return Usage(times.user + times.system, psutil.Process().memory_info().rss)


def _tree(pid: int) -> Usage:
    root = psutil.Process(pid)
    cpu, memory = 0.0, 0
    for process in [root, *root.children(recursive=True)]:
        try:
            times, info = process.cpu_times(), process.memory_info()
        except psutil.NoSuchProcess:
            continue
        shared = getattr(info, "shared", 0) if process.pid != pid else 0
        cpu += times.user + times.system
        memory += info.rss - shared
    ended = root.cpu_times()
    return Usage(cpu + ended.children_user + ended.children_system, memory)
