"""Keep a second suite away from a data directory."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import TextIO

from local.problems import StartProblem


def lock(data_dir: Path) -> TextIO:
    """Hold the directory until the answered file is closed or the process ends, however it ends."""
    file = (data_dir / "lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise StartProblem(
            f"The suite already runs from {data_dir}: stop it first (Ctrl-C where it runs)."
        ) from error
    return file
