"""What keeps the suite from starting, said in one sentence that tells what to do."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable
from pathlib import Path

_MISSING = re.compile(r"No module named '([\w.]+)'")


class StartProblem(Exception):
    """The suite cannot start; the message is for the person at the terminal and names the way out."""


def refuse_missing(modules: Iterable[str]) -> None:
    """Raise StartProblem when a part of the suite is not installed in this environment."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise StartProblem(
            f"The installation is incomplete, {', '.join(missing)} is missing: run `make setup`."
        )


def explain_exit(name: str, status: int | None, log: Path) -> StartProblem:
    """Why a process ended before it was ready, from the end of its log."""
    tail = read_tail(log)
    missing = _MISSING.search(tail)
    if missing and importlib.util.find_spec(missing[1].partition(".")[0]) is None:
        return StartProblem(
            f"{name} cannot start because the Python module {missing[1]} is not installed: run `make setup`."
        )
    last = next((line for line in reversed(tail.splitlines()) if line.strip()), "its log is empty")
    return StartProblem(f"{name} ended at start with status {status}: {last.strip()[:300]} (see {log})")


def read_tail(log: Path, size: int = 16_384) -> str:
    """The last part of a log file; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - size))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
