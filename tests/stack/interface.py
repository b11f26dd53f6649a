"""What a test may do with a running installation, the same in containers and embedded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

SERVICES = ("customers", "catalog", "orders", "library", "notifications")
# Everything that can be started, stopped and killed, in the order in which it starts.
PARTS = ("postgres", "nats", "mailbox", "careplatform", "payprovider", *SERVICES, "gateway")


class StackProblem(Exception):
    """The installation cannot do what it was asked; the message names the part and its last words."""


class Stack(Protocol):
    """PostgreSQL, NATS, a mail box, a care platform, five services and the gateway, each killed and started on its own.

    A part is a name of ``PARTS``; addresses stay the same when a part is started again, and so does the data
    of PostgreSQL and NATS. The mail box forgets its mails when it ends. Every method that waits is a
    coroutine and leaves the event loop free, so that load may run while parts come and go.
    """

    @property
    def kind(self) -> str:
        """``containers`` or ``embedded``."""

    @property
    def gateway_url(self) -> str:
        """The public API, ``http://127.0.0.1:...``."""

    @property
    def mailbox_url(self) -> str:
        """The HTTP side of the mail box (GET /messages, DELETE /messages)."""

    @property
    def careplatform_url(self) -> str:
        """The care platform (see local.careplatform), as tests reach it."""

    @property
    def careplatform_inside(self) -> str:
        """The same, as the services reach it."""

    @property
    def payprovider_url(self) -> str:
        """The payment provider (see local.payprovider), as tests reach it."""

    @property
    def nats_url(self) -> str:
        """The broker with a user who may do everything: look into streams, empty them."""

    @property
    def admin_email(self) -> str:
        """The first administrator, who exists from the start."""

    @property
    def admin_password(self) -> str:
        """The first administrator's password."""

    def database_url(self, service: str) -> str:
        """``postgresql://...`` of a service's database as its owner, for checks behind its back."""

    def grpc_target(self, service: str) -> str:
        """``host:port`` of a service's gRPC server."""

    def admin_url(self, service: str) -> str:
        """Where a service answers /livez, /readyz and /metrics."""

    def client_secret(self, service: str) -> str:
        """The secret with which a service (client id = its name) asks customers for its own token."""

    def logs(self, part: str) -> str:
        """What a part wrote since the stack started, over all its starts."""

    def running(self, part: str) -> bool:
        """Whether its process runs (a paused one does)."""

    async def start(self, part: str, *, env: Mapping[str, str] | None = None) -> None:
        """Start a part that ended and wait until it is ready.

        ``env`` stands on top of what the stack was made with, instead of what a test gave this part before; None keeps
        that, ``{}`` clears it.
        Raises StackProblem when the part ends before it is ready or is not ready after 90 seconds.
        """

    async def stop(self, part: str) -> None:
        """Ask it to end as an operator would (SIGTERM; SIGINT to PostgreSQL) and wait until it has."""

    async def kill(self, part: str) -> None:
        """End it at once as a crash would (SIGKILL). Does nothing when it has ended already."""

    async def restart(self, part: str, *, env: Mapping[str, str] | None = None) -> None:
        """Stop and start."""

    async def pause(self, part: str) -> None:
        """Freeze it (SIGSTOP): connections stay open and nothing answers."""

    async def resume(self, part: str) -> None:
        """Let a frozen part go on."""

    async def wait(self, part: str, *, seconds: float = 60) -> int:
        """Wait until it ended by itself (a crash point) and answer its status: 137 for a crash point.

        Raises TimeoutError when it still runs after ``seconds``.
        """

    async def crash_at(self, part: str, point: str) -> None:
        """Start it again so that it dies at this crash point (COMMIS_CRASH_AT, chassis.crash).

        Afterwards ``await stack.wait(part)`` and ``await stack.start(part, env={})``.
        """
