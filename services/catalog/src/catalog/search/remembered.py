"""Answers about very many products, which many people ask for at the same time, kept for a short while."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

SECONDS = 30.0  # so old may an answer be
MOST = 500

V = TypeVar("V")


class Remembered(Generic[V]):
    """One per process."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, tuple[float, V]] = OrderedDict()

    def get(self, question: Hashable) -> V | None:
        known = self._known.get(question)
        return None if known is None or time.monotonic() - known[0] >= SECONDS else known[1]

    def keep(self, question: Hashable, answer: V) -> None:
        self._known[question] = (time.monotonic(), answer)
        self._known.move_to_end(question)
        while len(self._known) > MOST:
            self._known.popitem(last=False)
