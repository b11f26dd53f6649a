"""Named crash points: a test starts a process with COMMIS_CRASH_AT=<name> and it dies there as by kill -9."""

import os

_AT = os.environ.get("COMMIS_CRASH_AT", "")


def point(name: str) -> None:
    if _AT and name == _AT:
        os._exit(137)
