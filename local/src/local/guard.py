"""Started by path, between the supervisor and a process of the suite: become that process.

``guard.py PARENT SIGNAL USER COMMAND...`` asks Linux for SIGNAL when PARENT dies (prctl(2),
PR_SET_PDEATHSIG), changes to USER unless it is "-", takes its turns like a batch job (docs/decisions/0010) and
executes COMMAND in its own place. On other systems only the watchdog ends what a killed supervisor leaves behind.
Only the standard library, because it runs with ``-I -S`` to cost a few milliseconds.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, name, user, *command = sys.argv[1:]
    if user != "-":
        become(user)
    if sys.platform == "linux":
        # After the change of user: the kernel clears the request when the credentials change.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.Signals[name].value, 0, 0, 0)
        if os.getppid() != int(parent):  # it died before we asked
            sys.exit(1)
        take_turns()
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def take_turns() -> None:
    """Else every message interrupts whoever has the processor, for a process whose data has left the cache."""
    try:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    except OSError:  # a sandbox may refuse it, and it is only faster
        return


def become(user: str) -> None:
    """Give up root for this user: PostgreSQL refuses to run as root."""
    import pwd

    entry = pwd.getpwnam(user)
    os.initgroups(user, entry.pw_gid)
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ["HOME"] = entry.pw_dir


if __name__ == "__main__":
    main()
