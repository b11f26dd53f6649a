"""The secrets of one data directory: made at the first start, kept beside the data with mode 0600."""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
from pathlib import Path
from typing import Self

from local.ports import SERVICES

ADMIN_EMAIL = "admin@commis.example"


@dataclasses.dataclass(frozen=True)
class Secrets:
    """Passwords and keys by purpose; each one is random, none is shared between two parts of the suite."""

    postgres: str
    customers_secret: str
    notifications_secret: str
    admin_password: str
    demo_password: str
    databases: dict[str, str]
    nats: dict[str, str]
    clients: dict[str, str]

    @classmethod
    def load_or_create(cls, path: Path) -> Self:
        """Read the file, or write a new one with mode 0600. A file of an earlier release gets what it lacks."""
        made = cls._new()
        if path.exists():
            kept = json.loads(path.read_text())
            if kept.keys() >= dataclasses.asdict(made).keys():
                return cls(**kept)
            made = dataclasses.replace(made, **kept)
        made._write(path)
        return made

    @classmethod
    def _new(cls) -> Self:
        return cls(
            postgres=_random(),
            customers_secret=_random(),
            notifications_secret=_random(),
            admin_password=_random(18),
            demo_password=_random(18),
            databases={name: _random() for name in SERVICES},
            # The server reads a password like a word of its configuration: it must begin with a letter.
            nats={name: f"n{_random()}" for name in (*SERVICES, "gateway", "operator")},
            clients={name: _random() for name in SERVICES},
        )

    def _write(self, path: Path) -> None:
        """Whole or not at all."""
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(dataclasses.asdict(self), file, indent=2)
        fresh.replace(path)


def _random(size: int = 32) -> str:
    """A secret of ``size`` random bytes, safe in URLs and configuration files."""
    return secrets.token_urlsafe(size)
