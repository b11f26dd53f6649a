"""Which TCP port each part of the suite listens on; all of them on 127.0.0.1 only."""

from __future__ import annotations

import dataclasses
import os
import socket
from collections.abc import Container, Mapping
from typing import Self

from local.problems import StartProblem

HOST = "127.0.0.1"
SERVICES = ("customers", "catalog", "orders", "library", "notifications")


@dataclasses.dataclass(frozen=True)
class Ports:
    """One port per listener. Each may be set by ``COMMIS_PORT_<NAME>``, for example COMMIS_PORT_GATEWAY."""

    gateway: int = 8080
    # Of tests and benchmarks only, which have a second one.
    gateway2: int = 8082
    customers: int = 50051
    catalog: int = 50052
    orders: int = 50053
    library: int = 50054
    notifications: int = 50055
    customers_admin: int = 51051
    catalog_admin: int = 51052
    orders_admin: int = 51053
    library_admin: int = 51054
    notifications_admin: int = 51055
    smtp: int = 1025
    mailbox: int = 8025
    careplatform: int = 8026
    payprovider: int = 8027
    postgres: int = 54320
    nats: int = 42220
    nats_monitor: int = 42221

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """The default ports with what the environment overrides; StartProblem when one is no port."""
        chosen: dict[str, int] = {}
        for field in dataclasses.fields(cls):
            variable = f"COMMIS_PORT_{field.name.upper()}"
            text = environment.get(variable, "")
            if not text:
                continue
            if not text.isdecimal() or not 0 < int(text) < 65536:
                raise StartProblem(f"{variable} must be a port number from 1 to 65535.")
            chosen[field.name] = int(text)
        return cls(**chosen)

    @classmethod
    def free(cls) -> Self:
        """Ports that nobody listens on at this moment, all different: for tests that run side by side."""
        sockets = [socket.socket() for _ in dataclasses.fields(cls)]
        try:
            for listener in sockets:
                listener.bind((HOST, 0))
            numbers = [listener.getsockname()[1] for listener in sockets]
        finally:
            for listener in sockets:
                listener.close()
        return cls(*numbers)

    def of(self, name: str) -> int:
        """The port called ``name``."""
        number: int = getattr(self, name)
        return number

    def refuse_taken(self, unused: Container[str] = ()) -> None:
        """Raise StartProblem naming every port that another program already listens on."""
        used = [field.name for field in dataclasses.fields(self) if field.name not in unused]
        taken = [name for name in used if not _can_bind(self.of(name))]
        if not taken:
            return
        what = ", ".join(f"{self.of(name)} ({name})" for name in taken)
        variables = " ".join(f"COMMIS_PORT_{name.upper()}=..." for name in taken[:3])
        raise StartProblem(
            f"Port {what} is in use: stop the other program (perhaps this suite, running already) or choose"
            f" another port, for example with {variables}"
        )


def _can_bind(port: int) -> bool:
    """Whether the port may be bound; a closed connection that lingers there does not count as taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
