"""What stands against finishing a sheet for a while only."""

from __future__ import annotations

from chassis.errors import Kind, ServiceError

_AWAY = frozenset((Kind.UNAVAILABLE, Kind.DEADLINE_EXCEEDED))


def passes(error: ServiceError) -> bool:
    """A neighbour is away or slow; the same may succeed later, and nobody has to change anything for it."""
    return error.kind in _AWAY
