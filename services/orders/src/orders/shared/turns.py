"""What a round of work that happens by itself came to."""

from __future__ import annotations

from typing import NamedTuple


class Turn(NamedTuple):
    """`done`: how many came to an end. `more`: there is more to do at once; never where nothing of a round was done."""

    done: int
    more: bool

    @classmethod
    def of(cls, done: int, taken: int, at_once: int) -> Turn:
        """`taken`: how many were looked at, of at most so many `at_once`."""
        return cls(done, more=done > 0 and taken >= at_once)
