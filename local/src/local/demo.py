"""The demonstration: load the demo data through the public API, then order as a representative."""

from __future__ import annotations

from local.suite import Suite


async def load(suite: Suite) -> None:
    """Load the demo data."""


async def run_demo(suite: Suite) -> int:
    """Load and order."""
    return 0
