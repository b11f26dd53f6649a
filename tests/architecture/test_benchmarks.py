"""Benchmarks run by hand, so nothing else notices when what they use has moved."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import bench
from bench.__main__ import BENCHMARKS

MODULES = sorted(found.name for found in pkgutil.walk_packages(bench.__path__, "bench."))


@pytest.mark.parametrize("name", MODULES)
def test_what_a_benchmark_uses_is_there(name: str) -> None:
    assert importlib.import_module(name).__name__ == name


def test_all_are_run_together() -> None:
    assert {f"bench.{name}" for name in BENCHMARKS} <= set(MODULES)
