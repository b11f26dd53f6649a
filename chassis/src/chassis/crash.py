"""Named crash points: a process started with COMMIS_CRASH_AT=<name> dies there as by kill -9.

COMMIS_CRASH_PID names another process of the same machine that is killed instead, so that a test can take a
database or a broker away at exactly that point.
"""

import contextlib
import os
import signal

_AT = os.environ.get("COMMIS_CRASH_AT", "")
_PID = int(os.environ.get("COMMIS_CRASH_PID", "0"))


def point(name: str) -> None:
    """Die here if this is the named point."""
    if _AT and name == _AT:
        with contextlib.suppress(ProcessLookupError):  # the other process died at an earlier pass
            os.kill(_PID or os.getpid(), signal.SIGKILL)
