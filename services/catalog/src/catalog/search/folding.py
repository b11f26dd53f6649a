"""Words as people look for them: without accents, case and punctuation. Folded at write time and per query.

Done here and not in PostgreSQL because `unaccent` is not among the extensions of every PostgreSQL we run on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

MAX_QUERY_WORDS = 10
MAX_WORD = 60
SORT_KEY = 80
# Letters that Unicode does not decompose but people type without their stroke or ligature.
_LETTERS = {
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "ł": "l",
    "æ": "ae",
    "œ": "oe",
    "ı": "i",
    "þ": "th",
    "ħ": "h",
    "ĳ": "ij",
}


class _Plain(dict[int, str]):
    """For str.translate: letters without their marks; learns each character when it first occurs."""

    def __missing__(self, number: int) -> str:
        character = chr(number)
        self[number] = "" if unicodedata.combining(character) else _LETTERS.get(character, character)
        return self[number]


_PLAIN = _Plain()
_WORD = re.compile(r"[^\W_]+")
_INITIALS = re.compile(r"(?:[^\W\d_]\.){2,}")
_WEIGHTS = "ABCD"


def fold(text: str) -> str:
    """Lower case without diacritics; `ß` becomes `ss`."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKD", text.casefold()).translate(_PLAIN)


def code(text: str) -> str:
    """A SKU or bar code as it is compared: folded, letters and digits only."""
    return "".join(_WORD.findall(fold(text)))


def sort_key(name: str) -> str:
    """What names are ordered by; cut, because an index entry has a limit."""
    return " ".join(_WORD.findall(fold(name)))[:SORT_KEY]


def words(text: str) -> list[str]:
    """The words of a text, and whole what people also write whole: `WS12-XS` is found by "ws12xs",
    `J.K. Rowling` by "jk rowling"."""
    folded = fold(text)
    found = _WORD.findall(folded)
    if len(found) > 1:
        for token in folded.split():
            parts = _WORD.findall(token)
            if len(parts) > 1:
                found.append("".join(parts))
        found.extend("".join(_WORD.findall(initials)) for initials in _INITIALS.findall(folded))
    return [word[:MAX_WORD] for word in found]


def vector(*parts: Iterable[str]) -> str:
    """The tsvector text of a document; the first part has weight A, the second B and so on."""
    weights: dict[str, str] = {}
    for weight, texts in zip(_WEIGHTS, parts, strict=False):
        for text in texts:
            for word in words(text):
                weights.setdefault(word, weight)
    return " ".join(f"'{word}':1{weight}" for word, weight in weights.items())


def query_words(query: str) -> list[str]:
    """The words that must all be prefixes of words of the document; empty when nothing was asked."""
    found = (word[:MAX_WORD] for word in _WORD.findall(fold(query)))
    return list(dict.fromkeys(found))[:MAX_QUERY_WORDS]


def code_words(query: str) -> list[str]:
    """As `query_words`, but a token with digits stays whole: `WS12-XS` is one word, not two that fit much."""
    found: list[str] = []
    for token in fold(query).split():
        parts = _WORD.findall(token)
        whole = len(parts) > 1 and any(character.isdigit() for character in token)
        found.extend(["".join(parts)[:MAX_WORD]] if whole else (part[:MAX_WORD] for part in parts))
    return list(dict.fromkeys(found))[:MAX_QUERY_WORDS]


def prefix_query(query: Iterable[str]) -> str:
    """A tsquery in which every word is a prefix. Words hold letters and digits only, so quoting is enough."""
    return " & ".join(f"'{word}':*" for word in query)
