"""How many documents have a word, as the statistics of the database tell it.

PostgreSQL notes the most common words of a column whenever it analyses the table. They say which word of a query its
index is best asked for, and which queries match too much to be weighed, without looking at a single document.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from catalog import direct
from catalog.direct import Connection

KEEP_SECONDS = 300.0
FEW = 2_000  # so many documents are found by an index faster than others are tested
TIMES = 4  # a word that is so many times as common as another is only tested

_STATISTICS = """
    SELECT (SELECT greatest(reltuples, 0) FROM pg_class WHERE oid = 'search_documents'::regclass) AS documents,
        s.most_common_elems::text::text[] AS words, s.most_common_elem_freqs AS shares
    FROM (SELECT 1) one LEFT JOIN pg_stats s
        ON s.schemaname = current_schema() AND s.tablename = 'search_documents' AND s.attname = 'terms'
"""


@dataclass(frozen=True, slots=True)
class Commonness:
    """The most common words in their order, each with the number of documents that have it."""

    words: Sequence[str] = ()
    counts: Sequence[float] = ()
    documents: float = 0.0

    def of(self, beginning: str) -> float:
        """Documents with a word that begins so, about; 0 when no such word is among the most common."""
        found, place = 0.0, bisect_left(self.words, beginning)
        while place < len(self.words) and self.words[place].startswith(beginning):
            found += self.counts[place]
            place += 1
        return min(found, self.documents)

    def telling(self, words: Sequence[str]) -> tuple[str, ...]:
        """The words that an index is asked for: not those that are much more common than another of them."""
        counts = {word: self.of(word) for word in words}
        most = TIMES * max(FEW, min(counts.values(), default=0.0))
        return tuple(word for word in words if counts[word] <= most)

    def rarest(self, words: Sequence[str]) -> float:
        """About how many documents have the rarest of them: at most so many match."""
        return min(map(self.of, words), default=self.documents)


class Statistics:
    """One per process; read anew after some minutes."""

    def __init__(self) -> None:
        self._read = -KEEP_SECONDS
        self._known = Commonness()

    async def now(self, connection: Connection) -> Commonness:
        if time.monotonic() - self._read >= KEEP_SECONDS:
            self._known, self._read = await _read(connection), time.monotonic()
        return self._known


async def _read(connection: Connection) -> Commonness:
    ((documents, words, shares),) = await direct.fetch(connection, _STATISTICS)
    # What follows the shares of the words are the least and the greatest share.
    found = sorted(zip(words or (), shares or (), strict=False))
    return Commonness([word for word, _ in found], [share * documents for _, share in found], documents)
