"""Ports of this machine that are free at this moment."""

from __future__ import annotations

import socket
from collections.abc import Iterable


def free(names: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """A different free port of 127.0.0.1 for each name."""
    sockets = {name: socket.socket() for name in names}
    try:
        for listener in sockets.values():
            listener.bind(("127.0.0.1", 0))
        return {name: listener.getsockname()[1] for name, listener in sockets.items()}
    finally:
        for listener in sockets.values():
            listener.close()
