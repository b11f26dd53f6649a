"""Words as people look for them: without accents, case and punctuation. Folded at write time and per query.

Done here and not in PostgreSQL because `unaccent` is not among the extensions of every PostgreSQL we run on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

MAX_QUERY_WORDS = 10
_MAX_WORD = 60
# Letters that Unicode does not decompose but people type without their stroke or ligature.
_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th", "ħ": "h", "ĳ": "ij"}
)
_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"c-?(\d+)")


def fold(text: str) -> str:
    """Lower case without diacritics; `ß` becomes `ss`."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_LETTERS)


def _parts(token: str) -> list[str]:
    return [part[:_MAX_WORD] for part in _WORD.findall(token)]


def index_words(texts: Iterable[str]) -> list[str]:
    """Every word under which a record is found: the parts of each token, and the token without its
    punctuation (`d'Haese` is found by "haese", "d'haese" and "dhaese"; `C-100042` by "100042" too)."""
    words: set[str] = set()
    for token in " ".join(texts).split():
        folded = fold(token)
        number = _NUMBER.fullmatch(folded)
        parts = [number[1]] if number else _parts(folded)
        words.update(parts)
        words.add("".join(_parts(folded))[:_MAX_WORD])
    words.discard("")
    return sorted(words)


def query_words(query: str) -> list[str]:
    """The words that must all be prefixes of words of the record; empty when there is nothing to look for."""
    words: list[str] = []
    for token in query.split():
        folded = fold(token)
        number = _NUMBER.fullmatch(folded)
        words.extend([f"c{number[1]}"[:_MAX_WORD]] if number else _parts(folded))
    return list(dict.fromkeys(words))[:MAX_QUERY_WORDS]


def prefix_query(words: Iterable[str]) -> str:
    """A tsquery in which every word is a prefix. Words hold letters and digits only, so quoting is enough."""
    return " & ".join(f"'{word}':*" for word in words)
