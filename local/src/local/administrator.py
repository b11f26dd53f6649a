"""The first member of staff of a data directory, so that there is somebody who can sign in."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

from local.problems import StartProblem
from local.secrets_file import ADMIN_EMAIL


async def create(data_dir: Path, password: str, environment: Mapping[str, str]) -> None:
    """Run the command of the customers service for it, once per data directory."""
    marker = data_dir / "administrator-created"
    if marker.exists():
        return
    command = [sys.executable, "-m", "customers", "bootstrap-admin", "--email", ADMIN_EMAIL]
    child = await asyncio.create_subprocess_exec(
        *command, "--password-stdin", env=dict(environment), stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await child.communicate(password.encode() + b"\n")
    if child.returncode != 0:
        said = output.decode(errors="replace").strip()[-300:]
        raise StartProblem(f"The first administrator could not be made: {said}")
    marker.touch()
