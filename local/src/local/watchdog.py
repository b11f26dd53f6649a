"""Started by path: end every process group of a supervisor that died without doing so itself.

It reads lines from its standard input, whose other end only the supervisor holds: ``+ PID SIGNAL`` for each
group that was started, ``- PID`` for each that ended. When the input ends, the supervisor is gone; what is
still listed gets its signal, and SIGKILL when it has not ended ten seconds later. Only the standard library,
because it runs with ``-I -S``.
"""

import os
import signal
import sys
import time

GRACE_SECONDS = 10.0


def main() -> None:
    # The supervisor decides when the suite ends; a Ctrl-C in the terminal must not end the watch before it.
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: dict[int, signal.Signals] = {}
    for line in sys.stdin:
        sign, pid, *rest = line.split()
        if sign == "+":
            groups[int(pid)] = signal.Signals[rest[0]]
        else:
            groups.pop(int(pid), None)
    end(groups)


def end(groups: dict[int, signal.Signals]) -> None:
    """Signal every group, wait until all are gone, kill the rest."""
    for pid, how in groups.items():
        send(pid, how)
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and any(send(pid, 0) for pid in groups):
        time.sleep(0.05)
    for pid in groups:
        send(pid, signal.SIGKILL)


def send(group: int, number: int) -> bool:
    """Whether the group existed when it was signalled."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
