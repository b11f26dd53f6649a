"""Text as people look for it: without accents and case."""

from __future__ import annotations

import unicodedata

# Letters that Unicode does not decompose but people type without their stroke or ligature.
_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th"})
# An index entry has a limit; nobody types more of a prefix.
LENGTH = 80


def fold(text: str) -> str:
    """Lower case without diacritics, single spaces, at most LENGTH characters."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.casefold())
        text = "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_LETTERS)
    return " ".join(text.lower().split())[:LENGTH]
